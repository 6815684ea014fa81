"""Conversations: what the bot and a person said to each other in one call, and what the bot concluded from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from crm_core.domain.sales import TaskKind


class Party(StrEnum):
    BOT = "bot"
    PERSON = "person"


class Ending(StrEnum):
    """How a conversation ended."""

    FINISHED = "finished"  # the script came to its end
    HUNG_UP = "hung_up"  # the person left before
    TRANSFERRED = "transferred"
    FAILED = "failed"  # a fault of ours: the person heard an apology


@dataclass(frozen=True, slots=True)
class Turn:
    """One party's move. Of a person: `engine` that heard him (or "keys"), its confidence (0…1), the intent if any."""

    party: Party
    text: str
    node: str
    began_at: datetime
    ended_at: datetime
    engine: str = ""
    confidence: float | None = None
    intent: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question was answered. `value` in a plain form (yes, 8, 2026-11-27, 150000); `raw` as it was heard;
    `at` is when the answer began, which is where the recording is listened to."""

    question: str
    value: str
    raw: str
    at: datetime


@dataclass(frozen=True, slots=True)
class WantedDeal:
    """`stage` is a name in the default pipeline, None its first. `amount` comes with `currency`, or neither."""

    title: str
    stage: str | None = None
    amount: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class WantedTask:
    """`due_at` None: the next working time."""

    title: str
    kind: TaskKind = TaskKind.FOLLOW_UP
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """All of it. `call_id` is its identity: told again, it replaces what was told before."""

    call_id: str
    script: str
    language: str
    began_at: datetime
    ended_at: datetime
    ending: Ending
    last_node: str
    turns: tuple[Turn, ...] = ()
    answers: tuple[Answer, ...] = ()
    summary: str = ""  # one sentence for the operator who takes over
    disposition: str | None = None
    callback_at: datetime | None = None
    do_not_call: str | None = None  # "all", or "campaign": this campaign only
    deals: tuple[WantedDeal, ...] = ()
    tasks: tuple[WantedTask, ...] = ()


@dataclass(frozen=True, slots=True)
class Briefing:
    """What the bot is told of a person before it says its first word. `fields`: the lead's, its name among them."""

    call_id: str
    script: str
    number: str | None
    language: str | None = None  # the person's, where known
    zone: str | None = None  # IANA; the firm's where the lead's is unknown
    campaign_id: int | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """How often each value was given to one question of a campaign's script."""

    question: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SurveyResult:
    """What came of a campaign's conversations. `left_at`: where those ended that did not finish, by node."""

    conversations: int
    endings: Mapping[Ending, int]
    left_at: Mapping[str, int]
    questions: tuple[QuestionResult, ...]
