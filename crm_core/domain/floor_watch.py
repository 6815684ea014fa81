"""What the pacing watches from one look to the next: lines and agents by name, and a campaign's past in short."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crm_core.domain.agents import AgentState
from crm_core.domain.attempts import Outcome, Verdict
from crm_core.domain.floor import Floor


@dataclass(frozen=True, slots=True)
class WatchedLine:
    """An attempt that is open, or ended of late. `ringing_at`: since when the phone is known to ring."""

    id: str
    dialed_at: datetime
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    verdict: Verdict | None = None
    guaranteed: bool = False
    given_up_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WatchedAgent:
    """A logged-in agent of the campaign and since when he is in his state."""

    id: int
    state: AgentState
    since: datetime


@dataclass(frozen=True, slots=True)
class Watched:
    """One look. `machines`: machine verdicts over the abandon window."""

    floor: Floor
    lines: tuple[WatchedLine, ...] = ()
    agents: tuple[WatchedAgent, ...] = ()
    machines: int = 0


@dataclass(frozen=True, slots=True)
class PastLine:
    """How a settled line ended, `seconds` after it was dialed."""

    seconds: float
    person: bool
    given_up: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """The recent past of a campaign, oldest first; talks and wrap-ups in seconds."""

    lines: tuple[PastLine, ...] = ()
    talks: tuple[float, ...] = ()
    wrap_ups: tuple[float, ...] = ()
