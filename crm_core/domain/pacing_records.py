"""What the pacing saw and decided in one pass: kept with every line it dialed until that line is known not to be lost,
and for good with every abandoned call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PacingRecord:
    """One pass. Agents by state; `ringing`: lines that rang; `people`, `abandoned`: over the abandon window; `risk`:
    what a further line would have brought, `price`: what it might (both 0…1); `why`: what bounded the decision."""

    at: datetime
    law: str
    available: int
    ringing_agents: int
    on_call: int
    wrapping_up: int
    paused: int
    ringing: int
    waiting: int
    people: int
    abandoned: int
    to_open: int
    to_give_up: int
    why: str
    risk: float = 0.0
    price: float = 0.0
    answering: float = 0.0  # people expected to answer what rang already
    coming: float = 0.0  # agents expected to come free until then
    answer_chance: float = 0.0  # of a new line


@dataclass(frozen=True, slots=True)
class AbandonRecord:
    """An abandoned call: the pass that dialed it, and the last one before it was lost; None: not known, for the
    attempt was not dialed by the pacing, or the process has been started anew since."""

    attempt_id: str
    campaign_id: int
    lost_at: datetime
    dialed: PacingRecord | None
    last: PacingRecord | None
