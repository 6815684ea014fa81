"""What people write into a deal: looked at, and named as its columns are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from crm_core.db import contacts as people
from crm_core.db import task_desk
from crm_core.db.custom_fields import own_fields
from crm_core.db.deal_desk import DealSeen
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.access import Actor
from crm_core.domain.own_fields import changed_values
from crm_core.errors import BadInput
from crm_core.handlers.sales import check_money

#: What may be given. `company` is a name; `fields` those of the site's own, None takes one away.
CHANGEABLE = frozenset({"title", "amount", "currency", "contact_id", "company", "owner_id", "fields"})


async def checked(
    work: UnitOfWork, actor: Actor, given: Mapping[str, Any], deal: DealSeen | None, now: datetime
) -> dict[str, Any]:
    """Columns and values for what is `given` (some of CHANGEABLE) to `deal`, or to one to be made.

    Raises BadInput, and NotFound for a contact or a colleague that the actor does not see.
    """
    if unknown := given.keys() - CHANGEABLE:
        raise BadInput("deal", f"{', '.join(sorted(unknown))} cannot be changed")
    values: dict[str, Any] = {name: given[name] for name in ("contact_id", "owner_id") if name in given}
    if "title" in given or deal is None:
        values["title"] = _title(given.get("title"))
    if given.keys() & {"amount", "currency"}:
        values |= _money(given, deal)
    if values.get("contact_id") is not None and (deal is None or values["contact_id"] != deal.contact_id):
        await task_desk.check_contact(work, actor, values["contact_id"])
    if values.get("owner_id") is not None and (deal is None or values["owner_id"] != deal.owner_id):
        await task_desk.check_colleague(work, actor, values["owner_id"])
    if "company" in given:
        name = (given["company"] or "").strip()[:200]
        values["company_id"] = await people.company_named(work, name, now) if name else None
    if "fields" in given:
        known = await own_fields(work, "deal")
        values["fields"] = changed_values(known, given["fields"], {} if deal is None else deal.fields)
    return values


def _title(given: Any) -> str:
    title = str(given or "").strip()
    if not title:
        raise BadInput("title", "a deal needs a title")
    if len(title) > 200:
        raise BadInput("title", "the title is longer than 200 characters")
    return title


def _money(given: Mapping[str, Any], deal: DealSeen | None) -> dict[str, Any]:
    """A sum alone keeps the currency it had; no sum is no currency either."""
    amount: Decimal | None = given.get("amount", deal.amount if deal else None)
    if amount is None:
        return {"amount": None, "currency": None}
    currency = given.get("currency") or (deal.currency if deal else None)
    check_money(amount, currency)
    if amount < 0:
        raise BadInput("amount", "the sum is below zero")
    return {"amount": amount, "currency": currency}
