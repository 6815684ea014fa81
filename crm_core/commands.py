"""Commands: what is asked to be done, imperative, frozen. Handlers check and carry them out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from crm_core.domain.sales import TaskKind


@dataclass(frozen=True, slots=True)
class RecordDisposition:
    """Write down what came of a call. `agent_id` None: the bot. `callback_at` is aware; `callback_for_anyone`: the
    callback is not kept for this agent."""

    call_id: str
    disposition: str
    agent_id: int | None = None
    callback_at: datetime | None = None
    note: str = ""
    callback_for_anyone: bool = False


@dataclass(frozen=True, slots=True)
class CreateContact:
    """`numbers` as people write them; `default_country` (ISO 3166) for those without a country code."""

    name: str
    numbers: tuple[str, ...] = ()
    default_country: str | None = None
    company: str | None = None
    email: str | None = None
    language: str | None = None
    owner_id: int | None = None


@dataclass(frozen=True, slots=True)
class CreateDeal:
    """`stage` is the name of a stage of the default pipeline, None its first. `amount` needs `currency` (ISO 4217)."""

    title: str
    by: str
    stage: str | None = None
    contact_id: int | None = None
    owner_id: int | None = None
    amount: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class CreateTask:
    """`number` as people write it; reaching it closes a task of kind callback."""

    title: str
    due_at: datetime
    by: str
    kind: TaskKind = TaskKind.OTHER
    responsible_id: int | None = None
    contact_id: int | None = None
    deal_id: int | None = None
    number: str | None = None
    default_country: str | None = None
