"""Prompts hummed by the fake voice, at once and without threads: for calls in virtual time."""

from __future__ import annotations

from crm_core.errors import CrmError
from ivr_bot.media.ports import SILENCE
from ivr_bot.speech.prompts import Line, Part
from tests.fakes.speaker import FakeSpeaker


class FakePrompts:
    """Recordings are a second of silence; what the voice cannot say is replaced by a tenth of a second."""

    def __init__(self, speaker: FakeSpeaker) -> None:
        self._speaker = speaker

    async def audio(self, part: Part) -> bytes:
        return await self._speaker.speak(part.text, part.language) if isinstance(part, Line) else SILENCE * 8000

    async def for_call(self, part: Part, language: str) -> tuple[bytes, str | None]:
        try:
            return await self.audio(part), None
        except CrmError as error:
            return SILENCE * 800, str(error)
