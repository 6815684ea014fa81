"""Nothing published by a unit of work is lost on its way to the stream, whatever fails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from crm_core.db import outbox
from crm_core.db.engine import Database
from crm_core.db.rule_book import mark_done
from crm_core.db.tables import outbox as outbox_table
from crm_core.errors import Unavailable
from crm_core.events import Envelope, LeadClosed
from crm_core.handlers import relay as relay_module
from crm_core.handlers.relay import KEPT, OVERDUE, OutboxRelay
from crm_core.streams import InProcessStream

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class Clock:
    """Time as the test wants it."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.at


class FlakyStream(InProcessStream):
    """A stream that is down when told to; it remembers what it carried."""

    def __init__(self) -> None:
        super().__init__()
        self.is_down = False
        self.carried: list[int] = []
        self.refused = asyncio.Event()
        self.news = asyncio.Condition()

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        if self.is_down:
            self.refused.set()
            raise Unavailable("the stream is down")
        await super().publish(envelopes)
        async with self.news:
            self.carried += [envelope.id for envelope in envelopes]
            self.news.notify_all()

    async def until_carried(self, count: int) -> None:
        async with asyncio.timeout(20), self.news:
            await self.news.wait_for(lambda: len(self.carried) >= count)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stream() -> FlakyStream:
    return FlakyStream()


@pytest.fixture
def relay(database: Database, stream: FlakyStream, clock: Clock) -> OutboxRelay:
    return OutboxRelay(database, stream, clock)


async def _publish(database: Database, count: int) -> None:
    async with database.work() as work:
        for number in range(count):
            work.publish(LeadClosed(number, 1, "attempts used", AT))


async def _ids(database: Database) -> list[int]:
    async with database.reading() as work:
        return [row.id for row in await work.all(select(outbox_table.c.id).order_by(outbox_table.c.id))]


async def _lag(database: Database, clock: Clock) -> outbox.Lag:
    async with database.reading() as work:
        return await outbox.lag(work, clock())


async def test_events_go_out_with_the_commit_and_not_without(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        await _publish_and_fail(database)
    assert not database.on_publish.is_set()
    assert await _ids(database) == []
    await _publish(database, 3)
    assert database.on_publish.is_set()
    assert len(await _ids(database)) == 3


async def _publish_and_fail(database: Database) -> None:
    async with database.work() as work:
        work.publish(LeadClosed(1, 1, "attempts used", AT))
        await work.flush_events()
        raise ZeroDivisionError


async def test_the_relay_carries_all_in_order_once(
    database: Database, relay: OutboxRelay, stream: FlakyStream, clock: Clock
) -> None:
    await _publish(database, 1_203)
    while await relay.publish_waiting():
        pass
    assert stream.carried == await _ids(database)
    lag = await _lag(database, clock)
    assert (lag.unpublished, lag.undone, lag.seconds) == (0, 1_203, 0.0)


async def test_a_listener_gets_what_the_unit_of_work_published(
    database: Database, relay: OutboxRelay, stream: FlakyStream
) -> None:
    async with stream.subscribe("one") as batches:
        await _publish(database, 1)
        await relay.publish_waiting()
        (envelope,) = await anext(batches)
        assert envelope.event == LeadClosed(0, 1, "attempts used", AT)


async def test_a_running_relay_is_woken_by_the_commit(
    database: Database, relay: OutboxRelay, stream: FlakyStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "_LOOK_AGAIN", timedelta(hours=1))
    async with _running(relay):
        for round_ in range(1, 4):
            await _publish(database, 10)
            await stream.until_carried(10 * round_)


async def test_a_running_relay_finds_what_other_processes_have_put_in(
    database: Database, relay: OutboxRelay, stream: FlakyStream
) -> None:
    async with _running(relay):
        other_process = Database(database.engine)
        await _publish(other_process, 5)
        assert not database.on_publish.is_set()
        await stream.until_carried(5)


async def test_while_the_stream_is_down_events_wait_and_then_go_out_in_order(
    database: Database, relay: OutboxRelay, stream: FlakyStream, clock: Clock
) -> None:
    stream.is_down = True
    async with _running(relay):
        await _publish(database, 3)
        async with asyncio.timeout(20):
            await stream.refused.wait()
        await _publish(database, 2)
        clock.at += timedelta(seconds=40)
        async with asyncio.timeout(20):
            while (await _lag(database, clock)).unpublished < 5:  # given back after the failure  # noqa: ASYNC110  (a database cannot wake us)
                await asyncio.sleep(0.01)
        assert (await _lag(database, clock)).seconds >= 30
        stream.is_down = False
        await stream.until_carried(5)
    assert stream.carried == await _ids(database)


async def test_a_relay_stopped_while_it_publishes_gives_its_rows_back(database: Database, clock: Clock) -> None:
    class SlowStream(InProcessStream):
        reached = asyncio.Event()

        async def publish(self, envelopes: Sequence[Envelope]) -> None:
            self.reached.set()
            await asyncio.Event().wait()

    slow = SlowStream()
    await _publish(database, 3)
    async with _running(OutboxRelay(database, slow, clock)):
        await slow.reached.wait()
    assert (await _lag(database, clock)).unpublished == 3


async def test_what_was_published_and_not_done_goes_out_again_after_a_minute(
    database: Database, relay: OutboxRelay, stream: FlakyStream, clock: Clock
) -> None:
    await _publish(database, 3)
    await relay.publish_waiting()
    first, second, third = await _ids(database)
    async with database.work() as work:
        await mark_done(work, [second], clock())
    clock.at += OVERDUE
    assert await relay.publish_overdue() == 0
    clock.at += timedelta(seconds=1)
    assert await relay.publish_overdue() == 2
    assert stream.carried == [first, second, third, first, third]
    assert await relay.publish_overdue() == 0  # they have a minute again


async def test_two_relays_at_once_carry_each_event_once(database: Database, stream: FlakyStream, clock: Clock) -> None:
    await _publish(database, 2_000)
    relays = [OutboxRelay(Database(database.engine), stream, clock) for _ in range(2)]

    async def drain(relay: OutboxRelay) -> None:
        while (await _lag(database, clock)).unpublished:
            await relay.publish_waiting()

    await asyncio.gather(*(drain(relay) for relay in relays))
    assert sorted(stream.carried) == await _ids(database)


async def test_events_done_and_older_than_a_week_are_deleted_and_no_others(
    database: Database, relay: OutboxRelay, clock: Clock
) -> None:
    await _publish(database, 1_300)
    ids = await _ids(database)
    stuck, young = ids[700], ids[1_250:]
    async with database.work() as work:
        await mark_done(work, [i for i in ids if i != stuck], clock())
        old = clock() - KEPT - timedelta(minutes=1)
        await work.run(update(outbox_table).where(outbox_table.c.id < young[0]).values(at=old))
    await relay.delete_old()
    assert await _ids(database) == [stuck, *young]
    await relay.delete_old()
    assert await _ids(database) == [stuck, *young]


async def test_an_event_this_version_cannot_read_holds_up_nobody(
    database: Database, relay: OutboxRelay, stream: FlakyStream, clock: Clock
) -> None:
    async with database.work() as work:
        row = {"type": "NotInventedYet", "payload": {}, "at": clock()}
        await work.run(insert(outbox_table), [row, row | {"type": "LeadClosed", "payload": {"lead_id": 1, "more": 2}}])
    await _publish(database, 2)
    await relay.publish_waiting()
    assert stream.carried == (await _ids(database))[2:]
    lag = await _lag(database, clock)
    assert (lag.unpublished, lag.undone) == (0, 4)  # they stay for a version that can


async def test_the_lag_is_the_age_of_the_oldest_that_waits(database: Database, clock: Clock) -> None:
    assert await _lag(database, clock) == outbox.Lag(0, 0, 0.0)
    async with database.work() as work:
        for age in (10, 90):
            row = {"type": "LeadClosed", "payload": {}, "at": clock() - timedelta(seconds=age)}
            await work.run(insert(outbox_table).values(row))
    assert await _lag(database, clock) == outbox.Lag(2, 2, 90.0)


class _running:
    """A relay that runs while the body does, and whose faults are the test's."""

    def __init__(self, relay: OutboxRelay) -> None:
        self._relay = relay

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._relay.run())

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        async with asyncio.timeout(20):
            with pytest.raises(asyncio.CancelledError):
                await self._task
