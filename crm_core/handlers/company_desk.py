"""Companies worked with: listed, looked at with all that belongs to them, changed; always as far as one sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from crm_core.db import audit, companies
from crm_core.db.companies import Company, CompanyCall, CompanyRow, CompanyTask, Person
from crm_core.db.custom_fields import OwnField, own_fields
from crm_core.db.engine import Database
from crm_core.db.listing import Count
from crm_core.domain.access import Actor, Right
from crm_core.domain.desk import KnownDeal
from crm_core.domain.own_fields import changed_values
from crm_core.errors import BadInput

_LONGEST_NAME = 200
#: What `change_company` changes.
CHANGEABLE = frozenset({"name", "fields"})


@dataclass(frozen=True, slots=True)
class CompanyCard:
    """All about one company, as far as whoever asks sees it: `companies.SHOWN` of each kind. `sums`: what its open
    deals come to, by currency."""

    company: Company
    people: tuple[Person, ...]
    deals: tuple[KnownDeal, ...]
    sums: tuple[tuple[str, Decimal], ...]
    calls: tuple[CompanyCall, ...]
    tasks: tuple[CompanyTask, ...]
    own_fields: tuple[OwnField, ...]


async def list_companies(
    actor: Actor, text: str, sort: str, *, after: str | None, limit: int, database: Database
) -> tuple[list[CompanyRow], str | None]:
    """A page of the companies one sees. `sort` is name or created_at, "-" before it for descending."""
    actor.require(Right.SEE_CONTACTS)
    async with database.reading() as work:
        return await companies.listed(
            work, actor, text, sort.lstrip("-"), descending=sort.startswith("-"), after=after, limit=limit
        )


async def count_companies(actor: Actor, text: str, database: Database) -> Count:
    """How many of these one sees, counted to a limit."""
    actor.require(Right.SEE_CONTACTS)
    async with database.reading() as work:
        return await companies.count(work, actor, text)


async def one_company(actor: Actor, company_id: int, database: Database) -> Company:
    """Raises NotFound."""
    actor.require(Right.SEE_CONTACTS)
    async with database.reading() as work:
        return await companies.one(work, actor, company_id)


async def company_card(actor: Actor, company_id: int, database: Database) -> CompanyCard:
    """All about one company. Raises NotFound."""
    actor.require(Right.SEE_CONTACTS)
    async with database.reading() as work:
        return CompanyCard(
            company=await companies.one(work, actor, company_id),
            people=tuple(await companies.people_of(work, actor, company_id)),
            deals=tuple(await companies.deals_of(work, actor, company_id)),
            sums=tuple(await companies.sums_of(work, actor, company_id)),
            calls=tuple(await companies.calls_of(work, actor, company_id)),
            tasks=tuple(await companies.tasks_of(work, actor, company_id)),
            own_fields=tuple(await own_fields(work, "company")),
        )


async def change_company(
    actor: Actor, company_id: int, seen: int, changes: Mapping[str, Any], database: Database, now: datetime
) -> Company:
    """Change some of `CHANGEABLE`. Raises BadInput, NotFound, and Stale where somebody was first."""
    actor.require(Right.CHANGE_CONTACTS)
    if unknown := changes.keys() - CHANGEABLE:
        raise BadInput("company", f"{', '.join(sorted(unknown))} cannot be changed")
    name = None
    if "name" in changes:
        name = " ".join(str(changes["name"] or "").split())
        if not name or len(name) > _LONGEST_NAME:
            raise BadInput("name", f"the name is empty or longer than {_LONGEST_NAME} characters")
    async with database.work() as work:
        standing = await companies.one(work, actor, company_id)
        if name is not None and name != standing.name and await companies.is_named(work, actor, name, company_id):
            raise BadInput("name", "another company has this name", "Choose another name")
        fields = None
        if changes.get("fields"):
            fields = changed_values(await own_fields(work, "company"), changes["fields"], standing.fields)
        changed = await companies.change(work, actor, company_id, seen, name, fields)
        if changed != standing:
            details = {"changed": sorted(changes)}
            await audit.record(work, actor, "company.changed", "company", company_id, now, details=details)
        return changed
