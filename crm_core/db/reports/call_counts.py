"""Calls counted: by hour of the week, and by agent, campaign, outcome and result."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Float, cast, func, literal, null, select

from crm_core.db.reports import rolled
from crm_core.db.reports.asking import QUARTER, Asking, answered_by_person, quarter_of, seconds_between
from crm_core.db.tables import call_days, call_hours, calls
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.calling import CallSum, HourCount
from crm_core.domain.calls import Direction
from crm_core.domain.reports import Span

#: By what calls may be added up; what is not asked for comes as None.
KEYS = ("agent_id", "campaign_id", "direction", "outcome", "disposition")


async def hour_counts(work: UnitOfWork, asking: Asking) -> list[HourCount]:
    """Outgoing calls by weekday, hour and outcome."""
    days, spans = await rolled.split(work, asking.span)
    found = await _rolled_hours(work, asking, days) if days else []
    for part in spans:
        found += await _raw_hours(work, asking, part)
    return found


async def _rolled_hours(work: UnitOfWork, asking: Asking, days: Sequence[str]) -> list[HourCount]:
    by_day = (
        select(
            call_hours.c.day,
            call_hours.c.hour,
            call_hours.c.outcome,
            func.sum(call_hours.c.calls).label("calls"),
            func.sum(call_hours.c.people).label("people"),
        )
        .where(*asking.calls(call_hours), call_hours.c.direction == Direction.OUTGOING.value)
        .where(call_hours.c.day.between(days[0], days[-1]), call_hours.c.day.in_(days))
        .group_by(call_hours.c.day, call_hours.c.hour, call_hours.c.outcome)
    )
    return [
        HourCount(datetime.fromisoformat(row.day).weekday(), row.hour, row.outcome, int(row.calls), int(row.people))
        for row in await work.all(by_day)
    ]


async def _raw_hours(work: UnitOfWork, asking: Asking, part: Span) -> list[HourCount]:
    quarter = quarter_of(work, calls.c.started_at).label("quarter")
    outcome = func.coalesce(calls.c.outcome, literal("")).label("outcome")
    counted = (
        select(quarter, outcome, func.count().label("calls"), answered_by_person(calls.c.outcome).label("people"))
        .where(*asking.calls(), calls.c.direction == Direction.OUTGOING.value)
        .where(calls.c.started_at >= part.begins, calls.c.started_at < part.ends)
        .group_by("quarter", "outcome")
    )
    zone, found = ZoneInfo(part.zone), []
    for row in await work.all(counted):
        local = datetime.fromtimestamp(row.quarter * QUARTER, UTC).astimezone(zone)
        found.append(HourCount(local.weekday(), local.hour, row.outcome, int(row.calls), int(row.people)))
    return found


async def call_sums(work: UnitOfWork, asking: Asking, keys: Sequence[str]) -> list[CallSum]:
    """Calls added up by `keys` (of `KEYS`); one key may come more than once."""
    days, spans = await rolled.split(work, asking.span)
    found = await _rolled_sums(work, asking, keys, days) if days else []
    for part in spans:
        found += await _raw_sums(work, asking, keys, part)
    return found


async def _rolled_sums(work: UnitOfWork, asking: Asking, keys: Sequence[str], days: Sequence[str]) -> list[CallSum]:
    by = [call_days.c[key] if key in keys else null().label(key) for key in KEYS]
    figures = [func.sum(call_days.c[name]).label(name) for name in ("calls", "people", "talks", "talk_seconds")]
    query = select(*by, *figures).where(*asking.calls(call_days))
    # The list of days may be long; the range beside it is what the index is walked by.
    query = query.where(call_days.c.day.between(days[0], days[-1]), call_days.c.day.in_(days))
    return [_sum(tuple(row)) for row in await work.all(query.group_by(*(call_days.c[key] for key in keys)))]


async def _raw_sums(work: UnitOfWork, asking: Asking, keys: Sequence[str], part: Span) -> list[CallSum]:
    named = {key: calls.c[key] for key in KEYS}
    by = [named[key].label(key) if key in keys else null().label(key) for key in KEYS]
    talked = func.sum(func.coalesce(seconds_between(work, calls.c.bridged_at, calls.c.ended_at), 0.0))
    figures = [
        func.count().label("calls"),
        answered_by_person(calls.c.outcome).label("people"),
        func.count(calls.c.bridged_at).label("talks"),
        cast(talked, Float).label("talk_seconds"),
    ]
    query = select(*by, *figures).where(*asking.calls())
    query = query.where(calls.c.started_at >= part.begins, calls.c.started_at < part.ends)
    return [_sum(tuple(row)) for row in await work.all(query.group_by(*(named[key] for key in keys)))]


def _sum(row: Sequence[object]) -> CallSum:
    agent, campaign, direction, outcome, disposition, count, people, talks, seconds = row
    # Without keys an aggregate of nothing is one row of NULLs.
    whole = [int(str(figure or 0)) for figure in (count, people, talks)]
    return CallSum(
        agent_id=agent if isinstance(agent, int) else None,
        campaign_id=campaign if isinstance(campaign, int) else None,
        direction=str(direction or ""),
        outcome=str(outcome or ""),
        disposition=disposition if isinstance(disposition, str) else None,
        calls=whole[0],
        people=whole[1],
        talks=whole[2],
        talk_seconds=float(str(seconds or 0)),
    )
