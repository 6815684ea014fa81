"""Simulated operators: they log in, talk, hang up and write results through the same handlers as everyone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from crm_core.commands import RecordDisposition
from crm_core.db.engine import Database
from crm_core.domain.agents import Agent, AgentState
from crm_core.errors import CrmError
from crm_core.handlers.dispositions import record_disposition
from crm_core.ports import Roster, Telephony

log = logging.getLogger(__name__)

#: What operators of a sales campaign conclude, in shares of a hundred.
_RESULTS = {"interested": 24, "callback": 16, "not_interested": 34, "later": 12, "wrong_number": 6, "do_not_call": 8}
#: How often an operator looks at his own state; a page would be pushed it.
_LOOK = 0.1


class Office:
    """Reads the roster for all operators together; a page would be pushed it."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._agents: dict[int, Agent] = {}
        self._looked = asyncio.Condition()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            agents = await self._roster.agents()
            async with self._looked:
                self._agents = {agent.id: agent for agent in agents}
                self._looked.notify_all()
            await asyncio.sleep(_LOOK)

    async def until(self, agent_id: int, holds: Callable[[Agent], bool]) -> Agent:
        """Wait until `holds` is true of the agent, by a look taken from now on."""
        async with self._looked:
            while True:
                await self._looked.wait()
                agent = self._agents.get(agent_id)
                if agent is not None and holds(agent):
                    return agent


class SimulatedOperator:
    """One agent at work. `talk` gives the shortest and longest talk in seconds."""

    def __init__(
        self,
        agent_id: int,
        database: Database,
        office: Office,
        telephony: Telephony,
        now: Callable[[], datetime],
        random: Random,
        talk: tuple[float, float] = (1.8, 3.2),
    ) -> None:
        self._agent_id, self._database, self._office, self._telephony = agent_id, database, office, telephony
        self._now, self._random, self._talk = now, random, talk
        self._disposed: str | None = None

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            me = await self._office.until(self._agent_id, self._has_work)
            assert me.call_id is not None
            await self._work_on(me.call_id)
            self._disposed = me.call_id

    def _has_work(self, me: Agent) -> bool:
        # A call may be over before we look: its result is still to be written.
        return me.state in (AgentState.ON_CALL, AgentState.WRAP_UP) and me.call_id not in (None, self._disposed)

    async def _work_on(self, call_id: str) -> None:
        """Talk until done or the customer is gone; write the result while talking or after, as people do."""
        while_talking = self._random.random() < 0.4
        if await self._talks(call_id, self._random.uniform(*self._talk)):
            if while_talking:
                await self._dispose(call_id)
            try:
                await self._telephony.hang_up(call_id)
            except CrmError as error:
                log.warning("hang up failed", extra={"call_id": call_id, "error": str(error)})
            await self._gone(call_id)
            if while_talking:
                return
        await asyncio.sleep(self._random.uniform(0.2, 0.8))  # writes it down
        await self._dispose(call_id)

    async def _dispose(self, call_id: str) -> None:
        code = self._random.choices(list(_RESULTS), weights=list(_RESULTS.values()))[0]
        at = self._now()
        callback_at = at + timedelta(hours=self._random.randint(1, 48)) if code == "callback" else None
        command = RecordDisposition(call_id, code, agent_id=self._agent_id, callback_at=callback_at)
        await record_disposition(command, self._database, at)

    async def _talks(self, call_id: str, seconds: float) -> bool:
        """Whether the call lasted so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._gone(call_id)
        except TimeoutError:
            return True
        return False

    async def _gone(self, call_id: str) -> None:
        def is_over(me: Agent) -> bool:
            return me.state is not AgentState.ON_CALL or me.call_id != call_id

        await self._office.until(self._agent_id, is_over)
