"""Contacts worked with: found, looked at, changed, given numbers and notes; always as far as one sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm_core.commands import CreateContact
from crm_core.db import audit, contact_desk, task_desk
from crm_core.db import contacts as people
from crm_core.db.contact_desk import ContactSeen, ContactsWanted, NumberState, OpenTask
from crm_core.db.custom_fields import OwnField, own_fields
from crm_core.db.do_not_call import Blocked, BlockKind, add_blocks, remove_block
from crm_core.db.engine import Database
from crm_core.db.listing import Count
from crm_core.domain.access import Actor, Right
from crm_core.domain.contacts import Moment
from crm_core.domain.desk import KnownDeal
from crm_core.domain.own_fields import changed_values
from crm_core.domain.phone import parse_phone
from crm_core.errors import BadInput, NotFound
from crm_core.handlers import contacts as making

CONSENTS = ("given", "refused")


@dataclass(frozen=True, slots=True)
class Card:
    """All about one person, as far as whoever asks sees it."""

    contact: ContactSeen
    numbers: tuple[NumberState, ...]
    deals: tuple[KnownDeal, ...]
    tasks: tuple[OpenTask, ...]
    timeline: tuple[Moment, ...]


async def list_contacts(
    actor: Actor, wanted: ContactsWanted, sort: str, *, after: str | None, limit: int, database: Database
) -> tuple[list[ContactSeen], str | None]:
    """A page of the contacts one sees. `sort` is created_at or name, "-" before it for descending."""
    actor.require(Right.SEE_CONTACTS)
    async with database.reading() as work:
        return await contact_desk.seen(
            work, actor, wanted, sort.lstrip("-"), descending=sort.startswith("-"), after=after, limit=limit
        )


async def count_contacts(actor: Actor, wanted: ContactsWanted, database: Database) -> Count:
    """How many contacts of these one sees, counted to a limit."""
    actor.require(Right.SEE_CONTACTS)
    async with database.reading() as work:
        return await contact_desk.count(work, actor, wanted)


async def contacts_by_id(actor: Actor, ids: list[int], database: Database) -> list[ContactSeen]:
    """Those of the ids that one sees, in that order."""
    actor.require(Right.SEE_CONTACTS)
    async with database.reading() as work:
        return await contact_desk.some(work, actor, ids)


async def card(actor: Actor, contact_id: int, database: Database, before: datetime | None = None) -> Card:
    """All about one person; `before` asks for an older page of the timeline. Raises NotFound.

    Whoever sees the person sees that something happened; what it was opens only to those who see that too.
    """
    actor.require(Right.SEE_CONTACTS)
    async with database.reading() as work:
        return Card(
            contact=await contact_desk.one(work, actor, contact_id),
            numbers=tuple(await contact_desk.numbers(work, contact_id)),
            deals=tuple(await contact_desk.deals_of(work, actor, contact_id)),
            tasks=tuple(await contact_desk.open_tasks(work, actor, contact_id)),
            timeline=await people.timeline(work, contact_id, before),
        )


async def numbers_of(actor: Actor, contact_id: int, database: Database) -> list[NumberState]:
    """The numbers of one person, the first one first. Raises NotFound."""
    actor.require(Right.SEE_CONTACTS)
    async with database.reading() as work:
        await contact_desk.one(work, actor, contact_id)
        return await contact_desk.numbers(work, contact_id)


async def add_contact(actor: Actor, command: CreateContact, database: Database, now: datetime) -> ContactSeen:
    """Make a contact; without an owner he is the maker's own. Raises BadInput, and NotFound for an owner one does not
    see."""
    actor.require(Right.CHANGE_CONTACTS)
    if command.owner_id is not None:
        async with database.reading() as work:
            await task_desk.check_colleague(work, actor, command.owner_id)
    owned = CreateContact(
        name=command.name,
        numbers=command.numbers,
        default_country=command.default_country,
        company=command.company,
        email=command.email,
        language=command.language,
        owner_id=command.owner_id or actor.user_id,
    )
    contact_id = await making.create_contact(owned, database, now)
    async with database.reading() as work:
        return await contact_desk.one(work, actor, contact_id)


async def fields_of_contacts(actor: Actor, database: Database) -> list[OwnField]:
    """Fields of the site's own that contacts have."""
    actor.require(Right.SEE_CONTACTS)
    async with database.reading() as work:
        return await own_fields(work, "contact")


#: What `change_contact` changes.
CHANGEABLE = frozenset({"name", "email", "company", "owner_id", "language", "fields", "consent"})


async def change_contact(
    actor: Actor, contact_id: int, seen: int, changes: Mapping[str, Any], database: Database, now: datetime
) -> ContactSeen:
    """Change some of `CHANGEABLE`. Raises BadInput, NotFound, and Stale where somebody was first."""
    actor.require(Right.CHANGE_CONTACTS)
    values = dict(changes)
    if unknown := values.keys() - CHANGEABLE:
        raise BadInput("contact", f"{', '.join(sorted(unknown))} cannot be changed")
    if "name" in values and not str(values["name"]).strip():
        raise BadInput("name", "the name is empty")
    async with database.work() as work:
        if "company" in values:
            company = (values.pop("company") or "").strip()[:200]
            values["company_id"] = await people.company_named(work, company, now) if company else None
        if values.get("owner_id") is not None:
            await task_desk.check_colleague(work, actor, values["owner_id"])
        if "fields" in values:
            standing = (await contact_desk.one(work, actor, contact_id)).fields
            values["fields"] = changed_values(await own_fields(work, "contact"), values["fields"] or {}, standing)
        if "consent" in values:
            if values["consent"] not in (*CONSENTS, None):
                raise BadInput("consent", "it is neither given nor refused")
            values["consent_at"] = now
            details = {"consent": values["consent"]}
            await audit.record(work, actor, "contact.consent", "contact", contact_id, now, details=details)
        if not values:
            return await contact_desk.one(work, actor, contact_id)
        return await contact_desk.change(work, actor, contact_id, seen, **values)


async def add_number(actor: Actor, contact_id: int, raw: str, country: str | None, database: Database) -> bool:
    """Give a contact one more number; False if he has it. Raises BadInput and NotFound."""
    actor.require(Right.CHANGE_CONTACTS)
    number = parse_phone(raw, country)
    async with database.work() as work:
        await contact_desk.one(work, actor, contact_id)
        return await people.add_number(work, contact_id, number, raw)


async def add_note(actor: Actor, contact_id: int, text: str, database: Database, now: datetime) -> int:
    """Write a note to a contact; returns its id. Raises BadInput and NotFound."""
    actor.require(Right.CHANGE_CONTACTS)
    if not text.strip():
        raise BadInput("text", "there is no text")
    async with database.work() as work:
        await contact_desk.one(work, actor, contact_id)
        return await people.add_note(work, text.strip(), actor.name, now, contact_id=contact_id)


async def set_do_not_call(
    actor: Actor, contact_id: int, number_id: int, wanted: bool, why: str, database: Database, now: datetime
) -> None:
    """Put one of his numbers on the system's do-not-call list, or take it off. Raises NotFound."""
    actor.require(Right.CHANGE_CONTACTS)
    async with database.work() as work:
        await contact_desk.one(work, actor, contact_id)
        state = next((n for n in await contact_desk.numbers(work, contact_id) if n.id == number_id), None)
        if state is None:
            raise NotFound("number", number_id)
        block = Blocked(BlockKind.NUMBER, state.number.e164, reason=why.strip()[:200] or f"by {actor.name}")
        if wanted:
            await add_blocks(work, [block], now)
        else:
            await remove_block(work, block)
        action = "do_not_call.added" if wanted else "do_not_call.removed"
        await audit.record(work, actor, action, "contact", contact_id, now, details={"number_id": number_id})
