"""A day, a time of day, both, or a span from now: when to call back. Always in time to come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

from ivr_bot.understanding.clock import time_of
from ivr_bot.understanding.days import day_of
from ivr_bot.understanding.figures import whole_number
from ivr_bot.understanding.words import phrases, without

#: A day without a time: in the forenoon.
_FORENOON = time(10)
_HOURS: Mapping[str, frozenset[str]] = {
    "en": frozenset({"hour", "hours"}),
    "ru": frozenset({"час", "часа", "часов", "часик"}),
    "uz": frozenset({"soat", "soatdan"}),
}
_MINUTES: Mapping[str, frozenset[str]] = {
    "en": frozenset({"minute", "minutes"}),
    "ru": frozenset({"минуту", "минуты", "минут"}),
    "uz": frozenset({"daqiqa", "daqiqadan", "minut", "minutdan"}),
}
_IN: Mapping[str, frozenset[str]] = {
    "en": frozenset({"in", "time", "from", "now", "after"}),
    "ru": frozenset({"через"}),
    "uz": frozenset({"keyin", "soʻng"}),
}
_HALF_HOUR: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "en": phrases("half an hour", "a half hour", "half hour"),
    "ru": phrases("полчаса", "пол часа", language="ru"),
    "uz": phrases("yarim soat", "yarim soatdan", language="uz"),
}
_HOUR_AND_HALF: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "en": phrases("an hour and a half", "one and a half hours"),
    "ru": phrases("полтора часа", language="ru"),
    "uz": phrases("bir yarim soat", "bir yarim soatdan", language="uz"),
}
#: What says one without a number: "через час".
_ALONE = frozenset({"час", "часик", "минуту"})
#: Said of a call back, around the time itself.
_ASKED: Mapping[str, frozenset[str]] = {
    "en": frozenset("call me back ring again can you could we talk try please then maybe".split()),
    "ru": frozenset("позвоните перезвоните мне наберите лучше давайте можно тогда".split()),
    "uz": frozenset("qoʻngʻiroq qiling menga telefon yaxshisi".split()),
}


def when_of(words: Sequence[str], language: str, at: datetime) -> datetime | None:
    """The instant that all the words together say, in the zone of `at` and after it."""
    said = without(words, _ASKED.get(language, frozenset()))
    if not said or language not in _IN:
        return None
    if (span := _span(said, language)) is not None:
        return at + span
    day, hour = _day_and_time(said, language, at.date())
    if day is None and hour is None:
        return None
    if day is None and hour is not None:
        found = datetime.combine(at.date(), hour, at.tzinfo)
        return found if found > at else found + timedelta(days=1)
    assert day is not None
    found = datetime.combine(day, hour or _FORENOON, at.tzinfo)
    if found <= at and hour is None and day == at.date():  # "today", said in the afternoon
        return at + timedelta(hours=2)
    return found if found > at else None


def _span(said: tuple[str, ...], language: str) -> timedelta | None:
    if not any(word in _IN[language] for word in said):
        return None
    plain = without(said, _IN[language])
    if plain in _HALF_HOUR[language]:
        return timedelta(minutes=30)
    if plain in _HOUR_AND_HALF[language]:
        return timedelta(minutes=90)
    if not plain or plain[-1] not in _HOURS[language] | _MINUTES[language]:
        return None
    if len(plain) == 1 and plain[0] not in _ALONE:
        return None
    counted = without(plain[:-1], frozenset({"a", "an"}))
    count = 1 if not counted else whole_number(counted, language)
    if count is None or not 0 < count <= 600:
        return None
    return timedelta(hours=count) if plain[-1] in _HOURS[language] else timedelta(minutes=count)


def _day_and_time(said: tuple[str, ...], language: str, today: date) -> tuple[date | None, time | None]:
    """The day before or after the time, or one of them alone."""
    for split in range(len(said) + 1):
        for days, clock in ((said[:split], said[split:]), (said[split:], said[:split])):
            if "через" in days and whole_number(clock, language) is not None:
                continue  # "через день два" is a day or two
            day = day_of(days, language, today) if days else None
            hour = time_of(clock, language) if clock else None
            if (day is not None or not days) and (hour is not None or not clock):
                return day, hour
    return None, None
