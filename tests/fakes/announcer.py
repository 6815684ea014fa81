"""Summaries hummed by the fake voice, written at once and without threads: for calls in virtual time."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ivr_bot.announcing import FOLDER, Announcement
from ivr_bot.dialog.actions import Transfer
from ivr_bot.speech.prompts import Line
from tests.fakes.prompts import FakePrompts


class FakeAnnouncer:
    """Fits announcing.Announces; writes below `recordings`."""

    def __init__(self, voice: FakePrompts, recordings: Path) -> None:
        self._voice, self._folder = voice, recordings / FOLDER

    def begin(self, call_id: str, transfer: Transfer) -> Announcement:
        return Announcement(call_id, asyncio.create_task(self._render(call_id, transfer), name="render a summary"))

    async def _render(self, call_id: str, transfer: Transfer) -> str:
        ulaw = await self._voice.audio(Line(transfer.summary, transfer.language))
        self._folder.mkdir(exist_ok=True)
        (self._folder / f"{call_id}.ulaw").write_bytes(ulaw)
        return f"{FOLDER}/{call_id}.ulaw"
