"""The hub: what happens, from the stream of events to the browsers of this process.

Events only say what to look at; what is pushed is read from the database, once for all who are connected, and cut to
each one's reach. So a push can be late but never wrong, and what came meanwhile is told by the last state alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from crm_core.db import live_reach
from crm_core.db.engine import Database
from crm_core.domain.access import Actor
from crm_core.domain.pushes import Topic
from crm_core.errors import Conflict, Unavailable
from crm_core.handlers.live import Snapshot, snapshot
from crm_core.ports import EventStream
from crm_core.web.live.audience import Audience
from crm_core.web.live.connection import Bye, Connection
from crm_core.web.live.reading import Reader
from crm_core.web.live.turning import Stirred, stir

log = logging.getLogger(__name__)

#: What somebody waits for; campaigns come with the figures, once a second.
_AT_ONCE = (Topic.AGENT, Topic.CALL, Topic.TASK, Topic.DEAL, Topic.NOTICE)
_FIGURES_EVERY = 1.0  # seconds
_WHO_EVERY = 5.0
#: A reach changes with a team or a campaign's teams: rarely, and no event tells.
_REACH_EVERY = 30.0
_LISTEN_AGAIN = 1.0


class LiveHub:
    """All browsers connected to this process. `group` names the process at the stream, like no other process."""

    def __init__(self, database: Database, stream: EventStream, now: Callable[[], datetime], group: str) -> None:
        self._database, self._stream, self._now, self._group = database, stream, now, group
        self.audience = Audience()
        self._reader = Reader(database, now)
        self._stirred = Stirred()
        self._news = asyncio.Event()
        self._round = 0
        self._reading = asyncio.Lock()  # one round at a time, so that an older state is never told after a newer
        self._is_blind = False

    async def run(self) -> None:
        """Listen and tell until cancelled; then every browser is told to come back after a while."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen(), name="live: events")
                group.create_task(self._tell_at_once(), name="live: at once")
                group.create_task(self._every(_FIGURES_EVERY, self._tell_figures), name="live: figures")
                group.create_task(self._every(_WHO_EVERY, self._check_who), name="live: log-ins")
                group.create_task(self._every(_REACH_EVERY, self._check_reach), name="live: reach")
        finally:
            self.close()

    def close(self) -> None:
        """Send everybody away: this process ends."""
        self._send_all_away(Bye.RESTART)

    def log_out(self, session_id: str) -> None:
        """Close the streams of a session at once, where it ended in this process; others find out by themselves."""
        for connection in self.audience.everybody():
            if connection.session_id == session_id:
                connection.send_away(Bye.LOGGED_OUT)

    @asynccontextmanager
    async def connected(self, actor: Actor, session_id: str | None) -> AsyncIterator[tuple[Connection, Snapshot]]:
        """Let a browser in, with what it sees now. Raises Unavailable, and TooMany for one user too often."""
        async with self._database.reading() as work:
            reach = await live_reach.reach_of(work, actor)
        # What is read before this round is in the snapshot; what is read from it on waits until the snapshot was sent.
        connection = Connection(session_id, actor.token_id, self._next_round(), reach)
        self.audience.add(connection)
        try:
            async with self._reading:
                await self._reader.begin()
            yield connection, await snapshot(actor, self._database, self._now())
        finally:
            self.audience.remove(connection)

    # --- events ---------------------------------------------------------------------------------------------
    async def _listen(self) -> None:
        is_deaf = False
        while True:
            try:
                async with self._stream.subscribe(self._group) as batches:
                    if is_deaf:  # nobody knows what was missed
                        log.info("live pushes hear events again")
                        self._send_all_away(Bye.AGAIN)
                        is_deaf = False
                    async for batch in batches:
                        stir((envelope.event for envelope in batch), self._stirred)
                        self._news.set()
            except Unavailable as error:
                if not is_deaf:
                    log.warning("live pushes hear no events", extra={"error": str(error)})
                is_deaf = True
                await asyncio.sleep(_LISTEN_AGAIN)

    async def _tell_at_once(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            await self._seeing(self._tell_stirred())

    async def _tell_stirred(self) -> None:
        stirred = self._stirred.take(*_AT_ONCE)
        if not self.audience:
            return
        async with self._reading:
            number = self._next_round()
            pushes = await self._reader.read(stirred)
            self.audience.tell(pushes, number)
        for push in pushes:
            if push.topic is Topic.AGENT and push.owner is not None and push.campaign_id is not None:
                self._joined(push.owner, push.campaign_id)

    def _joined(self, user_id: int, campaign_id: int) -> None:
        """An agent who logs in for a campaign sees it from then on."""
        for connection in self.audience.of_user(user_id):
            seen = connection.reach.campaigns
            if seen is not None and campaign_id not in seen:
                connection.send_away(Bye.AGAIN)

    # --- now and then ---------------------------------------------------------------------------------------
    async def _tell_figures(self) -> None:
        if not self.audience:
            self._reader.forget()
            self._stirred.take(Topic.CAMPAIGN)
            return
        campaigns = self._stirred.take(Topic.CAMPAIGN).of(Topic.CAMPAIGN)
        async with self._reading:
            number = self._next_round()
            self.audience.tell(await self._reader.read_changed(campaigns), number)

    async def _check_who(self) -> None:
        """Whoever logged out, was locked out or may do other things than before does not stay as he was."""
        connections = self.audience.everybody()
        sessions = {one.session_id for one in connections if one.session_id is not None}
        tokens = {one.token_id for one in connections if one.token_id is not None}
        if not connections:
            return
        async with self._database.reading() as work:
            actors = await live_reach.logged_in(work, sessions, self._now())
            valid = await live_reach.live_tokens(work, tokens, self._now())
        for connection in connections:
            if connection.token_id is not None:
                if connection.token_id not in valid:
                    connection.send_away(Bye.LOGGED_OUT)
            elif connection.session_id not in actors:
                connection.send_away(Bye.LOGGED_OUT)
            elif actors[connection.session_id] != connection.reach.actor:
                connection.send_away(Bye.AGAIN)

    async def _check_reach(self) -> None:
        connections = self.audience.everybody()
        now_seen = {}
        for connection in connections:
            actor = connection.reach.actor
            if actor not in now_seen:
                async with self._database.reading() as work:
                    now_seen[actor] = await live_reach.reach_of(work, actor)
            if now_seen[actor] != connection.reach:
                connection.send_away(Bye.AGAIN)

    # --- how ------------------------------------------------------------------------------------------------
    async def _every(self, seconds: float, act: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self._seeing(act())

    async def _seeing(self, act: Coroutine[Any, Any, None]) -> None:
        """Do `act`; while the database is away nothing is told, and afterwards everybody starts from a snapshot."""
        try:
            await act
        except (Unavailable, Conflict) as error:
            if not self._is_blind:
                log.warning("live pushes cannot be read", extra={"error": str(error)})
            self._is_blind = True
            await asyncio.sleep(_LISTEN_AGAIN)
            return
        if self._is_blind:
            self._is_blind = False
            self._reader.forget()
            self._send_all_away(Bye.AGAIN)

    def _send_all_away(self, why: Bye) -> None:
        for connection in self.audience.everybody():
            connection.send_away(why)

    def _next_round(self) -> int:
        self._round += 1
        return self._round
