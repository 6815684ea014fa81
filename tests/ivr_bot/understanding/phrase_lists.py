"""Lists of phrases, and what the rules make of each, in the words of the lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import yaml

from ivr_bot.understanding.answers import AnswerKind, Value, choose, global_intent, understand


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence, the kind of question it answers, and what it must be understood as (None: not at all)."""

    text: str
    kind: str
    language: str
    expected: bool | int | str | None

    def __str__(self) -> str:
        return f"{self.language}: {self.kind}: {self.text}"


@dataclass(frozen=True, slots=True)
class PhraseList:
    """The phrases, the instant they are all said at, and the options of every choice by language."""

    at: datetime
    options: Mapping[str, Mapping[str, Sequence[str]]]
    phrases: tuple[Phrase, ...]

    def found(self, phrase: Phrase) -> bool | int | str | None:
        """What the rules understand, written as `expected` is."""
        if phrase.kind == "intent":
            return global_intent(phrase.text, phrase.language)
        if phrase.kind == "choice":
            return choose(phrase.text, self.options[phrase.language], phrase.language)
        value = understand(phrase.text, AnswerKind(phrase.kind), phrase.language, self.at)
        return None if value is None else _written(value)


def read_phrases(name: str) -> PhraseList:
    """The list in that file of this folder."""
    read = yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    return PhraseList(
        at=datetime.fromisoformat(read["at"]),
        options=read["options"],
        phrases=tuple(Phrase(**entry) for entry in read["phrases"]),
    )


def _written(found: Value) -> bool | int | str:
    value = found.value
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes")
    if isinstance(value, time):
        return value.isoformat(timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value} {found.currency}" if found.currency else str(value)
    return value
