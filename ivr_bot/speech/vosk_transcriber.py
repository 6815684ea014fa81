"""Vosk as the bot asks it: hears while the caller speaks, or a stored utterance.

A stream keeps to one worker process, so what is said is decoded once, while it is said: at its end 0.02 CPU seconds are
left instead of 0.05 to 0.15 for each second of speech.
"""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import timedelta
from itertools import count

from crm_core.errors import BadInput, CrmError
from ivr_bot.speech.ports import AnswerShape, Heard, Question, Utterance
from ivr_bot.speech.vosk_stt import UNKNOWN, Drop, Feed, Final, Finish, Grammar, Open, ReadWhole
from ivr_bot.speech.workers import WorkerPool

_STREAM_NUMBERS = count()


class VoskStream:
    """One utterance while it is spoken, in one worker."""

    def __init__(self, pool: WorkerPool) -> None:
        """Take a worker. Raises RecogniserBusy, RecogniserGone."""
        self._pool = pool
        self._worker = pool.pin()
        self._number = next(_STREAM_NUMBERS)
        self.unknown_words: tuple[str, ...] = ()

    async def open(self, grammar: Grammar) -> None:
        """Raises RecogniserGone; then, and when cancelled, the stream is over."""
        try:
            self.unknown_words = tuple(await self._pool.ask_pinned(self._worker, Open(self._number, grammar)))
        except BaseException:
            with suppress(CrmError):  # gone, or too busy to say that it heard
                await self.drop()
            raise

    async def feed(self, ulaw: bytes) -> str:
        """Give the next audio; the text so far. Raises RecogniserGone: transcribe the stored utterance then."""
        return str(await self._pool.ask_pinned(self._worker, Feed(self._number, ulaw)))

    async def finish(self) -> Heard:
        began = time.monotonic()
        try:
            final: Final = await self._pool.ask_pinned(self._worker, Finish(self._number))
        finally:
            self._pool.unpin(self._worker)
        return _heard(final, began, "vosk/stream")

    async def drop(self) -> None:
        """Nobody wants the text: the recogniser goes back."""
        self._pool.unpin(self._worker)  # whoever comes next is answered after this
        await self._pool.ask_pinned(self._worker, Drop(self._number))


class VoskTranscriber:
    """One model, one language. A grammar forces a choice: foreign words are heard as an answer."""

    def __init__(self, pool: WorkerPool, language: str, *, grammars: bool = True) -> None:
        self._pool = pool
        self._language = language
        self._grammars = grammars

    async def transcribe(self, utterance: Utterance, question: Question) -> Heard:
        """Read a stored utterance. Raises BadInput: another language; Unavailable."""
        began = time.monotonic()
        final: Final = await self._pool.run(ReadWhole(utterance.ulaw, self._grammar(question)))
        return _heard(final, began, "vosk/grammar" if self._grammar(question) else "vosk/free")

    async def listen(self, question: Question) -> VoskStream:
        """Begin to hear. Raises as `transcribe`."""
        grammar = self._grammar(question)
        stream = VoskStream(self._pool)
        await stream.open(grammar)
        return stream

    def _grammar(self, question: Question) -> Grammar:
        if question.language != self._language:
            raise BadInput("language", f"this model hears {self._language!r}, not {question.language!r}")
        free = question.kind is AnswerShape.OPEN or not self._grammars
        return () if free else tuple(phrase.lower() for phrase in question.phrases)


def _heard(final: Final, began: float, engine: str) -> Heard:
    text = "" if set(final.text.split()) <= {UNKNOWN} else final.text
    took = timedelta(seconds=time.monotonic() - began)
    return Heard(text, final.confidence if text else 0.0, engine, took, unknown_words=final.unknown_words)
