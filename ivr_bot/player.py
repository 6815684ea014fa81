"""The bot's mouth in one call: prompts queued on the line, what of them was heard, and the rest after a false alarm."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from crm_core.errors import CrmError
from ivr_bot.dialog.actions import Play
from ivr_bot.dialog.pieces import Audio, Piece, Text
from ivr_bot.dialog.state import Dialog
from ivr_bot.media.ports import BYTES_PER_MS, CallMedia, Unheard
from ivr_bot.own_words import OwnWords
from ivr_bot.speech.prompts import NOW, Line, Part, Recording, wait_line

log = logging.getLogger(__name__)

#: So long the line may be silent for want of a prompt: then something else is said.
LONGEST_SILENCE = 0.5  # seconds
#: So long a prompt is waited for while others are played: the person is not listened to meanwhile.
RENDER_WITHIN = 2.0  # seconds


class PromptShelf(Protocol):
    """Where prompts are had from (speech.prompts.Prompts)."""

    async def audio(self, part: Part, rank: int = NOW) -> bytes:
        """µ-law of a part, rendered if it never was; the lowest rank first. Raises CrmError."""

    async def at_hand(self, part: Part) -> bytes | None:
        """µ-law of a part that is rendered already."""

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
    _sounds_until: float = 0.0  # of the loop's clock, if nothing stops it
    _own: OwnWords = field(init=False)

    def __post_init__(self) -> None:
        self._own = OwnWords(self.prompts, self.call.channel)

    @property
    def is_silent(self) -> bool:
        """Nothing is being played or about to be."""
        return not self._queue

    @property
    def is_deaf(self) -> bool:
        """What is being played is not to be interrupted."""
        return bool(self._queue) and not self._queue[0].barge_in

    def foresee(self, dialog: Dialog) -> None:
        """Have the person's own words ready before they are to be played."""
        self._own.foresee(dialog)

    def close(self) -> None:
        self._own.close()

    async def play(self, action: Play, language: str, node: str) -> None:
        """Queue the pieces; one that cannot be had in time is replaced."""
        for piece in action.pieces:
            async for said, ulaw in self._audio(piece, language):
                mark = str(next(self._marks))
                self._play(_Queued(mark, said, node, _seconds(ulaw), action.barge_in), ulaw)

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
        self._rest, self._sounds_until = stopped.unheard, 0.0
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
                self._play(_Queued(left.mark, before.text, before.node, seconds, before.barge_in), left.ulaw)

    def _play(self, queued: _Queued, ulaw: bytes) -> None:
        self._queue.append(queued)
        self._sounds_until = max(self._sounds_until, _clock()) + queued.seconds
        self.call.play(ulaw, queued.mark)

    async def _audio(self, piece: Piece, language: str) -> AsyncIterator[tuple[str, bytes]]:
        """What to play for a piece, with its words: the piece itself; where it is late, the same without the name, or a
        moment is asked for; at last the site's default."""
        part = self._part(piece)
        rendering = asyncio.create_task(self.prompts.audio(part), name="prompt")
        rendering.add_done_callback(_heeded)
        try:
            if await self._waited_for(rendering):
                yield _said(piece), rendering.result()
                return
            nameless = self._own.nameless(part) if isinstance(part, Line) else None
            if nameless is not None and (ulaw := await self.prompts.at_hand(nameless)) is not None:
                yield nameless.text, ulaw
                return
            wait = wait_line(language)
            is_silent = _clock() >= self._sounds_until
            if is_silent and not rendering.done() and (ulaw := await self.prompts.at_hand(wait)) is not None:
                yield wait.text, ulaw
                if await self._waited_for(rendering):
                    yield _said(piece), rendering.result()
                    return
        finally:
            rendering.cancel()
        ulaw, why = await self.prompts.for_call(part, language)
        log.warning("prompt missing", extra={"call_id": self.call.channel, "why": why})
        yield _said(piece), ulaw

    async def _waited_for(self, rendering: asyncio.Task[bytes]) -> bool:
        """Whether it is there before the line has been silent for too long."""
        left = max(0.0, self._sounds_until - _clock()) + LONGEST_SILENCE
        await asyncio.wait({rendering}, timeout=min(left, RENDER_WITHIN))
        if not rendering.done():
            return False
        if isinstance(fault := rendering.exception(), Exception) and not isinstance(fault, CrmError):
            raise fault
        return fault is None

    def _part(self, piece: Piece) -> Part:
        if isinstance(piece, Audio):
            return Recording(self.recordings / piece.path)
        return Line(piece.text, piece.language)


def _seconds(ulaw: bytes) -> float:
    return len(ulaw) / (BYTES_PER_MS * 1000)


def _said(piece: Piece) -> str:
    return piece.text if isinstance(piece, Text) else f"[{piece.path}]"


def _clock() -> float:
    return asyncio.get_running_loop().time()


def _heeded(task: asyncio.Task[bytes]) -> None:
    """Nobody waits for it any more: a fault in it is nobody's."""
    if not task.cancelled():
        task.exception()
