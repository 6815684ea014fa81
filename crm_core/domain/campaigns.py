"""Campaigns: leads + script + policy + hours + caller id."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum

from crm_core.domain.agents import HandOffMode
from crm_core.domain.attempts import Outcome


class CampaignState(StrEnum):
    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    FINISHED = "finished"


class DialMode(StrEnum):
    PREVIEW = "preview"  # the agent sees the card, then dials or skips
    PROGRESSIVE = "progressive"  # one line per free agent
    POWER = "power"  # a fixed number of lines per agent
    PREDICTIVE = "predictive"  # lines from the observed answer rate, under the abandon limit
    BOT = "bot"  # the infobot talks: as many lines as the campaign allows, no agent needed


class LawName(StrEnum):
    """Whose rules on abandoned calls hold (figures and sources: dialer/laws.py)."""

    FCC = "fcc"
    OFCOM = "ofcom"
    STRICT = "strict"  # where nothing is known: nobody is abandoned


class Record(StrEnum):
    NEVER = "never"
    BRIDGED = "bridged"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of a weekday in which a lead may be called, in the lead's own zone; `days`: Monday is 0."""

    days: frozenset[int]
    opens: time
    closes: time


#: Russia (38-FZ practice), the US (47 CFR 64.1200(c)(1): 8 to 21) and the EU agree on these hours at least.
DEFAULT_WINDOWS = (Window(frozenset(range(6)), time(9), time(20)),)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Dial whoever answered and did not talk to the end again after so long, at most `times` times."""

    after: timedelta
    times: int = 1


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When to dial a lead again. One cap over all outcomes; an outcome not listed is not retried."""

    max_attempts: int = 5
    after: dict[Outcome, timedelta] = field(
        default_factory=lambda: {
            Outcome.BUSY: timedelta(minutes=15),
            Outcome.NO_ANSWER: timedelta(hours=3),
            Outcome.CONGESTION: timedelta(minutes=10),
            Outcome.MACHINE: timedelta(hours=4),
            Outcome.HUNG_UP: timedelta(hours=4),
            Outcome.GIVEN_UP: timedelta(hours=1),
            Outcome.FAILED: timedelta(hours=1),
            Outcome.LOST: timedelta(hours=1),
            Outcome.ABANDONED: timedelta(hours=72),
        }
    )
    unfinished: Unfinished | None = None  # mode bot; None: as the result says, which by itself closes the lead


@dataclass(frozen=True, slots=True)
class Quota:
    """`completes` conversations suffice of the leads whose `field` (a column of the list) holds `value`.

    `value` None: of those in which it holds none of the values that the field's other quotas name, or nothing.
    """

    field: str
    value: str | None
    completes: int

    def __str__(self) -> str:
        return f"{self.field}={REST if self.value is None else self.value}"


#: How a quota of all the others is written.
REST = "*"


@dataclass(frozen=True, slots=True)
class CampaignPolicy:
    """All rules of one campaign. Shares are 0…1."""

    trunk: str
    mode: DialMode = DialMode.PROGRESSIVE
    caller_ids: tuple[str, ...] = ()
    lines_per_agent: float = 2.0  # power mode
    #: Mode predictive: a cap and no aim, for the risk to lose somebody bounds the lines. One person in ten wants ten.
    max_lines_per_agent: float = 10.0
    #: 16 CFR 310.4(b)(4): at most 3 % of calls answered by a person, per campaign, over 30 days.
    abandon_limit: float = 0.03
    abandon_window: timedelta = timedelta(days=30)
    #: 47 CFR 64.1200(a)(7): within two seconds of the person's greeting.
    connect_within: timedelta = timedelta(seconds=2)
    #: Ring at least 15 s or four rings before giving up (47 CFR 64.1200(a)(6)).
    ring_for: timedelta = timedelta(seconds=25)
    #: None: by the country of the numbers it shows (domain.law_names).
    law: LawName | None = None
    #: Mode predictive: agents are busy at most so much of their time. 0.95 leaves three minutes of every hour to
    #: breathe; small teams never come near it, for the abandoned share bounds them first.
    max_occupancy: float = 0.95
    give_up: bool = True  # mode predictive: lines may be ended while they ring, once the law's ring time is over
    given_up_per_day: int = 1  # at most so often a day for one number
    abandon_message: str | None = None  # sound file; None: the shipped one
    opt_out_key: str = "9"
    #: Ofcom: an abandoned person is not called again within 72 h without a guaranteed agent.
    abandoned_rest: timedelta = timedelta(hours=72)
    windows: tuple[Window, ...] = DEFAULT_WINDOWS
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    number_rest: timedelta = timedelta(hours=24)
    number_rest_calls: int = 3  # at most so many dials of one number within number_rest, over all campaigns
    calls_per_second: float = 10.0
    max_lines: int = 100
    daily_calls: int | None = None
    daily_minutes: int | None = None
    record: Record = Record.BRIDGED
    consent_notice: str | None = None
    detect_machines: bool = False
    machine_message: str | None = None  # None: hang up
    wrap_up: timedelta = timedelta(seconds=30)
    agent_script: str = ""  # what agents read: {fields} of the lead, "# " before a heading
    hand_off: HandOffMode = HandOffMode.PARKED
    script: str | None = None  # mode bot: the script the infobot talks by
    script_fields: dict[str, str] = field(default_factory=dict)  # of the script, where a lead has none of the name
    pilot: int | None = None  # so many calls are dialed first; then the campaign pauses until somebody approves
    quotas: tuple[Quota, ...] = ()  # mode bot
    counts_as_complete: tuple[str, ...] = ()  # results that count for quotas; none named: see domain.quotas
    announce_summary: bool = True  # mode bot: an agent hears what it is about before the person is connected
    ring_agent_for: timedelta = timedelta(seconds=20)  # hand-off by ringing; then another agent, or the message


@dataclass(frozen=True, slots=True)
class Campaign:
    id: int
    name: str
    state: CampaignState
    policy: CampaignPolicy
    approved_at: datetime | None = None  # since when it may go on after its pilot


@dataclass(frozen=True, slots=True)
class Trunk:
    """A carrier line. `endpoint` is the PJSIP endpoint; `prefixes`: E.164 prefixes that may be dialed, no others."""

    name: str
    endpoint: str
    prefixes: tuple[str, ...] = ()
    calls_per_second: float = 5.0
    max_lines: int = 30
    daily_calls: int | None = None
    daily_minutes: int | None = None
    caller_ids: tuple[str, ...] = ()
