"""Companies as people work with them: a list, one with its people, deals, calls and tasks, changes as it was seen."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, update

from crm_core.db.folded import holding
from crm_core.db.listing import By, Count, count_of, page_of
from crm_core.db.search import plan_each_time
from crm_core.db.tables import calls, companies, contacts, deals, stages, tasks, users
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.visibility import (
    visible_calls,
    visible_companies,
    visible_contacts,
    visible_deals,
    visible_tasks,
)
from crm_core.domain.access import Actor, Sees
from crm_core.domain.desk import KnownDeal
from crm_core.domain.searching import sought
from crm_core.errors import NotFound, Stale

#: Rows of each kind on a company's page.
SHOWN = 20
_OPEN = ("unsorted", "open")


@dataclass(frozen=True, slots=True)
class Company:
    """`version` changes with what it says: it is made of name and fields, no counter stands in the row."""

    id: int
    name: str
    fields: dict[str, Any]
    created_at: datetime

    @property
    def version(self) -> int:
        said = json.dumps([self.name, self.fields], sort_keys=True, ensure_ascii=False)
        return zlib.crc32(said.encode()) % 10**9


@dataclass(frozen=True, slots=True)
class CompanyRow:
    """One line of the list: how many of its people and of its open deals one sees."""

    company: Company
    people: int
    open_deals: int


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who belongs to it."""

    id: int
    name: str
    owner: str | None


@dataclass(frozen=True, slots=True)
class CompanyCall:
    id: str
    direction: str
    started_at: datetime | None
    outcome: str | None
    disposition: str | None
    contact_id: int | None
    contact: str | None
    answered_by: str | None


@dataclass(frozen=True, slots=True)
class CompanyTask:
    id: int
    title: str
    due_at: datetime
    responsible: str | None
    contact_id: int | None
    deal_id: int | None


#: Names of sort orders, and their columns. Ids grow with time.
SORTS: Mapping[str, tuple[By, ...]] = {"name": (By("name", companies.c.name),), "created_at": ()}
_COLUMNS = (companies.c.id, companies.c.name, companies.c.fields, companies.c.created_at)


async def listed(
    work: UnitOfWork, actor: Actor, text: str, sort: str, *, descending: bool, after: str | None, limit: int
) -> tuple[list[CompanyRow], str | None]:
    """A page of companies, and the cursor of the next; `text`: words that begin words of the name. Raises BadInput for
    a cursor that is none."""
    await plan_each_time(work, alone=True)
    order = [By(by.name, by.column, descending) for by in SORTS[sort]]
    order.append(By("id", companies.c.id, descending))
    # One person's are collected before they are sorted: for each range anew, if there were several.
    query, at_once = select(*_COLUMNS).where(*_matching(actor, text)), actor.sees is Sees.OWN
    page = await page_of(work, query, order, after, limit, at_once=at_once)
    found = [_company(row) for row in page.rows]
    ids = [one.id for one in found]
    seen = (visible_contacts(actor, one_by_one=True), contacts.c.erased_at.is_(None))
    people = await _counts(work, contacts.c.company_id, ids, *seen)
    still_open = deals.c.stage_id.in_(select(stages.c.id).where(stages.c.kind.in_(_OPEN)))
    of_deals = await _counts(work, deals.c.company_id, ids, visible_deals(actor), still_open)
    return [CompanyRow(one, people.get(one.id, 0), of_deals.get(one.id, 0)) for one in found], page.after


async def count(work: UnitOfWork, actor: Actor, text: str) -> Count:
    """How many, counted to a limit."""
    await plan_each_time(work, alone=True)
    return await count_of(work, select(companies.c.id).where(*_matching(actor, text)))


async def one(work: UnitOfWork, actor: Actor, company_id: int) -> Company:
    """One company; raises NotFound, also for one that the actor does not see."""
    return await _read(
        work,
        select(*_COLUMNS).where(companies.c.id == company_id, visible_companies(actor, one_by_one=True)),
        company_id,
    )


async def is_named(work: UnitOfWork, actor: Actor, name: str, but: int) -> bool:
    """Whether the actor sees another company of this name."""
    same = (companies.c.name == name, companies.c.id != but, visible_companies(actor, one_by_one=True))
    return await work.scalar(select(companies.c.id).where(*same).limit(1)) is not None


async def change(
    work: UnitOfWork, actor: Actor, company_id: int, seen: int, name: str | None, fields: dict[str, Any] | None
) -> Company:
    """Write name and fields (None: as they are) of a company that is as it was seen. Raises NotFound, and Stale where
    somebody was first."""
    await one(work, actor, company_id)
    mine = select(*_COLUMNS).where(companies.c.id == company_id).with_for_update()
    now = await _read(work, mine, company_id)
    wanted = Company(now.id, name or now.name, now.fields if fields is None else fields, now.created_at)
    if now.version != seen:
        current = {"version": now.version, "name": now.name, **_texts(now.fields)}
        raise Stale("company", company_id, current, {"version": seen, "name": wanted.name, **_texts(wanted.fields)})
    values = {"name": wanted.name, "fields": wanted.fields}
    await work.run(update(companies).where(companies.c.id == company_id).values(values))
    return wanted


# --- what belongs to it -------------------------------------------------------------------------------------
async def people_of(work: UnitOfWork, actor: Actor, company_id: int) -> list[Person]:
    """Its people whom the actor sees, by name."""
    query = select(contacts.c.id, contacts.c.name, users.c.name.label("owner"))
    query = query.outerjoin(users, users.c.id == contacts.c.owner_id)
    seen = visible_contacts(actor, one_by_one=True)
    his = (contacts.c.company_id == company_id, contacts.c.erased_at.is_(None), seen)
    rows = await work.all(query.where(*his).order_by(contacts.c.name, contacts.c.id).limit(SHOWN))
    return [Person(**row._mapping) for row in rows]


async def deals_of(work: UnitOfWork, actor: Actor, company_id: int) -> list[KnownDeal]:
    """Deals with it that the actor sees, newest first."""
    query = select(deals.c.id, deals.c.title, stages.c.name.label("stage"), deals.c.amount, deals.c.currency)
    query = query.join(stages, stages.c.id == deals.c.stage_id)
    his = (deals.c.company_id == company_id, visible_deals(actor))
    rows = await work.all(query.where(*his).order_by(deals.c.id.desc()).limit(SHOWN))
    return [KnownDeal(**row._mapping) for row in rows]


async def sums_of(work: UnitOfWork, actor: Actor, company_id: int) -> list[tuple[str, Decimal]]:
    """What those of its open deals come to that the actor sees, by currency."""
    query = select(deals.c.currency, func.sum(deals.c.amount).label("sum"))
    query = query.join(stages, stages.c.id == deals.c.stage_id)
    his = (deals.c.company_id == company_id, stages.c.kind.in_(_OPEN), deals.c.amount.is_not(None))
    rows = await work.all(
        query.where(*his, deals.c.currency.is_not(None), visible_deals(actor)).group_by(deals.c.currency)
    )
    return sorted((row.currency, row.sum) for row in rows)


async def calls_of(work: UnitOfWork, actor: Actor, company_id: int) -> list[CompanyCall]:
    """Calls with its people that the actor sees, latest first."""
    its = calls.alias("its_calls")  # what makes a contact visible asks calls too
    names = ("id", "direction", "started_at", "outcome", "disposition", "contact_id")
    query = select(
        *(its.c[name] for name in names), contacts.c.name.label("contact"), users.c.name.label("answered_by")
    )
    query = query.join(contacts, contacts.c.id == its.c.contact_id).outerjoin(users, users.c.id == its.c.agent_id)
    his = (contacts.c.company_id == company_id, visible_calls(actor, its), visible_contacts(actor, one_by_one=True))
    rows = await work.all(query.where(*his).order_by(its.c.started_at.desc(), its.c.id.desc()).limit(SHOWN))
    return [CompanyCall(**row._mapping) for row in rows]


async def tasks_of(work: UnitOfWork, actor: Actor, company_id: int) -> list[CompanyTask]:
    """Open tasks about its people or deals that the actor sees, soonest first."""
    names = ("id", "title", "due_at", "contact_id", "deal_id")
    query = select(*(tasks.c[name] for name in names), users.c.name.label("responsible"))
    query = query.outerjoin(users, users.c.id == tasks.c.responsible_id)
    # Each by its own index: of an OR of both the database would read all tasks.
    people = select(contacts.c.id).where(contacts.c.company_id == company_id)
    with_it = select(deals.c.id).where(deals.c.company_id == company_id)
    its = select(tasks.c.id).where(tasks.c.contact_id.in_(people))
    its_too = select(tasks.c.id).where(tasks.c.deal_id.in_(with_it))
    his = (tasks.c.id.in_(its.union(its_too)), tasks.c.done_at.is_(None), visible_tasks(actor))
    rows = await work.all(query.where(*his).order_by(tasks.c.due_at, tasks.c.id).limit(SHOWN))
    return [CompanyTask(**row._mapping) for row in rows]


def _matching(actor: Actor, text: str) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [visible_companies(actor)]
    if words := sought(text).words:
        found.append(holding(companies.c.folded, words, begins=True))
    return found


async def _counts(
    work: UnitOfWork, of: ColumnElement[Any], ids: list[int], *which: ColumnElement[bool]
) -> dict[int, int]:
    if not ids:
        return {}
    query = select(of.label("of"), func.count().label("many")).where(of.in_(ids), *which).group_by(of)
    return {row.of: int(row.many) for row in await work.all(query)}


async def _read(work: UnitOfWork, query: Select[Any], company_id: int) -> Company:
    row = await work.first(query)
    if row is None:
        raise NotFound("company", company_id)
    return _company(row)


def _company(row: Any) -> Company:
    return Company(row.id, row.name, dict(row.fields or {}), row.created_at)


def _texts(fields: Mapping[str, Any]) -> dict[str, str]:
    return {f"fields.{key}": str(value) for key, value in fields.items()}
