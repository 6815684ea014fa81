"""How many more people may be abandoned, and whether an abandoned number may be dialed again."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from crm_core.domain.floor import Floor
from crm_core.domain.leads import LeadNumber

#: Keeps binary rounding from refusing a share that stands exactly on the limit.
_ROUNDING = 1e-9


def abandons_left(floor: Floor, limit: float) -> float:
    """How many more people may be abandoned before their share passes `limit` (0…1); infinite if all may.

    The greatest n with (abandoned + n) ÷ (people + n) <= limit. It starts at none: after few answers a single
    abandon breaks any limit, so no minimum of people has to be set apart (3 % allows the first after 33 people).
    """
    if limit >= 1:
        return math.inf
    return max(0, math.floor((limit * floor.people - floor.abandoned) / (1 - limit) + _ROUNDING))


def may_dial_again(number: LeadNumber, rest: timedelta, now: datetime, guaranteed: bool) -> bool:
    """Whether the person's rest after an abandoned call is over, or an agent is held for the call."""
    return guaranteed or number.abandoned_at is None or number.abandoned_at + rest <= now
