"""Values as people read them, in four languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.web.pages import formats
from crm_core.web.viewer import LANGUAGES, Viewer, anonymous, chosen_language

NOW = datetime(2026, 11, 26, 6, 30, tzinfo=UTC)
ENGLISH = Viewer(name="M", role="head", zone="Asia/Tashkent", country="UZ", masked=False)
NUMBER = "+998901234512"


def _in(language: str) -> Viewer:
    return replace(ENGLISH, language=language)


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "4 min ago"), ("ru", "4 мин. назад"), ("uz", "4 daqiqa oldin"), ("ar", "قبل 4 دقائق")],
)
def test_a_recent_time_is_told_by_its_distance(language: str, said: str) -> None:
    text = formats.relative(_in(language), NOW - timedelta(minutes=4), NOW)
    assert f">{said}</time>" in text.replace("\u00a0", " ")
    assert 'datetime="2026-11-26T06:26:00Z"' in text
    assert " data-relative>" in text


def test_the_exact_time_is_that_of_the_viewers_zone() -> None:
    text = formats.relative(ENGLISH, NOW - timedelta(minutes=4), NOW)
    assert 'title="26 Nov 2026, 11:26"' in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("seconds", [30, 120, 7_200, 172_800])
def test_the_future_has_words_too(language: str, seconds: int) -> None:
    ahead, ago = (formats.distance(_in(language), sign * timedelta(seconds=seconds)) for sign in (1, -1))
    assert ahead != ago


def test_this_second_is_past() -> None:
    assert formats.distance(ENGLISH, timedelta()) == "1 sec ago"


def test_a_week_away_is_a_day() -> None:
    text = formats.relative(ENGLISH, NOW - timedelta(days=8), NOW)
    assert ">18 Nov</time>" in text
    assert "data-relative" not in text
    assert ">26 Nov 2025</time>" in formats.relative(ENGLISH, NOW - timedelta(days=365), NOW)


def test_a_day_begins_in_the_viewers_zone() -> None:
    late = datetime(2026, 11, 25, 20, 0, tzinfo=UTC)
    assert formats.day(ENGLISH, late, NOW) == "26 Nov"
    assert formats.day(replace(ENGLISH, zone="UTC"), late) == "25 Nov 2026"
    assert formats.day(ENGLISH, date(2026, 11, 25), NOW) == "25 Nov"
    assert formats.weekday(ENGLISH, late) == "Thu, 26 Nov"
    assert formats.weekday(_in("ru"), date(2026, 11, 26)) == "чт, 26 нояб."
    assert formats.clock(ENGLISH, late) == "01:00"


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        formats.clock(ENGLISH, datetime(2026, 11, 26))  # noqa: DTZ001  # that is what is refused


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0:00"), (5, "0:05"), (245, "4:05"), (3609, "1:00:09"), (-61, "-1:01"), (59.6, "1:00")]
)
def test_a_duration_runs_like_a_clock(seconds: float, said: str) -> None:
    assert formats.duration(seconds) == formats.duration(timedelta(seconds=seconds)) == said


@given(st.integers(0, 10**6))
def test_a_duration_loses_no_second(seconds: int) -> None:
    parts = [int(part) for part in formats.duration(seconds).split(":")]
    assert sum(part * 60**place for place, part in enumerate(reversed(parts))) == seconds


@pytest.mark.parametrize(("language", "said"), [("en", "3 days"), ("ru", "3 дн."), ("uz", "3 kun"), ("ar", "3 أيام")])
def test_a_span_is_told_roughly(language: str, said: str) -> None:
    assert formats.span(_in(language), timedelta(days=3, hours=2)).replace("\u00a0", " ") == said


def test_numbers_and_shares() -> None:
    assert formats.number(ENGLISH, 1234567.54, 1) == "1,234,567.5"
    assert formats.number(_in("ru"), 1234567) == "1\u00a0234\u00a0567"
    assert formats.percent(ENGLISH, 0.0251) == "2.5%"
    assert formats.percent(_in("ru"), Decimal("0.34"), 0) == "34%"


@pytest.mark.parametrize(
    ("language", "currency", "amount", "said"),
    [
        ("en", "USD", Decimal("12.5"), "US$12.50"),
        ("en", "UZS", Decimal(1234500), "UZS 1,234,500"),
        ("ru", "RUB", Decimal("0.10"), "0,10 ₽"),
        ("uz", "UZS", Decimal("1234500.00"), "1 234 500 soʻm"),
    ],
)
def test_money_has_a_fraction_only_where_there_is_one(language: str, currency: str, amount: Decimal, said: str) -> None:
    assert formats.money(_in(language), amount, currency).replace("\u00a0", " ") == said


def test_a_number_is_national_at_home_and_international_abroad() -> None:
    assert formats.phone(ENGLISH, NUMBER) == "\u206690 123 45 12\u2069"
    assert formats.phone(replace(ENGLISH, country="RU"), NUMBER) == "\u2066+998 90 123 45 12\u2069"
    assert formats.phone(replace(ENGLISH, country=""), NUMBER) == "\u2066+998 90 123 45 12\u2069"


def test_a_number_that_is_none_is_shown_as_it_came() -> None:
    assert formats.phone(ENGLISH, "101") == "\u2066101\u2069"


@given(st.integers(10**6, 10**9 - 1))
def test_a_masked_viewer_never_gets_the_digits(rest: int) -> None:
    digits = f"{rest:09d}"
    said = formats.phone(replace(ENGLISH, masked=True), f"+998{digits}")
    assert said == f"\u2066+998 {digits[:2]} ••• •• {digits[-2:]}\u2069"


@pytest.mark.parametrize("size", [0, 999, 1_500, 1_234_567, 7 * 10**9])
def test_a_size_has_its_unit(size: int) -> None:
    said = {0: "0 bytes", 999: "999 bytes", 1_500: "1.5 kB", 1_234_567: "1.2 MB", 7 * 10**9: "7 GB"}
    assert formats.file_size(ENGLISH, size).replace("byte", "bytes").replace("bytess", "bytes") == said[size]


@pytest.mark.parametrize(
    ("chosen", "header", "language"),
    [
        ("", "", "en"),
        ("uz", "ru", "uz"),
        ("xx", "ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("", "fr, ar;q=0.4, uz-Latn;q=0.6", "uz"),
        ("", "de;q=1, ru;q=0", "en"),
        ("", "ru;q=hello, ar;q=0.1", "ar"),
        ("", "*", "en"),
    ],
)
def test_the_language_is_the_one_chosen_or_the_best_asked_for(chosen: str, header: str, language: str) -> None:
    assert chosen_language(chosen, header) == language


def test_a_stranger_has_language_and_theme_by_cookie_and_no_rights() -> None:
    stranger = anonymous({"language": "ar", "theme": "dark"}, "ru", zone="Asia/Tashkent", country="UZ")
    assert (stranger.language, stranger.direction, stranger.theme, stranger.zone) == (
        "ar",
        "rtl",
        "dark",
        "Asia/Tashkent",
    )
    assert not stranger.is_known
    assert stranger.masked
    assert not stranger.may("deals.see")
    assert anonymous({"theme": "pink"}, "").theme == "auto"
