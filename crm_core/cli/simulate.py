"""`trunkline simulate`: rules to pace by side by side in a world of one's own, before anybody is dialed."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from crm_core.bootstrap import utc_now
from crm_core.cli.rehearsal import world_from_campaign
from crm_core.db.engine import opened_database
from crm_core.errors import BadInput
from crm_core.settings import settings_from_env
from dialer.laws import FCC
from dialer.simulate import Setting, Summary, compare
from dialer.simulate_file import world_from_text
from dialer.simulate_picture import picture
from dialer.simulate_rules import RULES, rule_named, usual_policy
from dialer.simulate_shipped import SHIPPED, resized, shipped
from dialer.simulate_world import World


def add_simulate_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Mount `simulate`."""
    parser = subparsers.add_parser("simulate", help="how busy operators would be, and who abandoned, rule by rule")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--world", default="model", metavar="NAME|FILE", help="a shipped world or a file (model)")
    source.add_argument("--from-campaign", metavar="NAME", help="the world that a campaign's past calls tell of")
    parser.add_argument("--worlds", action="store_true", help="list the shipped worlds and stop")
    parser.add_argument("--operators", type=int, metavar="N", help="how many (as the world says)")
    parser.add_argument("--hours", type=float, metavar="H", help="how long the shift is (as the world says)")
    parser.add_argument("--seeds", default="5", metavar="N|A-B", help="so many shifts, or those of these seeds (5)")
    parser.add_argument(
        "--rule", action="append", metavar="NAME", help=f"may be given several times: {', '.join(RULES)}, fixed:LINES"
    )
    parser.add_argument("--limit", type=float, metavar="PERCENT", help="of those who answer, abandoned at most (3)")
    parser.add_argument("--free", type=float, default=0.0, metavar="PERCENT", help="of operators, kept free (0)")
    processors = os.cpu_count() or 1
    parser.add_argument("--jobs", type=int, default=processors, metavar="N", help=f"processes at a time ({processors})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every shift's figures here")
    parser.add_argument("--picture", type=Path, metavar="FILE.svg", help="draw the comparison")
    parser.set_defaults(handler=_run)


def _run(args: argparse.Namespace) -> int:
    console = Console()
    if args.worlds:
        _show_worlds(console)
        return 0
    world = _world(args)
    seeds, names = _seeds(args.seeds), tuple(dict.fromkeys(args.rule or RULES))
    limit = _share("--limit", args.limit, FCC.limit)
    setting = Setting(law=replace(FCC, limit=limit), rest=_share("--free", args.free, 0.0))
    if args.jobs < 1:
        raise BadInput("--jobs", f"{args.jobs} processes cannot work", "Expected: 1 or more")
    for name in names:
        rule_named(name, usual_policy(world))
    for path in (args.json, args.picture):
        if path is not None and not path.parent.is_dir():
            raise BadInput(str(path), "its folder does not exist", "Make it, or name another place")
    summaries = _simulated(world, names, seeds, setting, args.jobs)
    name = f"campaign {args.from_campaign}" if args.from_campaign else Path(args.world).name
    title = (
        f"{name}: {world.agents} operators, {world.hours:g} h, {len(seeds)} {'shift' if len(seeds) == 1 else 'shifts'}"
    )
    console.print(comparison(summaries, title))
    if args.json is not None:
        args.json.write_text(json.dumps(as_json(world, summaries, limit), indent=1) + "\n")
        console.print(f"figures written to {args.json}", markup=False)
    if args.picture is not None:
        args.picture.write_text(picture(summaries, title, limit))
        console.print(f"picture written to {args.picture}", markup=False)
    return 0


def _simulated(world: World, names: Sequence[str], seeds: Sequence[int], setting: Setting, jobs: int) -> list[Summary]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("shifts", total=len(names) * len(seeds))
        return compare(world, names, seeds, setting, jobs, lambda done, of: progress.update(task, completed=done))


def comparison(summaries: Sequence[Summary], title: str) -> Table:
    """Rules by rows."""
    caption = "shares in percent, waiting in seconds; in brackets the worst shift"
    table = Table(title=escape(title), caption=caption, box=SIMPLE_HEAD)
    table.add_column("rule", no_wrap=True)
    for heading in ("busy", "talk\nmin/h", "abandoned", "waiting\np50 p95", "talks/h", "given\nup"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in summaries:
        busy, lost = one.occupancy, one.abandoned
        table.add_row(
            escape(one.rule),
            f"{100 * busy.mean:.1f} ({100 * busy.least:.1f})",
            f"{one.of(lambda shift: shift.talk_minutes).mean:.1f}",
            f"{100 * lost.mean:.2f} ({100 * lost.most:.2f})",
            f"{one.of(lambda shift: shift.waits[0]).mean:.1f} {one.of(lambda shift: shift.waits[1]).mean:.1f}",
            f"{one.of(lambda shift: shift.calls).mean:.1f}",
            f"{100 * one.of(lambda shift: shift.given_up).mean:.1f}",
        )
    return table


def as_json(world: World, summaries: Sequence[Summary], limit: float) -> dict[str, object]:
    """The world, and of each rule the mean, the range and every shift with its course. Shares are 0…1."""
    return {
        "world": asdict(world),
        "limit": limit,
        "rules": {
            one.rule: {
                "occupancy": asdict(one.occupancy),
                "abandoned": asdict(one.abandoned),
                "shifts": [asdict(shift) for shift in one.shifts],
            }
            for one in summaries
        },
    }


def _show_worlds(console: Console) -> None:
    table = Table("world", "what it is")
    for name, (words, _) in SHIPPED.items():
        table.add_row(name, words)
    console.print(table)


def _world(args: argparse.Namespace) -> World:
    """The world asked for, of the size asked for. Raises BadInput."""
    if args.operators is not None and not 1 <= args.operators <= 5000:
        raise BadInput("--operators", f"{args.operators} cannot be simulated", "Expected: 1 to 5000")
    if args.hours is not None and not 0.01 <= args.hours <= 24:
        raise BadInput("--hours", f"{args.hours:g} is no length of a shift", "Expected: 0.01 to 24")
    if args.from_campaign:
        return asyncio.run(_learned(args.from_campaign, args.operators or 10, args.hours or 8.0))
    if args.world in SHIPPED:
        return shipped(args.world, args.operators, args.hours)
    path = Path(args.world)
    if not path.is_file():
        expected = f"Expected: {', '.join(SHIPPED)}, or a file that is there"
        raise BadInput("--world", f"{args.world!r} is neither a shipped world nor a file", expected)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(str(path), f"it cannot be read: {error}", "A text file in UTF-8 is expected") from error
    return resized(world_from_text(text, str(path)), args.operators, args.hours)


async def _learned(campaign: str, agents: int, hours: float) -> World:
    async with opened_database(settings_from_env(os.environ).database_url) as database:
        return await world_from_campaign(database, campaign, agents, hours, utc_now())


def _seeds(text: str) -> range:
    """`5`: the seeds 0 to 4; `100-119`: these. Raises BadInput."""
    found = re.fullmatch(r"([0-9]{1,6})(?:-([0-9]{1,6}))?", text.strip())
    if found is not None:
        first, last = (0, int(found[1]) - 1) if found[2] is None else (int(found[1]), int(found[2]))
        if 0 <= last - first < 1000:
            return range(first, last + 1)
    raise BadInput("--seeds", f"{text!r} says no seeds", "Expected: a number up to 1000, or two like 100-119")


def _share(option: str, percent: float | None, usual: float) -> float:
    if percent is None:
        return usual
    if not 0 <= percent < 100:
        raise BadInput(option, f"{percent:g} is no share in percent", "Expected: 0 to less than 100")
    return percent / 100
