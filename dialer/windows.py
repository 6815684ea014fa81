"""Calling windows: hours by weekday in the lead's own zone. Safe where clocks are changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crm_core.domain.campaigns import Window

#: Windows come back every week; a window that a clock change swallows comes back the week after.
_HORIZON_DAYS = 16
_MIDNIGHT = time(0)
_SECOND = timedelta(seconds=1)


@cache
def known_zone(name: str | None) -> ZoneInfo | None:
    """The zone of an IANA name; None where there is no name, or no such zone."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # ValueError: not a name; OSError: a folder ("Asia")
        return None


def may_call(now: datetime, zone: ZoneInfo, windows: Sequence[Window]) -> bool:
    """Whether the instant `now` lies in a window. One that closes at 00:00 lasts to the end of its day."""
    local = now.astimezone(zone)
    return any(local.weekday() in window.days and _holds(window, local.time()) for window in windows)


def next_open(now: datetime, zone: ZoneInfo, windows: Sequence[Window]) -> datetime | None:
    """The first instant (UTC) at or after `now` in a window; None if none opens within a fortnight: it never will."""
    start = now.astimezone(UTC)
    later = (at for at in sorted(set(_openings(start, zone, windows))) if at > start)
    return next((at for at in (start, *later) if may_call(at, zone, windows)), None)


def _holds(window: Window, at: time) -> bool:
    return window.opens <= at and (at < window.closes or window.closes == _MIDNIGHT)


def _openings(start: datetime, zone: ZoneInfo, windows: Iterable[Window]) -> Iterator[datetime]:
    """Every instant that may open a window: its hour, on either side of a clock change, and the change itself."""
    hours = {window.opens for window in windows}
    first = start.astimezone(zone).date() - timedelta(days=1)
    for day in (first + timedelta(days=n) for n in range(_HORIZON_DAYS)):
        for opens in hours:
            yield from (datetime.combine(day, opens, zone).replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        yield from _clock_change(day, zone)


def _clock_change(day: date, zone: ZoneInfo) -> Iterator[datetime]:
    """The instant within 24 hours of `day` (UTC) at which the zone's offset changes, if there is one."""
    low = datetime.combine(day, _MIDNIGHT, UTC)
    high = low + timedelta(days=1)
    before = low.astimezone(zone).utcoffset()
    if before == high.astimezone(zone).utcoffset():
        return
    while high - low > _SECOND:
        middle = (low + (high - low) / 2).replace(microsecond=0)
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == before else (low, middle)
    yield high
