"""What a supervisor needs to know before he takes part in a call, and of whom he may."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, or_, select

from crm_core.db import agents as roster
from crm_core.db.live_floor import HOLDS
from crm_core.db.tables import agents, calls, legs
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.visibility import reached_person, visible_agents, visible_calls
from crm_core.domain.access import Actor
from crm_core.domain.agents import Agent
from crm_core.errors import NotFound


@dataclass(frozen=True, slots=True)
class LiveCall:
    """A call under way; `agent_leg` is the channel of the agent who talks in it."""

    id: str
    agent_id: int | None
    agent_leg: str | None


async def live_call(work: UnitOfWork, actor: Actor, call_id: str) -> LiveCall:
    """A call that a person has answered, and that `actor` sees with its agent. Raises NotFound."""
    holding = agents.c.call_id == calls.c.id, agents.c.state.in_(HOLDS)
    joined = calls.outerjoin(agents, and_(*holding))
    under_way = (calls.c.id == call_id, calls.c.ended_at.is_(None), calls.c.answered_at.is_not(None))
    nobodys = and_(agents.c.id.is_(None), visible_calls(actor), reached_person(actor))
    seen = or_(nobodys, and_(agents.c.id.is_not(None), visible_agents(actor)))
    row = await work.first(select(calls.c.id, agents.c.id.label("agent")).select_from(joined).where(*under_way, seen))
    if row is None:
        raise NotFound("call under way", call_id, "It may have ended")
    talking = select(legs.c.channel).where(legs.c.call_id == call_id, legs.c.role == "agent", legs.c.ended_at.is_(None))
    leg = await work.scalar(talking.where(legs.c.answered_at.is_not(None)).order_by(legs.c.started_at.desc()).limit(1))
    return LiveCall(row.id, row.agent, leg)


async def visible_agent(work: UnitOfWork, actor: Actor, agent_id: int) -> Agent:
    """An agent whose state `actor` sees, held until the commit. Raises NotFound."""
    found = await roster.locked(work, agents.c.id == agent_id, visible_agents(actor))
    if not found:
        raise NotFound("agent", agent_id)
    return found[0]


async def own_phone(work: UnitOfWork, actor: Actor) -> Agent | None:
    """The actor as an agent, who has a phone; None if he is none."""
    row = await work.first(roster.with_names(agents.c.id == actor.user_id))
    return None if row is None else roster.agent_of(row)
