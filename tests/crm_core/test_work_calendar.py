"""The next working time is working time, not before it was asked for, and the first there is."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.work_calendar import DEFAULT_CALENDAR, WorkCalendar, is_working_time, next_working_time
from crm_core.errors import BadInput

ZONES = ("Asia/Tashkent", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "UTC")
_minutes = st.integers(0, 24 * 60 - 1).map(lambda minute: time(minute // 60, minute % 60))
_hours = st.tuples(_minutes, _minutes).filter(lambda pair: pair[0] < pair[1])
#: Two years with a leap day and every change of the clocks in them.
_instants = st.datetimes(datetime(2027, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (aware by strategy)
_calendars = st.builds(
    WorkCalendar,
    st.sampled_from(ZONES),
    st.dictionaries(st.integers(0, 6), _hours, min_size=1),
    st.frozensets(st.dates(date(2027, 1, 1), date(2029, 1, 1)), max_size=5),
)


@given(_instants, _calendars)
def test_the_next_working_time_is_working_time_and_not_in_the_past(at: datetime, calendar: WorkCalendar) -> None:
    found = next_working_time(at, calendar)
    assert found >= at
    assert found.tzinfo is at.tzinfo
    assert is_working_time(found, calendar)


@given(_instants, _calendars, st.data())
def test_there_is_no_working_time_before_the_one_found(
    at: datetime, calendar: WorkCalendar, data: st.DataObject
) -> None:
    found = next_working_time(at, calendar)
    if found > at:
        seconds = int((found - at).total_seconds())
        between = at + timedelta(seconds=data.draw(st.integers(0, max(0, seconds - 1))))
        assert between >= found or not is_working_time(between, calendar)


@given(_instants, _calendars)
def test_within_working_time_the_next_is_now(at: datetime, calendar: WorkCalendar) -> None:
    found = next_working_time(at, calendar)
    assert next_working_time(found, calendar) == found


@given(_instants)
def test_a_calendar_without_hours_says_so(at: datetime) -> None:
    with pytest.raises(BadInput, match="working hour"):
        next_working_time(at, WorkCalendar("UTC", {}))


@pytest.mark.parametrize(
    ("zone", "at", "expected"),
    [
        # Saturday evening, clocks go forward on Sunday: nine o'clock on Monday is the new nine o'clock.
        ("Europe/Berlin", datetime(2027, 3, 27, 20, tzinfo=UTC), datetime(2027, 3, 29, 7, tzinfo=UTC)),
        # And back in October.
        ("Europe/Berlin", datetime(2027, 10, 30, 20, tzinfo=UTC), datetime(2027, 11, 1, 8, tzinfo=UTC)),
        # After closing on Friday: Monday. In the zone of the firm it is Friday, in UTC still Thursday.
        ("Asia/Tashkent", datetime(2026, 11, 19, 20, tzinfo=UTC), datetime(2026, 11, 20, 4, tzinfo=UTC)),
        ("Asia/Tashkent", datetime(2026, 11, 20, 13, tzinfo=UTC), datetime(2026, 11, 23, 4, tzinfo=UTC)),
        # The last instant of the day, and the one after.
        ("UTC", datetime(2026, 11, 20, 17, 59, 59, tzinfo=UTC), datetime(2026, 11, 20, 17, 59, 59, tzinfo=UTC)),
        ("UTC", datetime(2026, 11, 20, 18, tzinfo=UTC), datetime(2026, 11, 23, 9, tzinfo=UTC)),
    ],
)
def test_known_days(zone: str, at: datetime, expected: datetime) -> None:
    assert next_working_time(at, WorkCalendar(zone, DEFAULT_CALENDAR.days)) == expected


def test_a_holiday_is_passed_over() -> None:
    friday = date(2026, 11, 20)
    calendar = WorkCalendar("UTC", DEFAULT_CALENDAR.days, frozenset({friday}))
    asked = datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert not is_working_time(asked, calendar)
    assert next_working_time(asked, calendar) == datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_an_hour_the_clocks_skip_opens_when_they_have_skipped_it() -> None:
    # 28 March 2027, Berlin: 02:00 to 03:00 does not exist. A night shift that opens at 02:30 opens at 03:00.
    calendar = WorkCalendar("Europe/Berlin", {6: (time(2, 30), time(6))})
    found = next_working_time(datetime(2027, 3, 28, 0, tzinfo=UTC), calendar)
    assert is_working_time(found, calendar)
    assert found.astimezone(ZoneInfo("Europe/Berlin")).time() >= time(3)


def test_an_hour_that_never_comes_and_ends_before_the_clocks_go_on_is_not_worked() -> None:
    # 28 April 2028, Cairo: the day begins at 01:00. Fridays from 00:00 to 00:01 are worked a week later.
    calendar = WorkCalendar("Africa/Cairo", {4: (time(0), time(0, 1))})
    assert next_working_time(datetime(2028, 4, 21, tzinfo=UTC), calendar) == datetime(2028, 5, 4, 21, tzinfo=UTC)


def test_hours_that_come_again_are_worked_again() -> None:
    # 31 October 2027, Berlin: at 03:00 the clocks go back to 02:00, and the shift until 02:30 has half an hour more.
    calendar = WorkCalendar("Europe/Berlin", {6: (time(1), time(2, 30))})
    assert next_working_time(datetime(2027, 10, 31, 0, 45, tzinfo=UTC), calendar) == datetime(
        2027, 10, 31, 1, tzinfo=UTC
    )
