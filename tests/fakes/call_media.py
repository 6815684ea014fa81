"""A call without a switch: time passes when the test says so, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence

from ivr_bot.media.inbox import Inbox
from ivr_bot.media.playlist import Playlist
from ivr_bot.media.ports import FRAME_BYTES, SILENCE, Heard, MediaEvent, Played, Pressed, Stopped

_SILENT_FRAME = SILENCE * FRAME_BYTES


class FakeCallMedia:
    """Plays a frame each time `pass_frame` is called; the person does what the test has him do."""

    def __init__(self, channel: str = "call-1") -> None:
        self.channel = channel
        self.prompts: list[str] = []  # marks of everything that was to be played, in order
        self.stops: list[Stopped] = []
        self.hung_up = False  # by the bot
        self._inbox, self._playlist = Inbox(), Playlist()

    async def events(self) -> Sequence[MediaEvent]:
        return await self._inbox.fetch()

    def play(self, ulaw: bytes, mark: str) -> None:
        self.prompts.append(mark)
        self._playlist.add(ulaw, mark)

    async def stop_playing(self) -> Stopped:
        self.stops.append(self._playlist.stop())
        return self.stops[-1]

    async def hang_up(self) -> None:
        self.hung_up = True
        self._inbox.close()

    @property
    def is_over(self) -> bool:
        return self._inbox.is_closed

    def pass_frame(self, heard: bytes = _SILENT_FRAME) -> bytes:
        """20 ms pass in which the person says `heard`; what he hears meanwhile."""
        if self.is_over:
            return _SILENT_FRAME
        piece = self._playlist.take(1)
        self._inbox.put(Heard(heard))
        for mark in self._playlist.played(self._playlist.given):
            self._inbox.put(Played(mark))
        return piece or _SILENT_FRAME

    def press(self, digits: str) -> None:
        """The person presses keys."""
        for digit in digits:
            self._inbox.put(Pressed(digit))

    def leave(self) -> None:
        """The person hangs up."""
        self._inbox.close()
