"""Tones to play and to find again, and a pair of ears that keeps all that came of one call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import numpy as np

from ivr_bot.media import ulaw as g711
from ivr_bot.media.ports import FRAME_BYTES, CallMedia, Heard, HungUp, MediaEvent, Played, Pressed

RATE = 8000


def tone(hertz: float, ms: int) -> bytes:
    """A sine at -12 dBFS in µ-law."""
    at = np.arange(RATE * ms // 1000) / RATE
    return g711.encode((8000 * np.sin(2 * np.pi * hertz * at)).astype(np.int16))


def holds_tone(ulaw: bytes, hertz: float) -> bool:
    """Whether most of the power of a piece is at that frequency (Goertzel's sum, one bin)."""
    samples = g711.decode(ulaw).astype(np.float64)
    power = float(np.sum(samples**2))
    at = np.arange(len(samples)) / RATE
    bin_power = abs(np.sum(samples * np.exp(-2j * np.pi * hertz * at))) ** 2 * 2 / len(samples)
    return power / len(samples) > 1000**2 and bin_power > 0.7 * power


def is_loud(ulaw: bytes) -> bool:
    """Whether a frame holds sound above -40 dBFS."""
    return bool(np.sqrt(np.mean(g711.decode(ulaw).astype(np.float64) ** 2)) > 327)


class Ears:
    """Reads one call to its end."""

    def __init__(self, media: CallMedia) -> None:
        self.media = media
        self.events: list[MediaEvent] = []
        self._news = asyncio.Condition()

    async def listen(self) -> None:
        while not self.hung_up:
            fresh = await self.media.events()
            async with self._news:
                self.events.extend(fresh)
                self._news.notify_all()

    async def until(self, fact: Callable[[], object], seconds: float = 10) -> None:
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: bool(fact()))

    @property
    def hung_up(self) -> bool:
        return bool(self.events) and self.events[-1] == HungUp()

    @property
    def marks(self) -> list[str]:
        return [event.mark for event in self.events if isinstance(event, Played)]

    @property
    def digits(self) -> str:
        return "".join(event.digit for event in self.events if isinstance(event, Pressed))

    @property
    def frames(self) -> list[bytes]:
        return [event.ulaw for event in self.events if isinstance(event, Heard)]

    def with_tone(self, hertz: float) -> int:
        """How many frames held the tone."""
        return sum(holds_tone(frame, hertz) for frame in self.frames if len(frame) == FRAME_BYTES)

    @property
    def loud(self) -> int:
        """How many frames held sound."""
        return sum(map(is_loud, self.frames))

    async def quiet(self, seconds: float = 0.4) -> None:
        """Until nothing loud has come for so long: what was under way has arrived."""
        with suppress(TimeoutError):
            while True:
                loud = self.loud
                await self.until(lambda loud=loud: self.loud > loud, seconds)  # type: ignore[misc]
