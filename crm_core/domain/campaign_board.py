"""What the board of a campaign shows, and what is reckoned for it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from crm_core.domain.attempts import Outcome

#: So long back calls a minute are drawn and the speed is reckoned.
HOUR = timedelta(hours=1)
_MINUTE = 60  # seconds
#: Fewer leads that were brought to an end say nothing of how many dials one takes.
_ENOUGH_CLOSED = 20
#: A campaign that will take longer is not going anywhere.
_LONGEST = timedelta(days=366)


class DialStage(StrEnum):
    """What happens on an open line."""

    RINGING = "ringing"
    WAITING = "waiting"  # a person answered and has no agent yet
    MACHINE = "machine"
    ROBOT = "robot"  # he talks with the infobot
    TALKING = "talking"  # with an agent


@dataclass(frozen=True, slots=True)
class OpenDial:
    """An open line. `number`, `contact_id` and `contact` None: the person is not his to see who looks."""

    id: str
    stage: DialStage
    since: datetime
    number: str | None
    contact_id: int | None
    contact: str | None
    agent: str | None


@dataclass(frozen=True, slots=True)
class Minute:
    """What was dialed in the minute that begins `at` (seconds since 1970), and how many of those a person answered."""

    at: int
    dialed: int
    people: int


@dataclass(frozen=True, slots=True)
class Funnel:
    """Dialed → answered → a person → bridged to an agent → a result. `results` by code, the most frequent first."""

    dialed: int = 0
    answered: int = 0
    people: int = 0
    bridged: int = 0
    with_result: int = 0
    results: tuple[tuple[str, int], ...] = ()
    outcomes: Mapping[Outcome, int] | None = None


def last_hour(found: Sequence[Minute], now: datetime) -> tuple[Minute, ...]:
    """Sixty minutes that are over, and the one under way, without gaps."""
    last = int(now.timestamp()) // _MINUTE * _MINUTE
    known = {minute.at: minute for minute in found}
    return tuple(known.get(at, Minute(at, 0, 0)) for at in range(last - 60 * _MINUTE, last + 1, _MINUTE))


def time_left(open_leads: int, closed: int, dialed: int, hour: Sequence[Minute]) -> timedelta | None:
    """How long the open leads will take at the speed of the last hour; None: nobody can say.

    Each lead takes as many dials as those took that are closed; one, while too few are. The speed is that of the
    minutes from the first dial of the hour on, so that a campaign just started is not taken for a slow one.
    """
    if not open_leads:
        return timedelta(0)
    begun = next((place for place, minute in enumerate(hour) if minute.dialed), None)
    if begun is None:
        return None
    over = hour[begun:-1] or hour[begun:]  # the minute under way is not whole
    a_minute = sum(minute.dialed for minute in over) / len(over)
    if not a_minute:
        return None
    dials_each = max(1.0, dialed / closed) if closed >= _ENOUGH_CLOSED else 1.0
    minutes = open_leads * dials_each / a_minute
    return timedelta(minutes=minutes) if minutes * _MINUTE < _LONGEST.total_seconds() else None
