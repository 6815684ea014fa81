"""Days: today, tomorrow, on Friday, in a week, the fifth of December, 5.12; always one to come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from ivr_bot.understanding.figures import whole_number
from ivr_bot.understanding.words import phrases, without

_NEAR: Mapping[str, Mapping[tuple[str, ...], int]] = {
    "en": {("today",): 0, ("tomorrow",): 1, ("after", "tomorrow"): 2, ("tonight",): 0},
    "ru": {("сегодня",): 0, ("завтра",): 1, ("послезавтра",): 2},
    "uz": {("bugun",): 0, ("ertaga",): 1, ("indin",): 2, ("indinga",): 2},
}


def _numbered(text: str, start: int = 0) -> dict[str, int]:
    return {form: start + n for n, forms in enumerate(text.split()) for form in forms.split("/")}


_WEEKDAYS: Mapping[str, Mapping[str, int]] = {
    "en": _numbered(
        "monday/mondays tuesday/tuesdays wednesday/wednesdays thursday/thursdays friday/fridays saturday/saturdays "
        "sunday/sundays"
    ),
    "ru": _numbered(
        "понедельник/понедельника/понедельнику вторник/вторника/вторнику среда/среду/среды четверг/четверга/четвергу "
        "пятница/пятницу/пятницы суббота/субботу/субботы воскресенье/воскресенья/воскресенью"
    ),
    "uz": _numbered(
        "dushanba/dushanbada/dushanbaga seshanba/seshanbada/seshanbaga chorshanba/chorshanbada/chorshanbaga "
        "payshanba/payshanbada/payshanbaga juma/jumada/jumaga shanba/shanbada/shanbaga "
        "yakshanba/yakshanbada/yakshanbaga"
    ),
}
_MONTHS: Mapping[str, Mapping[str, int]] = {
    "en": _numbered(
        "january/jan february/feb march/mar april/apr may june/jun july/jul august/aug september/sep/sept october/oct "
        "november/nov december/dec",
        1,
    ),
    "ru": _numbered(
        "январь/января февраль/февраля март/марта апрель/апреля май/мая июнь/июня июль/июля август/августа "
        "сентябрь/сентября октябрь/октября ноябрь/ноября декабрь/декабря",
        1,
    ),
    "uz": _numbered(
        "yanvar/yanvarda fevral/fevralda mart/martda aprel/aprelda may/mayda iyun/iyunda iyul/iyulda avgust/avgustda "
        "sentabr/sentyabr/sentabrda oktabr/oktyabr/oktabrda noyabr/noyabrda dekabr/dekabrda",
        1,
    ),
}
_ORDINALS: Mapping[str, Mapping[str, int]] = {
    "en": _numbered(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
        "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth",
        1,
    )
    | {"thirtieth": 30},
    "ru": _numbered(
        "первое/первого второе/второго третье/третьего четвертое/четвертого пятое/пятого шестое/шестого "
        "седьмое/седьмого восьмое/восьмого девятое/девятого десятое/десятого одиннадцатое/одиннадцатого "
        "двенадцатое/двенадцатого тринадцатое/тринадцатого четырнадцатое/четырнадцатого пятнадцатое/пятнадцатого "
        "шестнадцатое/шестнадцатого семнадцатое/семнадцатого восемнадцатое/восемнадцатого "
        "девятнадцатое/девятнадцатого двадцатое/двадцатого",
        1,
    )
    | {"тридцатое": 30, "тридцатого": 30},
    "uz": _numbered(
        "birinchi ikkinchi uchinchi toʻrtinchi beshinchi oltinchi yettinchi sakkizinchi toʻqqizinchi oʻninchi", 1
    )
    | {"yigirmanchi": 20, "oʻttizinchi": 30},
}
_SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "en": ("st", "nd", "rd", "th"),
    "ru": ("-го", "-е", "-ого", "го", "е"),
    "uz": ("-chi", "-inchi", "chi"),
}
_SMALL: Mapping[str, frozenset[str]] = {
    "en": frozenset("on the of by for this coming day it is would be let us say i can".split()),
    "ru": frozenset("в во на к числа число этот эту это ближайшую ближайший день дня".split()),
    "uz": frozenset("kuni kun kuniga sanasi sanasida shu oyi oyining boʻladi".split()),
}
#: A sentence that ends in one of these was cut off: "the fifth of".
_UNFINISHED = frozenset("of on the by for this в во на к этот эту".split())
_NEXT: Mapping[str, frozenset[str]] = {
    "en": frozenset({"next"}),
    "ru": frozenset({"следующий", "следующую", "следующее", "следующая"}),
    "uz": frozenset({"keyingi", "kelasi"}),
}
_IN: Mapping[str, tuple[frozenset[str], frozenset[str], frozenset[str]]] = {
    # what opens or closes "in n days", words for days, words for weeks
    "en": (frozenset({"in", "from", "now", "time"}), frozenset({"day", "days"}), frozenset({"week", "weeks"})),
    "ru": (frozenset({"через"}), frozenset({"день", "дня", "дней"}), frozenset({"неделю", "недели", "недель"})),
    "uz": (
        frozenset({"keyin", "soʻng"}),
        frozenset({"kundan", "kun"}),
        frozenset({"haftadan", "hafta"}),
    ),
}
#: What says one without a number: "через неделю".
_ALONE = frozenset({"week", "день", "неделю"})
_ONE = {"en": ("a", "one"), "ru": ("",), "uz": ("bir",)}
_WEEK_ON: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "en": phrases("next week"),
    "ru": phrases("на следующей неделе", "следующая неделя", language="ru"),
    "uz": phrases("keyingi hafta", "kelasi hafta", language="uz"),
}


def day_of(words: Sequence[str], language: str, today: date) -> date | None:
    """The day that all the words together say; None for none or one that does not exist."""
    if language not in _NEAR or not words or words[-1] in _UNFINISHED or tuple(words) == ("second",):
        return None  # "second" alone is a moment, not a day
    if (after := _in_days(tuple(words), language)) is not None:
        return today + timedelta(days=after)
    if tuple(words) in _WEEK_ON[language]:
        return today + timedelta(days=7 - today.weekday())
    said = without(words, _SMALL[language])
    if said in _NEAR[language]:
        return today + timedelta(days=_NEAR[language][said])
    return _weekday(said, language, today) or _dated(said, language, today)


def _weekday(said: tuple[str, ...], language: str, today: date) -> date | None:
    is_next = bool(said) and said[0] in _NEXT[language]
    names = said[1:] if is_next else said
    if len(names) != 1 or names[0] not in _WEEKDAYS[language]:
        return None
    ahead = (_WEEKDAYS[language][names[0]] - today.weekday()) % 7 or 7
    if is_next and today.weekday() + ahead < 7:  # that of the week to come
        ahead += 7
    return today + timedelta(days=ahead)


def _in_days(words: tuple[str, ...], language: str) -> int | None:
    marks, days, weeks = _IN[language]
    if not any(word in marks for word in words):
        return None
    said = without(words, marks)
    if not said or said[-1] not in days | weeks:
        return None
    if len(said) == 1 and said[0] not in _ALONE:
        return None
    count = 1 if said[:-1] in ((), *((one,) for one in _ONE[language] if one)) else whole_number(said[:-1], language)
    if count is None or not 0 < count <= 366:
        return None
    return count * (7 if said[-1] in weeks else 1)


def _dated(said: tuple[str, ...], language: str, today: date) -> date | None:
    if len(said) == 1 and (written := _written(said[0], today)) is not None:
        return written
    months = [word for word in said if word in _MONTHS[language]]
    rest = tuple(word for word in said if word not in _MONTHS[language])
    if len(months) > 1 or not rest:
        return None
    number = _day_number(rest, language)
    if number is None:
        return None
    if months:
        return _next_such(today, _MONTHS[language][months[0]], number)
    return _next_number(today, number) if _is_ordinal(rest[-1], language) else None


def _day_number(words: tuple[str, ...], language: str) -> int | None:
    last = words[-1]
    ordinal = _ORDINALS[language].get(last)
    if ordinal is not None:
        tens = whole_number(words[:-1], language) if len(words) > 1 else 0
        return tens + ordinal if tens in (0, 10, 20, 30) and (tens == 0 or ordinal < 10) else None
    parts = last.split("-")
    if len(parts) == 2 and parts[1] in _ORDINALS[language] and len(words) == 1:  # "twenty-first"
        tens = whole_number(parts[:1], language)
        return tens + _ORDINALS[language][parts[1]] if tens in (20, 30) else None
    for suffix in _SUFFIXES[language]:
        if last.endswith(suffix) and last.removesuffix(suffix).isdecimal() and len(words) == 1:
            return int(last.removesuffix(suffix))
    return whole_number(words, language)


def _is_ordinal(word: str, language: str) -> bool:
    return (
        word in _ORDINALS[language]
        or word.partition("-")[2] in _ORDINALS[language]
        or any(word.endswith(suffix) and word.removesuffix(suffix).isdecimal() for suffix in _SUFFIXES[language])
    )


def _written(word: str, today: date) -> date | None:
    """5.12 or 5/12/2026: day, month, year."""
    parts = word.replace("/", ".").split(".")
    if len(parts) not in (2, 3) or not all(part.isdecimal() for part in parts):
        return None
    numbers = [int(part) for part in parts]
    if len(numbers) == 2:
        return _next_such(today, numbers[1], numbers[0])
    year = numbers[2] + 2000 if numbers[2] < 100 else numbers[2]
    return _date(year, numbers[1], numbers[0])


def _next_such(today: date, month: int, day: int) -> date | None:
    for year in (today.year, today.year + 1):
        found = _date(year, month, day)
        if found is not None and found >= today:
            return found
    return None


def _next_number(today: date, day: int) -> date | None:
    """The next day of that number: of this month, or of the next one that has it."""
    year, month = today.year, today.month
    for _ in range(3):
        found = _date(year, month, day)
        if found is not None and found >= today:
            return found
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
