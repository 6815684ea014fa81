"""Finding an agent for a person, and giving him back should the person hang up meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import TypeVar

from crm_core.domain.agents import Agent
from crm_core.errors import CrmError
from crm_core.ports import Roster
from dialer.hand_off import can_take
from dialer.waiting import WaitingLine

log = logging.getLogger(__name__)

_T = TypeVar("_T")
#: Agents without a leg that are taken back before the person waits instead.
_TRIES = 3


async def _nothing() -> None:
    """Nothing more to write when a caller hangs up: the switch tells of it."""


class AgentSearch:
    """One line of waiting people for each campaign, and one (None) for callers."""

    def __init__(self, roster: Roster, poll: timedelta, now: Callable[[], datetime]) -> None:
        self._roster, self._now = roster, now
        self._lines: defaultdict[int | None, WaitingLine] = defaultdict(lambda: WaitingLine(poll, now))
        self._tasks: set[asyncio.Task[object]] = set()

    def wake(self) -> None:
        """An agent may be free. Callees come first: they wait two seconds, callers a minute."""
        for campaign_id in sorted(self._lines, key=lambda one: one is None):
            self._lines[campaign_id].wake()

    async def close(self) -> None:
        """Wait until everything begun for people who hung up is done."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def agent_for(
        self,
        call_id: str,
        campaign_id: int | None,
        until: datetime,
        *,
        promised: int | None = None,
        hung_up: Callable[[], Awaitable[None]] = _nothing,
    ) -> Agent | None:
        """An agent for `call_id`, first `promised`, else the one available for longest; None if none was free in time.

        When cancelled, the person hung up: an agent assigned meanwhile is taken back, then `hung_up` is run.
        """
        asked: list[asyncio.Task[Agent | None]] = []

        async def ask() -> Agent | None:
            # A task of its own: a hangup must not cut the assignment in two and leave nobody knowing how it ended.
            asked[:] = [self._own(self._assigned(call_id, campaign_id, promised))]
            return await asyncio.shield(asked[0])

        line = self._lines[campaign_id]
        try:
            return await line.served(ask, until)
        except asyncio.CancelledError:
            await asyncio.shield(self._own(self._give_back(call_id, asked, hung_up)))
            raise
        finally:
            if not line:
                self._lines.pop(campaign_id, None)

    async def _assigned(self, call_id: str, campaign_id: int | None, promised: int | None) -> Agent | None:
        for _ in range(_TRIES):
            now = self._now()
            agent = await self._roster.assign(call_id, campaign_id, promised, now)
            if agent is None and promised is not None:  # better somebody else than nobody
                agent = await self._roster.assign(call_id, campaign_id, None, now)
            if agent is None or can_take(agent):
                return agent
            log.warning("agent without a leg", extra={"agent_id": agent.id, "call_id": call_id})
            await self._roster.take_back(call_id, now, gone=True)
        return None

    async def _give_back(
        self, call_id: str, asked: list[asyncio.Task[Agent | None]], hung_up: Callable[[], Awaitable[None]]
    ) -> None:
        try:
            if asked:
                await asyncio.wait(asked)
                if asked[0].exception() is not None or asked[0].result() is not None:
                    await self._roster.take_back(call_id, self._now(), gone=False)
            await hung_up()
        except CrmError as error:  # the end of the call, once told, frees the agent
            log.warning("agent not taken back", extra={"call_id": call_id, "error": repr(error)})
        log.info("hung up while waiting", extra={"call_id": call_id})

    def _own(self, work: Coroutine[object, object, _T]) -> asyncio.Task[_T]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
