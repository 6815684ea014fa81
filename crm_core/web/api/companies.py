"""Companies: firms that people and deals belong to."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from crm_core.db.companies import Company, CompanyRow
from crm_core.domain.access import Actor, Right
from crm_core.handlers import company_desk
from crm_core.web.api.contacts import DealOut
from crm_core.web.api.deal_shapes import OwnFields
from crm_core.web.api.routing import Asked, Counted, Model, Page, Routes
from crm_core.web.api.shown import text_for

routes = Routes("companies")


class CompanyOut(Model):
    """A company; `fields` are the site's own."""

    id: int
    version: int
    name: str
    fields: dict[str, Any]
    created_at: datetime


class CompanyLine(CompanyOut):
    """With how many of its people and of its open deals I see."""

    people: int
    open_deals: int


class PersonOut(Model):
    id: int
    name: str
    owner: str | None


class CompanyCallOut(Model):
    """A call with one of its people."""

    id: str
    direction: str
    started_at: datetime | None
    outcome: str | None
    disposition: str | None
    contact_id: int | None
    contact: str | None
    answered_by: str | None


class CompanyTaskOut(Model):
    id: int
    title: str
    due_at: datetime
    responsible: str | None
    contact_id: int | None
    deal_id: int | None


class SumOut(Model):
    currency: str
    amount: Decimal


class CompanyCardOut(Model):
    """All about one company, as far as I see it: 20 of each kind. `sums`: what its open deals come to."""

    company: CompanyOut
    people: list[PersonOut]
    deals: list[DealOut]
    sums: list[SumOut]
    tasks: list[CompanyTaskOut]
    calls: list[CompanyCallOut]


class CompanyQuery(Model):
    """Which companies. `text`: words that begin words of the name, three letters at least. `sort`: "-" before it for
    descending."""

    text: Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")] = ""
    sort: Literal["name", "-name", "created_at", "-created_at"] = "name"
    cursor: Annotated[str, Field(max_length=2000)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class CompanyChanges(Model):
    """What is to be changed; what is left out stays. `fields`: of the site's own, null takes a value away."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    fields: OwnFields | None = None


def company_out(actor: Actor, company: Company) -> CompanyOut:
    return CompanyOut(**_values(actor, company))


def _values(actor: Actor, company: Company) -> dict[str, Any]:
    fields = company.fields
    if actor.masked:
        fields = {key: text_for(actor, str(value)) for key, value in fields.items()}
    values = {"id": company.id, "version": company.version, "created_at": company.created_at}
    return values | {"name": text_for(actor, company.name), "fields": fields}


def _line(actor: Actor, row: CompanyRow) -> CompanyLine:
    return CompanyLine(**_values(actor, row.company), people=row.people, open_deals=row.open_deals)


@routes("GET", "/companies", right=Right.SEE_CONTACTS)
async def list_companies(asked: Asked, query: CompanyQuery) -> Page[CompanyLine]:
    """Companies, by name."""
    found, following = await company_desk.list_companies(
        asked.actor, query.text, query.sort, after=query.cursor, limit=query.limit, database=asked.database
    )
    total = await company_desk.count_companies(asked.actor, query.text, asked.database)
    counted = Counted(count=total.number, more=total.more)
    return Page(items=[_line(asked.actor, row) for row in found], next=following, total=counted)


@routes("GET", "/companies/{company_id}", right=Right.SEE_CONTACTS)
async def one_company(asked: Asked, company_id: int) -> CompanyOut:
    """One company, with the version that a change wants."""
    return company_out(asked.actor, await company_desk.one_company(asked.actor, company_id, asked.database))


@routes("GET", "/companies/{company_id}/card", right=Right.SEE_CONTACTS)
async def company_card(asked: Asked, company_id: int) -> CompanyCardOut:
    """A company with its people, deals, tasks and calls."""
    actor, card = asked.actor, await company_desk.company_card(asked.actor, company_id, asked.database)
    return CompanyCardOut(
        company=company_out(actor, card.company),
        people=[PersonOut(id=p.id, name=text_for(actor, p.name), owner=p.owner) for p in card.people],
        deals=[
            DealOut.model_validate(deal).model_copy(update={"title": text_for(actor, deal.title)})
            for deal in card.deals
        ],
        sums=[SumOut(currency=currency, amount=amount) for currency, amount in card.sums],
        tasks=[
            CompanyTaskOut.model_validate(task).model_copy(update={"title": text_for(actor, task.title)})
            for task in card.tasks
        ],
        calls=[
            CompanyCallOut.model_validate(call).model_copy(update={"contact": text_for(actor, call.contact or "")})
            for call in card.calls
        ],
    )


@routes("PATCH", "/companies/{company_id}", right=Right.CHANGE_CONTACTS)
async def change_company(asked: Asked, company_id: int, seen: int, body: CompanyChanges) -> CompanyOut:
    """Change a company. It is made by naming it at a contact or a deal."""
    given = body.model_dump(exclude_unset=True)
    changes = {name: value for name, value in given.items() if value is not None}
    changed = await company_desk.change_company(asked.actor, company_id, seen, changes, asked.database, asked.now)
    return company_out(asked.actor, changed)
