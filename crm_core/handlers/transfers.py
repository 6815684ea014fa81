"""An agent hands the person he talks to on to somebody else, at once or after a word with him; or lets him go."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from crm_core.db import agents, calls, campaigns
from crm_core.db.engine import Database
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.access import Actor, Right
from crm_core.domain.agents import Agent, AgentState, Trigger
from crm_core.errors import Conflict
from crm_core.handlers.call_facts import INCOMING_WRAP_UP
from crm_core.handlers.commits import committed
from crm_core.ports import LineCutter, Recipient, Transfers


async def transfer(actor: Actor, to: Recipient, database: Database, switch: Transfers, now: datetime) -> Agent:
    """Blind. The agent, as he is afterwards, writes the call up; the call itself goes on.

    Raises Forbidden, Conflict (he talks to nobody, or the person has gone), BadInput, Unavailable.
    """
    agent = await talking(actor, database)
    await switch.transfer(_channel(), str(agent.call_id), to)
    return await _is_off(agent, database, now)


async def consult(actor: Actor, to: Recipient, database: Database, switch: Transfers) -> str:
    """Call somebody beside the person, who hears music meanwhile; returns the channel to `give` him over by. Raises as
    `transfer` does."""
    agent = await talking(actor, database)
    channel = _channel()
    await switch.consult(channel, agent.phone, to)
    return channel


async def give(actor: Actor, channel: str, database: Database, switch: Transfers, now: datetime) -> Agent:
    """The person talks to whom the agent has called on `channel`. Raises as `transfer` does, and Conflict while that
    one has not answered."""
    agent = await talking(actor, database)
    await switch.give(channel, str(agent.call_id))
    return await _is_off(agent, database, now)


async def let_go(actor: Actor, database: Database, switch: LineCutter) -> None:
    """End the call of the person he talks to; his own leg waits on. Raises Forbidden, Conflict, Unavailable."""
    agent = await talking(actor, database)
    await switch.hang_up(str(agent.call_id))


def _channel() -> str:
    return f"con-{uuid4().hex}"


async def talking(actor: Actor, database: Database) -> Agent:
    """The actor as an agent with a person on the line. Raises Forbidden, Conflict."""
    actor.require(Right.TAKE_CALLS)
    async with database.reading() as work:
        agent = await agents.agent(work, actor.user_id)
    if agent.state is not AgentState.ON_CALL or agent.call_id is None:
        raise Conflict("there is nobody on the line to hand on")
    return agent


async def _is_off(agent: Agent, database: Database, now: datetime) -> Agent:
    """His part of the call is over, which the end of the call would tell too late."""
    return await committed(database, lambda work: taken_off(work, agent, now))


async def taken_off(work: UnitOfWork, agent: Agent, now: datetime) -> Agent:
    """The agent, no longer on the call he was on: he writes it up, unless he has."""
    current = await agents.agent(work, agent.id)
    if current.state is not AgentState.ON_CALL or current.call_id != agent.call_id:
        return current  # the person hung up in the same moment
    call = (await calls.locked(work, [str(agent.call_id)])).get(str(agent.call_id))
    campaign_id = None if call is None else call.campaign_id
    policy = None if campaign_id is None else (await campaigns.policies(work, [campaign_id])).get(campaign_id)
    until = now + (INCOMING_WRAP_UP if policy is None else policy.wrap_up)
    steps = [agents.moved(current, Trigger.CALL_ENDED, now, detail=until)]
    if call is not None and call.disposition is not None:  # written while he still talked
        steps.append(agents.moved(steps[0], Trigger.DISPOSED, now))
    await agents.save(work, steps)
    return steps[-1]
