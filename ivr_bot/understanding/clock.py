"""Times of day: five o'clock, half past six, без четверти семь, soat besh yarim, 17:30."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time

from ivr_bot.understanding.figures import figure, whole_number
from ivr_bot.understanding.words import phrases, without

#: An hour without more said is one of the day: nobody asks to be called at three in the night.
_FIRST_HOUR_OF_DAY = 8
_SMALL: Mapping[str, frozenset[str]] = {
    "en": frozenset(
        "at about around by after the in oclock hours from it is would be let us say exactly sharp".split()
    ),
    "ru": frozenset("в во около после к с часов часа час ровно примерно где-то часам часу".split()),
    "uz": frozenset("soat soatlarda keyin atrofida da larda larga boʻladi".split()),
}
_PARTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        **dict.fromkeys(("am", "morning", "a.m"), "early"),
        **dict.fromkeys(("pm", "afternoon", "evening", "p.m", "night"), "late"),
    },
    "ru": {
        **dict.fromkeys(("утра", "утром"), "early"),
        **dict.fromkeys(("дня", "вечера", "днем", "вечером"), "late"),
    },
    "uz": {
        **dict.fromkeys(("ertalab", "ertalabki", "tongda", "tonggi"), "early"),
        **dict.fromkeys(("kechki", "kechqurun", "kunduzi", "kunduzgi", "tushdan"), "late"),
    },
}
_NAMED: Mapping[str, tuple[tuple[tuple[tuple[str, ...], ...], time], ...]] = {
    "en": (
        (phrases("noon", "midday", "at noon", "at midday"), time(12)),
        (phrases("in the morning", "morning"), time(10)),
        (phrases("in the afternoon", "afternoon", "after lunch"), time(14)),
        (phrases("in the evening", "evening", "this evening", "tonight"), time(18)),
    ),
    "ru": (
        (phrases("в полдень", "полдень", language="ru"), time(12)),
        (phrases("в час", "в час дня", "час дня", language="ru"), time(13)),
        (phrases("утром", "с утра", language="ru"), time(10)),
        (phrases("днем", "после обеда", language="ru"), time(14)),
        (phrases("вечером", language="ru"), time(18)),
    ),
    "uz": (
        (phrases("tushda", "peshinda", language="uz"), time(12)),
        (phrases("ertalab", language="uz"), time(10)),
        (phrases("tushdan keyin", "kunduzi", language="uz"), time(14)),
        (phrases("kechqurun", language="uz"), time(18)),
    ),
}
#: Of the hour to come, in the genitive: "половина шестого" is half past five.
_RU_OF = {
    form: hour
    for hour, form in enumerate(
        "первого второго третьего четвертого пятого шестого седьмого восьмого девятого десятого одиннадцатого "
        "двенадцатого".split(),
        1,
    )
}
_QUARTER = {"en": "quarter", "ru": "четверть"}


def time_of(words: Sequence[str], language: str) -> time | None:
    """The time of day that all the words together say."""
    if language not in _PARTS or not words:
        return None
    for named, at in _NAMED[language]:
        if tuple(words) in named:
            return at
    part, said = _part_of_day(words, language)
    if part is None or _is_span(words, language):
        return None
    hour_and_minute = _clock(without(said, _SMALL[language]), language)
    if hour_and_minute is None:
        return None
    return _of_day(*hour_and_minute, part)


def _part_of_day(words: Sequence[str], language: str) -> tuple[str | None, tuple[str, ...]]:
    """Early, late or not said ("") and the other words; None: both said."""
    said = tuple(part for word in words for part in _apart(word))
    found = {_PARTS[language][word] for word in said if word in _PARTS[language]}
    part = None if len(found) > 1 else "".join(found)
    return part, tuple(word for word in said if word not in _PARTS[language])


def _is_span(words: Sequence[str], language: str) -> bool:
    """From one time to another, or a length of time: "from five to six", "in five", "ikki soat"."""
    if language == "en":
        return {"from", "to"} <= set(words) or (words[0] == "in" and words[1:2] != ("the",))
    return language == "uz" and words[-1] == "soat"


def _apart(word: str) -> tuple[str, ...]:
    """5pm is two words."""
    for suffix in ("am", "pm"):
        if word.endswith(suffix) and word.removesuffix(suffix).replace(":", "").isdecimal():
            return word.removesuffix(suffix), suffix
    return (word,)


def _clock(said: tuple[str, ...], language: str) -> tuple[int, int] | None:
    """Hour and minute, as said."""
    if not said:
        return None
    if len(said) == 1 and (written := _written(said[0])) is not None:
        return written
    match language:
        case "en":
            return _english(said)
        case "ru":
            return _russian(said)
        case _:
            return _uzbek(said)


def _english(said: tuple[str, ...]) -> tuple[int, int] | None:
    for word, before in (("past", False), ("to", True)):
        if word in said:
            at = said.index(word)
            minutes, hour = _minutes(said[:at]), whole_number(said[at + 1 :], "en")
            if minutes is None or hour is None:
                return None
            return ((hour - 1) % 24, 60 - minutes) if before else (hour, minutes)
    return _two_numbers(said, "en")


def _minutes(words: tuple[str, ...]) -> int | None:
    plain = tuple(word for word in words if word not in ("a", "minutes", "minute"))
    if plain == ("half",):
        return 30
    return 15 if plain == ("quarter",) else whole_number(plain, "en")


def _russian(said: tuple[str, ...]) -> tuple[int, int] | None:
    first, rest = said[0], tuple(word for word in said[1:] if word not in ("минут", "минуты", "минута"))
    if first.startswith("пол") and first[3:] in _RU_OF:
        return (_RU_OF[first[3:]] - 1, 30) if not rest else None
    if first in ("половина", "половину", "половине", "пол") and len(rest) == 1 and rest[0] in _RU_OF:
        return _RU_OF[rest[0]] - 1, 30
    if first == "четверть" and len(rest) == 1 and rest[0] in _RU_OF:
        return _RU_OF[rest[0]] - 1, 15
    if first == "без":
        for end in range(1, len(rest)):
            minutes = 15 if rest[:end] == ("четверти",) else whole_number(rest[:end], "ru")
            hour = whole_number(rest[end:], "ru")
            if minutes is not None and hour is not None and 0 < minutes < 60:
                return (hour - 1) % 24, 60 - minutes
        return None
    found = _two_numbers((first, *rest), "ru")
    is_span = found is not None and found[1] == 0 and len(rest) < len(said) - 1  # "five minutes" is no hour
    return None if is_span else found


def _uzbek(said: tuple[str, ...]) -> tuple[int, int] | None:
    plain = tuple(_without_case(word) for word in said if word not in ("daqiqa", "minut"))
    if len(plain) > 1 and plain[-1] == "yarim":
        hour = whole_number(plain[:-1], "uz")
        return None if hour is None else (hour, 30)
    found = _two_numbers(plain, "uz")
    is_span = found is not None and found[1] == 0 and len(plain) < len(said)  # "five minutes" is no hour
    return None if is_span else found


def _without_case(word: str) -> str:
    for suffix in ("larda", "dan", "da", "ga"):
        if word.endswith(suffix) and len(word) > len(suffix) + 1:
            return word.removesuffix(suffix).rstrip("-")
    return word


def _two_numbers(said: tuple[str, ...], language: str) -> tuple[int, int] | None:
    """An hour, or an hour and minutes: "ten thirty"."""
    alone = whole_number(said, language)
    if alone is not None and alone <= 24:
        return alone, 0
    for end in range(1, len(said)):
        hour, minute = whole_number(said[:end], language), whole_number(said[end:], language)
        if hour is not None and minute is not None and hour <= 24 and 10 <= minute < 60:
            return hour, minute
    return None


def _written(word: str) -> tuple[int, int] | None:
    for sign in (":", "."):
        hour, found, minute = word.partition(sign)
        if found and hour.isdecimal() and minute.isdecimal() and len(minute) == 2 and len(hour) <= 2:
            return int(hour), int(minute)
    number = figure(word)
    if number is not None and len(word) == 4 and word.isdecimal():
        return number // 100, number % 100
    return None


def _of_day(hour: int, minute: int, part: str) -> time | None:
    if part == "early" and hour > 12:
        return None
    if hour == 24:
        hour = 0
    if not 0 <= hour <= 23 or not 0 <= minute <= 59:
        return None
    if part == "late" and hour < 12:
        hour += 12
    elif part == "early" and hour == 12:
        hour = 0
    elif part == "" and 0 < hour < _FIRST_HOUR_OF_DAY:
        hour += 12
    return time(hour, minute)
