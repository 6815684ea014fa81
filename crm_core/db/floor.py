"""What pacing sees of attempts: the open lines, and what the last ones came to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Integer, bindparam, case, func, select

from crm_core.db.attempts import PEOPLE
from crm_core.db.tables import agents, attempts
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.agents import AgentState


@dataclass(frozen=True, slots=True)
class OpenLine:
    """An open attempt as pacing sees it. `waits`: a person answered and has no agent yet."""

    created_at: datetime
    answered: bool
    waits: bool
    guaranteed: bool


# Made once, for the dialer asks them many times a second and making one takes longer than running it.
_GIVEN = select(agents.c.id).where(
    agents.c.call_id == attempts.c.id, agents.c.state.in_([AgentState.RINGING.value, AgentState.ON_CALL.value])
)
_OPEN = select(
    attempts.c.created_at,
    attempts.c.answered_at,
    attempts.c.bridged_at,
    attempts.c.outcome,
    attempts.c.guaranteed,
    _GIVEN.exists().label("given"),
).where(attempts.c.campaign_id == bindparam("campaign"), attempts.c.ended_at.is_(None))
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


async def open_lines(work: UnitOfWork, campaign_id: int) -> list[OpenLine]:
    """The open attempts of a campaign."""
    rows = await work.all(_OPEN, {"campaign": campaign_id})
    return [
        OpenLine(
            created_at=row.created_at,
            answered=row.answered_at is not None,
            waits=row.answered_at is not None and row.bridged_at is None and row.outcome is None and not row.given,
            guaranteed=row.guaranteed,
        )
        for row in rows
    ]


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
