"""Ways to get a person on the line: a fake, and a real Asterisk with either media connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol
from uuid import uuid4

from ivr_bot.media.audiosocket import AudioSocketMedia
from ivr_bot.media.ports import FRAME_BYTES, SILENCE, CallMedia
from ivr_bot.media.settings import MediaSettings
from ivr_bot.media.websocket import WebsocketMedia
from tests.asterisk.asterisk import AgiLog, AgiRequest, Pair, Wire, answering_agi, opened_wire, until
from tests.fakes.call_media import FakeCallMedia
from tests.ivr_bot.media.sound import Ears

#: Numbers of asterisk_conf/network.
ECHO, KEYS, PERSON, LISTENER = "+998910000001", "+998921234567", "+998901000001", "+998909000001"


class Talk(Protocol):
    """A call that is with the bot."""

    @property
    def media(self) -> CallMedia: ...

    @property
    def ears(self) -> Ears: ...

    async def person_leaves(self) -> None: ...

    async def person_gone(self) -> None:
        """Wait until the person's side has ended."""


class Line(Protocol):
    def talk(self, number: str) -> AbstractAsyncContextManager[Talk]: ...


@dataclass
class FakeTalk:
    media: FakeCallMedia
    ears: Ears

    async def person_leaves(self) -> None:
        self.media.leave()

    async def person_gone(self) -> None:
        await until(lambda: self.media.is_over)


class FakeLine:
    """Plays the numbers; its time runs faster than ours."""

    @asynccontextmanager
    async def talk(self, number: str) -> AsyncIterator[Talk]:
        media = FakeCallMedia(f"f-{uuid4().hex}")
        ears = Ears(media)
        tasks = [asyncio.create_task(ears.listen()), asyncio.create_task(self._person(media, number))]
        yield FakeTalk(media, ears)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _person(self, media: FakeCallMedia, number: str) -> None:
        if number == KEYS:
            media.press(number[6:])
        said = SILENCE * FRAME_BYTES
        while True:
            heard = media.pass_frame(said)
            said = heard if number == ECHO else said
            await asyncio.sleep(0.0005)


@dataclass
class RealTalk:
    media: CallMedia
    ears: Ears
    wire: Wire
    done: asyncio.Event

    async def person_leaves(self) -> None:
        await self.wire.send("Hangup", Channel=self.media.channel)

    async def person_gone(self) -> None:
        await self.wire.seen("Hangup", Uniqueid=self.media.channel)


@dataclass
class Bot:
    """Takes every call, and holds it until the test is through with it. `fails` has it break off at once."""

    taken: dict[str, tuple[CallMedia, asyncio.Event]] = field(default_factory=dict)
    served: list[str] = field(default_factory=list)
    fails: bool = False

    async def serve(self, media: CallMedia) -> None:
        if self.fails:
            raise ValueError("the dialog broke")
        done = asyncio.Event()
        self.taken[media.channel] = media, done
        await done.wait()
        self.served.append(media.channel)


@dataclass
class AsteriskLine:
    """A pair of Asterisks, the bot's servers and an AGI that sends every call to the bot."""

    pair: Pair
    kind: str
    bot: Bot
    wire: Wire
    network: Wire
    agi: AgiLog
    #: Variables for the next calls.
    variables: dict[str, str] = field(default_factory=dict)

    async def dial(self, number: str) -> str:
        channel = f"m-{uuid4().hex}"
        await self.wire.dial(number, channel, variables=self.variables)
        return channel

    @asynccontextmanager
    async def talk(self, number: str) -> AsyncIterator[Talk]:
        channel = await self.dial(number)
        await until(lambda: channel in self.bot.taken, 10)
        media, done = self.bot.taken[channel]
        ears = Ears(media)
        listening = asyncio.create_task(ears.listen())
        try:
            yield RealTalk(media, ears, self.wire, done)
        finally:
            done.set()
            await self.wire.seen("Hangup", Uniqueid=channel)
            await until(lambda: ears.hung_up)
            await listening


def media_settings(pair: Pair) -> MediaSettings:
    site = pair.pbx
    return MediaSettings("127.0.0.1", site.bot_websocket_port, site.bot_audiosocket_port, site.bot_secret)


@asynccontextmanager
async def asterisk_line(pair: Pair, kind: str, *, listening: bool = True) -> AsyncIterator[AsteriskLine]:
    """`kind` is the dialplan's TL_BOT_MEDIA; not `listening`: the bot's servers are down."""
    bot = Bot()
    websocket = WebsocketMedia(media_settings(pair), bot.serve)
    audiosocket = AudioSocketMedia(media_settings(pair), bot.serve)

    def decide(request: AgiRequest) -> Mapping[str, str]:
        if request["agi_network_script"] == "after-bot":
            return {"TL_ACTION": "hangup"}
        audiosocket.expect(request["agi_uniqueid"])
        return {"TL_ACTION": "bot", "TL_BOT_MEDIA": kind}

    services = (websocket, audiosocket) if listening else ()
    tasks = [asyncio.create_task(service.run()) for service in services]
    async with (
        opened_wire(pair.pbx) as wire,
        opened_wire(pair.network) as network,
        answering_agi(pair.ports.agi, decide) as agi,
    ):
        try:
            yield AsteriskLine(pair, kind, bot, wire, network, agi)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
