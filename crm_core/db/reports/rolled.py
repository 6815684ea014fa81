"""Days whose calls and agents' states stand added up: which they are, and how a day is added up.

A year of calls is millions of rows; added up by day they are some hundred thousand. Days that are not added up (the
current one above all) are read from the rows themselves, so a report is right at any time and quick when most are.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Float, Insert, Select, case, cast, delete, func, insert, literal, select, union_all

from crm_core.db.reports.asking import answered_by_person, seconds_between
from crm_core.db.tables import Instant, agent_days, agent_log, agents, call_days, call_hours, calls, rolled_days
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.reports import Span, narrowed, runs_of, span

#: A day is added up this long after its end, and once more, for what came late, after `AGAIN_AFTER`.
AFTER = timedelta(hours=1)
AGAIN_AFTER = timedelta(days=3)


async def split(work: UnitOfWork, whole: Span) -> tuple[list[str], list[Span]]:
    """The days of the span that are added up, and the spans between them that are not."""
    query = select(rolled_days.c.day).where(
        rolled_days.c.day.between(whole.since.isoformat(), whole.until.isoformat()), rolled_days.c.zone == whole.zone
    )
    there = {row.day for row in await work.all(query)}
    missing = [day for day in whole.days if day.isoformat() not in there]
    return sorted(there), [narrowed(whole, first, last) for first, last in runs_of(missing)]


async def days_to_roll(work: UnitOfWork, zone: str, now: datetime, most: int) -> list[date]:
    """Days that are over and not added up in this zone, or not since what came late; the latest first."""
    first = await work.scalar(select(func.min(calls.c.started_at)))
    earliest = select(func.min(agent_log.c.at)).where(agent_log.c.agent_id == agents.c.id).scalar_subquery()
    logged = await work.scalar(select(func.min(earliest)))  # one seek for each agent
    begins = [at for at in (first, logged) if at is not None]
    if not begins:
        return []
    known = {
        row.day: (row.zone, row.at)
        for row in await work.all(select(rolled_days.c.day, rolled_days.c.zone, rolled_days.c.at))
    }
    local = (now - AFTER).astimezone(ZoneInfo(zone))
    day, oldest = local.date() - timedelta(days=1), min(begins).astimezone(local.tzinfo).date()
    found: list[date] = []
    while day >= oldest and len(found) < most:
        rolled = known.get(day.isoformat())
        again_at = span(day, day, zone).ends + AGAIN_AFTER
        if rolled is None or rolled[0] != zone or rolled[1] < again_at <= now:
            found.append(day)
        day -= timedelta(days=1)
    return found


async def roll_day(work: UnitOfWork, day: date, zone: str, now: datetime) -> None:
    """Add up one day, in the place of what may stand there."""
    of_day = span(day, day, zone)
    for table in (call_hours, call_days, agent_days):
        await work.run(delete(table).where(table.c.day == day.isoformat()))
    await work.run(_call_days(work, of_day))
    begins = of_day.begins
    while begins < of_day.ends:  # hour by hour of real time: a day of 23 or 25 hours is right, too
        ends = _next_hour(begins, of_day.ends)
        await work.run(_call_hours(of_day, begins, ends))
        begins = ends
    times = agent_times(work, of_day, of_day.ends).subquery()
    keys = ("agent_id", "campaign_id", "state", "reason")
    summed = select(literal(day.isoformat()), *(times.c[key] for key in keys), func.sum(times.c.seconds))
    summed = summed.group_by(*(times.c[key] for key in keys))
    await work.run(insert(agent_days).from_select(["day", *keys, "seconds"], summed))
    await work.upsert(rolled_days, [{"day": day.isoformat(), "zone": zone, "at": now}], ["day"])


def _next_hour(at: datetime, latest: datetime) -> datetime:
    """The instant an hour later, in the zone of `at`, or the end of the day."""
    later = datetime.fromtimestamp(at.timestamp() + 3600, at.tzinfo)
    return later if later.timestamp() < latest.timestamp() else latest


def _call_hours(of_day: Span, begins: datetime, ends: datetime) -> Insert:
    outcome = func.coalesce(calls.c.outcome, "")
    keys = (calls.c.agent_id, calls.c.campaign_id, calls.c.direction, outcome)
    counted = select(
        literal(of_day.since.isoformat()),
        literal(begins.hour),
        *keys,
        func.count(),
        answered_by_person(calls.c.outcome),
    ).where(calls.c.started_at >= begins, calls.c.started_at < ends)
    names = ["day", "hour", "agent_id", "campaign_id", "direction", "outcome", "calls", "people"]
    return insert(call_hours).from_select(names, counted.group_by(*keys))


def _call_days(work: UnitOfWork, of_day: Span) -> Insert:
    keys = (
        calls.c.agent_id,
        calls.c.campaign_id,
        calls.c.direction,
        func.coalesce(calls.c.outcome, ""),
        calls.c.disposition,
    )
    talked = func.sum(func.coalesce(seconds_between(work, calls.c.bridged_at, calls.c.ended_at), 0.0))
    counted = select(
        literal(of_day.since.isoformat()),
        *keys,
        func.count(),
        answered_by_person(calls.c.outcome),
        func.count(calls.c.bridged_at),
        talked,
    ).where(calls.c.started_at >= of_day.begins, calls.c.started_at < of_day.ends)
    names = ["day", "agent_id", "campaign_id", "direction", "outcome", "disposition"]
    names += ["calls", "people", "talks", "talk_seconds"]
    return insert(call_days).from_select(names, counted.group_by(*keys))


def agent_times(work: UnitOfWork, within: Span, until: datetime) -> Select[tuple[int, int, str, str, float]]:
    """Every state of every agent within the span with its seconds; the last one of each lasts to `until`.

    The state an agent brings along from before the span counts from its beginning."""
    earlier = agent_log.alias("earlier")
    last_before = (
        select(earlier.c.id)
        .where(earlier.c.agent_id == agents.c.id, earlier.c.at < within.begins)
        .order_by(earlier.c.at.desc(), earlier.c.id.desc())
        .limit(1)
        .correlate(agents)
        .scalar_subquery()
    )
    carried = select(
        agent_log.c.agent_id,
        agent_log.c.campaign_id,
        agent_log.c.state,
        agent_log.c.reason,
        literal(within.begins, Instant).label("at"),
        agent_log.c.id,
    ).select_from(agents.join(agent_log, agent_log.c.id == last_before))
    # By way of the agents: one range of the index (agent_id, at) for each, and none of the log's other years.
    inside = select(
        agent_log.c.agent_id,
        agent_log.c.campaign_id,
        agent_log.c.state,
        agent_log.c.reason,
        agent_log.c.at,
        agent_log.c.id,
    ).select_from(agents.join(agent_log, agent_log.c.agent_id == agents.c.id))
    inside = inside.where(agent_log.c.at >= within.begins, agent_log.c.at < until)
    moves = union_all(carried, inside).subquery()
    following = func.lead(moves.c.at).over(partition_by=moves.c.agent_id, order_by=(moves.c.at, moves.c.id))
    ends = func.coalesce(following, literal(until, Instant))
    seconds = seconds_between(work, moves.c.at, ends)
    clipped = cast(case((seconds < 0, 0.0), else_=seconds), Float).label("seconds")
    return select(moves.c.agent_id, moves.c.campaign_id, moves.c.state, moves.c.reason, clipped)
