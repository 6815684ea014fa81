"""What a sentence answers: yes or no, a number, a day, a time, when, an amount, one of several. Pure, and strict.

The whole sentence must be the answer. A negation, a second value, or a word that nobody expects: no answer at all, and
the bot asks again. Better that than a wrong yes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum

from ivr_bot.understanding.amounts import amount_of
from ivr_bot.understanding.choices import chosen
from ivr_bot.understanding.clock import time_of
from ivr_bot.understanding.days import day_of
from ivr_bot.understanding.figures import whole_number
from ivr_bot.understanding.intents import intent_of
from ivr_bot.understanding.whens import when_of
from ivr_bot.understanding.words import without, words_of
from ivr_bot.understanding.yes_no import yes_or_no

#: Around a number; "seven out of ten" is seven.
_AROUND: Mapping[str, frozenset[str]] = {
    "en": frozenset(
        "it is a an am i would say give think that be number points stars star rate rating my answer".split()
    ),
    "ru": frozenset(
        "это я бы поставил поставила сказал сказала поставлю ставлю оценка балл балла баллов думаю на цифра".split()
    ),
    "uz": frozenset("men bu ball baho beraman qoʻyaman deyman boʻladi".split()),
}
_OUT_OF: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "en": (("out", "of"), ("of",)),
    "ru": (("из",),),
    "uz": (),
}
_YES_NO_SMALL: Mapping[str, frozenset[str]] = {
    "en": frozenset("i think sir madam thanks thank you".split()),
    "ru": frozenset("спасибо думаю я".split()),
    "uz": frozenset("rahmat aka opa".split()),
}


class AnswerKind(StrEnum):
    """What is asked for."""

    YES_NO = "yes_no"
    NUMBER = "number"
    DATE = "date"
    TIME = "time"
    WHEN = "when"
    AMOUNT = "amount"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class Value:
    """An answer. WHEN is an aware instant in the caller's zone; `currency` (ISO 4217) where an amount names one."""

    kind: AnswerKind
    value: bool | int | Decimal | date | time | datetime | str
    currency: str | None = None


def understand(text: str, kind: AnswerKind, language: str, at: datetime) -> Value | None:
    """The answer to a question of this kind, or None. `at` is the caller's local time, aware."""
    words = words_of(text, language)
    if not words:
        return None
    found: bool | int | Decimal | date | time | datetime | str | None
    match kind:
        case AnswerKind.YES_NO:
            found = _yes_or_no(words, language)
        case AnswerKind.NUMBER:
            found = _number(words, language)
        case AnswerKind.DATE:
            found = day_of(words, language, at.date())
        case AnswerKind.TIME:
            found = time_of(words, language)
        case AnswerKind.WHEN:
            found = when_of(words, language, at)
        case AnswerKind.AMOUNT:
            amount = amount_of(words, language)
            return None if amount is None else Value(kind, *amount)
        case AnswerKind.FREE:
            found = text.strip()
    return None if found is None else Value(kind, found)


def choose(text: str, options: Mapping[str, Sequence[str]], language: str) -> str | None:
    """The option one of whose phrases is said; None where none is, or more than one."""
    return chosen(text, options, language)


def global_intent(text: str, language: str) -> str | None:
    """What a person may say at any question, where the whole sentence says it."""
    return intent_of(text, language)


def _yes_or_no(words: Sequence[str], language: str) -> bool | None:
    found = yes_or_no(words, language)
    if found is None:
        rest = without(words, _YES_NO_SMALL.get(language, frozenset()))
        return yes_or_no(rest, language) if rest else None
    return found


def _number(words: Sequence[str], language: str) -> int | None:
    for mark in _OUT_OF.get(language, ()):
        for at in range(1, len(words) - len(mark)):
            if tuple(words[at : at + len(mark)]) == mark:
                score, most = _plain(words[:at], language), _plain(words[at + len(mark) :], language)
                return score if score is not None and most is not None and score <= most else None
    return _plain(words, language)


def _plain(words: Sequence[str], language: str) -> int | None:
    if len(words) > 1 and len(set(words)) == 1 and (whole_number(words[:1], language) or 0) in range(11):
        words = words[:1]  # a recogniser repeats a short word: "three three" is three
    exact = whole_number(words, language)
    return exact if exact is not None else whole_number(without(words, _AROUND.get(language, frozenset())), language)
