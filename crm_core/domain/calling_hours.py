"""How much of today's calling hours is left. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm_core.domain.campaigns import Window

_MIDNIGHT = time(0)


def seconds_left_today(now: datetime, zone: ZoneInfo, windows: Iterable[Window]) -> float:
    """Seconds from `now` (aware) to midnight in `zone` that lie in a window; where windows overlap, once.

    People are called in their own zones: `zone` is that of the firm, near enough to reckon what the day may yet bring.
    """
    today = now.astimezone(zone).date()
    spans = sorted(
        (_at(today, window.opens, zone), _at(today + timedelta(days=1), _MIDNIGHT, zone))
        if window.closes == _MIDNIGHT
        else (_at(today, window.opens, zone), _at(today, window.closes, zone))
        for window in windows
        if today.weekday() in window.days
    )
    left, reached = 0.0, now
    for opens, closes in spans:
        begins = max(opens, reached)
        if closes > begins:
            left += (closes - begins).total_seconds()
            reached = closes
    return left


def _at(day: date, hour: time, zone: ZoneInfo) -> datetime:
    """In UTC, for two instants of one zone are subtracted by their clock, clock changes or not."""
    return datetime.combine(day, hour, zone).astimezone(UTC)
