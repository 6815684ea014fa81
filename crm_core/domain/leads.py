"""Leads: a person or firm to be called, with one or more numbers; and what screening needs to know of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from crm_core.domain.attempts import Outcome


class LeadState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class WhyNot(StrEnum):
    """Why a lead is not dialed now. Every lead has either none of these or exactly one, the first that holds."""

    CAMPAIGN_NOT_RUNNING = "campaign_not_running"
    CLOSED = "closed"
    IN_PROGRESS = "in_progress"  # an attempt is open
    QUOTA_FULL = "quota_full"  # enough people of its group have answered, or are being called
    CALLBACK_OF_OTHER = "callback_of_other"  # promised to one agent who is not available
    WORDS_UNSAYABLE = "words_unsayable"  # mode bot: nothing that can be said stands where its own words are wanted
    WORDS_NOT_READY = "words_not_ready"  # mode bot: what it hears first could not be rendered; tried again
    NOT_DUE = "not_due"
    ATTEMPTS_USED = "attempts_used"
    NO_NUMBER = "no_number"
    DO_NOT_CALL = "do_not_call"  # system list
    DO_NOT_CALL_CAMPAIGN = "do_not_call_campaign"
    DO_NOT_CALL_PREFIX = "do_not_call_prefix"
    PREFIX_NOT_ALLOWED = "prefix_not_allowed"  # the trunk may not dial there
    ZONE_UNKNOWN = "zone_unknown"
    OUTSIDE_WINDOW = "outside_window"
    WINDOW_NEVER_OPENS = "window_never_opens"
    NUMBER_RESTED = "number_rested"  # dialed too often within number_rest
    ABANDONED_REST = "abandoned_rest"  # abandoned before; only with a guaranteed agent


#: Kept with a lead that rests: screening cannot see these in its data.
TOLD_WHILE_OPEN = frozenset({WhyNot.WORDS_UNSAYABLE, WhyNot.WORDS_NOT_READY})


class Block(StrEnum):
    """Which do-not-call list a number stands on."""

    SYSTEM = "system"
    CAMPAIGN = "campaign"
    PREFIX = "prefix"


@dataclass(frozen=True, slots=True)
class LeadNumber:
    """One number of a lead with all that screening asks about it."""

    phone_id: int
    e164: str
    zone: str | None
    attempts: int = 0
    dead: bool = False  # not in service, wrong number
    block: Block | None = None
    recent_dials: tuple[datetime, ...] = ()  # within the policy's number_rest, over all campaigns
    abandoned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Lead:
    """A lead of one list within one campaign, as the dialer sees it."""

    id: int
    campaign_id: int
    contact_id: int
    state: LeadState
    priority: int
    attempts: int
    next_attempt_at: datetime | None
    callback_at: datetime | None = None
    callback_agent_id: int | None = None
    zone: str | None = None  # set by hand or import; else the number's zone holds
    in_progress: bool = False
    last_outcome: Outcome | None = None
    close_reason: str | None = None  # or, while it is open, why it rests, where its data do not show that
    numbers: tuple[LeadNumber, ...] = ()
    fields: dict[str, str] = field(default_factory=dict)
    full_quota: str | None = None  # the quota that keeps it from being dialed, and how that stands
