"""One utterance heard while it is spoken: audio goes to the recogniser as it comes, and nobody waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from crm_core.errors import CrmError
from ivr_bot.speech.ports import LINE_RATE, Heard, ListeningStream, Question, StreamingTranscriber

#: Given at once: a recogniser's own steps are no shorter, and each message costs both processes.
_PIECE_BYTES = LINE_RATE // 5


class LiveUtterance:
    """`feed` it; then `finish` or `drop` it."""

    def __init__(self, transcriber: StreamingTranscriber, question: Question) -> None:
        self._audio = bytearray()  # not given yet
        self._fed = self._heard = 0  # bytes
        self._wanted = 0  # up to this place audio is given at once
        self._text = ""
        self._ends = self._over = False
        self._more, self._changed = asyncio.Event(), asyncio.Event()
        self._task = asyncio.create_task(self._listen(transcriber, question), name="hear while he speaks")
        self._task.add_done_callback(_heeded)

    def feed(self, ulaw: bytes) -> None:
        """Take the next audio."""
        self._audio += ulaw
        self._fed += len(ulaw)
        self._more.set()

    async def texts(self) -> AsyncIterator[str]:
        """What was said up to now, and each other text that comes of it from now on. Raises CrmError."""
        self._wanted = self._fed
        self._more.set()
        last: str | None = None
        while True:
            if self._over:
                await self._task
                return
            if self._heard >= self._wanted and self._text != last:
                last = self._text
                yield last
                continue
            self._changed.clear()
            await self._changed.wait()

    async def finish(self) -> Heard:
        """All audio was given: what was said. Raises CrmError: the stored utterance can be transcribed."""
        self._ends = True
        self._more.set()
        return await self._task

    def drop(self) -> None:
        """Nobody wants the text."""
        self._task.cancel()

    async def _listen(self, transcriber: StreamingTranscriber, question: Question) -> Heard:
        stream: ListeningStream | None = None
        try:
            stream = await transcriber.listen(question)
            while await self._is_more():
                piece, self._audio = bytes(self._audio), bytearray()
                self._text = await stream.feed(piece)
                self._heard += len(piece)
                self._changed.set()
            ended, stream = stream, None
            return await ended.finish()
        finally:
            self._over = True
            self._changed.set()
            if stream is not None:
                with suppress(CrmError):  # it is gone: so is what it heard
                    await stream.drop()

    async def _is_more(self) -> bool:
        """Wait for audio to give; False once all was given."""
        while not self._is_due():
            if self._ends:
                return bool(self._audio)
            self._more.clear()
            await self._more.wait()
        return True

    def _is_due(self) -> bool:
        return len(self._audio) >= _PIECE_BYTES or (bool(self._audio) and self._heard < self._wanted)


def _heeded(task: asyncio.Task[Heard]) -> None:
    """A fault in what was dropped is nobody's."""
    if not task.cancelled():
        task.exception()
