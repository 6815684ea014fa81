"""Rates and room: when the next call may go out, and how many lines are left. Pure: state and instant in, answer out.

Calls are spaced, not sent in bursts: a rate of 10 a second is a call each 100 ms, so that no window of a second holds
more than the rate. A call is given its slot ahead of time; that the slot before was met late moves nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from crm_core.domain.campaigns import Campaign, Trunk

_NEVER = datetime.max.replace(tzinfo=UTC)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Spacing:
    """Calls at most each `interval`; None: no call at all. `next_at`: the first slot not given away."""

    interval: timedelta | None
    next_at: datetime = _LONG_AGO

    def at_rate(self, calls_per_second: float) -> Spacing:
        """The same slots given, at a rate that may have been changed."""
        return replace(self, interval=interval_of(calls_per_second))


def interval_of(calls_per_second: float) -> timedelta | None:
    """The space between calls; rounded up to a microsecond, so that the rate is never passed."""
    if calls_per_second <= 0:
        return None
    return timedelta(microseconds=math.ceil(1_000_000 / calls_per_second))


def next_slot(spacings: Sequence[Spacing], now: datetime) -> datetime:
    """When a call bound by all of `spacings` may go out."""
    if any(spacing.interval is None for spacing in spacings):
        return _NEVER
    return max(now, *(spacing.next_at for spacing in spacings))


def slots_until(spacings: Sequence[Spacing], now: datetime, until: datetime) -> int:
    """How many calls bound by all of `spacings` may go out before `until`."""
    first = next_slot(spacings, now)
    if first >= until:
        return 0
    interval = max(spacing.interval or timedelta(0) for spacing in spacings)
    return math.ceil((until - first) / interval)


def given(spacing: Spacing, slot: datetime) -> Spacing:
    """The state after a call was given `slot`."""
    return replace(spacing, next_at=slot + (spacing.interval or timedelta(0)))


@dataclass(frozen=True, slots=True)
class Lines:
    """Open attempts by trunk and by campaign."""

    by_trunk: dict[str, int]
    by_campaign: dict[int, int]

    def more(self, campaign: Campaign, count: int) -> Lines:
        """The lines after `count` more of `campaign` were opened."""
        trunk = campaign.policy.trunk
        return Lines(
            {**self.by_trunk, trunk: self.by_trunk.get(trunk, 0) + count},
            {**self.by_campaign, campaign.id: self.by_campaign.get(campaign.id, 0) + count},
        )


def room(lines: Lines, campaign: Campaign, trunk: Trunk, max_lines: int) -> int:
    """How many lines `campaign` may open beside those open: by its trunk, by itself, and in all (`max_lines`)."""
    return max(
        0,
        min(
            trunk.max_lines - lines.by_trunk.get(trunk.name, 0),
            campaign.policy.max_lines - lines.by_campaign.get(campaign.id, 0),
            max_lines - sum(lines.by_trunk.values()),
        ),
    )
