"""Who is given a person, and whose phone is called: the statements that must never name one agent twice."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, literal_column, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from crm_core.db import agents as agent_rows
from crm_core.db.agents import HOLDS_A_CALL, agent_of
from crm_core.db.batches import one_of
from crm_core.db.tables import agents, calls
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.agents import Agent, AgentState, HandOffMode

#: Asked of a phone again after this long without an answer.
LEG_WANTED_AGAIN = timedelta(seconds=30)


@cache
def _assignment(to_agent: bool, of_campaign: bool) -> ReturningUpdate[Any]:
    """The statement behind `assign`; made once, for making it takes longer than running it."""
    wanted = [agents.c.state == AgentState.AVAILABLE.value]
    wanted.append(or_(agents.c.leg.is_not(None), agents.c.hand_off == HandOffMode.RING.value))
    if to_agent:
        wanted.append(agents.c.id == bindparam("agent"))
    if of_campaign:
        wanted.append(agents.c.campaign_id == bindparam("campaign"))
    first = select(agents.c.id).where(*wanted).order_by(agents.c.since, agents.c.id).limit(1)
    other = agents.alias("other")
    given = select(other.c.id).where(other.c.call_id == bindparam("call"), other.c.state.in_(HOLDS_A_CALL)).exists()
    over = select(calls.c.id).where(calls.c.id == bindparam("call"), calls.c.ended_at.is_not(None)).exists()
    # Written out: for SQLite, SQLAlchemy leaves table names out of RETURNING, and `id` would be that of the user.
    name: ColumnElement[str] = literal_column("(SELECT users.name FROM users WHERE users.id = agents.id)")
    return (
        update(agents)
        .where(agents.c.id == first.with_for_update(skip_locked=True).scalar_subquery(), ~given, ~over)
        .values(state=AgentState.RINGING.value, since=bindparam("at"), call_id=bindparam("call"))
        .returning(agents, name.label("name"))
    )


async def assign(
    work: UnitOfWork, call_id: str, campaign_id: int | None, agent_id: int | None, now: datetime
) -> Agent | None:
    """Give the call to the agent available for longest, in one statement; None if nobody is free or it is given."""
    to_agent, of_campaign = agent_id is not None, agent_id is None and campaign_id is not None
    facts = {"call": call_id, "at": now, "agent": agent_id, "campaign": campaign_id}
    unused = {name for name, used in (("agent", to_agent), ("campaign", of_campaign)) if not used}
    values = {name: value for name, value in facts.items() if name not in unused}
    row = (await work.connection.execute(_assignment(to_agent, of_campaign), values)).first()
    return None if row is None else agent_of(row)


async def given_to(work: UnitOfWork, call_id: str) -> Agent | None:
    """The agent who has been given the call."""
    held = agent_rows.with_names(agents.c.call_id == call_id, agents.c.state.in_(HOLDS_A_CALL))
    row = await work.first(held)
    return None if row is None else agent_of(row)


async def mark_legs_wanted(work: UnitOfWork, now: datetime) -> list[Agent]:
    """Agents whose phones are to be called now; marks them, so that nobody else calls them too."""
    due = or_(agents.c.leg_wanted_at.is_(None), agents.c.leg_wanted_at <= now - LEG_WANTED_AGAIN)
    parked = agents.c.hand_off == HandOffMode.PARKED.value
    wanted = await agent_rows.locked(work, agents.c.state == AgentState.CONNECTING.value, parked, due, skip=True)
    await want_legs_at(work, [a.id for a in wanted], now)
    return wanted


async def want_legs_at(work: UnitOfWork, agent_ids: Collection[int], at: datetime | None) -> None:
    """Note when the phones were called last; None: they may be called at once."""
    if agent_ids:
        await work.run(update(agents).where(one_of(agents.c.id, agent_ids)).values(leg_wanted_at=at))
