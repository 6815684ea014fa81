"""Customers by what they are worth: A are the few that bring most, C the many that bring little."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Float, Select, case, cast, func, literal, select

from crm_core.db.reports.asking import Asking
from crm_core.db.reports.deal_ways import closed_at
from crm_core.db.tables import calls, companies, contacts, deals, stages
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.visibility import visible_contacts
from crm_core.domain.customers import A_UP_TO, B_UP_TO, ClassSum, Customer, CustomerClass
from crm_core.domain.sales import StageKind


async def by_won_amount(work: UnitOfWork, asking: Asking, most: int) -> tuple[list[ClassSum], list[Customer]]:
    """Classes, and the first `most` customers of each currency, by the sums won in the span. Deals without a sum or
    without a contact count for nobody."""
    values = (
        select(deals.c.contact_id, deals.c.currency, func.sum(deals.c.amount).label("value"))
        .select_from(deals.join(stages, stages.c.id == deals.c.stage_id))
        .where(*asking.deals(asking.ask.pipeline_id), stages.c.kind == StageKind.WON.value)
        .where(asking.within(closed_at()), deals.c.contact_id.is_not(None), deals.c.amount > 0)
        .group_by(deals.c.contact_id, deals.c.currency)
    )
    return await _classed(work, asking, values, most)


async def by_talks(work: UnitOfWork, asking: Asking, most: int) -> tuple[list[ClassSum], list[Customer]]:
    """The same by how often somebody talked to them."""
    values = (
        select(calls.c.contact_id, literal("").label("currency"), func.count().label("value"))
        .where(*asking.calls(), calls.c.bridged_at.is_not(None), calls.c.contact_id.is_not(None))
        .where(asking.within(calls.c.started_at))
        .group_by(calls.c.contact_id)
    )
    return await _classed(work, asking, values, most)


async def _classed(
    work: UnitOfWork, asking: Asking, values: Select[Any], most: int
) -> tuple[list[ClassSum], list[Customer]]:
    worth = values.cte("worth")
    # How many customers are worth the same, then sums over those few levels: no million rows are sorted.
    levels = (
        select(worth.c.currency, worth.c.value, func.count().label("customers"))
        .group_by(worth.c.currency, worth.c.value)
        .cte("levels")
    )
    part = levels.c.value * levels.c.customers
    before = func.sum(part).over(partition_by=levels.c.currency, order_by=levels.c.value.desc()) - part
    whole = func.sum(part).over(partition_by=levels.c.currency)
    placed = select(
        levels.c.currency,
        levels.c.value,
        levels.c.customers,
        part.label("part"),
        cast(before, Float).label("before"),
        cast(whole, Float).label("whole"),
    ).cte("placed")
    letter = _letter(placed.c.before, placed.c.whole).label("letter")
    classes = select(
        placed.c.currency,
        letter,
        func.sum(placed.c.customers).label("customers"),
        func.sum(placed.c.part).label("value"),
        func.min(placed.c.value).label("least"),
    ).group_by("currency", "letter")
    sums = [
        ClassSum(row.currency, CustomerClass(row.letter), int(row.customers), _exact(row.value), _exact(row.least))
        for row in await work.all(classes.order_by("currency", "letter"))
    ]
    return sums, await _first(work, asking, worth, sums, most)


def _letter(before: ColumnElement[float], whole: ColumnElement[float]) -> ColumnElement[str]:
    return case((before < whole * A_UP_TO, "A"), (before < whole * B_UP_TO, "B"), else_="C")


def _exact(value: Any) -> Decimal:
    return Decimal(str(value))


async def _first(work: UnitOfWork, asking: Asking, worth: Any, sums: list[ClassSum], most: int) -> list[Customer]:
    """The first customers of each currency by name; who may not see a contact sees what he is worth, nameless."""
    found: list[Customer] = []
    for currency in sorted({one.currency for one in sums}):
        least = {one.letter: one.least for one in sums if one.currency == currency}
        leading = select(worth.c.contact_id, worth.c.value).where(worth.c.currency == currency)
        leading = leading.order_by(worth.c.value.desc(), worth.c.contact_id).limit(most)
        rows = await work.all(leading)
        names = await _names(work, asking, [row.contact_id for row in rows])
        for row in rows:
            exact = _exact(row.value)
            letter = next(letter for letter in CustomerClass if letter in least and exact >= least[letter])
            name, company = names.get(row.contact_id, ("", ""))
            contact_id = row.contact_id if row.contact_id in names else None
            found.append(Customer(contact_id, name, company, currency, letter, exact))
    return found


async def _names(work: UnitOfWork, asking: Asking, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Names and companies of those contacts that he sees. Apart from their worth: joined to it, the database would
    look at every contact there is."""
    query = (
        select(contacts.c.id, contacts.c.name, companies.c.name.label("company"))
        .select_from(contacts.outerjoin(companies, companies.c.id == contacts.c.company_id))
        .where(contacts.c.id.in_(ids), visible_contacts(asking.actor, one_by_one=True))
    )
    return {row.id: (row.name, row.company or "") for row in await work.all(query)}
