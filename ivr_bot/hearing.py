"""From an utterance to what the dialog is told: the recogniser of the language, and the intent where rules see none."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from crm_core.errors import CrmError
from ivr_bot.dialog.actions import Listen
from ivr_bot.dialog.answering import Answer, Unclear, meaning_of_words, needs_intent, possible_intents
from ivr_bot.dialog.heard import Fault, Said
from ivr_bot.dialog.script import Ask
from ivr_bot.dialog.state import Dialog
from ivr_bot.speech.live import LiveUtterance
from ivr_bot.speech.ports import AnswerShape, Heard, Question, StreamingTranscriber, Transcriber, Utterance

log = logging.getLogger(__name__)


class Intent(Protocol):
    """What a sentence is meant to be; `name` None: nothing that is asked for."""

    @property
    def intent(self) -> str | None: ...

    @property
    def confidence(self) -> float: ...


class Nlu(Protocol):
    """A model that sees intents where the rules see none. Raises Unavailable."""

    async def parse(self, text: str, language: str, among: Collection[str]) -> Intent: ...


@dataclass(frozen=True, slots=True)
class Spoken:
    """What was said, and which engine heard it; `unclear`: words, but none that mean anything at this question."""

    said: Said
    engine: str
    unclear: bool


@dataclass(frozen=True, slots=True)
class Missed:
    """Nothing that counts was heard; `fault` where a part of ours is to blame."""

    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Hearing:
    """The recognisers by language, and the intent model if there is one."""

    transcribers: Mapping[str, Transcriber]
    nlu: Nlu | None

    async def hear(self, utterance: Utterance, dialog: Dialog, listen: Listen, at: datetime) -> Spoken | Missed:
        """What the person said at this question; `at` is his local time."""
        ask, transcriber = self._asked(dialog, listen)
        if transcriber is None or ask is None:
            return Missed(Fault.RECOGNISER)
        try:
            heard = await transcriber.transcribe(utterance, _question(dialog, ask, listen, at))
        except CrmError as error:
            log.warning("recogniser gone", extra={"error": str(error)})
            return Missed(Fault.RECOGNISER)
        return await self.understood(heard, dialog, ask, at)

    def live(self, dialog: Dialog, listen: Listen, at: datetime) -> LiveHearing | None:
        """Hear what the person begins to say while he says it; None where the recogniser needs the whole."""
        ask, transcriber = self._asked(dialog, listen)
        if ask is None or not isinstance(transcriber, StreamingTranscriber):
            return None
        utterance = LiveUtterance(transcriber, _question(dialog, ask, listen, at))
        return LiveHearing(utterance, lambda heard: self.understood(heard, dialog, ask, at))

    async def understood(self, heard: Heard, dialog: Dialog, ask: Ask, at: datetime) -> Spoken | Missed:
        """What words mean at a question."""
        if not heard.text.strip():
            return Missed()
        said = Said(heard.text, heard.confidence, at)
        if needs_intent(dialog, ask, said):
            said = await self._with_intent(said, dialog.language, ask)
        return Spoken(said, heard.engine, isinstance(meaning_of_words(dialog, ask, said), Unclear))

    def _asked(self, dialog: Dialog, listen: Listen) -> tuple[Ask | None, Transcriber | None]:
        ask = dialog.script.nodes[listen.question]
        return ask if isinstance(ask, Ask) else None, self.transcribers.get(dialog.language)

    async def _with_intent(self, said: Said, language: str, ask: Ask) -> Said:
        if self.nlu is None:
            return said
        try:
            parsed = await self.nlu.parse(said.text, language, possible_intents(ask))
        except CrmError as error:  # the rules still understand answers
            log.warning("intent model gone", extra={"error": str(error)})
            return said
        return Said(said.text, said.confidence, said.at, parsed.intent, parsed.confidence)


class LiveHearing:
    """What a person is saying, understood while he says it."""

    def __init__(self, utterance: LiveUtterance, understood: Callable[[Heard], Awaitable[Spoken | Missed]]) -> None:
        self._utterance, self._understood = utterance, understood

    def feed(self, ulaw: bytes) -> None:
        """Take the next audio, beginning with the line just before the first word."""
        self._utterance.feed(ulaw)

    async def whole(self) -> Spoken | Missed:
        """Wait until what was said up to now means something at the question. Raises CrmError: it cannot be heard."""
        read: Spoken | Missed = Missed()
        async for text in self._utterance.texts():
            read = await self._understood(Heard(text, 1.0, "partial", timedelta()))
            if isinstance(read, Spoken) and not read.unclear:
                break
        return read

    async def finish(self) -> Spoken | Missed:
        """The person has said what he had to say. Raises CrmError: it could not be heard."""
        return await self._understood(await self._utterance.finish())

    def drop(self) -> None:
        """Nobody wants it."""
        self._utterance.drop()


def _question(dialog: Dialog, ask: Ask, listen: Listen, at: datetime) -> Question:
    def accepts(text: str) -> object | None:
        meaning = meaning_of_words(dialog, ask, Said(text, 1.0, at))
        if isinstance(meaning, Answer):
            return meaning.value  # however it was put
        return None if isinstance(meaning, Unclear) else meaning

    shape = AnswerShape.OPEN if listen.is_open else AnswerShape.CLOSED
    return Question(dialog.language, listen.expected, shape, accepts)
