"""Many simulated shifts of one world under one rule, and what they come to."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context

from crm_core.domain.campaigns import CampaignPolicy
from dialer.laws import FCC, Law
from dialer.simulate_counts import Counts, Moment
from dialer.simulate_rules import rule_named, usual_policy
from dialer.simulate_shift import Shift
from dialer.simulate_world import World

#: Told after each shift: how many are done, of how many.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Figures:
    """One shift. Shares are 0…1, waits in seconds, `talk_minutes` and `calls` per hour that an agent was there.

    `occupancy`: talk and wrap-up by the time logged in. `abandoned`: by the people who answered. `given_up`: by dials,
    and of these `too_soon`: given up while somebody could still have answered.
    `waits`: of the people connected, the median and what one in twenty exceeds.
    """

    seed: int
    occupancy: float
    talk_minutes: float
    abandoned: float
    waits: tuple[float, float]
    calls: float
    given_up: float
    dials: int
    people: int
    by_time: tuple[Moment, ...] = ()
    too_soon: float = 0.0


@dataclass(frozen=True, slots=True)
class Spread:
    """Of one figure over the shifts; `low` and `high`: what nine of ten shifts lie between (few shifts: all)."""

    mean: float
    low: float
    high: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Summary:
    """All shifts of a rule in a world, by seed."""

    rule: str
    shifts: tuple[Figures, ...]

    def of(self, figure: Callable[[Figures], float]) -> Spread:
        return spread([figure(shift) for shift in self.shifts])

    @property
    def occupancy(self) -> Spread:
        """The worst seed is `least`."""
        return self.of(lambda shift: shift.occupancy)

    @property
    def abandoned(self) -> Spread:
        """The worst seed is `most`."""
        return self.of(lambda shift: shift.abandoned)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a rule is given. `policy` None: a usual one for the world. `rest`: share of agents to leave free."""

    policy: CampaignPolicy | None = None
    law: Law = FCC
    rest: float = 0.0


def simulate(
    world: World,
    rule: str = "ours",
    seeds: Iterable[int] = range(10),
    setting: Setting | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Summary:
    """Simulate one shift per seed, in `jobs` processes. Raises BadInput for a rule that does not exist."""
    return compare(world, [rule], seeds, setting, jobs, progress)[0]


def compare(
    world: World,
    names: Sequence[str],
    seeds: Iterable[int],
    setting: Setting | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> list[Summary]:
    """The same shifts under several rules: a seed's leads, absences and incoming calls are the same for each."""
    setting = setting or Setting()
    for name in names:
        made(name, world, setting)  # what is wrong is said before any process is started
    wanted = [_Wanted(world, name, seed, setting) for seed in seeds for name in names]
    found: dict[str, list[Figures]] = {name: [] for name in names}
    for done, (name, shift) in enumerate(_shifts(wanted, jobs), 1):
        found[name].append(shift)
        if progress is not None:
            progress(done, len(wanted))
    return [Summary(name, tuple(sorted(found[name], key=lambda shift: shift.seed))) for name in names]


def made(rule: str, world: World, setting: Setting) -> Callable[[Shift], Counts]:
    """What runs a shift of this world by a new rule of that name."""
    policy = setting.policy or usual_policy(world, setting.law.limit)
    new = rule_named(rule, policy, setting.law, setting.rest)
    return lambda shift: shift.run(new)


def one_shift(world: World, rule: str, seed: int, setting: Setting) -> Figures:
    """A whole shift; the same seed gives the same figures."""
    return figures(seed, made(rule, world, setting)(Shift(world, seed)))


def figures(seed: int, count: Counts) -> Figures:
    """What a shift's counts come to."""
    hours = count.logged_in / 3600
    return Figures(
        seed,
        count.occupancy,
        count.talked / 60 / hours if hours else 0.0,
        count.abandoned_share,
        (quantile(count.waits, 0.5), quantile(count.waits, 0.95)),
        count.talks / hours if hours else 0.0,
        count.given_up / count.dials if count.dials else 0.0,
        count.dials,
        count.people,
        tuple(count.by_time),
        (count.given_up - count.rang_beyond) / count.dials if count.dials else 0.0,
    )


def spread(values: Sequence[float]) -> Spread:
    """Of at least one value."""
    return Spread(statistics.fmean(values), quantile(values, 0.05), quantile(values, 0.95), min(values), max(values))


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all do not exceed; 0 of none."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)] if values else 0.0


@dataclass(frozen=True, slots=True)
class _Wanted:
    world: World
    rule: str
    seed: int
    setting: Setting


def _one(wanted: _Wanted) -> tuple[str, Figures]:
    return wanted.rule, one_shift(wanted.world, wanted.rule, wanted.seed, wanted.setting)


def _shifts(wanted: Sequence[_Wanted], jobs: int) -> Iterator[tuple[str, Figures]]:
    if jobs <= 1 or len(wanted) <= 1:
        yield from map(_one, wanted)
        return
    # Spawned: whoever asks may run threads, which a fork would copy in the middle of something.
    with ProcessPoolExecutor(min(jobs, len(wanted)), get_context("spawn")) as pool:
        waited = [pool.submit(_one, one) for one in wanted]
        try:
            for future in as_completed(waited):
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)
