"""The rest of today's calling hours."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.calling_hours import seconds_left_today
from crm_core.domain.campaigns import Window

TASHKENT = ZoneInfo("Asia/Tashkent")
EVERY_DAY = frozenset(range(7))
HOUR = 3600


def at(hour: int, minute: int = 0, zone: ZoneInfo = TASHKENT) -> datetime:
    return datetime(2026, 11, 18, hour, minute, tzinfo=zone).astimezone(UTC)


def window(opens: int, closes: int, days: frozenset[int] = EVERY_DAY) -> Window:
    return Window(days, time(opens), time(closes))


@pytest.mark.parametrize(
    ("now", "windows", "hours"),
    [
        (at(8), [window(9, 20)], 11),
        (at(19, 30), [window(9, 20)], 0.5),
        (at(20), [window(9, 20)], 0),
        (at(12), [], 0),
        (at(12), [window(9, 20, frozenset({5}))], 0),
        (at(10), [window(9, 12), window(11, 13), window(15, 16)], 4),
        (at(10), [window(9, 20), window(11, 13)], 10),
        (at(22), [window(0, 0)], 2),
    ],
)
def test_what_is_left_of_the_day(now: datetime, windows: list[Window], hours: float) -> None:
    assert seconds_left_today(now, TASHKENT, windows) == hours * HOUR


def test_an_hour_that_a_clock_change_swallows_is_not_counted() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    spring = datetime(2026, 3, 29, 0, 30, tzinfo=berlin)
    assert seconds_left_today(spring, berlin, [window(0, 0)]) == 22.5 * HOUR


@given(
    st.integers(0, 365 * 24 * 60).map(lambda minutes: at(0) + timedelta(minutes=minutes)),
    st.lists(st.tuples(st.integers(0, 23), st.integers(0, 23)), max_size=4),
)
def test_it_is_never_negative_nor_more_than_the_day(now: datetime, hours: list[tuple[int, int]]) -> None:
    windows = [window(opens, closes) for opens, closes in hours if closes == 0 or opens < closes]
    assert 0 <= seconds_left_today(now, TASHKENT, windows) <= 24 * HOUR
