"""The roster: which agents are logged in, who is given a person, whose phone is to be called."""

from __future__ import annotations

import logging
from datetime import datetime

from crm_core.db import agents, assignments
from crm_core.db.engine import Database
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.agents import Agent, AgentState, HandOffMode, Trigger
from crm_core.handlers.call_facts import INCOMING_WRAP_UP
from crm_core.handlers.commits import committed

log = logging.getLogger(__name__)


class DatabaseRoster:
    """`Roster` over the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def agents(self) -> list[Agent]:
        """Every agent, whatever his state. One who has logged out and still has a `leg` is to be hung up."""
        async with self._database.reading() as work:
            return await agents.every_agent(work)

    async def assign(self, call_id: str, campaign_id: int | None, agent_id: int | None, now: datetime) -> Agent | None:
        """Give the person on `call_id` to one agent, atomically; asked again, the agent already given is answered.

        Between a person's hello and the operator's voice: three statements, two where nobody is free.
        """

        async def act(work: UnitOfWork) -> Agent | None:
            agent = await assignments.assign(work, call_id, campaign_id, agent_id, now)
            if agent is None:
                return await assignments.given_to(work, call_id)
            await agents.log(work, [agent])
            return agent

        return await committed(self._database, act, at_once=True)

    async def take_back(self, call_id: str, now: datetime, *, gone: bool) -> None:
        """The hand-off did not come about: the agent is free again, or logged out if his leg is `gone`."""
        trigger = Trigger.LEG_DOWN if gone else Trigger.CALL_ENDED

        async def act(work: UnitOfWork) -> None:
            held = await agents.of_calls(work, [call_id])
            ringing = [agent for agent in held if agent.state is AgentState.RINGING]
            await agents.save(work, [agents.moved(agent, trigger, now) for agent in ringing])

        await committed(self._database, act)

    async def move(self, agent_id: int, trigger: Trigger, now: datetime, reason: str | None = None) -> Agent:
        """Move an agent; raises NotFound, and IllegalTransition where the state table has no such move.

        In ring mode nobody waits for a leg: who logs in is available.
        """

        async def act(work: UnitOfWork) -> Agent:
            return await move(work, await agents.agent(work, agent_id), trigger, now, reason)

        return await committed(self._database, act)

    async def legs_wanted(self, now: datetime) -> list[Agent]:
        """Agents in CONNECTING whose phones have not been called in the last 30 s; asking marks them as called."""
        return await committed(self._database, lambda work: assignments.mark_legs_wanted(work, now))

    async def wrap_ups_over(self, now: datetime) -> int:
        """Move agents whose wrap-up limit has passed to available; how many.

        Agents who still hold a call that has ended are freed too: its end may have come before they were noted.
        """

        async def act(work: UnitOfWork) -> int:
            over = await agents.wrapped_up(work, now)
            steps = [agents.moved(agent, Trigger.WRAP_UP_OVER, now) for agent in over]
            stuck = await agents.holding_ended_calls(work)
            for agent in stuck:
                log.warning("agent held a call that is over", extra={"agent_id": agent.id, "call_id": agent.call_id})
            ended = [agents.moved(agent, Trigger.CALL_ENDED, now, detail=now + INCOMING_WRAP_UP) for agent in stuck]
            await agents.save(work, [*steps, *ended])
            return len(over)

        return await committed(self._database, act)


async def move(work: UnitOfWork, agent: Agent, trigger: Trigger, now: datetime, reason: str | None = None) -> Agent:
    """Move an agent held by `work`, and write it."""
    steps = [agents.moved(agent, trigger, now, detail=reason)]
    if trigger is Trigger.LOG_IN:
        await assignments.want_legs_at(work, [agent.id], None)
        if agent.hand_off is HandOffMode.RING:
            steps.append(agents.moved(steps[0], Trigger.LEG_UP, now))
    if steps[-1] != agent:
        await agents.save(work, steps)
    return steps[-1]
