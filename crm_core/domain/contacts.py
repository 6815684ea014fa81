"""Contacts: the people we talk to, and the one timeline of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Contact:
    """A person or firm in the CRM. `company` is the company's name, `language` an ISO 639 code."""

    id: int
    name: str
    email: str | None = None
    company_id: int | None = None
    company: str | None = None
    owner_id: int | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class ContactNumber:
    """One of a contact's numbers: as parsed (`e164`) and as it was written (`raw`). `dead`: never dial it again."""

    e164: str
    raw: str
    zone: str | None
    dead: bool


class MomentKind(StrEnum):
    CALL = "call"
    TASK = "task"
    DEAL = "deal"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of a timeline. `key` is the id of the call, task, deal or note; `state` what it came to so far."""

    at: datetime
    kind: MomentKind
    key: str
    text: str
    state: str


@dataclass(frozen=True, slots=True)
class ContactCard:
    """All about one person: who it is, the numbers, and what has happened, latest first."""

    contact: Contact
    numbers: tuple[ContactNumber, ...] = ()
    timeline: tuple[Moment, ...] = field(default=())
