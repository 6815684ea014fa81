"""One contract for both streams, the one in process and Redis; then what only Redis can suffer."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from crm_core.db.codec import event_of, event_payload
from crm_core.errors import BadSetting, Unavailable
from crm_core.events import Envelope, Event, LeadClosed
from crm_core.ports import EventStream
from crm_core.streams import InProcessStream, RedisStream, opened_stream
from tests.servers import RedisServer, free_port

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
#: Long enough for a test's live members, short enough to wait for.
CLAIM_AFTER = timedelta(milliseconds=300)


def _events(first: int, last: int) -> list[Envelope]:
    return [Envelope(n, LeadClosed(n, 1, "attempts used", AT)) for n in range(first, last + 1)]


async def _read(batches: AsyncIterator[list[Envelope]], last: int) -> list[int]:
    """Ids up to and including `last`."""
    seen: list[int] = []
    async with asyncio.timeout(20):
        while last not in seen:
            seen += [envelope.id for envelope in await anext(batches)]
    return seen


@pytest.fixture(params=["in process", "redis"])
async def stream(request: pytest.FixtureRequest, redis_of_this_test: Redis) -> EventStream:
    if request.param == "in process":
        return InProcessStream()
    return RedisStream(redis_of_this_test, f"test:{uuid.uuid4()}", CLAIM_AFTER)


@pytest.fixture
async def redis_of_this_test(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url, decode_responses=True, socket_timeout=None) as client:
        yield client


async def test_a_listener_hears_all_events_in_order(stream: EventStream) -> None:
    async with stream.subscribe("one") as batches:
        await stream.publish(_events(1, 250))
        await stream.publish(_events(251, 500))
        assert await _read(batches, 500) == list(range(1, 501))


async def test_an_event_comes_out_as_it_went_in(stream: EventStream) -> None:
    (event,) = _events(7, 7)
    async with stream.subscribe("one") as batches:
        await stream.publish([event])
        assert await anext(batches) == [event]


async def test_a_new_group_hears_nothing_of_the_past(stream: EventStream) -> None:
    await stream.publish(_events(1, 3))
    async with stream.subscribe("one") as batches:
        await stream.publish(_events(4, 4))
        assert await _read(batches, 4) == [4]


async def test_two_groups_both_hear_everything(stream: EventStream) -> None:
    async with stream.subscribe("one") as one, stream.subscribe("two") as two:
        await stream.publish(_events(1, 10))
        assert await _read(one, 10) == await _read(two, 10) == list(range(1, 11))


async def test_members_of_a_group_share_the_events(stream: EventStream) -> None:
    heard: list[int] = []
    all_heard = asyncio.Event()

    async def listen() -> None:
        async with stream.subscribe("one") as batches:
            ready.release()
            async for batch in batches:
                heard.extend(envelope.id for envelope in batch)
                if len(heard) >= 600:
                    all_heard.set()

    ready = asyncio.Semaphore(0)
    members = [asyncio.create_task(listen()) for _ in range(2)]
    for _ in members:
        await ready.acquire()
    await stream.publish(_events(1, 600))
    async with asyncio.timeout(20):
        await all_heard.wait()
    for member in members:
        member.cancel()
    await asyncio.gather(*members, return_exceptions=True)
    assert sorted(heard) == list(range(1, 601))


async def test_taking_the_next_batch_acknowledges_the_one_before(stream: EventStream) -> None:
    async with stream.subscribe("one") as batches:
        await stream.publish(_events(1, 1))
        await anext(batches)
        await stream.publish(_events(2, 2))
        await anext(batches)  # 1 is acknowledged, 2 is not
    async with stream.subscribe("one") as batches:
        await stream.publish(_events(3, 3))
        assert sorted(await _read_until(batches, {2, 3})) == [2, 3]


async def test_what_comes_while_a_group_is_away_is_kept_for_it(stream: EventStream) -> None:
    async with stream.subscribe("one"):
        pass
    await stream.publish(_events(1, 5))
    async with stream.subscribe("one") as batches:
        assert await _read(batches, 5) == [1, 2, 3, 4, 5]


async def test_a_member_that_dies_leaves_its_batch_to_another(stream: EventStream) -> None:
    async def take_and_die() -> None:
        async with stream.subscribe("one") as batches:
            await stream.publish(_events(1, 5))
            await anext(batches)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await take_and_die()
    async with stream.subscribe("one") as batches:
        assert await _read(batches, 5) == [1, 2, 3, 4, 5]


async def test_a_listener_that_is_cancelled_while_it_waits_ends_at_once(stream: EventStream) -> None:
    entered = asyncio.Event()

    async def listen() -> None:
        async with stream.subscribe("one") as batches:
            entered.set()
            await anext(batches)

    task = asyncio.create_task(listen())
    await entered.wait()
    task.cancel()
    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await task


async def _read_until(batches: AsyncIterator[list[Envelope]], wanted: set[int]) -> list[int]:
    seen: list[int] = []
    async with asyncio.timeout(20):
        while not wanted <= set(seen):
            seen += [envelope.id for envelope in await anext(batches)]
    return seen


# --- Redis alone ------------------------------------------------------------------------------------------------
async def test_a_quiet_stream_is_not_taken_for_a_dead_server(redis_of_this_test: Redis) -> None:
    stream = RedisStream(redis_of_this_test, f"test:{uuid.uuid4()}")
    async with stream.subscribe("one") as batches:
        waiting = asyncio.ensure_future(anext(batches))
        _, pending = await asyncio.wait([waiting], timeout=2.5)  # several blocking reads, all of them empty
        assert pending == {waiting}
        await stream.publish(_events(1, 1))
        assert (await waiting)[0].id == 1


async def test_an_entry_of_another_version_is_passed_over(redis_of_this_test: Redis) -> None:
    name = f"test:{uuid.uuid4()}"
    stream = RedisStream(redis_of_this_test, name)
    async with stream.subscribe("one") as batches:
        await redis_of_this_test.xadd(name, {"id": 1, "type": "NotInventedYet", "payload": "{}"})
        await redis_of_this_test.xadd(name, {"id": 2, "type": "LeadClosed", "payload": '{"more": 1}'})
        await redis_of_this_test.xadd(name, {"other": "thing"})
        await stream.publish(_events(4, 4))
        assert await _read(batches, 4) == [4]


async def test_members_that_left_are_not_kept_on_the_list(redis_of_this_test: Redis) -> None:
    name = f"test:{uuid.uuid4()}"
    stream = RedisStream(redis_of_this_test, name)
    for _ in range(3):
        async with stream.subscribe("one") as batches:
            await stream.publish(_events(1, 1))
            await anext(batches)
            waiting = asyncio.ensure_future(anext(batches))  # acknowledges
            await asyncio.wait([waiting], timeout=0.1)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
    assert await redis_of_this_test.xinfo_consumers(name, "one") == []


async def test_a_group_nobody_has_been_in_for_a_day_is_forgotten(redis_of_this_test: Redis) -> None:
    name = f"test:{uuid.uuid4()}"
    now_ms = 1000 * (await redis_of_this_test.time())[0]
    await redis_of_this_test.xadd(name, {"old": "entry"}, id=f"{now_ms - 100_000_000}-0")
    await redis_of_this_test.xgroup_create(name, "of a dead process", id="$")
    await redis_of_this_test.xadd(name, {"new": "entry"}, id=f"{now_ms - 60_000}-0")
    await redis_of_this_test.xgroup_create(name, "away for a minute", id="$")
    async with RedisStream(redis_of_this_test, name).subscribe("here"):
        pass
    groups = await redis_of_this_test.xinfo_groups(name)
    assert {group["name"] for group in groups} == {"away for a minute", "here"}


async def test_the_stream_is_trimmed(redis_of_this_test: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm_core.streams._LENGTH", 1_000)
    name = f"test:{uuid.uuid4()}"
    stream = RedisStream(redis_of_this_test, name)
    for start in range(1, 5_000, 500):
        await stream.publish(_events(start, start + 499))
    assert 1_000 <= await redis_of_this_test.xlen(name) < 1_500


async def test_redis_gone_is_unavailable_in_bounded_time_and_its_restart_is_survived() -> None:
    server = RedisServer()
    try:
        server.start()
        async with AsyncExitStack() as stack:
            stream = await stack.enter_async_context(opened_stream(server.url))
            batches = await stack.enter_async_context(stream.subscribe("one"))
            await stream.publish(_events(1, 1))
            assert await _read(batches, 1) == [1]
            server.kill()
            async with asyncio.timeout(20):
                with pytest.raises(Unavailable, match="REDIS_URL"):
                    await stream.publish(_events(2, 2))
                with pytest.raises(Unavailable):
                    await anext(batches)
                with pytest.raises(Unavailable):
                    await stack.enter_async_context(stream.subscribe("one"))
            server.start()
            await stream.publish(_events(2, 2))  # before anybody has subscribed again
            again = await stack.enter_async_context(stream.subscribe("one"))
            await stream.publish(_events(3, 3))
            assert await _read(again, 3) == [2, 3]
            # A restart between two reads, unnoticed by the listener, loses nothing that came after it.
            server.restart()
            await stream.publish(_events(4, 4))
            assert await _read(again, 4) == [4]
    finally:
        server.close()


async def test_a_redis_that_accepts_and_says_nothing_is_unavailable_in_bounded_time() -> None:
    done = asyncio.Event()

    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with asyncio.timeout(30), opened_stream(f"redis://127.0.0.1:{port}/0") as stream:
        with pytest.raises(Unavailable):
            await stream.publish(_events(1, 1))
    done.set()
    server.close()
    await server.wait_closed()


async def test_nobody_listening_is_unavailable_and_a_wrong_address_a_bad_setting() -> None:
    async with opened_stream(f"redis://127.0.0.1:{free_port()}/0") as stream:
        with pytest.raises(Unavailable):
            await stream.publish(_events(1, 1))
    with pytest.raises(BadSetting, match="REDIS_URL") as caught:
        async with opened_stream("http://user:secret@host/"):
            pass
    assert "secret" not in str(caught.value)


async def test_without_an_address_the_stream_is_in_this_process() -> None:
    async with opened_stream(None) as stream:
        assert isinstance(stream, InProcessStream)


# --- the codec ----------------------------------------------------------------------------------------------------
@given(st.one_of(*(st.builds(kind, at=st.datetimes(timezones=st.just(UTC))) for kind in get_args(Event))))
def test_every_event_survives_its_json(event: Event) -> None:
    assert event_of(type(event).__name__, event_payload(event)) == event
