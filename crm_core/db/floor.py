"""What pacing sees of attempts: the open lines, and what the last ones came to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Integer, Row, bindparam, case, false, func, null, select, type_coerce, union_all

from crm_core.db.attempts import PEOPLE
from crm_core.db.tables import Instant, agents, attempts, calls
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.agents import AgentState
from crm_core.domain.attempts import Outcome, Verdict
from crm_core.domain.floor_watch import WatchedAgent, WatchedLine


@dataclass(frozen=True, slots=True)
class LineRow:
    """A watched line. `waits`: a person answered and has no agent yet; `settled`: counted in the day's counters."""

    line: WatchedLine
    waits: bool
    settled: bool


# Made once, for the dialer asks them many times a second and making one takes longer than running it.
_GIVEN = select(agents.c.id).where(
    agents.c.call_id == attempts.c.id, agents.c.state.in_([AgentState.RINGING.value, AgentState.ON_CALL.value])
)
_LINE = (
    attempts.c.id,
    attempts.c.created_at,
    attempts.c.answered_at,
    attempts.c.bridged_at,
    attempts.c.ended_at,
    attempts.c.outcome,
    attempts.c.verdict,
    attempts.c.guaranteed,
    attempts.c.given_up_at,
    attempts.c.settled_at,
)
_OPEN = (
    select(*_LINE, calls.c.ringing_at, _GIVEN.exists().label("given"))
    .outerjoin(calls, calls.c.id == attempts.c.id)
    .where(attempts.c.campaign_id == bindparam("campaign"), attempts.c.ended_at.is_(None))
)
#: How long before the ends that are asked for their lines were dialed: found by the index of dialing. A talk may last
#: longer, but its line was seen answered while it was open.
_RANG_AT_MOST = timedelta(minutes=3)
_ENDED = select(*_LINE, type_coerce(null(), Instant).label("ringing_at"), false().label("given")).where(
    attempts.c.campaign_id == bindparam("campaign"),
    attempts.c.created_at >= bindparam("dialed_since"),
    attempts.c.ended_at >= bindparam("ended_since"),
)
_WATCHED = union_all(_OPEN, _ENDED)
_LOST = union_all(_OPEN, _ENDED.where(attempts.c.outcome == Outcome.ABANDONED.value))
_AGENTS = select(agents.c.id, agents.c.state, agents.c.since).where(
    agents.c.campaign_id == bindparam("campaign"), agents.c.state != AgentState.LOGGED_OUT.value
)
_OPEN_COUNTS = (
    select(attempts.c.trunk, attempts.c.campaign_id, func.count().label("n"))
    .where(attempts.c.ended_at.is_(None))
    .group_by(attempts.c.trunk, attempts.c.campaign_id)
)
_LAST = (
    select(attempts.c.outcome)
    .where(
        attempts.c.campaign_id == bindparam("campaign"),
        attempts.c.created_at >= bindparam("since"),
        attempts.c.settled_at.is_not(None),
    )
    .order_by(attempts.c.created_at.desc())
    .limit(bindparam("most", type_=Integer))
    .subquery()
)
_RECENT = select(
    func.count().label("dials"),
    func.sum(case((_LAST.c.outcome.in_([outcome.value for outcome in PEOPLE]), 1), else_=0)).label("people"),
).select_from(_LAST)


async def lines(
    work: UnitOfWork, campaign_id: int, ended_since: datetime | None, lost_only: bool = False
) -> list[LineRow]:
    """The campaign's open lines, and those that have ended since `ended_since` (None: only the open ones).

    `lost_only`: of the ended ones those abandoned, for a campaign that learns nothing may end hundreds a second.
    """
    values: dict[str, object] = {"campaign": campaign_id}
    if ended_since is not None:
        values |= {"dialed_since": ended_since - _RANG_AT_MOST, "ended_since": ended_since}
    query = _OPEN if ended_since is None else _LOST if lost_only else _WATCHED
    return [_line(row) for row in await work.all(query, values)]


def _line(row: Row[Any]) -> LineRow:
    line = WatchedLine(
        id=row.id,
        dialed_at=row.created_at,
        ringing_at=row.ringing_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        outcome=None if row.outcome is None else Outcome(row.outcome),
        verdict=None if row.verdict is None else Verdict(row.verdict),
        guaranteed=row.guaranteed,
        given_up_at=row.given_up_at,
    )
    open_still = row.ended_at is None and row.answered_at is not None and row.bridged_at is None
    return LineRow(line, open_still and row.outcome is None and not row.given, row.settled_at is not None)


async def logged_in(work: UnitOfWork, campaign_id: int) -> list[WatchedAgent]:
    """The campaign's agents who are logged in."""
    rows = await work.all(_AGENTS, {"campaign": campaign_id})
    return [WatchedAgent(row.id, AgentState(row.state), row.since) for row in rows]


async def open_line_counts(work: UnitOfWork) -> tuple[dict[str, int], dict[int, int]]:
    """Open attempts by trunk and by campaign."""
    by_trunk: dict[str, int] = {}
    by_campaign: dict[int, int] = {}
    for row in await work.all(_OPEN_COUNTS):
        by_trunk[row.trunk] = by_trunk.get(row.trunk, 0) + row.n
        by_campaign[row.campaign_id] = by_campaign.get(row.campaign_id, 0) + row.n
    return by_trunk, by_campaign


async def recent(work: UnitOfWork, campaign_id: int, since: datetime, limit: int) -> tuple[int, int]:
    """Of the campaign's last settled attempts: how many there are, and how many a person answered."""
    row = await work.first(_RECENT, {"campaign": campaign_id, "since": since, "most": limit})
    return (0, 0) if row is None else (int(row.dials), int(row.people or 0))
