"""The roster in the database: agents, their states, and the log of every change."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, func, insert, or_, select, update

from crm_core.db.batches import among, filled_up, one_of
from crm_core.db.tables import agent_log, agents, attempts, calls, users
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.agents import Agent, AgentState, HandOffMode, Trigger, next_state
from crm_core.errors import NotFound
from crm_core.events import AgentStateChanged

HOLDS_A_CALL = (AgentState.RINGING.value, AgentState.ON_CALL.value)


# --- a change of state --------------------------------------------------------------------------------------
def moved(
    agent: Agent, trigger: Trigger, at: datetime, *, call_id: str | None = None, detail: str | datetime | None = None
) -> Agent:
    """The agent after `trigger`; raises IllegalTransition. `detail` is the pause reason, or the end of the wrap-up.

    A trigger that leaves him in his state (a late result) changes nothing. After LOG_OUT the leg stays noted until the
    switch says that it is down: that is how the dialer knows what to hang up.
    """
    state = next_state(agent.state, trigger)
    if state is agent.state:
        return agent
    calm = replace(agent, state=state, since=at, wrap_up_until=None, pause_reason=None)
    match state:
        case AgentState.RINGING:
            return replace(calm, call_id=call_id)
        case AgentState.ON_CALL:
            return replace(calm, call_id=call_id or agent.call_id)
        case AgentState.WRAP_UP:
            return replace(calm, wrap_up_until=detail if isinstance(detail, datetime) else at)
        case AgentState.PAUSED:
            return replace(calm, call_id=None, pause_reason=detail if isinstance(detail, str) else "other")
        case AgentState.LOGGED_OUT if trigger is Trigger.LEG_DOWN:
            return without_leg(replace(calm, call_id=None))
        case AgentState.CONNECTING:
            return without_leg(replace(calm, call_id=None))
        case _:
            return replace(calm, call_id=None)


def without_leg(agent: Agent) -> Agent:
    return replace(agent, leg=None, leg_name=None, node=None)


# --- reading ------------------------------------------------------------------------------------------------
def with_names(*conditions: ColumnElement[bool]) -> Select[Any]:
    joined = select(agents, users.c.name).join(users, users.c.id == agents.c.id)
    return joined.where(*conditions).order_by(agents.c.id)


_EVERY = with_names()


async def every_agent(work: UnitOfWork) -> list[Agent]:
    return [agent_of(row) for row in await work.all(_EVERY)]


async def locked(work: UnitOfWork, *conditions: ColumnElement[bool], skip: bool = False) -> list[Agent]:
    """Agents for whom all conditions hold, held until the commit; `skip` passes over those somebody else holds."""
    held = with_names(*conditions).with_for_update(of=agents, skip_locked=skip)
    return [agent_of(row) for row in await work.all(held)]


async def agent(work: UnitOfWork, agent_id: int) -> Agent:
    """One agent, held until the commit; raises NotFound."""
    found = await locked(work, agents.c.id == agent_id)
    if not found:
        raise NotFound("agent", agent_id, "See `trunkline agent list`")
    return found[0]


async def agent_named(work: UnitOfWork, name: str) -> Agent:
    """One agent by his name or his phone, held until the commit; raises NotFound."""
    found = await locked(work, or_(users.c.name == name, agents.c.phone == name))
    if not found:
        raise NotFound("agent", name, "See `trunkline agent list`")
    return found[0]


@cache
def _of_calls() -> Select[Any]:
    taking_part = (among(agents.c.call_id, "calls"), among(agents.c.leg, "legs"), among(agents.c.phone, "phones"))
    return with_names(or_(*taking_part)).with_for_update(of=agents)


async def of_calls(
    work: UnitOfWork, call_ids: Collection[str], legs: Collection[str] = (), phones: Collection[str] = ()
) -> list[Agent]:
    """Agents who hold one of the calls, or whose leg or phone takes part in one; held until the commit."""
    values = {"calls": filled_up(call_ids), "legs": filled_up(legs), "phones": filled_up(phones)}
    return [agent_of(row) for row in await work.connection.execute(_of_calls(), values)]


async def with_phones(work: UnitOfWork, phones: Collection[str]) -> list[Agent]:
    return await locked(work, one_of(agents.c.phone, phones))


async def with_legs_on(work: UnitOfWork, node: str) -> list[Agent]:
    return await locked(work, agents.c.node == node, agents.c.leg.is_not(None))


async def wrapped_up(work: UnitOfWork, now: datetime) -> list[Agent]:
    """Agents whose wrap-up limit has passed; held."""
    over = and_(agents.c.state == AgentState.WRAP_UP.value, agents.c.wrap_up_until <= now)
    return await locked(work, over, skip=True)


async def holding_ended_calls(work: UnitOfWork) -> list[Agent]:
    """Agents given a call that is over: its end came before the agent was noted, or was never seen; held."""
    ended_call = select(calls.c.id).where(calls.c.id == agents.c.call_id, calls.c.ended_at.is_not(None)).exists()
    ended = select(attempts.c.id).where(attempts.c.id == agents.c.call_id, attempts.c.ended_at.is_not(None)).exists()
    return await locked(work, agents.c.state.in_(HOLDS_A_CALL), or_(ended_call, ended), skip=True)


# --- writing ------------------------------------------------------------------------------------------------
_CHANGED = ("state", "since", "campaign_id", "leg", "leg_name", "call_id", "wrap_up_until", "pause_reason", "node")
_SAVE = (
    update(agents).where(agents.c.id == bindparam("of")).values({name: bindparam(f"new_{name}") for name in _CHANGED})
)


async def save(work: UnitOfWork, steps: Sequence[Agent]) -> None:
    """Write agents as they are now. `steps` are all states they went through, in order: each is logged and told."""
    last = {step.id: step for step in steps}
    if not last:
        return
    rows = [{"of": a.id} | {f"new_{name}": getattr(a, name) for name in _CHANGED} for a in last.values()]
    await work.run(_SAVE, sorted(rows, key=lambda row: row["of"]))
    await log(work, steps)


async def log(work: UnitOfWork, steps: Sequence[Agent]) -> None:
    """Write changes into the log and tell them."""
    lines = [
        {
            "agent_id": step.id,
            "state": step.state.value,
            "reason": step.pause_reason,
            "campaign_id": step.campaign_id,
            "call_id": step.call_id,
            "at": step.since,
        }
        for step in steps
    ]
    await work.run(insert(agent_log), lines)
    for step in steps:
        work.publish(AgentStateChanged(step.id, step.state, step.campaign_id, step.since))


async def save_legs(work: UnitOfWork, changed: Sequence[Agent]) -> None:
    """Write agents whose leg changed and not their state: nothing to log."""
    if changed:
        rows = [{"of": a.id} | {f"new_{name}": getattr(a, name) for name in _CHANGED} for a in changed]
        await work.run(_SAVE, sorted(rows, key=lambda row: row["of"]))


async def user_id(work: UnitOfWork, name: str, now: datetime) -> int:
    """The user of this name, added if there is none."""
    found = await work.scalar(select(users.c.id).where(users.c.name == name))
    if found is None:
        row = {"name": name, "role": "agent", "created_at": now}
        found = await work.scalar(insert(users).values(row).returning(users.c.id))
    return int(found)


async def add_agent(
    work: UnitOfWork, agent_id: int, phone: str, secret: str, mode: HandOffMode, now: datetime, *, browser: bool = False
) -> None:
    """Make the user an agent, logged out. `browser`: his phone is his browser."""
    row = {"id": agent_id, "phone": phone, "phone_secret": secret, "hand_off": mode.value, "since": now}
    row |= {"browser": browser}
    await work.run(insert(agents).values(row | {"state": AgentState.LOGGED_OUT.value}))


_BY_STATE = (
    select(agents.c.state, func.count().label("n"))
    .where(agents.c.campaign_id == bindparam("campaign"))
    .group_by(agents.c.state)
)


async def counts_by_state(work: UnitOfWork, campaign_id: int) -> dict[AgentState, int]:
    rows = await work.all(_BY_STATE, {"campaign": campaign_id})
    return {AgentState(row.state): int(row.n) for row in rows}


def agent_of(row: Row[Any]) -> Agent:
    return Agent(
        id=row.id,
        name=row.name,
        phone=row.phone,
        hand_off=HandOffMode(row.hand_off),
        state=AgentState(row.state),
        since=row.since,
        campaign_id=row.campaign_id,
        leg=row.leg,
        leg_name=row.leg_name,
        call_id=row.call_id,
        wrap_up_until=row.wrap_up_until,
        pause_reason=row.pause_reason,
        node=row.node,
    )
