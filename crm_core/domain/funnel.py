"""The way of deals: how many come how far, where they are lost, how long they stand, what a day brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from crm_core.domain.reports import added, share
from crm_core.domain.sales import Stage, StageKind

_GOING_ON = (StageKind.UNSORTED, StageKind.OPEN)


@dataclass(frozen=True, slots=True)
class Ways:
    """Deals with one way behind them. `furthest`: the last position they ever stood at among stages that go on;
    `stage_id`: the last of those stages they were in; `amounts` by currency."""

    furthest: int | None
    stage_id: int | None
    kind: StageKind  # of the stage they are in now
    deals: int
    amounts: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of the funnel. `conversion`: of those who reached the step before; `here`: those that stand in it now;
    `lost`: those that were lost out of it."""

    name: str
    reached: int
    conversion: float | None
    of_all: float | None
    here: int
    lost: int
    reached_amounts: Mapping[str, Decimal]
    lost_amounts: Mapping[str, Decimal]


def funnel(stages: Sequence[Stage], ways: Sequence[Ways]) -> list[Step]:
    """The steps in order, won last. A deal that stands in a stage has reached all before it, and a won deal all.

    A deal that went back counts as having reached the furthest; one lost at once, as having reached the first."""
    going_on = sorted((s for s in stages if s.kind in _GOING_ON), key=lambda s: s.position)
    total = sum(way.deals for way in ways)
    steps: list[Step] = []
    before: int | None = None
    for number, stage in enumerate(going_on):
        reached = [way for way in ways if _reached(way, stage.position, is_first=number == 0)]
        out_of = [way for way in ways if way.kind is StageKind.LOST and _out_of(way, stage, is_first=number == 0)]
        here = [way for way in ways if way.kind in _GOING_ON and way.stage_id == stage.id]
        steps.append(_step(stage.name, reached, out_of, _count(here), before, total))
        before = steps[-1].reached
    won = [way for way in ways if way.kind is StageKind.WON]
    names = [s.name for s in sorted(stages, key=lambda s: s.position) if s.kind is StageKind.WON]
    if names:
        steps.append(_step(" / ".join(names), won, [], _count(won), before, total))
    return steps


def _reached(way: Ways, position: int, *, is_first: bool) -> bool:
    return is_first or way.kind is StageKind.WON or (way.furthest is not None and way.furthest >= position)


def _out_of(way: Ways, stage: Stage, *, is_first: bool) -> bool:
    return way.stage_id == stage.id or (is_first and way.stage_id is None)


def _count(ways: Sequence[Ways]) -> int:
    return sum(way.deals for way in ways)


def _step(name: str, reached: Sequence[Ways], lost: Sequence[Ways], here: int, before: int | None, total: int) -> Step:
    count = _count(reached)
    return Step(
        name=name,
        reached=count,
        conversion=None if before is None else share(count, before),
        of_all=share(count, total),
        here=here,
        lost=_count(lost),
        reached_amounts=added([way.amounts for way in reached]),
        lost_amounts=added([way.amounts for way in lost]),
    )


@dataclass(frozen=True, slots=True)
class StageTime:
    """How long deals stood in a stage before they left it (seconds; None: none left), and how long those in it have."""

    name: str
    left: int
    median: float | None
    p90: float | None
    mean: float | None
    waiting: int
    waiting_median: float | None
    stuck: int  # of those waiting: longer than the stage allows


@dataclass(frozen=True, slots=True)
class Closed:
    """Deals of one currency ("" for those without a sum) that were closed, and those open at the end of the span."""

    currency: str
    won: int
    lost: int
    won_amount: Decimal
    cycle_seconds: float | None  # mean, from made to won
    open: int


@dataclass(frozen=True, slots=True)
class Velocity:
    """Sales velocity of one currency: `per_day` = deals in work × win rate × average sum ÷ cycle."""

    currency: str
    in_work: int
    won: int
    win_rate: float | None
    average: Decimal | None
    cycle_days: float | None
    per_day: Decimal | None


_A_DAY = 86400.0  # seconds
_SHORTEST_CYCLE = 1 / 24  # days; deals won within the hour would make any velocity


def velocity(closed: Closed) -> Velocity:
    """What a day brings at this pace; None where nothing was won."""
    win_rate = share(closed.won, closed.won + closed.lost)
    average = closed.won_amount / closed.won if closed.won else None
    cycle = None if closed.cycle_seconds is None else closed.cycle_seconds / _A_DAY
    in_work = closed.won + closed.lost + closed.open
    per_day = None
    if win_rate is not None and average is not None and cycle is not None:
        pace = in_work * win_rate / max(cycle, _SHORTEST_CYCLE)
        per_day = (average * Decimal(pace)).quantize(Decimal("0.01"))
    rounded = None if average is None else average.quantize(Decimal("0.01"))
    return Velocity(closed.currency, in_work, closed.won, win_rate, rounded, cycle, per_day)


@dataclass(frozen=True, slots=True)
class Loss:
    """Deals lost for one reason ("": none was named) out of one stage."""

    reason: str
    stage: str
    currency: str
    deals: int
    amount: Decimal
