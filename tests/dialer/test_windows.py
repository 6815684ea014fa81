"""Calling windows, also in the nights when clocks are changed."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crm_core.domain.campaigns import DEFAULT_WINDOWS, Window
from dialer.windows import known_zone, may_call, next_open

EVERY_DAY = frozenset(range(7))
NEW_YORK, TASHKENT = ZoneInfo("America/New_York"), ZoneInfo("Asia/Tashkent")
ZONES = ["America/New_York", "Europe/Berlin", "Asia/Tashkent", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]
#: Around clock changes of 2026: New York 8 March and 1 November, Berlin 29 March, Lord Howe 5 April (half an hour).
_NIGHTS = [datetime(2026, 3, 7, tzinfo=UTC), datetime(2026, 10, 31, tzinfo=UTC), datetime(2026, 3, 28, tzinfo=UTC)]
_MINUTE = timedelta(minutes=1)

minutes = st.integers(0, 24 * 60 - 1).map(lambda n: time(n // 60, n % 60))
windows = st.lists(st.builds(Window, st.frozensets(st.integers(0, 6), min_size=1), minutes, minutes), max_size=3).map(
    tuple
)
instants = st.builds(lambda night, n: night + n * _MINUTE, st.sampled_from(_NIGHTS), st.integers(0, 48 * 60))


@given(st.sampled_from(ZONES), windows, instants)
def test_the_next_opening_is_open_and_not_past(zone: str, hours: tuple[Window, ...], at: datetime) -> None:
    opens = next_open(at, ZoneInfo(zone), hours)
    if opens is not None:
        assert opens >= at
        assert may_call(opens, ZoneInfo(zone), hours)
    if may_call(at, ZoneInfo(zone), hours):
        assert opens == at


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ZONES), windows, instants)
@example("America/New_York", (Window(EVERY_DAY, time(2, 30), time(4)),), datetime(2026, 3, 8, 5, tzinfo=UTC))
@example("America/New_York", (Window(EVERY_DAY, time(1), time(1, 30)),), datetime(2026, 11, 1, 5, 30, tzinfo=UTC))
@example("Australia/Lord_Howe", (Window(EVERY_DAY, time(1, 45), time(2)),), datetime(2026, 4, 4, 14, tzinfo=UTC))
def test_no_minute_before_the_next_opening_is_open(zone: str, hours: tuple[Window, ...], at: datetime) -> None:
    place = ZoneInfo(zone)
    opens = next_open(at, place, hours)
    last = min(opens, at + timedelta(days=2)) if opens else at + timedelta(days=2)
    for n in range((last - at) // _MINUTE):
        assert not may_call(at + n * _MINUTE, place, hours)


def test_hours_are_those_of_the_person() -> None:
    at = datetime(2026, 3, 3, 4, 30, tzinfo=UTC)  # Tuesday 9:30 in Tashkent, late on Monday in New York
    assert may_call(at, TASHKENT, DEFAULT_WINDOWS)
    assert not may_call(at, NEW_YORK, DEFAULT_WINDOWS)
    assert next_open(at, NEW_YORK, DEFAULT_WINDOWS) == datetime(2026, 3, 3, 14, tzinfo=UTC)


def test_an_hour_that_the_clock_change_skips_opens_when_it_is_over() -> None:
    hours = (Window(EVERY_DAY, time(2, 30), time(4)),)
    at = datetime(2026, 3, 8, 5, tzinfo=UTC)  # midnight; at 2:00 (7:00 UTC) it becomes 3:00
    assert next_open(at, NEW_YORK, hours) == datetime(2026, 3, 8, 7, tzinfo=UTC)


def test_a_window_that_the_clock_change_swallows_opens_a_week_later() -> None:
    hours = (Window(frozenset({6}), time(2, 15), time(2, 45)),)
    at = datetime(2026, 3, 7, 12, tzinfo=UTC)
    assert next_open(at, NEW_YORK, hours) == datetime(2026, 3, 15, 6, 15, tzinfo=UTC)


def test_midnight_closes_at_the_end_of_the_day() -> None:
    hours = (Window(EVERY_DAY, time(20), time(0)),)
    assert may_call(datetime(2026, 3, 3, 18, 59, 59, tzinfo=UTC), TASHKENT, hours)
    assert not may_call(datetime(2026, 3, 3, 19, tzinfo=UTC), TASHKENT, hours)


@pytest.mark.parametrize(
    "hours", [(), (Window(frozenset(), time(9), time(18)),), (Window(EVERY_DAY, time(9), time(9)),)]
)
def test_hours_that_never_come_open_never(hours: tuple[Window, ...]) -> None:
    assert next_open(datetime(2026, 3, 3, tzinfo=UTC), TASHKENT, hours) is None


@pytest.mark.parametrize("name", [None, "", "Mars/Olympus", "Asia", "../etc/passwd", "Etc/Unknown"])
def test_what_is_no_zone_is_not_known(name: str | None) -> None:
    assert known_zone(name) is None


def test_a_zone_is_known_by_its_name() -> None:
    assert known_zone("Asia/Tashkent") == TASHKENT
