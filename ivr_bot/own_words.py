"""A person's own words, rendered before they are wanted: from the first moment of his call on, the soonest first.

What he hears first is rendered before his dial (first_words.py), all else here (docs/adr/0020).
"""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from crm_core.errors import CrmError
from ivr_bot.dialog.ahead import own_texts, without_name
from ivr_bot.dialog.pieces import Text
from ivr_bot.dialog.state import Dialog
from ivr_bot.speech.prompts import Line, Part

log = logging.getLogger(__name__)


class Renderer(Protocol):
    """What renders (speech.prompts.Prompts)."""

    async def audio(self, part: Part, rank: int) -> bytes: ...


class OwnWords:
    """Of one call."""

    def __init__(self, renderer: Renderer, call_id: str) -> None:
        self._renderer, self._call_id = renderer, call_id
        self._tried: set[Line] = set()
        self._dialog: Dialog | None = None
        self._task: asyncio.Task[None] | None = None

    def foresee(self, dialog: Dialog) -> None:
        """Render what may be said from here on. Again after each answer: more is known, and less can follow."""
        self.close()
        self._dialog = dialog
        self._task = asyncio.create_task(self._render(dialog), name=f"own words of {self._call_id}")

    def close(self) -> None:
        """Nobody will want what is not begun yet."""
        if self._task is not None:
            self._task.cancel()

    def nameless(self, line: Line) -> Line | None:
        """What can be said in place of a line of his: the same without his name. None: it does not name him."""
        if self._dialog is None:
            return None
        text = without_name(self._dialog, Text(line.text, line.language))
        return None if text is None else Line(text.text, text.language)

    async def _render(self, dialog: Dialog) -> None:
        """One after the other: a call that has just begun stands in line behind one of each, not behind all."""
        for own in own_texts(dialog):
            line = Line(own.text.text, own.text.language)
            if line in self._tried:
                continue
            self._tried.add(line)
            try:
                await self._renderer.audio(line, 1 + own.after)  # who is waited for goes before
            except CrmError as error:
                log.warning("own words not rendered", extra={"call_id": self._call_id, "why": str(error)})
