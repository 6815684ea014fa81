"""A time promised to a lead, said in the lead's own zone."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from crm_core.errors import BadInput


def local_to_utc(text: str, zone: str) -> datetime:
    """The instant of `text` ("2026-11-03 15:30", ISO 8601) on the clocks of `zone` (an IANA name).

    Of an hour that comes twice (clocks go back) the first is meant. Raises BadInput for an unknown zone, a time that is
    no time, and one that the clocks of the zone skip.
    """
    try:
        clocks = ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:  # OSError: a name that is a folder of the zone data, as "Asia"
        raise BadInput("zone", f"{zone!r} is not a time zone", "Write one such as Asia/Tashkent") from error
    try:
        local = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise BadInput("time", f"{text!r} is not a time", "Write it as 2026-11-03 15:30") from error
    if local.tzinfo is not None:
        return _in_range(local, text)
    aware = local.replace(tzinfo=clocks)
    instant = _in_range(aware, text)
    if instant.astimezone(clocks).replace(tzinfo=None) != local:
        raise BadInput("time", f"{text!r} does not exist in {zone}: the clocks go forward over it", "Take another hour")
    return instant


def _in_range(at: datetime, text: str) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise BadInput("time", f"{text!r} is out of range", "Write it as 2026-11-03 15:30") from error
