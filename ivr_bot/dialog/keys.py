"""Answers by the telephone's keys: what is offered, what is taken, what it means. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from ivr_bot.dialog.script import Ask, AskKind
from ivr_bot.dialog.spoken import said_value

#: Taken at every question: repeat it; a person (where 0 is no answer).
REPEAT_KEY, PERSON_KEY = "*", "0"

#: Its offer names the day that it is.
TOLD_BY_DAY = AskKind.DATE

_OFFERS: Mapping[AskKind, Mapping[str, str]] = {
    AskKind.YES_NO: {
        "en": "Press 1 for yes, 2 for no.",
        "ru": "Нажмите 1, если да, 2, если нет.",
        "uz": "Ha boʻlsa 1 ni, yoʻq boʻlsa 2 ni bosing.",
    },
    AskKind.NUMBER: {
        "en": "Please enter a number from {low} to {high} on the keys.",
        "ru": "Наберите на клавишах число от {low} до {high}.",
        "uz": "Tugmalarda {low} dan {high} gacha son tering.",
    },
    AskKind.DATE: {
        "en": "Please enter the day and the month on the keys, four digits. For example {date_example}.",
        "ru": "Наберите день и месяц, четыре цифры. Например, {date_example}.",
        "uz": "Kun va oyni toʻrt raqam bilan tering. Masalan, {date_example}.",
    },
    AskKind.TIME: {
        "en": "Please enter the hour and the minute on the keys, four digits. For example 0930.",
        "ru": "Наберите час и минуты, четыре цифры. Например, 0930.",
        "uz": "Soat va daqiqani toʻrt raqam bilan tering. Masalan, 0930.",
    },
    AskKind.WHEN: {
        "en": "Press 1 for in an hour, 2 for tomorrow at this time.",
        "ru": "Нажмите 1, если через час, 2, если завтра в это же время.",
        "uz": "Bir soatdan keyin boʻlsa 1 ni, ertaga shu vaqtda boʻlsa 2 ni bosing.",
    },
    AskKind.AMOUNT: {
        "en": "Please enter the amount on the keys.",
        "ru": "Наберите сумму на клавишах.",
        "uz": "Summani tugmalarda tering.",
    },
}
_OPTION: Mapping[str, str] = {"en": "Press {key} for {label}.", "ru": "{key}: {label}.", "uz": "{key}: {label}."}


def offer(ask: Ask, language: str, now: datetime) -> str:
    """How the question can be answered by keys, in words; empty for an open question."""
    if ask.kind is AskKind.CHOICE:
        template = _OPTION[language]
        return " ".join(template.format(key=o.key, label=o.phrases[language][0]) for o in ask.options)
    example = now.strftime("%d%m")
    return _OFFERS.get(ask.kind, {}).get(language, "").format(low=ask.low, high=ask.high, date_example=example)


def taken(ask: Ask) -> tuple[str, int]:
    """The keys a question takes and how many make an answer at most."""
    match ask.kind:
        case AskKind.YES_NO | AskKind.WHEN:
            return f"12{PERSON_KEY}{REPEAT_KEY}", 1
        case AskKind.CHOICE:
            return "".join(option.key for option in ask.options) + PERSON_KEY + REPEAT_KEY, 1
        case AskKind.FREE:
            return PERSON_KEY + REPEAT_KEY, 1
        case AskKind.NUMBER:
            return "0123456789" + REPEAT_KEY, len(str(ask.high))
        case AskKind.AMOUNT:
            return "0123456789" + REPEAT_KEY, 12
        case _:
            return "0123456789" + REPEAT_KEY, 4


def keyed(ask: Ask, digits: str, now: datetime) -> str | None:
    """The value that the digits stand for, as slots store it; None: no answer."""
    if not digits.isascii() or not digits.isdigit() or len(digits) > taken(ask)[1]:
        return None
    match ask.kind:
        case AskKind.YES_NO:
            return {"1": "yes", "2": "no"}.get(digits)
        case AskKind.CHOICE:
            return next((option.name for option in ask.options if option.key == digits), None)
        case AskKind.NUMBER | AskKind.AMOUNT:
            return str(int(digits))
        case AskKind.DATE:
            return _date(digits, now.date())
        case AskKind.TIME:
            return _time(digits)
        case AskKind.WHEN:
            spans = {"1": timedelta(hours=1), "2": timedelta(days=1)}
            return (now + spans[digits]).isoformat() if digits in spans else None
        case AskKind.FREE:
            return None


def expected(ask: Ask, language: str) -> tuple[str, ...]:
    """The phrases that answer a closed question, for a recogniser's grammar; empty where there are too many."""
    if ask.kind is AskKind.CHOICE:
        return tuple(phrase for option in ask.options for phrase in option.phrases[language])
    if ask.kind is AskKind.YES_NO:
        return tuple(said_value(value, AskKind.YES_NO, language) for value in ("yes", "no"))
    if ask.kind is AskKind.NUMBER and ask.low is not None and ask.high is not None and ask.high - ask.low <= 20:
        return tuple(str(value) for value in range(ask.low, ask.high + 1))
    return ()


def _date(digits: str, today: date) -> str | None:
    if len(digits) != 4:
        return None
    for year in (today.year, today.year + 1):
        try:
            found = date(year, int(digits[2:]), int(digits[:2]))
        except ValueError:
            continue
        if found >= today:
            return found.isoformat()
    return None


def _time(digits: str) -> str | None:
    try:
        return time(int(digits[:2]), int(digits[2:])).isoformat("minutes") if len(digits) == 4 else None
    except ValueError:
        return None
