"""How busy operators are and who is abandoned, in simulated shifts: our rule, its rivals, and what bounds them all.

By itself, with all rules in a table: `python -m tests.bench.pacing --worlds model --agents 10 --seeds 5`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from dialer.simulate import Summary, compare
from dialer.simulate_shipped import HARD, SHIPPED, shipped
from tests.bench.rows import Row, at_least, at_most, figure
from tests.bench.site import Say

#: None of these was used to tune the rule.
SEEDS = range(2000, 2020)
#: A shift of 200 operators takes as long as all the smaller ones together.
_SEEDS_200, _SEEDS_OF_BOUNDS = 4, 5
_RIVALS = ("progressive", "fixed", "fixed:3", "vicidial")
_BOUNDS = ("exact", "clairvoyant")
_AGENTS = (3, 5, 10, 20, 50, 200)
#: Occupancy in percent that has to be reached, by operators.
_LEAST = {
    "model": (74.5, 78.5, 85.0, 90.0, 95.0, 98.5),
    "few": (62.0, 73.0, 82.5, 89.5, 94.5, 98.3),
    "jump-down": (66.0, 75.0, 84.0, 89.5, 94.5, 98.3),
    "jump-up": (71.0, 77.5, 84.5, 90.0, 94.5, 98.3),
}
_HARD_AGENTS = (5, 20)
#: Percent of the people who answered: on average, and in the worst shift with few operators and with more.
_MEAN, _WORST_FEW, _WORST = 2.95, 3.1, 3.0


@dataclass(frozen=True, slots=True)
class Cell:
    """A world and a number of operators; `least`: occupancy that has to be reached, in percent."""

    world: str
    agents: int
    least: float | None = None

    @property
    def name(self) -> str:
        return f"pacing, {self.world}, {self.agents} operators"


def cells() -> list[Cell]:
    """Every cell of the table, then the worlds that the table leaves out."""
    model = [
        Cell(world, agents, least) for world, row in _LEAST.items() for agents, least in zip(_AGENTS, row, strict=True)
    ]
    return model + [Cell(world, agents) for world in HARD for agents in _HARD_AGENTS]


async def measure(folder: Path, say: Say) -> list[Row]:
    """About an hour on two processors: 20 shifts of eight hours in each cell (200 operators: 4)."""
    rows: list[Row] = []
    for cell in cells():
        seeds = SEEDS[:_SEEDS_200] if cell.agents >= 200 else SEEDS
        found = await asyncio.to_thread(simulated, cell, seeds, os.cpu_count() or 1)
        rows += judged(cell, found)
        ours = found["ours"]
        busy, lost = 100 * ours.occupancy.mean, 100 * ours.abandoned.mean
        say(f"{cell.name}: {busy:.1f} % busy, {lost:.2f} % abandoned in {len(seeds)} shifts")
    return rows


def simulated(cell: Cell, seeds: Sequence[int], jobs: int, rules: Sequence[str] = ()) -> dict[str, Summary]:
    """Each rule's shifts; of the bounds fewer, for they differ little from seed to seed."""
    world = shipped(cell.world, cell.agents)
    named = rules or ("ours", *_RIVALS, *_BOUNDS)
    many = compare(world, [rule for rule in named if rule not in _BOUNDS], seeds, jobs=jobs)
    few = compare(world, [rule for rule in named if rule in _BOUNDS], seeds[:_SEEDS_OF_BOUNDS], jobs=jobs)
    return {one.rule: one for one in (*many, *few)}


def judged(cell: Cell, found: dict[str, Summary]) -> list[Row]:
    """The rows of one cell."""
    ours, worst = found["ours"], _WORST_FEW if cell.agents <= 5 else _WORST
    busy = 100 * ours.occupancy.mean
    rival = max((found[rule] for rule in _RIVALS), key=lambda one: one.occupancy.mean)
    shifts = f"{len(ours.shifts)} shifts"
    ahead = busy - 100 * rival.occupancy.mean
    rows = [
        at_most(f"{cell.name}: abandoned, worst of {shifts}", 100 * ours.abandoned.most, "%", worst),
        at_least(f"{cell.name}: busy more than the best rival ({rival.rule})", ahead, "points", 0.0),
        figure(f"{cell.name}: busy less than with exact knowledge", _behind(ours, found["exact"]), "points"),
        figure(f"{cell.name}: busy less than the clairvoyant", _behind(ours, found["clairvoyant"]), "points"),
        figure(f"{cell.name}: dials given up while somebody could still answer", 100 * _too_soon(ours), "%"),
    ]
    if cell.least is None:
        return [figure(f"{cell.name}: busy", busy, "%"), *rows]
    return [
        at_least(f"{cell.name}: busy", busy, "%", cell.least),
        at_most(f"{cell.name}: abandoned", 100 * ours.abandoned.mean, "%", _MEAN),
        *rows,
    ]


def _behind(ours: Summary, bound: Summary) -> float:
    """In the shifts that both were simulated in."""
    seeds = {shift.seed for shift in bound.shifts}
    same = [shift.occupancy for shift in ours.shifts if shift.seed in seeds]
    return 100 * (bound.occupancy.mean - sum(same) / len(same))


def main(argv: Sequence[str] | None = None) -> int:
    """Print a line per cell and rule, and keep them in a file."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.pacing", description=__doc__)
    parser.add_argument("--worlds", default=",".join(SHIPPED), metavar="NAME,NAME")
    parser.add_argument("--agents", default=",".join(map(str, _AGENTS)), metavar="N,N")
    parser.add_argument("--rules", default=",".join(("ours", *_RIVALS, *_BOUNDS)), metavar="NAME,NAME")
    parser.add_argument("--seeds", type=int, default=len(SEEDS), metavar="N")
    parser.add_argument("--first", type=int, default=SEEDS[0], metavar="SEED", help="tune with others than the table's")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args(argv)
    kept: list[dict[str, object]] = []
    for world in args.worlds.split(","):
        for agents in map(int, args.agents.split(",")):
            seeds = range(args.first, args.first + args.seeds)
            for one in simulated(Cell(world, agents), seeds, args.jobs, args.rules.split(",")).values():
                busy, lost = one.occupancy, one.abandoned
                sys.stdout.write(
                    f"{world:11} {agents:4} {one.rule:12} {len(one.shifts):3} shifts  "
                    f"{100 * busy.mean:5.1f} ({100 * busy.least:5.1f}) %  "
                    f"{100 * lost.mean:5.2f} ({100 * lost.most:6.3f}) %  "
                    f"given up {100 * _given_up(one):4.1f}, too soon {100 * _too_soon(one):4.1f} %\n"
                )
                sys.stdout.flush()
                kept.append({"world": world, "agents": agents, "rule": one.rule, **_spreads(one)})
                if args.json is not None:
                    args.json.write_text(json.dumps(kept, indent=1) + "\n")
    return 0


def _given_up(one: Summary) -> float:
    """Of the dials."""
    return one.of(lambda shift: shift.given_up).mean


def _too_soon(one: Summary) -> float:
    """Of the dials, those given up while somebody could still have answered."""
    return one.of(lambda shift: shift.too_soon).mean


def _spreads(one: Summary) -> dict[str, object]:
    return {
        "shifts": len(one.shifts),
        "busy": asdict(one.occupancy),
        "abandoned": asdict(one.abandoned),
        "given_up": _given_up(one),
        "too_soon": _too_soon(one),
    }


if __name__ == "__main__":
    sys.exit(main())
