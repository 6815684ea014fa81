"""Pipelines, deals and tasks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class StageKind(StrEnum):
    UNSORTED = "unsorted"  # nobody has accepted the deal yet
    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Stage:
    id: int
    pipeline_id: int
    name: str
    position: int
    kind: StageKind


@dataclass(frozen=True, slots=True)
class Deal:
    """`amount` in `currency` (ISO 4217); both None until known."""

    id: int
    title: str
    pipeline_id: int
    stage_id: int
    contact_id: int | None
    owner_id: int | None
    amount: Decimal | None = None
    currency: str | None = None
    call_id: str | None = None


class TaskKind(StrEnum):
    CALLBACK = "callback"
    FOLLOW_UP = "follow_up"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Task:
    """Something a person has to do. `number` lets a callback close itself when anybody reaches it."""

    id: int
    kind: TaskKind
    title: str
    due_at: datetime
    responsible_id: int | None
    contact_id: int | None = None
    deal_id: int | None = None
    call_id: str | None = None
    number: str | None = None
    done_at: datetime | None = None


#: Shipped pipeline: (name, kind) in order.
DEFAULT_STAGES = (
    ("Unsorted", StageKind.UNSORTED),
    ("New", StageKind.OPEN),
    ("Offer sent", StageKind.OPEN),
    ("Agreed", StageKind.OPEN),
    ("Won", StageKind.WON),
    ("Lost", StageKind.LOST),
)
