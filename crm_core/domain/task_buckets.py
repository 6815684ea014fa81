"""When tasks are due, as people say it: overdue, today, tomorrow, this week, later, on the firm's clocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class Bucket(StrEnum):
    OVERDUE = "overdue"
    TODAY = "today"
    TOMORROW = "tomorrow"
    THIS_WEEK = "this_week"  # after tomorrow, up to Sunday
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Span:
    """From `begins` to just before `ends`, UTC; None is without end on that side."""

    begins: datetime | None
    ends: datetime | None

    def holds(self, at: datetime) -> bool:
        return (self.begins is None or at >= self.begins) and (self.ends is None or at < self.ends)


def spans(now: datetime, zone: str) -> dict[Bucket, Span]:
    """The buckets as seen at `now`: every instant lies in exactly one."""
    clocks = ZoneInfo(zone)
    today = now.astimezone(clocks).date()

    def midnight(days: int) -> datetime:
        return datetime.combine(today + timedelta(days=days), time(), clocks).astimezone(UTC)

    week_ends = max(midnight(2), midnight(7 - today.weekday()))
    now = now.astimezone(UTC)
    return {
        Bucket.OVERDUE: Span(None, now),
        Bucket.TODAY: Span(now, midnight(1)),
        Bucket.TOMORROW: Span(midnight(1), midnight(2)),
        Bucket.THIS_WEEK: Span(midnight(2), week_ends),
        Bucket.LATER: Span(week_ends, None),
    }
