"""Lists of leads and the leads on them, as somebody may see them; imports under way."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, and_, exists, func, or_, select, true

from crm_core.db.batches import one_of
from crm_core.db.tables import campaign_leads, campaigns, contacts, imports, leads, lists, phones
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.visibility import visible_campaigns, visible_contacts
from crm_core.domain.access import Actor, Right
from crm_core.errors import NotFound


@dataclass(frozen=True, slots=True)
class LeadList:
    """A list. `counts` says what became of its file (rows, created, …), empty while its leads are being written."""

    id: int
    name: str
    source: str
    counts: Mapping[str, int]
    created_at: datetime
    campaigns: tuple[str, ...] = ()

    @property
    def is_ready(self) -> bool:
        """Whether a campaign may take it."""
        return bool(self.counts)


@dataclass(frozen=True, slots=True)
class ListedLead:
    """A lead of a list with its person."""

    id: int
    contact_id: int
    name: str
    numbers: tuple[str, ...]
    priority: int
    zone: str | None
    fields: Mapping[str, Any]


def visible_lists(actor: Actor) -> ColumnElement[bool]:
    """All lists for whoever makes campaigns of them; for others those of campaigns that they see."""
    if actor.may(Right.CHANGE_CAMPAIGNS):
        return true()
    return exists(select(campaigns.c.id).where(visible_campaigns(actor), _is_in(campaigns.c.id)))


def _is_in(campaign_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether the list's leads are in the campaign. A list goes into a campaign as a whole, so one lead tells: that of
    its first contact, found by two seeks."""
    return exists(
        select(campaign_leads.c.lead_id).where(
            campaign_leads.c.campaign_id == campaign_id, campaign_leads.c.lead_id == _first_lead()
        )
    )


def _first_lead() -> ScalarSelect[Any]:
    of = leads.alias("of_list")
    first = select(func.min(of.c.contact_id)).where(of.c.list_id == lists.c.id).correlate(lists).scalar_subquery()
    one = leads.alias("first_lead")
    wanted = select(one.c.id).where(one.c.list_id == lists.c.id, one.c.contact_id == first)
    return wanted.correlate(lists).scalar_subquery()


async def list_rows(
    work: UnitOfWork, actor: Actor, *, name: str = "", before: int | None = None, limit: int = 50
) -> list[LeadList]:
    """Lists he sees, the newest first, each with those of its campaigns that he sees; `before`: with smaller ids."""
    query = select(lists).where(visible_lists(actor))
    if name.strip():
        query = query.where(lists.c.name.icontains(name.strip(), autoescape=True))
    if before is not None:
        query = query.where(lists.c.id < before)
    rows = await work.all(query.order_by(lists.c.id.desc()).limit(limit))
    used = await _used_by(work, actor, [row.id for row in rows])
    return [_list(row, used.get(row.id, ())) for row in rows]


async def list_row(work: UnitOfWork, actor: Actor, list_id: int) -> LeadList:
    """One of them. Raises NotFound."""
    row = await work.first(select(lists).where(lists.c.id == list_id, visible_lists(actor)))
    if row is None:
        raise NotFound("list", list_id)
    return _list(row, (await _used_by(work, actor, [list_id])).get(list_id, ()))


async def lists_in(work: UnitOfWork, campaign_id: int) -> list[LeadList]:
    """The lists whose leads are in a campaign, oldest first."""
    in_it = select(lists).where(_is_in(select(campaigns.c.id).where(campaigns.c.id == campaign_id).scalar_subquery()))
    return [_list(row) for row in await work.all(in_it.order_by(lists.c.id))]


async def _used_by(work: UnitOfWork, actor: Actor, ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """The names of the campaigns each list is in, of those he sees."""
    pairs = select(lists.c.id, campaigns.c.name).select_from(lists.join(campaigns, _is_in(campaigns.c.id)))
    rows = await work.all(pairs.where(one_of(lists.c.id, ids), visible_campaigns(actor)).order_by(campaigns.c.id))
    found: dict[int, tuple[str, ...]] = {}
    for row in rows:
        found[row.id] = (*found.get(row.id, ()), row.name)
    return found


def _list(row: Row[Any], used: tuple[str, ...] = ()) -> LeadList:
    return LeadList(row.id, row.name, row.source, dict(row.counts or {}), row.created_at, used)


# --- leads --------------------------------------------------------------------------------------------------
async def leads_of_list(
    work: UnitOfWork, actor: Actor, list_id: int, *, name: str = "", after: int = 0, limit: int = 50
) -> list[ListedLead]:
    """Leads of a list whose contacts he sees, by id."""
    query = select(leads.c.id).where(leads.c.list_id == list_id, leads.c.id > after)
    if name.strip():
        named = contacts.c.name.icontains(name.strip(), autoescape=True)
        query = query.join(contacts, contacts.c.id == leads.c.contact_id).where(named)
    query = query.where(_his(actor)).order_by(leads.c.id).limit(limit)
    return await shown_leads(work, actor, [row.id for row in await work.all(query)])


def _his(actor: Actor) -> ColumnElement[bool]:
    return leads.c.contact_id.in_(select(contacts.c.id).where(visible_contacts(actor)))


async def shown_leads(work: UnitOfWork, actor: Actor, lead_ids: Collection[int]) -> list[ListedLead]:
    """Of these leads those whose contacts he sees, by id, with their numbers."""
    if not lead_ids:
        return []
    joined = leads.join(contacts, contacts.c.id == leads.c.contact_id)
    query = select(leads, contacts.c.name).select_from(joined).where(one_of(leads.c.id, lead_ids), _his(actor))
    rows = await work.all(query.order_by(leads.c.id))
    numbers: dict[int, list[str]] = {}
    owned = select(phones.c.contact_id, phones.c.e164).where(
        one_of(phones.c.contact_id, {row.contact_id for row in rows})
    )
    for row in await work.all(owned.order_by(phones.c.id)):
        numbers.setdefault(row.contact_id, []).append(row.e164)
    return [
        ListedLead(r.id, r.contact_id, r.name, tuple(numbers.get(r.contact_id, ())), r.priority, r.zone, dict(r.fields))
        for r in rows
    ]


# --- imports under way --------------------------------------------------------------------------------------
async def is_being_written(work: UnitOfWork, list_name: str, digest: str) -> bool:
    """Whether the import of this file under this name has been decided: it will be carried through and cannot be
    stopped any more."""
    mine = and_(imports.c.list_name == list_name, imports.c.digest == digest)
    return await work.scalar(select(imports.c.id).where(mine, imports.c.list_id.is_not(None))) is not None


async def has_list(work: UnitOfWork, name: str) -> bool:
    """Whether a list of this name stands, or is being imported."""
    under_way = select(imports.c.id).where(imports.c.list_name == name)
    known = select(lists.c.id).where(lists.c.name == name)
    return bool(await work.scalar(select(or_(under_way.exists(), known.exists()))))
