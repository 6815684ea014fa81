"""What past calls tell of those to come: counted first, then reckoned with its uncertainty. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crm_core.domain.attempts import Outcome

#: Whoever answered himself.
PEOPLE = frozenset({Outcome.ANSWERED, Outcome.ABANDONED, Outcome.HUNG_UP})
#: The network refused, or the number is none.
_FAILED = frozenset({Outcome.NOT_IN_SERVICE, Outcome.CONGESTION, Outcome.FAILED, Outcome.LOST})
#: So many ring times, talks, wrap-ups and pauses are kept; they suffice for a tail.
_MOST_SAMPLES = 4000
#: An attempt beyond this counts as this one.
LATER_ATTEMPT = 4


@dataclass(frozen=True, slots=True)
class Part:
    """Leads of one list in one zone."""

    list_name: str
    zone: str


@dataclass(frozen=True, slots=True)
class PastDial:
    """One attempt that has ended. `nth`: which of its lead (1 the first); `rang`: seconds until the answer or the end;
    `talked`: seconds with an agent, None without one; `own`: of the campaign that is looked at, not of another.
    """

    at: datetime
    part: Part
    nth: int
    outcome: Outcome
    rang: float
    talked: float | None = None
    called_back: bool = False  # its result promised another call
    again: bool = False  # its result asks for another attempt
    own: bool = True


@dataclass(frozen=True, slots=True)
class AgentSpan:
    """An agent in one state from its begin to the next state; `state` as in domain.agents.AgentState."""

    state: str
    seconds: float


@dataclass(slots=True)
class Count:
    """So many dials, and how many of them a person answered."""

    dials: int = 0
    people: int = 0

    def add(self, is_person: bool) -> None:
        self.dials += 1
        self.people += is_person


@dataclass(slots=True)
class Samples:
    """Lengths in seconds. Beyond the most that is kept, each new one replaces an older: the latest stay."""

    kept: list[float] = field(default_factory=list)
    seen: int = 0

    def add(self, seconds: float) -> None:
        if len(self.kept) < _MOST_SAMPLES:
            self.kept.append(seconds)
        else:
            self.kept[self.seen % _MOST_SAMPLES] = seconds
        self.seen += 1


@dataclass(slots=True)
class PastCalls:
    """Past calls, counted. Calls that we ended while they rang are left out: nobody knows who would have answered."""

    dials: int = 0
    people: int = 0
    own_dials: int = 0
    failed: int = 0
    dead: int = 0
    busy: int = 0
    machines: int = 0
    congested: int = 0
    abandoned: int = 0
    talks: int = 0
    callbacks: int = 0
    retries: int = 0
    by_hour: dict[int, Count] = field(default_factory=dict)
    by_part: dict[Part, Count] = field(default_factory=dict)
    by_cell: dict[tuple[Part, int], Count] = field(default_factory=dict)
    by_nth: dict[int, Count] = field(default_factory=dict)
    by_day: dict[date, Count] = field(default_factory=dict)
    rings: Samples = field(default_factory=Samples)
    talk: Samples = field(default_factory=Samples)
    wrap_up: Samples = field(default_factory=Samples)
    pause: Samples = field(default_factory=Samples)
    logged_in: float = 0.0  # seconds of agents, pauses left out
    first: datetime | None = None
    last: datetime | None = None

    def add(self, dials: Iterable[PastDial]) -> None:
        """Count more of them."""
        for dial in dials:
            if dial.outcome is not Outcome.GIVEN_UP:
                self._add(dial)

    def _add(self, dial: PastDial) -> None:
        is_person = dial.outcome in PEOPLE
        local = dial.at.astimezone(zone_of(dial.part.zone))
        self.dials += 1
        self.people += is_person
        self.own_dials += dial.own
        self.failed += dial.outcome in _FAILED
        self.dead += dial.outcome is Outcome.NOT_IN_SERVICE
        self.congested += dial.outcome is Outcome.CONGESTION
        self.busy += dial.outcome is Outcome.BUSY
        self.machines += dial.outcome is Outcome.MACHINE
        self.abandoned += dial.outcome is Outcome.ABANDONED
        self.by_hour.setdefault(local.hour, Count()).add(is_person)
        self.by_part.setdefault(dial.part, Count()).add(is_person)
        self.by_cell.setdefault((dial.part, local.hour), Count()).add(is_person)
        self.by_nth.setdefault(min(dial.nth, LATER_ATTEMPT), Count()).add(is_person)
        self.by_day.setdefault(local.date(), Count()).add(is_person)
        if is_person:
            self.rings.add(dial.rang)
        if dial.talked is not None:
            self.talks += 1
            self.callbacks += dial.called_back
            self.retries += dial.again
            self.talk.add(dial.talked)
        self.first = dial.at if self.first is None else min(self.first, dial.at)
        self.last = dial.at if self.last is None else max(self.last, dial.at)

    def add_spans(self, spans: Iterable[AgentSpan]) -> None:
        """Count what agents did between calls."""
        for span in spans:
            if span.state == "wrap_up":
                self.wrap_up.add(span.seconds)
            if span.state == "paused":
                self.pause.add(span.seconds)
            elif span.state in ("available", "ringing", "on_call", "wrap_up"):
                self.logged_in += span.seconds


@cache
def zone_of(name: str) -> ZoneInfo:
    """The zone of this name; of an unknown one UTC."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def quantiles(samples: Sequence[float], count: int = 101) -> tuple[float, ...]:
    """`count` evenly spaced quantiles, the least and the greatest included; none of no samples."""
    if not samples:
        return ()
    ordered = sorted(samples)
    last = len(ordered) - 1
    return tuple(ordered[round(place * last / (count - 1))] for place in range(count))
