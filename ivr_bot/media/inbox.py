"""What has come in on one call and was not fetched yet."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ivr_bot.media.ports import FRAME_BYTES, Heard, HungUp, MediaEvent


class Inbox:
    """Events in the order they came. A reader that is busy gets many at once, which is what keeps it up with the line.

    `longest` events wait at most (3000 are a minute of audio): a reader so far behind has lost the call.
    """

    def __init__(self, longest: int = 3000) -> None:
        self._events: list[MediaEvent] = []
        self._news = asyncio.Event()
        self._rest = b""
        self._longest = longest
        self._closed = False

    @property
    def is_closed(self) -> bool:
        return self._closed

    def hear(self, ulaw: bytes) -> bool:
        """Cut into frames what came. False: the reader is too far behind, nothing more is taken."""
        if len(ulaw) == FRAME_BYTES and not self._rest:  # what Asterisk sends, unless a trunk has another frame size
            return self.put(Heard(ulaw))
        audio = self._rest + ulaw
        whole = len(audio) - len(audio) % FRAME_BYTES
        self._rest = audio[whole:]
        return all([self.put(Heard(audio[at : at + FRAME_BYTES])) for at in range(0, whole, FRAME_BYTES)])

    def put(self, event: MediaEvent) -> bool:
        """Add one event; False, and nothing added, after the end or when too many wait."""
        if self._closed or len(self._events) >= self._longest:
            return False
        self._events.append(event)
        self._news.set()
        return True

    def close(self) -> None:
        """The call is over: HungUp is the last event."""
        if not self._closed:
            self._closed = True
            self._events.append(HungUp())
            self._news.set()

    async def fetch(self) -> Sequence[MediaEvent]:
        """All events that wait, or the next one to come; after the end, HungUp for ever."""
        await self._news.wait()
        events, self._events = self._events, []
        if self._closed:
            return events or [HungUp()]
        self._news.clear()
        return events
