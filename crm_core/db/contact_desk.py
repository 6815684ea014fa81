"""Contacts as people work with them: a list by filters, one with all that belongs to him, changes as he was seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, exists, literal_column, select, update

from crm_core.db.do_not_call import blocks_for
from crm_core.db.listing import By, Count, count_of, page_of
from crm_core.db.tables import companies, contacts, deals, phones, stages, tasks, users
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.visibility import visible_contacts, visible_deals, visible_tasks
from crm_core.domain.access import Actor
from crm_core.domain.contacts import ContactNumber
from crm_core.domain.desk import KnownDeal
from crm_core.errors import NotFound, Stale


@dataclass(frozen=True, slots=True)
class ContactSeen:
    """A contact as a list shows him; `number` is his first. `consent`: given, refused; None: nothing is known."""

    id: int
    version: int
    name: str
    email: str | None
    company_id: int | None
    company: str | None
    owner_id: int | None
    owner: str | None
    language: str | None
    fields: dict[str, Any]
    consent: str | None
    consent_at: datetime | None
    created_at: datetime
    number: str | None


@dataclass(frozen=True, slots=True)
class OpenTask:
    id: int
    title: str
    due_at: datetime
    responsible: str | None


@dataclass(frozen=True, slots=True)
class NumberState:
    """A number of his; `do_not_call`: it is on the system's list."""

    id: int
    number: ContactNumber
    do_not_call: bool


@dataclass(frozen=True, slots=True)
class ContactsWanted:
    """Which contacts: `owner_id` 0 is nobody's; `name_begins` by the beginning of the name."""

    owner_id: int | None = None
    company_id: int | None = None
    consent: str | None = None
    without_tasks: bool = False


#: Names of sort orders, and their columns.
SORTS: dict[str, ColumnElement[Any]] = {"created_at": contacts.c.created_at, "name": contacts.c.name}


def _seen() -> Select[Any]:
    # "+ 0" keeps PostgreSQL from walking the primary key in order.
    mine = select(phones.c.e164).where(phones.c.contact_id == contacts.c.id)
    number = mine.order_by(phones.c.id + literal_column("0")).limit(1).scalar_subquery()
    joined = contacts.outerjoin(companies, companies.c.id == contacts.c.company_id).outerjoin(
        users, users.c.id == contacts.c.owner_id
    )
    names = (companies.c.name.label("company"), users.c.name.label("owner"), number.label("number"))
    return select(contacts, *names).select_from(joined).where(contacts.c.erased_at.is_(None))


def _matching(actor: Actor, wanted: ContactsWanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [visible_contacts(actor)]
    if wanted.owner_id == 0:
        found.append(contacts.c.owner_id.is_(None))
    elif wanted.owner_id is not None:
        found.append(contacts.c.owner_id == wanted.owner_id)
    if wanted.company_id is not None:
        found.append(contacts.c.company_id == wanted.company_id)
    if wanted.consent is not None:
        found.append(contacts.c.consent == wanted.consent)
    if wanted.without_tasks:
        found.append(~exists().where(tasks.c.contact_id == contacts.c.id, tasks.c.done_at.is_(None)))
    return found


async def seen(
    work: UnitOfWork,
    actor: Actor,
    wanted: ContactsWanted,
    sort: str,
    *,
    descending: bool,
    after: str | None,
    limit: int,
) -> tuple[list[ContactSeen], str | None]:
    """A page of contacts, and the cursor of the next. Raises BadInput for a cursor that is none."""
    order = [By(sort, SORTS[sort], descending), By("id", contacts.c.id, descending)]
    page = await page_of(work, _seen().where(*_matching(actor, wanted)), order, after, limit)
    return [_contact(row) for row in page.rows], page.after


async def count(work: UnitOfWork, actor: Actor, wanted: ContactsWanted) -> Count:
    """How many, counted to a limit."""
    return await count_of(work, select(contacts.c.id).where(contacts.c.erased_at.is_(None), *_matching(actor, wanted)))


async def one(work: UnitOfWork, actor: Actor, contact_id: int) -> ContactSeen:
    """One contact; raises NotFound, also for one that the actor does not see."""
    row = await work.first(_seen().where(contacts.c.id == contact_id, visible_contacts(actor)))
    if row is None:
        raise NotFound("contact", contact_id)
    return _contact(row)


async def some(work: UnitOfWork, actor: Actor, ids: Sequence[int]) -> list[ContactSeen]:
    """Those of the ids that the actor sees, in that order."""
    rows = await work.all(_seen().where(contacts.c.id.in_(ids), visible_contacts(actor)))
    found = {row.id: _contact(row) for row in rows}
    return [found[contact_id] for contact_id in ids if contact_id in found]


async def change(work: UnitOfWork, actor: Actor, contact_id: int, version: int, **values: Any) -> ContactSeen:
    """Change a contact who is as he was seen. Raises NotFound, and Stale where somebody was first."""
    mine = (contacts.c.id == contact_id, contacts.c.version == version, visible_contacts(actor))
    changed = await work.run(update(contacts).where(*mine).values(**values, version=version + 1))
    if not changed.rowcount:
        now = await one(work, actor, contact_id)
        current = {"version": now.version, "name": now.name, "email": now.email, "owner": now.owner}
        raise Stale("contact", contact_id, current, {"version": version, **{n: str(v) for n, v in values.items()}})
    row = await work.first(_seen().where(contacts.c.id == contact_id))
    if row is None:
        raise NotFound("contact", contact_id)
    return _contact(row)


async def numbers(work: UnitOfWork, contact_id: int) -> list[NumberState]:
    """His numbers with the do-not-call lists they stand on."""
    rows = await work.all(select(phones).where(phones.c.contact_id == contact_id).order_by(phones.c.id))
    found = []
    for row in rows:
        number = ContactNumber(row.e164, row.raw, row.zone, row.dead)
        blocks = await blocks_for(work, row.e164)
        found.append(NumberState(row.id, number, bool(blocks)))
    return found


async def open_tasks(work: UnitOfWork, actor: Actor, contact_id: int) -> list[OpenTask]:
    """Tasks about him that the actor sees, soonest first."""
    query = select(tasks.c.id, tasks.c.title, tasks.c.due_at, users.c.name.label("responsible"))
    query = query.outerjoin(users, users.c.id == tasks.c.responsible_id)
    mine = (tasks.c.contact_id == contact_id, tasks.c.done_at.is_(None), visible_tasks(actor))
    return [OpenTask(**row._mapping) for row in await work.all(query.where(*mine).order_by(tasks.c.due_at).limit(20))]


async def deals_of(work: UnitOfWork, actor: Actor, contact_id: int) -> list[KnownDeal]:
    """Deals with him that the actor sees, newest first."""
    query = select(deals.c.id, deals.c.title, stages.c.name.label("stage"), deals.c.amount, deals.c.currency)
    query = query.join(stages, stages.c.id == deals.c.stage_id)
    mine = (deals.c.contact_id == contact_id, visible_deals(actor))
    return [
        KnownDeal(**row._mapping) for row in await work.all(query.where(*mine).order_by(deals.c.id.desc()).limit(20))
    ]


def _contact(row: Row[Any]) -> ContactSeen:
    values = {name: getattr(row, name) for name in ContactSeen.__dataclass_fields__}
    return ContactSeen(**(values | {"fields": dict(row.fields or {})}))
