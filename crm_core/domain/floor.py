"""The floor: all that pacing sees of a campaign at one instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Floor:
    """Agents of one campaign by state, its open lines, and what its recent attempts came to.

    `ringing_since` has one entry per open, unanswered line; `guaranteed` counts those of them that hold an agent.
    `recent_dials`/`recent_people`: the last settled attempts and how many of them a person answered.
    `people`/`abandoned`: over the policy's abandon window.
    """

    at: datetime
    agents_available: int
    agents_ringing: int
    agents_on_call: int
    agents_wrapping_up: int
    agents_paused: int
    ringing_since: tuple[datetime, ...]
    waiting: int  # people who answered and have no agent yet
    open_lines: int  # all open attempts
    guaranteed: int
    recent_dials: int
    recent_people: int
    people: int
    abandoned: int
    talking_since: tuple[datetime, ...] = ()  # one per agent on a call; fewer than agents_on_call: the rest unknown
    wrapping_since: tuple[datetime, ...] = ()
    seconds_left: float = 0.0  # of calling hours until the abandon window is reckoned up; 0: count on none
