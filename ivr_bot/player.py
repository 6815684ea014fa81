"""The bot's mouth in one call: prompts queued on the line, what of them was heard, and the rest after a false alarm."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from crm_core.errors import CrmError
from ivr_bot.dialog.actions import Play
from ivr_bot.dialog.pieces import Audio, Piece, Text
from ivr_bot.media.ports import BYTES_PER_MS, CallMedia, Unheard
from ivr_bot.speech.prompts import Line, Part, Recording

log = logging.getLogger(__name__)

#: A lead's own words are rendered when they are first wanted: so long a person waits for them at most.
RENDER_WITHIN = 2.0  # seconds


class PromptShelf(Protocol):
    """Where prompts are had from (speech.prompts.Prompts)."""

    async def audio(self, part: Part) -> bytes:
        """µ-law of a part, rendered now if it never was. Raises CrmError."""

    async def for_call(self, part: Part, language: str) -> tuple[bytes, str | None]:
        """What is at hand now, the part or the default in its place; and what was wrong with the part."""


@dataclass(frozen=True, slots=True)
class _Queued:
    mark: str
    text: str
    node: str
    seconds: float
    barge_in: bool


@dataclass(slots=True)
class Player:
    """Prompts of one call. `recordings` is the folder of the scripts' recorded audio."""

    call: CallMedia
    prompts: PromptShelf
    recordings: Path
    _queue: deque[_Queued] = field(default_factory=deque)
    _stopped: dict[str, _Queued] = field(default_factory=dict)
    _rest: tuple[Unheard, ...] = ()
    _marks: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def is_silent(self) -> bool:
        """Nothing is being played or about to be."""
        return not self._queue

    @property
    def is_deaf(self) -> bool:
        """What is being played is not to be interrupted."""
        return bool(self._queue) and not self._queue[0].barge_in

    async def play(self, action: Play, language: str, node: str) -> None:
        """Queue the pieces; one that cannot be had is replaced by the site's default words."""
        for piece in action.pieces:
            ulaw = await self._audio(piece, language)
            mark = str(next(self._marks))
            said = piece.text if isinstance(piece, Text) else f"[{piece.path}]"
            self._queue.append(_Queued(mark, said, node, _seconds(ulaw), action.barge_in))
            self.call.play(ulaw, mark)

    def played(self, mark: str) -> list[tuple[str, str, float]]:
        """A prompt was played to its end: its words, its node, its seconds."""
        ended = []
        while self._queue and any(queued.mark == mark for queued in self._queue):
            one = self._queue.popleft()
            ended.append((one.text, one.node, one.seconds))
        return ended

    async def interrupt(self) -> list[tuple[str, str, float]]:
        """Silence at once; what was heard of the prompt that was stopped, as `played` tells it."""
        stopped = await self.call.stop_playing()
        queued, self._queue = list(self._queue), deque()
        self._stopped = {one.mark: one for one in queued}
        self._rest = stopped.unheard
        heard = stopped.played_ms / 1000
        return [(queued[0].text, queued[0].node, heard)] if queued and heard > 0 else []

    def take_rest(self) -> tuple[Unheard, ...]:
        """What was left when playing was interrupted; asked again, nothing."""
        rest, self._rest = self._rest, ()
        return rest

    def resume(self, rest: Sequence[Unheard]) -> None:
        """Play on where it was stopped."""
        for left in rest:
            if (before := self._stopped.get(left.mark)) is not None:
                seconds = _seconds(left.ulaw)
                self._queue.append(_Queued(left.mark, before.text, before.node, seconds, before.barge_in))
                self.call.play(left.ulaw, left.mark)

    async def _audio(self, piece: Piece, language: str) -> bytes:
        part = self._part(piece)
        try:
            async with asyncio.timeout(RENDER_WITHIN):
                return await self.prompts.audio(part)
        except (CrmError, TimeoutError) as error:
            log.warning("prompt missing", extra={"call_id": self.call.channel, "why": repr(error)})
        ulaw, _ = await self.prompts.for_call(part, language)
        return ulaw

    def _part(self, piece: Piece) -> Part:
        if isinstance(piece, Audio):
            return Recording(self.recordings / piece.path)
        return Line(piece.text, piece.language)


def _seconds(ulaw: bytes) -> float:
    return len(ulaw) / (BYTES_PER_MS * 1000)
