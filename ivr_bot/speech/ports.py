"""What the bot asks of a recogniser and of a voice, in the bot's words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable

#: Samples a second on the telephone side, and so bytes a second of µ-law.
LINE_RATE = 8000
#: Active speech level of prompts. -23 dBFS keeps the peaks of speech (about 15 dB above) clear of the end of the scale.
SPEECH_DBFS = -23.0


class AnswerShape(StrEnum):
    """Whether a question has a list of answers or is answered in the caller's own words."""

    CLOSED = "closed"
    OPEN = "open"


def _takes_nothing(_text: str) -> object | None:
    return None


@dataclass(frozen=True, slots=True)
class Question:
    """What is listened for. `phrases` are the answers that can be given, as said ("yes", "ten", "call me later").

    `accepts` tells the value of a whole sentence, or None: it decides whether a second look is needed. It stays in the
    process that asks.
    """

    language: str
    phrases: tuple[str, ...] = ()
    kind: AnswerShape = AnswerShape.CLOSED
    accepts: Callable[[str], object | None] = field(default=_takes_nothing, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Utterance:
    """One stretch of speech as it came: µ-law, 8000 bytes a second.

    `before` is the line just before it, which a voice detector needs to settle; `snr_db` is speech over the line's
    noise, None where nobody measured it.
    """

    ulaw: bytes
    before: bytes = b""
    snr_db: float | None = None

    @property
    def seconds(self) -> float:
        return len(self.ulaw) / LINE_RATE


@dataclass(frozen=True, slots=True)
class Heard:
    """What a recogniser made of an utterance. `text` is empty where nothing that counts was heard.

    `confidence` is from 0 to 1; `engine` names recogniser and pass ("whisper/free"); `took` is wall time, waiting for
    a free recogniser included; `also` holds the other readings, for the record; `unknown_words` are words of the
    question's phrases that the model cannot hear.
    """

    text: str
    confidence: float
    engine: str
    took: timedelta
    also: tuple[str, ...] = ()
    unknown_words: tuple[str, ...] = ()


class Transcriber(Protocol):
    """Turns one utterance into text. Raises Unavailable when no recogniser can do it (keys or an operator can)."""

    async def transcribe(self, utterance: Utterance, question: Question) -> Heard: ...


class ListeningStream(Protocol):
    """One utterance while it is spoken. `finish` or `drop` must be called, or the recogniser stays taken.

    All raise Unavailable when the recogniser is gone: the stored utterance can still be transcribed by another.
    """

    async def feed(self, ulaw: bytes) -> str:
        """Take the next audio; return the text so far, which may still change."""
        ...

    async def finish(self) -> Heard:
        """There is no more audio: what was said."""
        ...

    async def drop(self) -> None:
        """Nobody wants the text."""
        ...


@runtime_checkable
class StreamingTranscriber(Transcriber, Protocol):
    """A recogniser that hears while the caller speaks: when he is silent, most of the work is done."""

    async def listen(self, question: Question) -> ListeningStream:
        """Begin to hear. Raises BadInput: another language; Unavailable, so when too many are heard already."""
        ...


class Speaker(Protocol):
    """Turns text into audio."""

    def identity(self, language: str) -> str:
        """Engine, version and voice: what, beside the text, decides how it sounds. Raises BadInput: no such voice."""
        ...

    async def speak(self, text: str, language: str) -> bytes:
        """µ-law, 8000 bytes a second, at the usual level. Raises BadInput or Unavailable."""
        ...

    async def close(self) -> None:
        """End what it keeps running; asked again, it speaks again."""
        ...
