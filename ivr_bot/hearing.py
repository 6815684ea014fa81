"""From an utterance to what the dialog is told: the recogniser of the language, and the intent where rules see none."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from crm_core.errors import CrmError
from ivr_bot.dialog.actions import Listen
from ivr_bot.dialog.answering import Unclear, meaning_of_words, needs_intent, possible_intents
from ivr_bot.dialog.heard import Fault, Said
from ivr_bot.dialog.script import Ask
from ivr_bot.dialog.state import Dialog
from ivr_bot.speech.ports import AnswerShape, Question, Transcriber, Utterance

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
        ask = dialog.script.nodes[listen.question]
        transcriber = self.transcribers.get(dialog.language)
        if transcriber is None or not isinstance(ask, Ask):
            return Missed(Fault.RECOGNISER)

        def accepts(text: str) -> object | None:
            meaning = meaning_of_words(dialog, ask, Said(text, 1.0, at))
            return None if isinstance(meaning, Unclear) else meaning

        shape = AnswerShape.OPEN if listen.is_open else AnswerShape.CLOSED
        try:
            heard = await transcriber.transcribe(utterance, Question(dialog.language, listen.expected, shape, accepts))
        except CrmError as error:
            log.warning("recogniser gone", extra={"error": str(error)})
            return Missed(Fault.RECOGNISER)
        if not heard.text.strip():
            return Missed()
        said = Said(heard.text, heard.confidence, at)
        if needs_intent(dialog, ask, said):
            said = await self._with_intent(said, dialog.language, ask)
        return Spoken(said, heard.engine, isinstance(meaning_of_words(dialog, ask, said), Unclear))

    async def _with_intent(self, said: Said, language: str, ask: Ask) -> Said:
        if self.nlu is None:
            return said
        try:
            parsed = await self.nlu.parse(said.text, language, possible_intents(ask))
        except CrmError as error:  # the rules still understand answers
            log.warning("intent model gone", extra={"error": str(error)})
            return said
        return Said(said.text, said.confidence, said.at, parsed.intent, parsed.confidence)
