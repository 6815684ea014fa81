"""When a campaign can be dialed, which of its leads are alike, and what chance makes of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import TypeVar
from zoneinfo import ZoneInfo

from crm_core.domain.campaigns import CampaignPolicy, DialMode
from crm_core.domain.rehearsal import Figures, RehearsalRoom
from crm_core.domain.work_calendar import is_working_time
from dialer.windows import known_zone, may_call

N = TypeVar("N", int, float)

QUARTER = timedelta(minutes=15)
#: A campaign that takes longer is said not to end.
HORIZON = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Kind:
    """Leads that are dialed alike: `part` is a place in `Timetable.zones`."""

    part: int
    attempts: int
    spare: bool
    callback: bool
    priority: int

    def order(self) -> tuple[bool, int, int]:
        """Callbacks first, then by priority, then those never tried: as the hopper does it."""
        return not self.callback, -self.priority, self.attempts


@dataclass(frozen=True, slots=True)
class Slot:
    """A quarter of an hour in which operators work: the parts that may be called, and the hour of their zones."""

    at: datetime
    day: date  # in the firm's zone
    hours: Mapping[int, int]


@dataclass(slots=True)
class Future:
    """What a run came to. `finished_at`: the last dial; None: not within the horizon."""

    finished_at: datetime | None = None
    reached: int = 0
    dials_by_hour: dict[datetime, int] = field(default_factory=dict)
    people_by_hour: dict[datetime, int] = field(default_factory=dict)
    callbacks_by_hour: dict[datetime, int] = field(default_factory=dict)
    busy_by_hour: dict[datetime, float] = field(default_factory=dict)  # seconds of operators
    there_by_hour: dict[datetime, float] = field(default_factory=dict)
    due_busy: float = 0.0  # the same in quarters in which leads did not run out
    due_there: float = 0.0
    days: dict[date, tuple[datetime, Figures]] = field(default_factory=dict)
    total: Figures = field(default_factory=Figures)


def timetable(room: RehearsalRoom) -> list[Slot]:
    """Every quarter within the horizon in which somebody may be called; operators work the firm's
    hours, the bot any."""
    zones = [known_zone(part.zone) for part in dict.fromkeys(group.part for group in room.groups)]
    begins = room.questions.begins_at.astimezone(UTC)
    first = begins.replace(minute=begins.minute // 15 * 15, second=0, microsecond=0)
    firm, is_bot = ZoneInfo(room.calendar.zone), room.policy.mode is DialMode.BOT
    found = []
    for place in range(HORIZON // QUARTER):
        at = first + place * QUARTER
        if not is_bot and not is_working_time(max(at, begins), room.calendar):
            continue
        hours = {
            part: at.astimezone(zone).hour
            for part, zone in enumerate(zones)
            if zone is not None and may_call(at, zone, room.policy.windows)
        }
        if hours:
            found.append(Slot(at, at.astimezone(firm).date(), hours))
    return found


def number_rest(policy: CampaignPolicy, attempts: int, rest: timedelta) -> timedelta:
    """How long the number rests after this attempt: of `number_rest_calls` dials in a row, the first must be over."""
    calls = policy.number_rest_calls
    if calls <= 0 or attempts % calls:
        return timedelta(0)
    return policy.number_rest - (calls - 1) * rest


def factor(draw: Random, value: float, high: float) -> float:
    """A chance factor around 1 whose 95th of a hundred is `high` ÷ `value`."""
    return math.exp(draw.gauss(0.0, math.log(max(high, value) / value) / 1.645)) if value > 0 else 1.0


def add_to(counts: dict[datetime, N], at: datetime, count: N) -> None:
    """Count in the hour of `at`."""
    hour = at.replace(minute=0)
    counts[hour] = counts[hour] + count if hour in counts else count


def binomial(draw: Random, count: int, share: float) -> int:
    """How many of `count` turn out so. Many: by the normal curve; few: one by one from success to success."""
    if count <= 0 or share <= 1e-12:
        return 0
    if share >= 1:
        return count
    if share > 0.5:
        return count - binomial(draw, count, 1 - share)
    variance = count * share * (1 - share)
    if variance > 40:
        return min(count, max(0, round(draw.gauss(count * share, math.sqrt(variance)))))
    found, place, log_miss = 0, 0, math.log1p(-share)
    while True:
        place += math.floor(math.log(1.0 - draw.random()) / log_miss) + 1
        if place > count:
            return found
        found += 1
