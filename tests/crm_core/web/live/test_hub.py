"""The hub when what it stands on goes away, and browsers that cannot keep up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from crm_core.db.engine import Database
from crm_core.domain.access import Actor, Role, actor_of
from crm_core.domain.pushes import Push, Reach, Topic, View
from crm_core.errors import Unavailable
from crm_core.events import Envelope
from crm_core.streams import InProcessStream
from crm_core.web.live.connection import Bye, Connection
from crm_core.web.live.hub import LiveHub
from tests.asterisk.asterisk import until
from tests.crm_core.web.conftest import utc_now

BOSS: Actor = actor_of(1, "Boss", Role.MANAGER)


class CutStream:
    """A stream that goes away when it is `cut`, and is back when asked again."""

    def __init__(self) -> None:
        self.cut = asyncio.Event()
        self.subscribed = 0

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        raise AssertionError("the hub only listens")

    @asynccontextmanager
    async def subscribe(self, group: str) -> AsyncIterator[AsyncIterator[list[Envelope]]]:
        self.subscribed += 1
        yield self._batches()

    async def _batches(self) -> AsyncIterator[list[Envelope]]:
        await self.cut.wait()
        self.cut.clear()
        raise Unavailable("cut")
        yield []


async def test_after_events_were_missed_everybody_starts_from_a_snapshot(site: Database) -> None:
    stream = CutStream()
    hub = LiveHub(site, stream, utc_now, "test")
    running = asyncio.create_task(hub.run())
    try:
        await until(lambda: stream.subscribed == 1)
        async with hub.connected(BOSS, None) as (connection, _):
            stream.cut.set()
            await until(lambda: stream.subscribed == 2)
            await until(lambda: connection.bye is Bye.AGAIN)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_who_connects_is_not_told_what_his_snapshot_holds_already(site: Database) -> None:
    hub = LiveHub(site, InProcessStream(), utc_now, "test")
    before = hub._next_round()
    async with hub.connected(BOSS, None) as (connection, _):
        push = Push(Topic.CALL, "c1", {"state": "waiting"})
        hub.audience.tell([push], before)
        assert connection.pending.take() == []
        hub.audience.tell([push], hub._next_round())
        assert connection.pending.take() == [(push, View.WHOLE)]
    assert len(hub.audience) == 0


async def test_a_browser_that_takes_nothing_is_sent_away_and_costs_no_more(site: Database) -> None:
    connection = Connection(None, None, 0, Reach(BOSS, None, None, None))
    number = 0
    while connection.bye is None:
        number += 1
        connection.put(Push(Topic.CALL, f"c{number}", {}), View.WHOLE)
        assert number < 10_000
    assert connection.bye is Bye.AGAIN
    assert connection.pending.take() == []
