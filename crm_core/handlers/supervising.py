"""What a supervisor does on the floor: takes part in calls of others, pauses agents, logs them out. All is audited."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from crm_core.db import audit, lead_moves, supervising
from crm_core.db.engine import Database
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.access import Actor, Right
from crm_core.domain.agents import PAUSE_REASONS, Agent, AgentState, Trigger
from crm_core.domain.monitoring import MonitorMode
from crm_core.errors import BadInput, Conflict
from crm_core.handlers.commits import committed
from crm_core.handlers.roster import move
from crm_core.ports import Monitoring, MonitorOrder

#: In these he may be rung for something else than his next call.
_RESTING = (AgentState.LOGGED_OUT, AgentState.PAUSED)


async def monitor(
    actor: Actor,
    call_id: str,
    mode: MonitorMode,
    database: Database,
    switch: Monitoring,
    now: datetime,
    address: str = "",
) -> str:
    """Ring the actor's own phone and put him to a call; returns the channel of his leg.

    Raises Forbidden, NotFound (no such call under way that he sees), BadInput (he has no phone, or there is nobody to
    whisper to), Conflict (he takes calls himself just now, or the call has ended), Unavailable. The audit log has it
    before the phone rings, whatever comes of it.
    """
    actor.require(Right.MONITOR)

    async def act(work: UnitOfWork) -> MonitorOrder:
        call = await supervising.live_call(work, actor, call_id)
        if mode is MonitorMode.WHISPER and call.agent_leg is None:
            raise BadInput(
                "mode", "no agent talks in this call, so there is nobody to whisper to", "Listen, or barge in"
            )
        phone = await _phone_of(work, actor)
        order = MonitorOrder(f"sup-{uuid4().hex}", phone, call.id, mode, call.agent_leg)
        details = {"mode": mode.value, "agent_id": call.agent_id, "phone": phone}
        await audit.record(work, actor, "call.monitored", "call", call.id, now, details=details, address=address)
        return order

    order = await committed(database, act)
    await switch.monitor(order)
    return order.channel


async def _phone_of(work: UnitOfWork, actor: Actor) -> str:
    himself = await supervising.own_phone(work, actor)
    if himself is None:
        raise BadInput(
            "phone", "you have no phone of your own", "Ask an administrator to make you an agent with a phone"
        )
    if himself.state not in _RESTING:
        raise Conflict("you are taking calls yourself: pause or log out first")
    return himself.phone


async def pause_agent(
    actor: Actor, agent_id: int, reason: str, database: Database, now: datetime, address: str = ""
) -> Agent:
    """Give an agent no more calls. Raises Forbidden, NotFound, BadInput, IllegalTransition while he has a person."""
    actor.require(Right.CONTROL_AGENTS)
    if not reason.strip() or len(reason) > 40:
        raise BadInput("reason", "it is empty or longer than 40 characters", f"Such as {', '.join(PAUSE_REASONS)}")

    async def act(work: UnitOfWork) -> Agent:
        agent = await supervising.visible_agent(work, actor, agent_id)
        moved = await move(work, agent, Trigger.PAUSE, now, reason.strip())
        details = {"reason": reason.strip(), "was": agent.state.value}
        await audit.record(work, actor, "agent.paused", "agent", agent_id, now, details=details, address=address)
        return moved

    return await committed(database, act)


async def log_out_agent(actor: Actor, agent_id: int, database: Database, now: datetime, address: str = "") -> Agent:
    """Log an agent out; a card he has before him goes back. Raises Forbidden, NotFound, IllegalTransition while he has
    a person."""
    actor.require(Right.CONTROL_AGENTS)

    async def act(work: UnitOfWork) -> Agent:
        agent = await supervising.visible_agent(work, actor, agent_id)
        await lead_moves.drop_previews(work, agent.id)
        moved = await move(work, agent, Trigger.LOG_OUT, now)
        details = {"was": agent.state.value}
        await audit.record(work, actor, "agent.logged_out", "agent", agent_id, now, details=details, address=address)
        return moved

    return await committed(database, act)
