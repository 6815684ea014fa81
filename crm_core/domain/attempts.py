"""Attempts: one originate for one lead in one campaign, and what the network said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from crm_core.domain.pacing_records import PacingRecord


class Outcome(StrEnum):
    """What the network said (ours; the raw Q.850 cause and SIP status are kept beside it)."""

    ANSWERED = "answered"  # a person answered and was bridged (or talked to the bot)
    ABANDONED = "abandoned"  # a person answered and no agent was free within the limit
    MACHINE = "machine"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    NOT_IN_SERVICE = "not_in_service"
    CONGESTION = "congestion"
    HUNG_UP = "hung_up"  # answered and hung up before a hand-off could be decided
    GIVEN_UP = "given_up"  # we ended the ringing ourselves; never counted as no answer
    FAILED = "failed"  # anything else; the raw cause tells
    LOST = "lost"  # the lease ran out and neither Asterisk nor its CDRs know the channel


class Verdict(StrEnum):
    """Who answered, by app_amd. Not sure means human (STYLE: a false positive is an abandoned call)."""

    HUMAN = "human"
    MACHINE = "machine"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Attempt:
    """`id` is the channel id given to Asterisk; leased and committed before the originate is sent."""

    id: str
    campaign_id: int
    lead_id: int
    number: str
    trunk: str
    caller_id: str
    created_at: datetime
    leased_until: datetime
    agent_id: int | None = None
    guaranteed: bool = False  # an agent is held for it: preview, or a person abandoned before
    answered_at: datetime | None = None
    bridged_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    cause: int | None = None
    sip_status: str | None = None
    verdict: Verdict | None = None
    verdict_cause: str | None = None
    disposition: str | None = None
    given_up_at: datetime | None = None  # the pacing decided to end its ringing
    paced: PacingRecord | None = None  # the pass that dialed it: given at the lease, not read back
