"""Lists of leads."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from crm_core.db.lead_lists import LeadList, ListedLead
from crm_core.domain.access import Actor, Right
from crm_core.handlers import list_desk
from crm_core.web.api.cursors import packed, unpacked
from crm_core.web.api.routing import Asked, Model, Page, Routes
from crm_core.web.api.shown import number_for, text_for

routes = Routes("lists")


class ListOut(Model):
    """A list. `counts`: what became of the rows of its file; `ready` false while its leads are being written;
    `campaigns`: names of those it is in."""

    id: int
    name: str
    source: str
    counts: dict[str, int]
    ready: bool
    created_at: datetime
    campaigns: list[str]


class ListQuery(Model):
    name: Annotated[str, Field(max_length=120)] = ""
    cursor: Annotated[str, Field(max_length=400)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class LeadsQuery(Model):
    cursor: Annotated[str, Field(max_length=400)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class NamedLeadsQuery(LeadsQuery):
    name: Annotated[str, Field(max_length=120)] = ""


class LeadOut(Model):
    """A lead and its person. `fields`: columns of its file that have no meaning of their own."""

    id: int
    contact_id: int
    name: str
    numbers: list[str]
    priority: int
    zone: str | None
    fields: dict[str, str]


def list_out(found: LeadList) -> ListOut:
    return ListOut(
        id=found.id,
        name=found.name,
        source=found.source,
        counts=dict(found.counts),
        ready=found.is_ready,
        created_at=found.created_at,
        campaigns=list(found.campaigns),
    )


def lead_out(actor: Actor, lead: ListedLead) -> LeadOut:
    return LeadOut(
        id=lead.id,
        contact_id=lead.contact_id,
        name=text_for(actor, lead.name),
        numbers=[number_for(actor, number) for number in lead.numbers],
        priority=lead.priority,
        zone=lead.zone,
        fields={name: text_for(actor, str(value)) for name, value in lead.fields.items()},
    )


@routes("GET", "/lists", right=Right.SEE_CAMPAIGNS)
async def list_lists(asked: Asked, query: ListQuery) -> Page[ListOut]:
    """Lists of leads, the newest first."""
    before = unpacked("lists", query.cursor, (int,))[0] if query.cursor else None
    assert before is None or isinstance(before, int)
    found = await list_desk.list_lists(
        asked.actor, asked.database, name=query.name.replace("\x00", ""), before=before, limit=query.limit + 1
    )
    shown = found[: query.limit]
    following = packed("lists", shown[-1].id) if len(found) > query.limit else None
    return Page(items=[list_out(one) for one in shown], next=following)


@routes("GET", "/lists/{list_id}", right=Right.SEE_CAMPAIGNS)
async def one_list(asked: Asked, list_id: int) -> ListOut:
    """One list."""
    return list_out(await list_desk.one_list(asked.actor, list_id, asked.database))


@routes("GET", "/lists/{list_id}/leads", right=Right.SEE_CAMPAIGNS)
async def leads_of_list(asked: Asked, list_id: int, query: NamedLeadsQuery) -> Page[LeadOut]:
    """The leads of a list, in the order of their ids."""
    after = unpacked("leads", query.cursor, (int,))[0] if query.cursor else 0
    assert isinstance(after, int)
    name = query.name.replace("\x00", "")
    found = await list_desk.leads_of_list(
        asked.actor, list_id, asked.database, name=name, after=after, limit=query.limit + 1
    )
    shown = found[: query.limit]
    following = packed("leads", shown[-1].id) if len(found) > query.limit else None
    return Page(items=[lead_out(asked.actor, lead) for lead in shown], next=following)
