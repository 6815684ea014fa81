"""The ways of deals: how far each came, where it was lost, what was won."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select

from crm_core.db.reports.asking import Asking, amounts_of, seconds_between
from crm_core.db.tables import deal_stages, deals, pipelines, stages
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.funnel import Closed, Loss, Ways
from crm_core.domain.sales import Stage, StageKind

GOING_ON = (StageKind.UNSORTED.value, StageKind.OPEN.value)


async def pipeline(work: UnitOfWork, asking: Asking) -> list[Stage]:
    """The stages of the pipeline asked for, or of the default one, in order; empty while there is none."""
    chosen = pipelines.c.is_default if asking.ask.pipeline_id is None else pipelines.c.id == asking.ask.pipeline_id
    columns = [stages.c[name] for name in ("id", "pipeline_id", "name", "position", "kind")]
    query = select(*columns).join(pipelines, pipelines.c.id == stages.c.pipeline_id).where(chosen)
    rows = await work.all(query.order_by(stages.c.pipeline_id, stages.c.position))
    return [
        Stage(row.id, row.pipeline_id, row.name, row.position, StageKind(row.kind))
        for row in rows
        if row.pipeline_id == rows[0].pipeline_id
    ]


def closed_at() -> ColumnElement[datetime | None]:
    """When the deal came into the stage it is in: of a won or lost one, when it was closed."""
    entered = (
        select(func.max(deal_stages.c.at))
        .where(deal_stages.c.deal_id == deals.c.id, deal_stages.c.stage_id == deals.c.stage_id)
        .scalar_subquery()
    )
    return func.coalesce(deals.c.closed_at, deals.c.moved_at, entered)


async def ways(work: UnitOfWork, asking: Asking, pipeline_id: int) -> list[Ways]:
    """Deals made in the span, added up by how far they came and where they are.

    A won deal has been everywhere, an open one stands in its last stage: only of the others is the history read."""
    now_in = stages.alias("now_in")
    cohort = (
        select(deals.c.id, deals.c.stage_id, now_in.c.kind, deals.c.currency, deals.c.amount)
        .select_from(deals.join(now_in, now_in.c.id == deals.c.stage_id))
        .where(*asking.deals(pipeline_id), asking.within(deals.c.created_at))
        .cte("cohort")
    )
    last = _last_going_on(pipeline_id, select(cohort.c.id).where(cohort.c.kind != StageKind.WON.value)).subquery()
    was_id = case(
        (cohort.c.kind.in_(GOING_ON), cohort.c.stage_id),
        (cohort.c.kind == StageKind.LOST.value, deal_stages.c.stage_id),
    ).label("was_id")
    lost = and_(deal_stages.c.id == last.c.last_id, cohort.c.kind == StageKind.LOST.value)
    query = (
        select(
            last.c.furthest,
            was_id,
            cohort.c.kind,
            cohort.c.currency,
            func.count().label("deals"),
            func.sum(cohort.c.amount).label("amount"),
        )
        .select_from(cohort.outerjoin(last, last.c.deal_id == cohort.c.id).outerjoin(deal_stages, lost))
        .group_by(last.c.furthest, "was_id", cohort.c.kind, cohort.c.currency)
    )
    deals_of: dict[tuple[Any, ...], int] = defaultdict(int)
    sums: dict[tuple[Any, ...], list[tuple[str | None, Decimal | None]]] = defaultdict(list)
    for row in await work.all(query):
        key = (row.furthest, row.was_id, row.kind)
        deals_of[key] += row.deals
        sums[key].append((row.currency, row.amount))
    return [
        Ways(furthest, was, StageKind(kind), count, amounts_of(sums[furthest, was, kind]))
        for (furthest, was, kind), count in deals_of.items()
    ]


def _last_going_on(pipeline_id: int, whose: Select[Any]) -> Select[Any]:
    """By deal: the furthest stage that goes on, and the last move into one."""
    return (
        select(
            deal_stages.c.deal_id,
            func.max(stages.c.position).label("furthest"),
            func.max(deal_stages.c.id).label("last_id"),
        )
        .select_from(deal_stages.join(stages, stages.c.id == deal_stages.c.stage_id))
        .where(deal_stages.c.deal_id.in_(whose), stages.c.pipeline_id == pipeline_id, stages.c.kind.in_(GOING_ON))
        .group_by(deal_stages.c.deal_id)
    )


async def closed(work: UnitOfWork, asking: Asking, pipeline_id: int) -> list[Closed]:
    """By currency: what was won and lost in the span, and what of what was made before its end is still open."""
    at, kind = closed_at(), stages.c.kind
    closed_within = and_(kind.in_((StageKind.WON.value, StageKind.LOST.value)), asking.within(at))
    still_open = and_(kind.in_(GOING_ON), deals.c.created_at < asking.span.ends)
    currency = func.coalesce(deals.c.currency, "").label("currency")
    cycle = func.avg(case((kind == StageKind.WON.value, seconds_between(work, deals.c.created_at, at))))
    query = (
        select(
            currency,
            func.sum(case((kind == StageKind.WON.value, 1), else_=0)).label("won"),
            func.sum(case((kind == StageKind.LOST.value, 1), else_=0)).label("lost"),
            func.sum(case((kind.in_(GOING_ON), 1), else_=0)).label("open"),
            func.sum(case((kind == StageKind.WON.value, deals.c.amount))).label("amount"),
            cycle.label("cycle"),
        )
        .select_from(deals.join(stages, stages.c.id == deals.c.stage_id))
        .where(*asking.deals(pipeline_id), or_(closed_within, still_open))
        .group_by("currency")
        .order_by("currency")
    )
    return [
        Closed(row.currency, row.won, row.lost, Decimal(row.amount or 0), _seconds(row.cycle), row.open)
        for row in await work.all(query)
    ]


def _seconds(value: Any) -> float | None:
    return None if value is None else float(value)


async def losses(work: UnitOfWork, asking: Asking) -> list[Loss]:
    """Deals lost in the span by reason, the stage they were lost out of, and currency; of all pipelines or the one."""
    last = (
        select(deal_stages.c.stage_id)
        .join(stages, stages.c.id == deal_stages.c.stage_id)
        .where(deal_stages.c.deal_id == deals.c.id, stages.c.kind.in_(GOING_ON))
        .order_by(deal_stages.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    now_in = stages.alias("now_in")
    lost = (
        select(
            func.coalesce(deals.c.lost_reason, "").label("reason"),
            last.label("was_id"),
            func.coalesce(deals.c.currency, "").label("currency"),
            deals.c.amount,
        )
        .select_from(deals.join(now_in, now_in.c.id == deals.c.stage_id))
        .where(*asking.deals(asking.ask.pipeline_id), now_in.c.kind == StageKind.LOST.value)
        .where(asking.within(closed_at()))
        .subquery()
    )
    was_in = stages.alias("was_in")
    keys = (lost.c.reason, was_in.c.name, lost.c.currency)
    query = select(*keys, func.count().label("deals"), func.sum(lost.c.amount).label("amount"))
    query = query.select_from(lost.outerjoin(was_in, was_in.c.id == lost.c.was_id)).group_by(*keys)
    return [
        Loss(row.reason, row.name or "", row.currency, row.deals, Decimal(row.amount or 0))
        for row in await work.all(query)
    ]
