"""Events: what has happened, past tense, frozen. They go out through the outbox with the commit that made them true."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crm_core.domain.agents import AgentState
from crm_core.domain.attempts import Outcome
from crm_core.domain.calls import Direction
from crm_core.domain.campaigns import CampaignState
from crm_core.domain.conversations import Ending


@dataclass(frozen=True, slots=True)
class CallBridged:
    """A person and an agent hear each other."""

    call_id: str
    direction: Direction
    number: str | None
    agent_id: int | None
    contact_id: int | None
    campaign_id: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class CallEnded:
    """`known` says whether the number belonged to a contact before this call."""

    call_id: str
    direction: Direction
    number: str | None
    known: bool
    outcome: Outcome | None
    agent_id: int | None
    contact_id: int | None
    campaign_id: int | None
    bridged: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class CallMissed:
    """An incoming call ended and nobody had spoken with the caller. `after_hours`: outside working time."""

    call_id: str
    number: str | None
    contact_id: int | None
    after_hours: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class CallAbandoned:
    """We called, a person answered, nobody was free within the limit."""

    call_id: str
    number: str
    contact_id: int | None
    campaign_id: int
    lead_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """`unanswered` counts the lead's attempts in a row without an answer, this one included."""

    attempt_id: str
    campaign_id: int
    lead_id: int
    contact_id: int
    number: str
    outcome: Outcome
    unanswered: int
    at: datetime


@dataclass(frozen=True, slots=True)
class LeadDisposed:
    """An agent (or the bot) wrote down what came of a call."""

    call_id: str
    attempt_id: str | None
    lead_id: int | None
    campaign_id: int | None
    contact_id: int | None
    number: str | None
    agent_id: int | None
    disposition: str
    callback_at: datetime | None
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LeadClosed:
    lead_id: int
    campaign_id: int
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AgentStateChanged:
    agent_id: int
    state: AgentState
    campaign_id: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class CampaignStateChanged:
    """`reason`: why it changed by itself (domain.pilots); None where somebody asked for it."""

    campaign_id: int
    state: CampaignState
    at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RecordingLinked:
    call_id: str
    path: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ConversationEnded:
    """The bot has talked with a person; answers, deals and tasks stand in the same commit."""

    call_id: str
    script: str
    ending: Ending
    number: str | None
    contact_id: int | None
    campaign_id: int | None
    lead_id: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class TaskChanged:
    """A task is done, put off, or somebody else's; `was_responsible_id`: whose it was before. `by`: a user."""

    task_id: int
    responsible_id: int | None
    was_responsible_id: int | None
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DealChanged:
    """A deal stands in another stage, belongs to somebody else, or has other values; `was_owner_id`: whose it was
    before. One that is made is told by what made it. `by`: a user, or "rule: <name>"."""

    deal_id: int
    stage: str
    owner_id: int | None
    was_owner_id: int | None
    contact_id: int | None
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class NoticesRead:
    """A user has read what the bell told him: every browser of his is to know."""

    user_id: int
    notice_ids: tuple[int, ...]
    at: datetime


Event = (
    CallBridged
    | CallEnded
    | CallMissed
    | CallAbandoned
    | AttemptEnded
    | LeadDisposed
    | LeadClosed
    | AgentStateChanged
    | CampaignStateChanged
    | RecordingLinked
    | ConversationEnded
    | DealChanged
    | TaskChanged
    | NoticesRead
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event with its place in the outbox: `id` is unique and grows."""

    id: int
    event: Event
