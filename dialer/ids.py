"""Channel ids we give to Asterisk: short, sortable by time, unique; digits, small letters and '-'."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
#: Ten base-36 digits of microseconds last until the year 2135.
_TIME_DIGITS = 10
_RANDOM_DIGITS = 6


def attempt_id(now: datetime) -> str:
    """An id for an attempt, which is its channel's id: `tl-<time>-<random>`, 20 characters."""
    return f"tl-{_unique(now)}"


def leg_id(agent_id: int, now: datetime) -> str:
    """An id for the parked leg of an agent: `op-<agent id>-<time>-<random>`; pbx tells legs from calls by the `op-`."""
    return f"op-{agent_id}-{_unique(now)}"


def _unique(now: datetime) -> str:
    stamp = _base36((now - _EPOCH) // _MICROSECOND, _TIME_DIGITS)
    return f"{stamp}-{_base36(secrets.randbelow(36**_RANDOM_DIGITS), _RANDOM_DIGITS)}"


def _base36(number: int, width: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits.rjust(width, "0")
