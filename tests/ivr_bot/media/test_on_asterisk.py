"""What only a real Asterisk can show: long prompts, speech, and what happens when the bot is not there or fails."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from uuid import uuid4

import pytest
from aiohttp import ClientSession, WSMsgType, WSServerHandshakeError, encode_basic_auth

from ivr_bot.media import audiosocket_wire
from tests.asterisk.asterisk import Pair
from tests.ivr_bot.media.lines import ECHO, LISTENER, PERSON, AsteriskLine, asterisk_line
from tests.ivr_bot.media.sound import is_loud, tone

LOW = 500


def _log_in(secret: str) -> dict[str, str]:
    return {"Authorization": encode_basic_auth("trunkline", secret)}


async def test_the_speech_of_a_person_arrives(real_line: AsteriskLine) -> None:
    async with real_line.talk(PERSON) as talk:
        await talk.ears.until(lambda: sum(map(is_loud, talk.ears.frames)) >= 40)


async def test_a_prompt_longer_than_the_queue_of_the_switch_is_played_whole(pair: Pair) -> None:
    """AudioSocket has no such queue: what the contract shows of it is enough."""
    async with asterisk_line(pair, "websocket") as line, line.talk(ECHO) as talk:
        talk.media.play(tone(LOW, 25_000), "long")
        await talk.ears.until(lambda: talk.ears.marks == ["long"], 40)
        await talk.ears.quiet()
        assert 1235 <= talk.ears.with_tone(LOW) <= 1251


async def test_a_person_hears_a_message_when_the_bot_fails(pair: Pair) -> None:
    async with asterisk_line(pair, "websocket") as line:
        line.bot.fails = True
        channel = await line.dial(LISTENER)
        await line.network.seen("ChannelTalkingStart", 10)
        await line.wire.send("Hangup", Channel=channel)
        await line.wire.seen("Hangup", Uniqueid=channel)


async def test_after_a_goodbye_nothing_more_is_said(real_line: AsteriskLine) -> None:
    for _ in range(3):  # the dialplan learns of the goodbye from another thread of Asterisk
        async with real_line.talk(LISTENER) as talk:
            await talk.ears.until(lambda: talk.ears.frames)
            await talk.media.hang_up()
            await real_line.wire.seen("Hangup", 3, Uniqueid=talk.media.channel)
    assert not any(event.get("Event") == "ChannelTalkingStart" for event in real_line.network.events)


async def test_an_audiosocket_that_breaks_ends_the_call(pair: Pair) -> None:
    """It gives the dialplan no cause: see the context bot-leg."""
    async with asterisk_line(pair, "audiosocket") as line:
        line.bot.fails = True
        channel = await line.dial(LISTENER)
        hung_up = await line.wire.seen("Hangup", 5, Uniqueid=channel)
        assert hung_up["Context"] == "hand-off"


async def test_a_peer_without_the_secret_is_refused(pair: Pair) -> None:
    async with asterisk_line(pair, "websocket") as line, ClientSession() as session:
        url = f"http://127.0.0.1:{pair.pbx.bot_websocket_port}/media"
        for given in ({}, _log_in("guessed")):
            with pytest.raises(WSServerHandshakeError, match="401"):
                await session.ws_connect(f"{url}?call=x", headers=given, protocols=["media"])
        right = _log_in(pair.pbx.bot_secret)
        with pytest.raises(WSServerHandshakeError, match="400"):
            await session.ws_connect(url, headers=right, protocols=["media"])
        # The right secret, but no Asterisk: what it says first is no MEDIA_START.
        async with session.ws_connect(f"{url}?call=x", headers=right, protocols=["media"]) as socket:
            await socket.send_str("hello")
            assert (await socket.receive(timeout=5)).type in (WSMsgType.CLOSED, WSMsgType.ERROR, WSMsgType.CLOSE)
        assert line.bot.taken == {}


async def test_a_peer_that_nobody_announced_is_refused(pair: Pair) -> None:
    async with asterisk_line(pair, "audiosocket") as line:
        for first in (audiosocket_wire.frame(audiosocket_wire.ID, uuid4().bytes), bytes(19)):
            reader, writer = await asyncio.open_connection("127.0.0.1", pair.pbx.bot_audiosocket_port)
            writer.write(first)
            async with asyncio.timeout(5):
                with suppress(ConnectionError):
                    assert await reader.read() == b""
            writer.close()
        assert line.bot.taken == {}


@pytest.mark.parametrize("kind", ["websocket", "audiosocket"])
async def test_a_person_hears_a_message_when_there_is_no_bot(pair: Pair, kind: str) -> None:
    async with asterisk_line(pair, kind, listening=False) as line:
        channel = await line.dial(LISTENER)
        await line.network.seen("ChannelTalkingStart", 10)
        await line.wire.send("Hangup", Channel=channel)
        await line.wire.seen("Hangup", Uniqueid=channel)


async def test_ten_calls_at_once_each_hear_their_own(real_line: AsteriskLine) -> None:
    async def one(number: int) -> tuple[int, int]:
        hertz, other = 400 + 100 * number, 400 + 100 * ((number + 1) % 10)
        async with real_line.talk(ECHO) as talk:
            talk.media.play(tone(hertz, 600), "own")
            await talk.ears.until(lambda: talk.ears.marks == ["own"], 20)
            await talk.ears.quiet()
            return talk.ears.with_tone(hertz), talk.ears.with_tone(other)

    for own, other in await asyncio.gather(*(one(number) for number in range(10))):
        assert own >= 26
        assert other == 0
