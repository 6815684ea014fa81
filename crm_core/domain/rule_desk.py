"""The desk: what rules see of the CRM while they run for a batch of events, and what they change there.

A step looks before it makes, so nothing is made twice for one number or call. The desk is filled from the database
before and written back after (db/rule_desk.py), a batch at a time; here nothing waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crm_core.domain.sales import Stage, StageKind, TaskKind

#: How a rule signs what it does.
RULE_PREFIX = "rule: "
_OPEN = (StageKind.UNSORTED, StageKind.OPEN)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom and what an event is about, None where it does not say; `by` is the rule as histories name it."""

    at: datetime
    by: str
    number: str | None = None
    contact_id: int | None = None
    call_id: str | None = None
    agent_id: int | None = None
    campaign_id: int | None = None
    lead_id: int | None = None


def subject_of(event: Any, rule_name: str) -> Subject:
    """The event's subject. An attempt's id is its call's id (our own channel id on every originate)."""
    names = ("number", "contact_id", "call_id", "agent_id", "campaign_id", "lead_id")
    told = {name: getattr(event, name, None) for name in names}
    told["call_id"] = told["call_id"] or getattr(event, "attempt_id", None)
    return Subject(at=event.at, by=f"{RULE_PREFIX}{rule_name}"[:120], **told)


@dataclass(slots=True, eq=False)
class ContactEntry:
    """A contact; `id` None: to be made, from the call `new_from`."""

    id: int | None
    owner_id: int | None
    number: str | None = None
    new_from: Subject | None = None


@dataclass(slots=True, eq=False)
class DealEntry:
    """A deal; `id` None: to be made. `moves` are those not written yet; `moved_by` the last who moved it; `adopted`:
    it was made by a call of nobody known, who has become known."""

    id: int | None
    stage: Stage
    contact: ContactEntry | None
    call_id: str | None
    moved_by: str
    title: str = ""
    owner_id: int | None = None
    moves: list[tuple[Stage, Subject]] = field(default_factory=list)
    adopted: bool = False


@dataclass(slots=True, eq=False)
class TaskEntry:
    """A task; `id` None: to be made. `done`: who reached the number, or whose rule ended it, not written yet."""

    id: int | None
    kind: TaskKind
    number: str | None
    call_id: str | None
    created_at: datetime
    due_at: datetime
    responsible_id: int | None = None
    contact: ContactEntry | None = None
    title: str = ""
    by: str = ""
    changed: bool = False
    done: Done | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """A task's end: `by` ended it, or (None) its number was reached by the agent `reached_by` (None: not known)."""

    at: datetime
    by: str | None
    reached_by: int | None = None


@dataclass(slots=True, eq=False)
class NoteEntry:
    text: str
    subject: Subject
    contact: ContactEntry | None
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    campaign_id: int
    lead_id: int
    reason: str


Entry = ContactEntry | DealEntry | TaskEntry | NoteEntry
#: What a run did, by noun: entries (shown by their ids once written), texts, lead ids.
Effects = dict[str, Any]


@dataclass(slots=True)
class Desk:
    """Everything the steps of one batch may ask about. `bridged`: calls by number that reached somebody, and when."""

    stages: Sequence[Stage]
    contacts: dict[int, ContactEntry] = field(default_factory=dict)
    by_number: dict[str, ContactEntry] = field(default_factory=dict)
    deals: list[DealEntry] = field(default_factory=list)
    tasks: list[TaskEntry] = field(default_factory=list)
    bridged: dict[str, list[tuple[str, datetime]]] = field(default_factory=dict)
    open_leads: set[tuple[int, int]] = field(default_factory=set)
    notes: list[NoteEntry] = field(default_factory=list)
    closings: list[Closing] = field(default_factory=list)

    def contact_of(self, subject: Subject) -> ContactEntry | None:
        found = self.contacts.get(subject.contact_id) if subject.contact_id is not None else None
        return found or (self.by_number.get(subject.number) if subject.number is not None else None)

    def open_tasks(self, kind: TaskKind, number: str | None) -> list[TaskEntry]:
        return [t for t in self.tasks if t.done is None and t.kind is kind and t.number == number]

    def deal_in_hand(self, contact: ContactEntry | None, call_id: str | None) -> DealEntry | None:
        """The deal this call made, else the newest of the contact that is still open."""
        made = [d for d in self.deals if call_id is not None and d.call_id == call_id and d.contact in (contact, None)]
        if made or contact is None:
            return made[-1] if made else None
        found = [d for d in self.deals if d.contact is contact and d.stage.kind in _OPEN]
        return found[-1] if found else None


def shown(effects: Effects) -> dict[str, Any]:
    """Effects as the log of runs keeps them: entries by their ids."""
    return {name: _id_of(value) for name, value in effects.items()}


def _id_of(value: Any) -> Any:
    if isinstance(value, ContactEntry | DealEntry | TaskEntry | NoteEntry):
        return value.id
    return [_id_of(one) for one in value] if isinstance(value, list) else value
