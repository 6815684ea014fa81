"""How long deals stand in a stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Float, Select, Subquery, case, cast, func, literal, or_, select, type_coerce
from sqlalchemy.dialects.postgresql import ARRAY

from crm_core.db.reports.asking import Asking, seconds_between
from crm_core.db.reports.deal_ways import GOING_ON
from crm_core.db.tables import Instant, deal_stages, deals, stages
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.funnel import StageTime
from crm_core.domain.sales import Stage

_A_DAY = 86400.0  # seconds
#: In a span of so many days few deals move: they are found first. In a longer one that costs more than it saves.
_SHORT = 92


@dataclass(frozen=True, slots=True)
class _Spread:
    count: int
    median: float | None = None
    p90: float | None = None
    mean: float | None = None


async def stage_times(work: UnitOfWork, asking: Asking, pipeline: Sequence[Stage], now: datetime) -> list[StageTime]:
    """For each stage that goes on: deals that left it in the span, and deals that stand in it now."""
    if not pipeline:
        return []
    pipeline_id = pipeline[0].pipeline_id
    left = await _spread(work, _left(work, asking, pipeline_id))
    waiting = await _spread(work, _waiting(work, asking, pipeline_id, now))
    stuck = await _stuck(work, asking, pipeline_id, now)
    found = []
    for stage in pipeline:
        if stage.kind.value in GOING_ON:
            gone, here = left.get(stage.id, _Spread(0)), waiting.get(stage.id, _Spread(0))
            figures = (gone.count, gone.median, gone.p90, gone.mean, here.count, here.median, stuck.get(stage.id, 0))
            found.append(StageTime(stage.name, *figures))
    return found


def _left(work: UnitOfWork, asking: Asking, pipeline_id: int) -> Select[Any]:
    following = func.lead(deal_stages.c.at).over(partition_by=deal_stages.c.deal_id, order_by=deal_stages.c.id)
    whose = select(deals.c.id).where(*asking.deals(pipeline_id))
    if len(asking.span.days) <= _SHORT:
        moved = deal_stages.alias("moved")
        whose = whose.where(deals.c.id.in_(select(moved.c.deal_id).where(asking.within(moved.c.at))))
    moves = (
        select(deal_stages.c.stage_id, deal_stages.c.at, following.label("left_at"))
        .where(deal_stages.c.deal_id.in_(whose))
        .subquery()
    )
    seconds = seconds_between(work, moves.c.at, moves.c.left_at).label("seconds")
    return select(moves.c.stage_id, seconds).where(asking.within(moves.c.left_at))


def _since() -> Any:
    return func.coalesce(deals.c.moved_at, deals.c.created_at)


def _waiting(work: UnitOfWork, asking: Asking, pipeline_id: int, now: datetime) -> Select[Any]:
    seconds = seconds_between(work, _since(), literal(now, Instant)).label("seconds")
    going_on = select(stages.c.id).where(stages.c.pipeline_id == pipeline_id, stages.c.kind.in_(GOING_ON))
    return select(deals.c.stage_id, seconds).where(*asking.deals(pipeline_id), deals.c.stage_id.in_(going_on))


async def _stuck(work: UnitOfWork, asking: Asking, pipeline_id: int, now: datetime) -> dict[int, int]:
    seconds = seconds_between(work, _since(), literal(now, Instant))
    query = (
        select(deals.c.stage_id, func.count().label("deals"))
        .select_from(deals.join(stages, stages.c.id == deals.c.stage_id))
        .where(*asking.deals(pipeline_id), seconds > stages.c.stuck_after_days * _A_DAY)
        .group_by(deals.c.stage_id)
    )
    return {row.stage_id: row.deals for row in await work.all(query)}


async def _spread(work: UnitOfWork, times: Select[Any]) -> dict[int, _Spread]:
    """Count, median, 90th percentile (by nearest rank) and mean by stage."""
    spans = times.subquery()
    is_sqlite = work.connection.dialect.name == "sqlite"
    query = _ranked(spans) if is_sqlite else _percentiles(spans)
    rows = await work.all(query)
    return {row.stage_id: _Spread(row.count_, row.median, row.p90, row.mean) for row in rows}


def _percentiles(spans: Subquery) -> Select[Any]:
    """One sort for both: half as long as ranking every row."""
    both = func.percentile_disc(literal([0.5, 0.9], ARRAY(Float))).within_group(spans.c.seconds.asc())
    grouped = (
        select(
            spans.c.stage_id,
            func.count().label("count_"),
            type_coerce(both, ARRAY(Float)).label("both"),
            cast(func.avg(spans.c.seconds), Float).label("mean"),
        )
        .group_by(spans.c.stage_id)
        .subquery()
    )
    median, p90 = grouped.c.both[1].label("median"), grouped.c.both[2].label("p90")
    return select(grouped.c.stage_id, grouped.c.count_, median, p90, grouped.c.mean)


def _ranked(spans: Subquery) -> Select[Any]:
    """The same where the database knows no percentiles: the value at rank ⌈p·n⌉, in whole numbers."""
    ranked = select(
        spans.c.stage_id,
        spans.c.seconds,
        func.row_number().over(partition_by=spans.c.stage_id, order_by=spans.c.seconds).label("rank"),
        func.count().over(partition_by=spans.c.stage_id).label("count_"),
        func.avg(spans.c.seconds).over(partition_by=spans.c.stage_id).label("mean"),
    ).subquery()
    median_at, p90_at = (ranked.c.count_ * 50 + 99) // 100, (ranked.c.count_ * 90 + 99) // 100
    return (
        select(
            ranked.c.stage_id,
            func.max(ranked.c.count_).label("count_"),
            cast(func.max(case((ranked.c.rank == median_at, ranked.c.seconds))), Float).label("median"),
            cast(func.max(case((ranked.c.rank == p90_at, ranked.c.seconds))), Float).label("p90"),
            cast(func.max(ranked.c.mean), Float).label("mean"),
        )
        .where(or_(ranked.c.rank == median_at, ranked.c.rank == p90_at))
        .group_by(ranked.c.stage_id)
    )
