"""One call on the media websocket: Asterisk owns the playout clock, we keep its queue fed and know its length."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from ivr_bot.media import websocket_wire as wire
from ivr_bot.media.inbox import Inbox
from ivr_bot.media.playlist import Playlist
from ivr_bot.media.ports import MediaEvent, Played, Pressed, Stopped

log = logging.getLogger(__name__)

#: So much lies in Asterisk's queue: enough to outlast a stall of ours, far below its limit (XOFF at 900 frames, and
#: above 1000 it drops audio without a word; XOFF alone would come too late for what is on its way already).
_WINDOW_FRAMES = 500
#: One second per message, each followed by a mark: so we know how far playing has come.
_PIECE_FRAMES = 50
#: For Asterisk to say how much it had queued. It takes a millisecond; without an answer the marks must do.
_STATUS_SECONDS = 1.0

Message = str | bytes


class WebsocketCall:
    """A `CallMedia`. The shell feeds `receive_*`, and runs `write` for as long as the connection lasts."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._inbox, self._playlist = Inbox(), Playlist()
        self._out: deque[Message] = deque()
        self._to_write = asyncio.Event()
        self._full = False
        self._generation = 0  # counts stops: marks of what was dropped mean nothing any more
        self._stopping = asyncio.Lock()
        self._status: asyncio.Future[int] | None = None

    @property
    def channel(self) -> str:
        return self._channel

    async def events(self) -> Sequence[MediaEvent]:
        return await self._inbox.fetch()

    def play(self, ulaw: bytes, mark: str) -> None:
        self._playlist.add(ulaw, mark)
        if self._status is None:
            self._feed()

    async def stop_playing(self) -> Stopped:
        async with self._stopping:
            if self._inbox.is_closed:
                return self._playlist.stop()
            given = self._playlist.given
            self._status = asyncio.get_running_loop().create_future()
            # In this order, and both in Asterisk's channel thread: at most one frame is played in between.
            self._say(wire.ASK_STATUS, wire.FLUSH)
            try:
                async with asyncio.timeout(_STATUS_SECONDS):
                    queued = await self._status
                self._tell_played(given - queued)
            except TimeoutError:
                log.warning("the switch did not say what it had queued", extra={"channel": self._channel})
            finally:
                self._status = None
                self._generation += 1
                stopped = self._playlist.stop()
            return stopped

    async def hang_up(self) -> None:
        self._say(wire.HANG_UP)

    def receive_audio(self, ulaw: bytes) -> bool:
        """Audio of the person. False: the bot is a minute behind, and the call with it lost."""
        return self._inbox.hear(ulaw) or self._inbox.is_closed

    def receive_event(self, event: wire.WireEvent) -> None:
        """What Asterisk told."""
        match event:
            case wire.MarkReached(generation, position) if generation == self._generation:
                self._tell_played(position)
                if self._status is None:
                    self._feed()
            case wire.QueueState(frames) if self._status is not None and not self._status.done():
                self._status.set_result(frames)
            case wire.KeyPressed(digit):
                self._inbox.put(Pressed(digit))
            case wire.QueueFull():
                self._full = True
            case wire.QueueFree():
                self._full = False
                if self._status is None:
                    self._feed()
            case wire.Refused(text):
                log.error("the switch refused a media command", extra={"channel": self._channel, "text": text})
            case _:
                pass

    def end(self) -> None:
        """The connection is gone."""
        self._inbox.close()
        if self._status is not None and not self._status.done():
            self._status.set_result(self._playlist.outstanding)

    async def write(self, send: Callable[[Message], Awaitable[None]]) -> None:
        """Send what is to be sent, in order, until cancelled or until `send` fails."""
        while True:
            await self._to_write.wait()
            self._to_write.clear()
            while self._out:
                await send(self._out.popleft())

    def _feed(self) -> None:
        """Hand over audio as far as Asterisk's queue should be filled."""
        while not self._full and (room := _WINDOW_FRAMES - self._playlist.outstanding) > 0:
            piece = self._playlist.take(min(room, _PIECE_FRAMES))
            if not piece:
                return
            self._say(piece, wire.mark(self._generation, self._playlist.given))

    def _say(self, *messages: Message) -> None:
        if not self._inbox.is_closed:
            self._out.extend(messages)
            self._to_write.set()

    def _tell_played(self, position: int) -> None:
        for mark in self._playlist.played(position):
            self._inbox.put(Played(mark))
