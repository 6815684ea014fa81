"""Lists as table files, with all their rows: contacts, calls, deals, as far as one sees, in the order of the list.

Rows are read page by page, by key, each page in a unit of work of its own: memory does not grow with the list, no
transaction stays open for minutes, and what is added or goes meanwhile neither doubles nor hides other rows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from crm_core.db import audit, call_desk, contact_desk, deal_desk, list_rows
from crm_core.db.call_desk import Before, CallSeen, CallsWanted
from crm_core.db.contact_desk import ContactSeen, ContactsWanted
from crm_core.db.custom_fields import own_fields
from crm_core.db.deal_desk import DealSeen, DealsWanted
from crm_core.db.engine import Database
from crm_core.domain.access import Actor, Right, masked_number, masked_text
from crm_core.domain.own_fields import OwnField
from crm_core.handlers.site_facts import site_facts
from crm_core.imports.table_file import Cell
from crm_core.imports.titles import unique_titles

Noun = Literal["contacts", "calls", "deals"]
#: Rows read at once: turned into text they keep other requests waiting for some 10 ms.
PAGE = 500
_RIGHTS: Mapping[Noun, Right] = {
    "contacts": Right.SEE_CONTACTS,
    "calls": Right.SEE_CALLS,
    "deals": Right.SEE_DEALS,
}


@dataclass(frozen=True, slots=True)
class ListFile:
    """A list on its way into a file: titles of the columns, and the rows, some at a time."""

    noun: Noun
    titles: Sequence[str]
    rows: AsyncIterator[list[list[Cell]]]


async def contacts_file(actor: Actor, wanted: ContactsWanted, sort: str, database: Database, now: datetime) -> ListFile:
    """Contacts with all their numbers and the site's own fields. It is noted. Raises Forbidden."""
    seen = await _begun("contacts", actor, wanted, database, now)
    own = await _own_fields("contact", database)
    titles = ["id", "name", "phone", "more phones", "company", "email", "language", "owner", "consent"]
    titles += [seen.timed("consent at"), seen.timed("made at"), *(field.label for field in own)]

    async def rows() -> AsyncIterator[list[list[Cell]]]:
        after: str | None = None
        while True:
            async with database.reading() as work:
                found, after = await contact_desk.seen(
                    work, actor, wanted, sort.lstrip("-"), descending=sort.startswith("-"), after=after, limit=PAGE
                )
                numbers = await list_rows.numbers_of(work, [one.id for one in found])
            yield [_contact(one, numbers.get(one.id, []), own, seen) for one in found]
            if after is None:
                return

    return ListFile("contacts", unique_titles(titles, len(titles)), rows())


async def deals_file(actor: Actor, wanted: DealsWanted, sort: str, database: Database, now: datetime) -> ListFile:
    """Deals with the site's own fields. It is noted. Raises Forbidden."""
    seen = await _begun("deals", actor, wanted, database, now)
    own = await _own_fields("deal", database)
    titles = ["id", "title", "pipeline", "stage", "state", "amount", "currency", "contact", "phone", "company"]
    titles += ["owner", "call", *map(seen.timed, ("made at", "in its stage since", "closed at")), "reason of loss"]
    titles += [field.label for field in own]

    async def rows() -> AsyncIterator[list[list[Cell]]]:
        after: str | None = None
        while True:
            async with database.reading() as work:
                found, after = await deal_desk.listed(
                    work, actor, wanted, sort.lstrip("-"), descending=sort.startswith("-"), after=after, limit=PAGE
                )
            yield [_deal(one, own, seen) for one in found]
            if after is None:
                return

    return ListFile("deals", unique_titles(titles, len(titles)), rows())


async def calls_file(actor: Actor, wanted: CallsWanted, database: Database, now: datetime) -> ListFile:
    """Calls, latest first. It is noted. Raises Forbidden."""
    seen = await _begun("calls", actor, wanted, database, now)
    began = map(seen.timed, ("began at", "answered at", "handed on at", "ended at"))
    titles = ["id", "direction", "phone", "contact", *began, "outcome", "result", "note", "taken by", "campaign"]

    async def rows() -> AsyncIterator[list[list[Cell]]]:
        before: Before | None = None
        while True:
            async with database.reading() as work:
                found = await call_desk.seen(work, actor, wanted, before, PAGE)
            yield [_call(one, seen) for one in found]
            last = found[-1] if len(found) == PAGE else None
            if last is None or last.started_at is None:
                return
            before = Before(last.started_at, last.id)

    return ListFile("calls", titles, rows())


# --- what a reader is to have ---------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Reader:
    """Whoever asks: times in the firm's zone, and no digits of a number if he is masked."""

    zone: ZoneInfo
    masked: bool

    def timed(self, title: str) -> str:
        return f"{title} ({self.zone.key})"

    def at(self, instant: datetime | None) -> Cell:
        return None if instant is None else instant.astimezone(self.zone)

    def text(self, text: str | None) -> Cell:
        return masked_text(text) if text and self.masked else text

    def number(self, number: str | None) -> Cell:
        return masked_number(number) if number and self.masked else number

    def own(self, fields: Mapping[str, Any], own: Sequence[OwnField]) -> list[Cell]:
        """Values of the site's own fields, in their order."""
        values = [fields.get(field.key) for field in own]
        return [value if isinstance(value, float | int) else self.text(_written(value)) for value in values]


def _written(value: Any) -> str | None:
    return None if value is None else str(value)


async def _begun(noun: Noun, actor: Actor, wanted: Any, database: Database, now: datetime) -> _Reader:
    """Check rights, and note that the list is taken out. Raises Forbidden."""
    actor.require(Right.EXPORT)
    actor.require(_RIGHTS[noun])
    chosen = {name: str(value) for name in wanted.__dataclass_fields__ if (value := getattr(wanted, name))}
    async with database.work() as work:
        await audit.record(work, actor, f"{noun}.exported", noun, "list", now, details=chosen)
    return _Reader(ZoneInfo((await site_facts(database)).zone), actor.masked)


async def _own_fields(noun: str, database: Database) -> list[OwnField]:
    async with database.reading() as work:
        return await own_fields(work, noun)


def _contact(one: ContactSeen, numbers: Sequence[str], own: Sequence[OwnField], seen: _Reader) -> list[Cell]:
    shown = [str(seen.number(number)) for number in numbers]
    row: list[Cell] = [one.id, seen.text(one.name), shown[0] if shown else None, ", ".join(shown[1:])]
    row += [seen.text(one.company), None if seen.masked else one.email, one.language, one.owner, one.consent]
    return [*row, seen.at(one.consent_at), seen.at(one.created_at), *seen.own(one.fields, own)]


def _deal(one: DealSeen, own: Sequence[OwnField], seen: _Reader) -> list[Cell]:
    amount = None if one.amount is None else float(one.amount)  # a spreadsheet's own numbers keep 15 digits
    row: list[Cell] = [one.id, seen.text(one.title), one.pipeline, one.stage, one.kind.value, amount, one.currency]
    row += [seen.text(one.contact), seen.number(one.number), seen.text(one.company), one.owner, one.call_id]
    row += [*map(seen.at, (one.created_at, one.since, one.closed_at)), one.lost_reason]
    return [*row, *seen.own(one.fields, own)]


def _call(one: CallSeen, seen: _Reader) -> list[Cell]:
    row: list[Cell] = [one.id, one.direction, seen.number(one.number), seen.text(one.contact)]
    row += map(seen.at, (one.started_at, one.answered_at, one.bridged_at, one.ended_at))
    return [*row, one.outcome, one.disposition, seen.text(one.note), one.answered_by, one.campaign]
