"""One call on an AudioSocket: we own the clock and hand over one frame each 20 ms, silence where there is no prompt."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from ivr_bot.media import audiosocket_wire as wire
from ivr_bot.media.inbox import Inbox
from ivr_bot.media.playlist import Playlist
from ivr_bot.media.ports import FRAME_BYTES, FRAME_MS, SILENCE, MediaEvent, Played, Pressed, Stopped

log = logging.getLogger(__name__)

_FRAME_SECONDS = FRAME_MS / 1000
#: Frames that lie with Asterisk when all is well: they bridge our own jitter, and are the price of a stop.
_LEAD = 2
#: After a stall so much is caught up at once; the rest of the stall is silence that has been.
_CATCH_UP_SECONDS = 0.1
_SILENT_FRAME = wire.audio_frame(SILENCE * FRAME_BYTES)

Send = Callable[[bytes], Awaitable[None]]


def next_due(due: float, now: float) -> float:
    """When the frame after the one due at `due` is due: 20 ms later, never more than 100 ms in the past."""
    return max(due + _FRAME_SECONDS, now - _CATCH_UP_SECONDS)


class AudioSocketCall:
    """A `CallMedia`. The shell feeds `receive`, and runs `pace` for as long as the connection lasts."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._inbox, self._playlist = Inbox(), Playlist()
        self._on_the_way: deque[int] = deque()  # positions handed over in the last ticks
        self._leaving = False

    @property
    def channel(self) -> str:
        return self._channel

    async def events(self) -> Sequence[MediaEvent]:
        return await self._inbox.fetch()

    def play(self, ulaw: bytes, mark: str) -> None:
        self._playlist.add(ulaw, mark)

    async def stop_playing(self) -> Stopped:
        """There is no flush: what has been handed over (40 ms) is heard, so it counts as played."""
        self._tell_played(self._playlist.given)
        self._on_the_way.clear()
        return self._playlist.stop()

    async def hang_up(self) -> None:
        self._leaving = True

    def receive(self, frame: wire.Frame) -> bool:
        """What Asterisk sent. False: the call is over, or the bot a minute behind it. Raises MalformedMedia."""
        match frame.kind:
            case wire.AUDIO:
                return self._inbox.hear(frame.as_ulaw()) or self._inbox.is_closed
            case wire.KEY:
                self._inbox.put(Pressed(frame.as_key()))
            case wire.HANG_UP:
                return False
            case wire.FAULT:
                log.error("the switch reports a fault", extra={"channel": self._channel, "code": frame.payload.hex()})
        return True

    def end(self) -> None:
        """The connection is gone."""
        self._inbox.close()

    async def pace(self, send: Send) -> None:
        """Hand over a frame when one is due, until `hang_up`, until cancelled or until `send` fails.

        It starts at once: a peer that waits for our first frame would stay silent for the whole call (asterisk#2089).
        """
        clock = asyncio.get_running_loop().time
        due = clock() - _LEAD * _FRAME_SECONDS
        while not self._leaving:
            if (wait := due - clock()) > 0:
                await asyncio.sleep(wait)
            await send(self._next_frame())
            due = next_due(due, clock())
        await send(wire.frame(wire.HANG_UP))

    def _next_frame(self) -> bytes:
        piece = self._playlist.take(1)
        self._on_the_way.append(self._playlist.given)
        if len(self._on_the_way) > _LEAD:
            self._tell_played(self._on_the_way.popleft())
        return wire.audio_frame(piece) if piece else _SILENT_FRAME

    def _tell_played(self, position: int) -> None:
        for mark in self._playlist.played(position):
            self._inbox.put(Played(mark))
