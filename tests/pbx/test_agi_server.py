"""The FastAGI server over real sockets: quick with those who speak, patient with nobody who does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from pbx.agi_server import AgiServer, Decide
from pbx.agi_wire import AgiAnswer, AgiRequest
from pbx.settings import AgiSettings
from tests.asterisk.asterisk import until
from tests.pbx.test_agi_wire import REQUEST

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def serving(decide: Decide, **limits: float) -> AsyncIterator[AgiServer]:
    settings = AgiSettings("127.0.0.1", 0, **limits)  # type: ignore[arg-type]
    async with asyncio.timeout(20), AgiServer(settings, decide).opened() as server:
        yield server


@asynccontextmanager
async def calling(server: AgiServer) -> AsyncIterator[Streams]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def bridge(request: AgiRequest) -> AgiAnswer:
    return AgiAnswer({"TL_ACTION": "bridge", "TL_OPERATOR": request.channel})


async def test_a_question_is_answered_in_one_command_and_the_line_closed() -> None:
    async with serving(bridge) as server, calling(server) as (reader, writer):
        writer.write(REQUEST.encode())
        assert await reader.read() == b"EXEC MSet TL_ACTION=bridge,TL_OPERATOR=att-1\n"
        writer.write(b"200 result=0\nHANGUP\n")
        await until(lambda: server.connections == 0)


async def test_a_hundred_ask_at_once() -> None:
    async def ask(server: AgiServer, n: int) -> bytes:
        async with calling(server) as (reader, writer):
            writer.write(REQUEST.replace("att-1", f"att-{n}").encode())
            answer = await reader.read()
            writer.write(b"200 result=0\n")
            return answer

    async with serving(bridge) as server:
        answers = await asyncio.gather(*(ask(server, n) for n in range(100)))
    assert answers == [b"EXEC MSet TL_ACTION=bridge,TL_OPERATOR=att-%d\n" % n for n in range(100)]


async def test_a_peer_that_says_nothing_holds_nobody_up_and_is_dropped() -> None:
    async with serving(bridge, request_seconds=0.2) as server:
        async with calling(server) as (silent, _), calling(server) as (reader, writer):
            writer.write(REQUEST.encode())
            assert (await reader.read()).startswith(b"EXEC")
            writer.write(b"200 result=0\n")
            assert await silent.read() == b""
        await until(lambda: server.connections == 0)


async def test_a_peer_that_closes_at_once_costs_nothing() -> None:
    async with serving(bridge) as server:
        for _ in range(20):
            async with calling(server):
                pass
        await until(lambda: server.connections == 0)


async def test_more_than_the_allowed_number_are_turned_away() -> None:
    async with serving(bridge, max_connections=1) as server, calling(server):
        await until(lambda: server.connections == 1)
        async with calling(server) as (reader, _):
            with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
                await reader.readexactly(1)


async def test_a_peer_that_does_not_speak_agi_is_dropped() -> None:
    async with serving(bridge) as server, calling(server) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\nHost: x\n\n")
        assert await reader.read() == b""
    async with serving(bridge) as server, calling(server) as (reader, writer):
        writer.write(b"x" * 20_000)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await reader.readexactly(1)


@pytest.mark.parametrize("farewell", [b"HANGUP\n", None])
async def test_a_caller_who_hangs_up_cancels_the_search_for_an_agent(farewell: bytes | None) -> None:
    began, cancelled = asyncio.Event(), asyncio.Event()

    async def search(request: AgiRequest) -> AgiAnswer:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return AgiAnswer()

    async with serving(search) as server, calling(server) as (reader, writer):
        writer.write(REQUEST.encode())
        await began.wait()
        if farewell is not None:
            writer.write(farewell)
        else:
            writer.close()
        await cancelled.wait()
        assert await reader.read() == b""


async def test_the_end_of_the_server_cancels_what_is_under_way() -> None:
    began, cancelled = asyncio.Event(), asyncio.Event()

    async def search(request: AgiRequest) -> AgiAnswer:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return AgiAnswer()

    async with serving(search) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(REQUEST.encode())
        await began.wait()
    assert cancelled.is_set()
    assert server.connections == 0
    writer.close()


async def test_a_refused_command_is_logged_with_its_channel(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(bridge) as server, calling(server) as (reader, writer):
        writer.write(REQUEST.encode())
        await reader.read()
        writer.write(b"520-Invalid command syntax.\nUsage: x\n520 End of proper usage.\n")
        await until(lambda: server.connections == 0)
    (record,) = [record for record in caplog.records if record.name == "pbx.agi_server"]
    assert (record.__dict__["channel"], record.__dict__["code"]) == ("att-1", 520)


async def test_a_switch_that_never_replies_is_left() -> None:
    async with serving(bridge, answer_seconds=0.05) as server, calling(server) as (reader, writer):
        writer.write(REQUEST.encode())
        await reader.read()
        await until(lambda: server.connections == 0)


async def test_nothing_to_say_ends_the_conversation() -> None:
    async def silent(request: AgiRequest) -> AgiAnswer:
        return AgiAnswer()

    async with serving(silent) as server, calling(server) as (reader, writer):
        writer.write(REQUEST.encode())
        assert await reader.read() == b""
        await until(lambda: server.connections == 0)
