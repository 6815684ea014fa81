"""Contacts, companies and their numbers; the look-up that every call asks for, and the timeline of one person."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Integer,
    Select,
    String,
    bindparam,
    cast,
    func,
    insert,
    literal,
    literal_column,
    select,
    union_all,
)

from crm_core.db.tables import calls, companies, contacts, deal_stages, deals, notes, phones, stages, tasks
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.contacts import Contact, ContactNumber, Moment, MomentKind
from crm_core.domain.phone import PhoneNumber
from crm_core.errors import NotFound


def _contact_columns() -> Select[Any]:
    return select(
        contacts.c.id,
        contacts.c.name,
        contacts.c.email,
        contacts.c.company_id,
        companies.c.name.label("company"),
        contacts.c.owner_id,
        contacts.c.language,
    )


_WITH_COMPANY = contacts.outerjoin(companies, companies.c.id == contacts.c.company_id)


#: The look-up every call asks for. Built once: building it anew each time took longer than the database's answer.
#: "+ 0" keeps PostgreSQL from walking the primary key in order instead of using the index on the number.
BY_NUMBER = (
    _contact_columns()
    .select_from(phones.join(_WITH_COMPANY, contacts.c.id == phones.c.contact_id))
    .where(phones.c.e164 == bindparam("e164"))
    .order_by(phones.c.id + literal_column("0"))
    .limit(literal_column("1"))
)


async def contact_by_number(work: UnitOfWork, e164: str) -> Contact | None:
    """Whose number this is; of several contacts that share it, the one who had it first."""
    row = (await work.connection.execute(BY_NUMBER, {"e164": e164})).first()
    return Contact(**row._mapping) if row else None


async def contact_by_id(work: UnitOfWork, contact_id: int) -> Contact:
    """The contact; raises NotFound."""
    row = await work.first(_contact_columns().select_from(_WITH_COMPANY).where(contacts.c.id == contact_id))
    if row is None:
        raise NotFound("contact", contact_id)
    return Contact(**row._mapping)


_NUMBERS = (
    select(phones.c.e164, phones.c.raw, phones.c.zone, phones.c.dead)
    .where(phones.c.contact_id == bindparam("of"))
    .order_by(phones.c.id)
)


async def numbers_of(work: UnitOfWork, contact_id: int) -> tuple[ContactNumber, ...]:
    rows = await work.connection.execute(_NUMBERS, {"of": contact_id})
    return tuple(ContactNumber(**row._mapping) for row in rows)


async def create_contact(
    work: UnitOfWork,
    name: str,
    at: datetime,
    *,
    owner_id: int | None = None,
    company_id: int | None = None,
    email: str | None = None,
    language: str | None = None,
) -> int:
    """Add a contact without numbers; returns its id."""
    row = {"name": name, "email": email, "company_id": company_id, "owner_id": owner_id, "language": language}
    made = await work.run(insert(contacts).values(**row, fields={}, created_at=at).returning(contacts.c.id))
    return int(made.scalar_one())


async def add_number(work: UnitOfWork, contact_id: int, number: PhoneNumber, raw: str) -> bool:
    """Give the contact a number; False if it has it already."""
    row = {"contact_id": contact_id, "e164": number.e164, "raw": raw[:60], "zone": number.zone, "dead": False}
    return bool(await work.upsert(phones, [row], ["contact_id", "e164"], keep=["raw", "zone", "dead"]))


async def company_named(work: UnitOfWork, name: str, at: datetime) -> int:
    """The id of the company of this name, made if there is none."""
    found = await work.scalar(select(func.min(companies.c.id)).where(companies.c.name == name))
    if found is not None:
        return int(found)
    made = await work.run(insert(companies).values(name=name, created_at=at).returning(companies.c.id))
    return int(made.scalar_one())


async def add_note(
    work: UnitOfWork,
    text: str,
    by: str,
    at: datetime,
    *,
    contact_id: int | None = None,
    deal_id: int | None = None,
    call_id: str | None = None,
) -> int:
    """Write a note to a contact, a deal or a call; returns its id."""
    row = {"contact_id": contact_id, "deal_id": deal_id, "call_id": call_id, "text": text, "by": by, "at": at}
    return int((await work.run(insert(notes).values(**row).returning(notes.c.id))).scalar_one())


async def timeline(
    work: UnitOfWork, contact_id: int, before: datetime | None = None, limit: int = 50
) -> tuple[Moment, ...]:
    """All about one person, latest first: calls, tasks, moves of deals, notes; `before` asks for the next page."""
    values = {"of": contact_id, "page": limit} | ({"before": before} if before else {})
    rows = await work.connection.execute(_timeline(paged=before is not None), values)
    return tuple(Moment(row.at, MomentKind(row.kind), row.key, row.text, row.state) for row in rows)


@cache
def _timeline(*, paged: bool) -> Select[Any]:
    """Made once: making it takes several times longer than running it, and somebody is on the line."""
    of, page = bindparam("of", type_=contacts.c.id.type), bindparam("page", type_=Integer)
    call_at = func.coalesce(calls.c.started_at, calls.c.answered_at, calls.c.ended_at)
    call_state = func.coalesce(calls.c.disposition, calls.c.outcome, "")
    moved = deal_stages.join(deals, deals.c.id == deal_stages.c.deal_id).join(
        stages, stages.c.id == deal_stages.c.stage_id
    )
    done_by = func.coalesce(tasks.c.done_by, "open")
    parts = [
        _part(MomentKind.CALL, calls.c.id, call_at, calls.c.direction, call_state, calls.c.contact_id == of),
        _part(MomentKind.TASK, tasks.c.id, tasks.c.created_at, tasks.c.title, done_by, tasks.c.contact_id == of),
        _part(
            MomentKind.DEAL, deals.c.id, deal_stages.c.at, deals.c.title, stages.c.name, deals.c.contact_id == of
        ).select_from(moved),
        _part(MomentKind.NOTE, notes.c.id, notes.c.at, notes.c.text, notes.c.by, notes.c.contact_id == of),
    ]
    if paged:
        before = bindparam("before", type_=calls.c.started_at.type)
        parts = [part.where(part.selected_columns.at < before) for part in parts]
    # Each part is cut before the union, so that a person with ten thousand calls costs no more than one with ten.
    cut = [part.order_by(part.selected_columns.at.desc()).limit(page).subquery() for part in parts]
    every = union_all(*(select(part) for part in cut)).subquery()
    return select(every).order_by(every.c.at.desc(), every.c.kind, every.c.key.desc()).limit(page)


def _part(kind: MomentKind, key: Any, at: Any, text: Any, state: Any, mine: Any) -> Select[Any]:
    return select(
        at.label("at"),
        literal(kind.value).label("kind"),
        cast(key, String).label("key"),
        text.label("text"),
        state.label("state"),
    ).where(mine, at.is_not(None))
