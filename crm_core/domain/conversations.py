"""Conversations: what the bot and a person said to each other in one call, and what the bot concluded from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from crm_core.domain.messages import MessageChannel
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
    """One party's move. Of a person: `engine` that heard him (or "keys"), its confidence (0…1), the intent if any, and
    whether his words meant nothing at that question (`unclear`)."""

    party: Party
    text: str
    node: str
    began_at: datetime
    ended_at: datetime
    engine: str = ""
    confidence: float | None = None
    intent: str | None = None
    unclear: bool = False


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
class WantedMessage:
    """To the person of the call, unless the field `to` holds another's address. Of several by the same template and
    channel in one call only the last is sent."""

    template: str
    channel: MessageChannel
    fields: Mapping[str, str] = field(default_factory=dict)


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
    announcement: str | None = None  # that sentence as a sound: a µ-law file below the recordings folder
    disposition: str | None = None
    callback_at: datetime | None = None
    do_not_call: str | None = None  # "all", or "campaign": this campaign only
    deals: tuple[WantedDeal, ...] = ()
    tasks: tuple[WantedTask, ...] = ()
    messages: tuple[WantedMessage, ...] = ()


@dataclass(frozen=True, slots=True)
class UnclearTurn:
    """Something the bot did not understand. `recording`: the file of its call, and `at_second` where the turn begins in
    it; None where the call was not recorded. `asked`: what the bot had said before; `recording_id`: the recording's
    row, for whom may listen to it."""

    call_id: str
    position: int
    language: str
    script: str
    node: str
    text: str
    at: datetime
    recording: str | None = None
    at_second: float | None = None
    asked: str = ""
    recording_id: int | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """What a person says an unclear turn means; `text` as it should have been heard."""

    call_id: str
    position: int
    language: str
    text: str
    intent: str


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
    announces: bool = False  # who takes the person over is told the summary first


@dataclass(frozen=True, slots=True)
class HandedOn:
    """A person the bot has promised an operator; the fields are those of `Conversation`."""

    summary: str
    announcement: str | None = None
