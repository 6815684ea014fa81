"""What a person's words or keys mean at a question. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeAlias

from ivr_bot.dialog.at_any_time import GLOBAL_INTENTS, HOLD_ON, REPEAT, SAME_AS
from ivr_bot.dialog.heard import Pressed, Said
from ivr_bot.dialog.keys import PERSON_KEY, REPEAT_KEY, keyed, taken
from ivr_bot.dialog.script import Ask, AskKind
from ivr_bot.dialog.state import Dialog
from ivr_bot.understanding.answers import AnswerKind, choose, global_intent, understand

#: Below these, what was heard is not trusted.
MIN_CONFIDENCE = 0.3
MIN_INTENT_CONFIDENCE = 0.6
#: These end the call, and an answer often sounds like them: a model must be this sure of them.
_ENDING = ("complaint", "insult")
MIN_ENDING_CONFIDENCE = 0.9
#: At an open question they are what is told, not a wish; a whole sentence that the rules know still counts.
_TOLD = (*_ENDING, "not_the_person", "wrong_number")
#: A longer answer to an open question is an answer, whatever wish an intent model sees in it.
MAX_WISH_WORDS = 6
#: Who says the same once more, in plain words, when asked whether he means it, means it.
_INSISTED = ("any.wrong_number", "any.do_not_call")


@dataclass(frozen=True, slots=True)
class Answer:
    """`value` as slots store it."""

    value: str
    raw: str


@dataclass(frozen=True, slots=True)
class Wish:
    """Something other than an answer: the node's own intent, or one that is possible anywhere."""

    intent: str


@dataclass(frozen=True, slots=True)
class Unclear:
    pass


Meaning: TypeAlias = Answer | Wish | Unclear


def possible_intents(ask: Ask) -> frozenset[str]:
    """What an intent model may say of an answer to this question: all else is not understood."""
    answers = ("yes", "no") if ask.kind is AskKind.YES_NO else ()
    anywhere = {*GLOBAL_INTENTS, *SAME_AS, REPEAT, HOLD_ON} - set(_TOLD if ask.kind is AskKind.FREE else ())
    return frozenset((*anywhere, *ask.intents, *answers))


def needs_intent(dialog: Dialog, ask: Ask, said: Said) -> bool:
    """Whether an intent model is asked: at open questions, and where the rules see nothing."""
    return ask.kind is AskKind.FREE or isinstance(meaning_of_words(dialog, ask, said), Unclear)


def meaning_of_keys(dialog: Dialog, ask: Ask, pressed: Pressed) -> Meaning:
    """Keys at a question: an answer, repeat, a person, or nothing."""
    if pressed.digits == REPEAT_KEY:
        return Wish(REPEAT)
    allowed, _ = taken(ask)
    is_closed_by_one_key = ask.kind in (AskKind.YES_NO, AskKind.WHEN, AskKind.CHOICE, AskKind.FREE)
    if pressed.digits == PERSON_KEY and is_closed_by_one_key and PERSON_KEY in allowed:
        return Wish("operator")
    value = keyed(ask, pressed.digits, dialog.now)
    return Answer(value, pressed.digits) if value is not None and allows(ask, value, dialog.now) else Unclear()


def meaning_of_words(dialog: Dialog, ask: Ask, said: Said) -> Meaning:
    """Words at a question: a choice's own phrases, then sure wishes, then the answer, then an intent model's guess."""
    if said.confidence < MIN_CONFIDENCE:
        return Unclear()
    if ask.kind is AskKind.CHOICE:
        chosen = _chosen(ask, said.text, dialog.language)
        if chosen:
            return Answer(chosen, said.text)
    wish = global_intent(said.text, dialog.language)
    if wish is not None and _known(dialog, ask, wish) and not _is_answered_here(dialog, ask, wish):
        return Wish(wish if wish in ask.intents else _plain(wish))
    if ask.kind is not AskKind.FREE:
        value = value_in(ask, said.text, dialog.language, said.at)
        if value is not None:
            return Answer(value, said.text)
    if wish is not None and ask.name in _INSISTED and _is_answered_here(dialog, ask, wish):
        return Answer("yes", said.text)
    return _by_intent(dialog, ask, said)


def value_in(ask: Ask, text: str, language: str, at: datetime) -> str | None:
    """The value a closed question finds in a text, as slots store it; None: none, or one that is not allowed."""
    if ask.kind is AskKind.CHOICE:
        return _chosen(ask, text, language)
    found = understand(text, AnswerKind(ask.kind.value), language, at)
    if found is None:
        return None
    value = stored(found.value, at)
    return value if allows(ask, value, at) else None


def stored(value: bool | int | Decimal | date | time | datetime | str, at: datetime) -> str:
    """A value as slots hold it: yes or no, digits, or ISO; an instant without a zone is the person's, as `at` is."""
    match value:
        case bool():
            return "yes" if value else "no"
        case time():
            return value.isoformat("minutes")
        case datetime():
            return (value if value.tzinfo else value.replace(tzinfo=at.tzinfo)).isoformat()
        case date():
            return value.isoformat()
        case Decimal():
            return format(value.normalize(), "f")
        case _:
            return str(value)


def allows(ask: Ask, value: str, now: datetime) -> bool:
    """Whether a question takes the value: numbers within limits, dates from today on, call-backs in time to come."""
    match ask.kind:
        case AskKind.NUMBER:
            whole = value.lstrip("-").isdecimal()
            return whole and (ask.low is None or ask.low <= int(value)) and (ask.high is None or int(value) <= ask.high)
        case AskKind.DATE:
            last = timedelta(days=ask.within_days if ask.within_days is not None else 366)
            return now.date() <= date.fromisoformat(value) <= now.date() + last
        case AskKind.WHEN:
            return now < datetime.fromisoformat(value) <= now + timedelta(days=366)
        case _:
            return True


def _chosen(ask: Ask, text: str, language: str) -> str | None:
    return choose(text, {option.name: option.phrases[language] for option in ask.options}, language)


def _plain(intent: str) -> str:
    return SAME_AS.get(intent, intent)


def _is_answered_here(dialog: Dialog, ask: Ask, intent: str) -> bool:
    """The wish leads to the question that is open: asking it once more would help nobody."""
    return intent not in ask.intents and dialog.script.at_any_time.get(_plain(intent)) == ask.name


def _known(dialog: Dialog, ask: Ask, intent: str) -> bool:
    return intent in ask.intents or _plain(intent) in (REPEAT, HOLD_ON) or _plain(intent) in dialog.script.at_any_time


def _by_intent(dialog: Dialog, ask: Ask, said: Said) -> Meaning:
    ends = said.intent in _ENDING and said.intent not in ask.intents
    sure = MIN_ENDING_CONFIDENCE if ends else MIN_INTENT_CONFIDENCE
    intent = said.intent if said.intent_confidence >= sure else None
    is_long = len(said.text.split()) > MAX_WISH_WORDS
    is_wish = intent is not None and _known(dialog, ask, intent) and not _is_answered_here(dialog, ask, intent)
    if intent and is_wish and not (ask.kind is AskKind.FREE and is_long):
        return Wish(intent if intent in ask.intents else _plain(intent))
    if ask.kind is AskKind.YES_NO and intent in ("yes", "no"):
        return Answer(intent, said.text)
    return Answer(said.text.strip(), said.text) if ask.kind is AskKind.FREE else Unclear()
