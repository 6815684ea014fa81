"""Working hours of the firm: when a task may be due."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm_core.errors import BadInput

#: Looking further ahead than this finds nothing that a person would call "the next working day".
_HORIZON_DAYS = 366


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """`days` maps a weekday (Monday 0) to its hours; a holiday has none."""

    zone: str
    days: dict[int, tuple[time, time]]
    holidays: frozenset[date] = frozenset()


DEFAULT_CALENDAR = WorkCalendar("Asia/Tashkent", {day: (time(9), time(18)) for day in range(5)})


def is_working_time(at: datetime, calendar: WorkCalendar) -> bool:
    """Whether the firm works at the instant `at` (aware)."""
    local = at.astimezone(ZoneInfo(calendar.zone))
    hours = None if local.date() in calendar.holidays else calendar.days.get(local.weekday())
    return hours is not None and hours[0] <= local.time() < hours[1]


def next_working_time(at: datetime, calendar: WorkCalendar) -> datetime:
    """The first working instant at or after `at`, in the zone of `at`; raises BadInput if there is none in a year."""
    if is_working_time(at, calendar):
        return at
    zone = ZoneInfo(calendar.zone)
    today = at.astimezone(zone).date()
    for offset in range(_HORIZON_DAYS):
        day = today + timedelta(days=offset)
        hours = None if day in calendar.holidays else calendar.days.get(day.weekday())
        for opens in () if hours is None else _openings(day, hours[0], zone):
            if opens >= at and is_working_time(opens, calendar):
                return opens.astimezone(at.tzinfo)
    raise BadInput("working hours", "no working hour within a year", "Set hours for at least one weekday")


def _openings(day: date, opens: time, zone: ZoneInfo) -> Iterator[datetime]:
    """The instants (UTC) at which work may begin on `day`: when it opens, or any minute of a day that changes clocks.

    On such a day the hour it opens at may never come, or hours that were over come again (PEP 495).
    """
    midnight, next_midnight = (datetime.combine(day + timedelta(days=n), time(), zone) for n in (0, 1))
    if midnight.utcoffset() == next_midnight.utcoffset():
        yield datetime.combine(day, opens, zone).astimezone(UTC)
        return
    for minute in range((next_midnight.astimezone(UTC) - midnight.astimezone(UTC)) // timedelta(minutes=1) + 1):
        yield midnight.astimezone(UTC) + timedelta(minutes=minute)
