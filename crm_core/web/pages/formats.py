"""Values as people read them: times, numbers, money, telephone numbers, by the viewer's language and zone. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from babel import Locale
from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.numbers import NumberPattern, format_decimal, format_percent, get_currency_symbol, parse_pattern
from babel.units import format_unit
from markupsafe import Markup

from crm_core.domain.access import masked_number
from crm_core.web.viewer import Viewer

#: Until then a time is told by its distance, later by its day.
_RELATIVE_UNTIL = timedelta(days=7)
_SECOND = timedelta(seconds=1)
#: LEFT-TO-RIGHT ISOLATE and its end (UAX 9): digits stay in their order in a right-to-left line, in attributes too.
_ISOLATE, _END = "\u2066", "\u2069"
_SIZES = ((10**9, "gigabyte"), (10**6, "megabyte"), (10**3, "kilobyte"))


def relative(viewer: Viewer, at: datetime, now: datetime) -> Markup:
    """`4 min ago` with the exact time in `title`; a day when it is a week away or more."""
    away = at - now
    if abs(away) >= _RELATIVE_UNTIL:
        text = day(viewer, at, now)
        return Markup('<time datetime="{}" title="{}">{}</time>').format(_iso(at), exact(viewer, at), text)
    text = distance(viewer, away)
    return Markup('<time datetime="{}" title="{}" data-relative>{}</time>').format(_iso(at), exact(viewer, at), text)


def distance(viewer: Viewer, away: timedelta) -> str:
    """`4 min ago`, `in 2 days`. What happens this second is past."""
    shown = away if abs(away) >= _SECOND else -_SECOND
    try:
        return format_timedelta(shown, add_direction=True, format="short", threshold=1, locale=viewer.locale)
    except KeyError:  # CLDR says nothing shorter in this language, and Babel does not fall back (Arabic)
        return format_timedelta(shown, add_direction=True, threshold=1, locale=viewer.locale)


def exact(viewer: Viewer, at: datetime) -> str:
    """Day and clock with the zone's own hours: `26 Nov 2026, 11:30`."""
    return str(format_datetime(_local(viewer, at), "d MMM y, HH:mm", locale=viewer.locale))


def clock(viewer: Viewer, at: datetime) -> str:
    """`11:30`."""
    return str(format_time(_local(viewer, at), "HH:mm", locale=viewer.locale))


def day(viewer: Viewer, at: datetime | date, now: datetime | None = None) -> str:
    """`26 Nov`, with the year unless it is that of `now`. An instant is the day it has in the viewer's zone."""
    on = _local(viewer, at).date() if isinstance(at, datetime) else at
    is_this_year = now is not None and on.year == _local(viewer, now).year
    return str(format_date(on, "d MMM" if is_this_year else "d MMM y", locale=viewer.locale))


def weekday(viewer: Viewer, at: datetime | date) -> str:
    """`Thu, 26 Nov`."""
    on = _local(viewer, at).date() if isinstance(at, datetime) else at
    return str(format_date(on, "EEE, d MMM", locale=viewer.locale))


def duration(length: timedelta | float) -> str:
    """A length as a clock runs: `4:05`, `1:00:09`. Seconds or a timedelta; the same in every language."""
    seconds = round(length.total_seconds() if isinstance(length, timedelta) else length)
    sign, seconds = ("-" if seconds < 0 else ""), abs(seconds)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{sign}{minutes}:{seconds:02d}"


def span(viewer: Viewer, length: timedelta) -> str:
    """A length in words, roughly: `3 days`, `12 min`."""
    return format_timedelta(length, format="short", threshold=1.5, locale=viewer.locale)


def number(viewer: Viewer, value: float | Decimal, digits: int = 0) -> str:
    """`1,234.5` with at most `digits` after the point."""
    return format_decimal(value, "#,##0" + ("." + "#" * digits if digits else ""), locale=viewer.locale)


def percent(viewer: Viewer, share: float | Decimal, digits: int = 1) -> str:
    """`2.5%` of the share 0.025."""
    return format_percent(share, "#,##0" + ("." + "#" * digits if digits else "") + "%", locale=viewer.locale)


def money(viewer: Viewer, amount: Decimal | int, currency: str) -> str:
    """`1 234 500 soʻm`: two digits after the point where there is a fraction, none otherwise. `currency`: ISO 4217."""
    exactly = Decimal(amount)
    pattern = _money_pattern(viewer.locale, currency, exactly == exactly.to_integral_value())
    return str(pattern.apply(exactly, viewer.locale, currency=currency, currency_digits=False))


@lru_cache(256)
def _money_pattern(locale: str, currency: str, is_whole: bool) -> NumberPattern:
    """Read once: reading it takes longer than writing a sum by it, and a board writes hundreds."""
    pattern = Locale.parse(locale).currency_formats["standard"].pattern
    if is_whole:
        pattern = pattern.replace(".00", "")
    if get_currency_symbol(currency, locale)[-1].isalpha():
        pattern = pattern.replace("¤#", "¤\u00a0#")  # as CLDR's currency spacing has it
    return parse_pattern(pattern)


def phone(viewer: Viewer, e164: str) -> str:
    """A number as the viewer may read it: national in his country, international elsewhere, dots when he is masked.

    Isolated left to right, so that it reads well in Arabic; never bring `e164` itself into a page.
    """
    return f"{_ISOLATE}{masked_number(e164) if viewer.masked else _written(e164, viewer.country)}{_END}"


def file_size(viewer: Viewer, size: int) -> str:
    """`1.2 MB` of bytes; a thousand bytes are a kilobyte."""
    for unit_size, unit in _SIZES:
        if size >= unit_size:
            return str(format_unit(round(size / unit_size, 1), unit, "short", locale=viewer.locale))
    return str(format_unit(size, "byte", "short", locale=viewer.locale))


def _written(e164: str, country: str) -> str:
    try:
        parsed = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return e164
    at_home = phonenumbers.region_code_for_number(parsed) == country
    form = phonenumbers.PhoneNumberFormat.NATIONAL if at_home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return str(phonenumbers.format_number(parsed, form))


def _local(viewer: Viewer, at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone")
    return at.astimezone(_zone(viewer.zone))


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
