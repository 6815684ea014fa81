"""Rehearsals: what is asked before the first dial, and what a campaign is expected to come to. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crm_core.domain.campaigns import CampaignPolicy, Trunk
from crm_core.domain.past_calls import Part
from crm_core.domain.past_estimates import Estimate, Likely
from crm_core.domain.work_calendar import WorkCalendar


@dataclass(frozen=True, slots=True)
class LeadGroup:
    """Leads that are alike: dialed `attempts` times, due at `due` (None: at once). `callback`: promised for then.

    `spare`: there is another number should one not be in service.
    """

    part: Part
    count: int
    priority: int = 0
    attempts: int = 0
    due: datetime | None = None
    callback: bool = False
    spare: bool = False


@dataclass(frozen=True, slots=True)
class Questions:
    """What is rehearsed. `begins_at`: when dialing starts; `by`: finished by then with how many operators? `runs`:
    futures tried out."""

    operators: int
    begins_at: datetime
    by: datetime | None = None
    runs: int = 20


@dataclass(frozen=True, slots=True)
class RehearsalRoom:
    """All that a rehearsal looks at: rules, list, history and the firm's hours, as they stand at one moment."""

    campaign: str
    policy: CampaignPolicy
    trunk: Trunk
    groups: tuple[LeadGroup, ...]
    likely: Likely
    calendar: WorkCalendar
    questions: Questions


@dataclass(frozen=True, slots=True)
class HourAhead:
    """One hour as expected, on average: `at` its begin (UTC). `dials_low` to `dials_high`: nine of ten runs."""

    at: datetime
    dials: float
    dials_low: float
    dials_high: float
    people: float
    callbacks: float  # calls promised to people that come due in it
    occupancy: float


@dataclass(frozen=True, slots=True)
class PartAhead:
    """A part of the list: how likely people answer by hour of their own zone, and the hours that stand out."""

    part: Part
    leads: int
    hours: dict[int, Estimate]
    best: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """What dialing came to by one instant: sums since the begin. Seconds of operators, pauses left out."""

    dials: float = 0.0
    people: float = 0.0
    abandoned: float = 0.0
    talks: float = 0.0
    talk_seconds: float = 0.0
    busy_seconds: float = 0.0
    logged_in_seconds: float = 0.0

    @property
    def occupancy(self) -> float:
        return self.busy_seconds / self.logged_in_seconds if self.logged_in_seconds else 0.0

    @property
    def abandoned_share(self) -> float:
        return self.abandoned / self.people if self.people else 0.0


@dataclass(frozen=True, slots=True)
class DayAhead:
    """The sums of each run at the end of a calling day, for the comparison while the campaign is under way."""

    until: datetime
    dials: Estimate
    people: Estimate
    talks: Estimate
    abandoned_share: Estimate
    occupancy: Estimate


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a campaign is expected to come to. `finish_*`: the 5th, 50th and 95th of a hundred; None: not within the
    days looked at. `finished`: the share of the runs that came to their end."""

    operators: int
    begins_at: datetime
    runs: int
    leads: int
    finish_low: datetime | None
    finish: datetime | None
    finish_high: datetime | None
    finished: float
    dials: Estimate
    people: Estimate
    talks: Estimate
    reached: Estimate  # share of the leads that were talked to
    occupancy: Estimate  # from the begin to the finish, waiting for retries to come due included
    occupancy_due: Estimate  # while there was somebody to dial
    abandoned_share: Estimate
    talk_minutes: Estimate  # of an operator's hour
    hours: tuple[HourAhead, ...]
    days: tuple[DayAhead, ...]
    parts: tuple[PartAhead, ...]
    by: datetime | None
    operators_by: int | None  # how many would finish by then in nine of ten runs; None: no number would
    assumed: tuple[str, ...]  # names of the figures that nothing in the history tells
    dials_seen: int  # past dials it is learned from


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored rehearsal. `compared` None: nobody has yet."""

    id: int
    campaign_id: int
    made_at: datetime
    made_by: str
    forecast: Forecast
    compared: Comparison | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure, expected and come about. `name` as in Forecast."""

    name: str
    expected: Estimate
    happened: float

    @property
    def within(self) -> bool:
        return self.expected.low <= self.happened <= self.expected.high


@dataclass(frozen=True, slots=True)
class Comparison:
    """A forecast beside what happened until `until`; `is_final`: the campaign has ended."""

    until: datetime
    figures: tuple[Compared, ...]
    is_final: bool
    finished_at: datetime | None  # the last dial, when no lead is open any more
