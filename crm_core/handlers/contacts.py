"""Contacts: made, found, given numbers and notes, and shown with all that has happened."""

from __future__ import annotations

from datetime import datetime

from crm_core.commands import CreateContact
from crm_core.db import contacts as people
from crm_core.db.engine import Database
from crm_core.domain.contacts import ContactCard
from crm_core.domain.phone import parse_phone
from crm_core.errors import BadInput


async def create_contact(command: CreateContact, database: Database, now: datetime) -> int:
    """Make a contact with its numbers and company in one commit; returns its id. Raises BadInput for a bad number."""
    numbers = [(parse_phone(raw, command.default_country), raw) for raw in command.numbers]
    name = command.name.strip() or (numbers[0][0].e164 if numbers else "")
    if not name:
        raise BadInput("name", "a contact needs a name or a number")
    async with database.work() as work:
        company_id = None
        if command.company and command.company.strip():
            company_id = await people.company_named(work, command.company.strip()[:200], now)
        contact_id = await people.create_contact(
            work,
            name[:200],
            now,
            owner_id=command.owner_id,
            company_id=company_id,
            email=command.email,
            language=command.language,
        )
        for number, raw in numbers:
            await people.add_number(work, contact_id, number, raw)
    return contact_id


async def add_number(contact_id: int, raw: str, default_country: str | None, database: Database) -> bool:
    """Give a contact one more number; False if it has it. Raises BadInput for a bad number, NotFound."""
    number = parse_phone(raw, default_country)
    async with database.work() as work:
        await people.contact_by_id(work, contact_id)
        return await people.add_number(work, contact_id, number, raw)


async def add_note(contact_id: int, text: str, by: str, database: Database, now: datetime) -> int:
    """Write a note to a contact; returns its id. Raises NotFound."""
    if not text.strip():
        raise BadInput("note", "there is no text")
    async with database.work() as work:
        await people.contact_by_id(work, contact_id)
        return await people.add_note(work, text.strip(), by, now, contact_id=contact_id)


async def contact_card(contact_id: int, database: Database, before: datetime | None = None) -> ContactCard:
    """All about one person; `before` asks for an older page of the timeline. Raises NotFound."""
    async with database.reading() as work:
        contact = await people.contact_by_id(work, contact_id)
        numbers = await people.numbers_of(work, contact_id)
        return ContactCard(contact, numbers, await people.timeline(work, contact_id, before))


async def caller_card(e164: str, database: Database) -> ContactCard | None:
    """Who is calling, and what has happened before; None for a number not known."""
    async with database.reading() as work:
        contact = await people.contact_by_number(work, e164)
        if contact is None:
            return None
        numbers = await people.numbers_of(work, contact.id)
        return ContactCard(contact, numbers, await people.timeline(work, contact.id))
