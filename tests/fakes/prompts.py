"""Prompts hummed by the fake voice, without threads: for calls in virtual time."""

from __future__ import annotations

import asyncio

from ivr_bot.media.ports import SILENCE
from ivr_bot.speech.prompts import Line, Part
from tests.fakes.speaker import FakeSpeaker


class FakePrompts:
    """Recordings are a second of silence; what the voice cannot say is replaced by a tenth of a second.

    `seconds`: that each rendering takes, but for what was rendered before. `waited`: what was wanted at once (rank 0)
    and took its time.
    """

    def __init__(self, speaker: FakeSpeaker, seconds: float = 0.0) -> None:
        self._speaker, self.seconds = speaker, seconds
        self.kept: dict[Part, bytes] = {}
        self.waited: list[Part] = []
        self._making: dict[Part, asyncio.Task[None]] = {}

    async def audio(self, part: Part, rank: int = 0) -> bytes:
        if part not in self.kept:
            began = _clock()
            if part not in self._making:
                self._making[part] = asyncio.create_task(self._make(part))
                self._making[part].add_done_callback(lambda _: self._making.pop(part))
            try:
                await asyncio.shield(self._making[part])
            finally:
                if rank == 0 and _clock() > began:
                    self.waited.append(part)
        return self.kept[part]

    async def at_hand(self, part: Part) -> bytes | None:
        return self.kept.get(part)

    async def for_call(self, part: Part, language: str) -> tuple[bytes, str | None]:
        if part in self.kept:
            return self.kept[part], None
        return SILENCE * 800, "it was not rendered"

    async def render(self, *parts: Part) -> None:
        """Before the call."""
        for part in parts:
            self.kept[part] = await self._spoken(part)

    async def _make(self, part: Part) -> None:
        await asyncio.sleep(self.seconds)
        self.kept[part] = await self._spoken(part)

    async def _spoken(self, part: Part) -> bytes:
        if isinstance(part, Line):
            return await self._speaker.speak(part.text, part.language)
        return SILENCE * 8000


def _clock() -> float:
    return asyncio.get_running_loop().time()
