"""Deals as people work with them: a list by filters, one with what it stands in, changes as it was seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, literal_column, or_, select, update

from crm_core.db.folded import holding
from crm_core.db.listing import By, Count, count_of, encoded, page_of
from crm_core.db.tables import companies, contacts, deals, phones, pipelines, stages, users
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.visibility import visible_deals
from crm_core.domain.access import Actor, Right
from crm_core.domain.nameless import as_known_to
from crm_core.domain.sales import StageKind
from crm_core.domain.searching import sought
from crm_core.errors import NotFound, Stale


@dataclass(frozen=True, slots=True)
class DealSeen:
    """A deal with all that one wants to know of it. `since`: when it came into its stage; `number`: its contact's
    first; `call_id`: the call that made it."""

    id: int
    version: int
    title: str
    pipeline_id: int
    pipeline: str
    stage_id: int
    stage: str
    kind: StageKind
    contact_id: int | None
    contact: str | None
    number: str | None
    company_id: int | None
    company: str | None
    owner_id: int | None
    owner: str | None
    amount: Decimal | None
    currency: str | None
    call_id: str | None
    fields: dict[str, Any]
    created_at: datetime
    since: datetime
    closed_at: datetime | None
    lost_reason: str | None


@dataclass(frozen=True, slots=True)
class DealsWanted:
    """Which deals: `owner_id` 0 is nobody's; `text`: words that begin words of the title or the contact's name."""

    pipeline_id: int | None = None
    stage_id: int | None = None
    owner_id: int | None = None
    contact_id: int | None = None
    company_id: int | None = None
    kinds: tuple[StageKind, ...] = ()
    text: str = ""


_since = func.coalesce(deals.c.moved_at, deals.c.created_at)
#: Names of sort orders, and their columns. Ids grow with time: "created_at" walks the primary key.
SORTS: Mapping[str, tuple[By, ...]] = {
    "created_at": (),
    "amount": (By("amount", deals.c.amount, nullable=True),),
    "moved_at": (By("moved_at", deals.c.moved_at, nullable=True),),
}


def _seen() -> Select[Any]:
    mine = select(phones.c.e164).where(phones.c.contact_id == deals.c.contact_id)
    # "+ 0" keeps PostgreSQL from walking the primary key in order.
    number = mine.order_by(phones.c.id + literal_column("0")).limit(1).scalar_subquery()
    joined = (
        deals.join(stages, stages.c.id == deals.c.stage_id)
        .join(pipelines, pipelines.c.id == deals.c.pipeline_id)
        .outerjoin(contacts, contacts.c.id == deals.c.contact_id)
        .outerjoin(companies, companies.c.id == deals.c.company_id)
        .outerjoin(users, users.c.id == deals.c.owner_id)
    )
    return select(
        deals,
        stages.c.name.label("stage"),
        stages.c.kind.label("kind"),
        pipelines.c.name.label("pipeline"),
        contacts.c.name.label("contact"),
        companies.c.name.label("company"),
        users.c.name.label("owner"),
        number.label("number"),
        _since.label("since"),
    ).select_from(joined)


def _matching(actor: Actor, wanted: DealsWanted) -> Iterator[ColumnElement[bool]]:
    yield visible_deals(actor)
    same = {"pipeline_id": wanted.pipeline_id, "stage_id": wanted.stage_id}
    same |= {"contact_id": wanted.contact_id, "company_id": wanted.company_id}
    for name, value in same.items():
        if value is not None:
            yield deals.c[name] == value
    if wanted.owner_id is not None:
        yield deals.c.owner_id == wanted.owner_id if wanted.owner_id else deals.c.owner_id.is_(None)
    if wanted.kinds:
        of_kind = select(stages.c.id).where(stages.c.kind.in_([kind.value for kind in wanted.kinds]))
        yield deals.c.stage_id.in_(of_kind)
    if words := sought(wanted.text).words:
        people = select(contacts.c.id).where(holding(contacts.c.folded, words, begins=True))
        by_title = holding(deals.c.folded, words, begins=True)
        yield or_(by_title, deals.c.contact_id.in_(people)) if actor.may(Right.SEE_CONTACTS) else by_title


async def listed(
    work: UnitOfWork,
    actor: Actor,
    wanted: DealsWanted,
    sort: str,
    *,
    descending: bool,
    after: str | None,
    limit: int,
) -> tuple[list[DealSeen], str | None]:
    """A page of deals, and the cursor of the next. Raises BadInput for a cursor that is none."""
    order = [By(by.name, by.column, descending, by.nullable) for by in SORTS[sort]]
    order.append(By("id", deals.c.id, descending))
    page = await page_of(work, _seen().where(*_matching(actor, wanted)), order, after, limit)
    return [as_known_to(actor, _deal(row)) for row in page.rows], page.after


async def count(work: UnitOfWork, actor: Actor, wanted: DealsWanted) -> Count:
    """How many, counted to a limit."""
    return await count_of(work, select(deals.c.id).where(*_matching(actor, wanted)))


async def one(work: UnitOfWork, actor: Actor, deal_id: int) -> DealSeen:
    """One deal; raises NotFound, also for one that the actor does not see."""
    row = await work.first(_seen().where(deals.c.id == deal_id, visible_deals(actor)))
    if row is None:
        raise NotFound("deal", deal_id)
    return as_known_to(actor, _deal(row))


def just_before(deal_id: int) -> str:
    """The cursor of a column of the board after which this deal comes first."""
    return encoded([deal_id + 1], (By("id", deals.c.id, descending=True),))


async def change(work: UnitOfWork, actor: Actor, deal_id: int, version: int, values: Mapping[str, Any]) -> DealSeen:
    """Change a deal that is as it was seen. Raises NotFound, and Stale where somebody was first."""
    mine = (deals.c.id == deal_id, deals.c.version == version, visible_deals(actor))
    changed = await work.run(update(deals).where(*mine).values(**values, version=version + 1))
    if not changed.rowcount:
        raise await stale(work, actor, deal_id, version, values)
    # It may have been handed to somebody whose deals the actor does not see: it is read as it was changed all the same.
    row = await work.first(_seen().where(deals.c.id == deal_id))
    if row is None:
        raise NotFound("deal", deal_id)
    return as_known_to(actor, _deal(row))


async def stale(work: UnitOfWork, actor: Actor, deal_id: int, version: int, values: Mapping[str, Any]) -> Stale:
    """What to raise when the deal is not as it was seen. Raises NotFound when it is not there at all."""
    now = await one(work, actor, deal_id)
    current: dict[str, object] = {"version": now.version, "title": now.title, "stage": now.stage, "owner": now.owner}
    current |= {"amount": None if now.amount is None else str(now.amount), "currency": now.currency}
    yours = {"version": version, **{name: None if v is None else str(v) for name, v in values.items()}}
    return Stale("deal", deal_id, current, yours)


async def company_known(work: UnitOfWork, company_id: int) -> bool:
    """Whether there is such a company."""
    return await work.scalar(select(companies.c.id).where(companies.c.id == company_id)) is not None


_COLUMNS = tuple(DealSeen.__dataclass_fields__)


def _deal(row: Row[Any]) -> DealSeen:
    values = {name: getattr(row, name) for name in _COLUMNS}
    return DealSeen(**(values | {"kind": StageKind(row.kind), "fields": dict(row.fields or {})}))
