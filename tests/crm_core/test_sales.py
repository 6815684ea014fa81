"""Deals: made, moved with their history, listed; money stays exact."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from crm_core.commands import CreateDeal
from crm_core.db.engine import Database
from crm_core.db.sales import StageMove
from crm_core.errors import BadInput, NotFound
from crm_core.handlers import sales
from tests.crm_core.crm import NOW, add_contact, add_user

BIG = CreateDeal("Big", "Ann", amount=Decimal("1999999999.99"), currency="UZS")


async def test_a_deal_keeps_its_money_to_the_last_digit_and_its_history(site: Database) -> None:
    deal_id = await sales.create_deal(BIG, site, NOW)
    assert await sales.move_deal(deal_id, "offer sent", "Bo", site, NOW + timedelta(hours=1))
    assert not await sales.move_deal(deal_id, "Offer sent", "Bo", site, NOW + timedelta(hours=2))
    assert await sales.move_deal(deal_id, "Won", "Ann", site, NOW + timedelta(hours=3))
    (line,) = await sales.list_deals(site)
    assert (line.deal.amount, line.deal.currency, line.stage.name) == (Decimal("1999999999.99"), "UZS", "Won")
    assert await sales.deal_history(deal_id, site) == [
        StageMove("Unsorted", "Ann", NOW),
        StageMove("Offer sent", "Bo", NOW + timedelta(hours=1)),
        StageMove("Won", "Ann", NOW + timedelta(hours=3)),
    ]


@pytest.mark.parametrize(
    ("amount", "currency", "fault"),
    [
        (Decimal(1), None, "belong together"),
        (None, "USD", "belong together"),
        (Decimal(1), "usd", "three capital letters"),
        (Decimal(1), "ДДД", "three capital letters"),
        (Decimal("0.001"), "USD", "more than two decimals"),
        (Decimal("NaN"), "USD", "no sum"),
        (Decimal("1e12"), "USD", "no sum"),
    ],
)
def test_money_that_is_none_is_refused(amount: Decimal | None, currency: str | None, fault: str) -> None:
    with pytest.raises(BadInput, match=fault):
        sales.check_money(amount, currency)


async def test_bad_deals_are_refused_with_the_way_out(site: Database) -> None:
    with pytest.raises(BadInput, match="Choose of Unsorted, New, Offer sent, Agreed, Won, Lost"):
        await sales.create_deal(replace(BIG, stage="Nowhere"), site, NOW)
    with pytest.raises(BadInput, match="needs a title"):
        await sales.create_deal(replace(BIG, title=" "), site, NOW)
    with pytest.raises(NotFound, match="there is no contact 9"):
        await sales.create_deal(replace(BIG, contact_id=9), site, NOW)
    with pytest.raises(NotFound, match="there is no deal 9"):
        await sales.move_deal(9, "Won", "Ann", site, NOW)
    with pytest.raises(NotFound, match="there is no deal 9"):
        await sales.deal_history(9, site)
    assert await sales.list_deals(site) == []


async def test_without_a_pipeline_the_way_out_is_said(database: Database) -> None:
    with pytest.raises(BadInput, match="trunkline rules install"):
        await sales.create_deal(BIG, database, NOW)


async def test_deals_are_listed_by_stage_owner_and_state(site: Database) -> None:
    ann = await add_user(site, "Ann")
    bo = await add_contact(site, "Bo")
    won = await sales.create_deal(replace(BIG, stage="Won", contact_id=bo), site, NOW)
    mine = await sales.create_deal(replace(BIG, owner_id=ann), site, NOW)
    assert [line.deal.id for line in await sales.list_deals(site)] == [mine, won]
    assert [(line.deal.id, line.contact) for line in await sales.list_deals(site, stage="won")] == [(won, "Bo")]
    assert [(line.deal.id, line.owner) for line in await sales.list_deals(site, owner_id=ann)] == [(mine, "Ann")]
    assert [line.deal.id for line in await sales.list_deals(site, only_open=True)] == [mine]
    assert [line.deal.id for line in await sales.list_deals(site, limit=1)] == [mine]


async def test_two_who_move_a_deal_to_one_stage_at_once_leave_one_line_of_history(site: Database) -> None:
    deal_id = await sales.create_deal(BIG, site, NOW)
    moved = await asyncio.gather(*(sales.move_deal(deal_id, "New", f"user {n}", site, NOW) for n in range(5)))
    assert sorted(moved) == [False] * 4 + [True]
    assert len(await sales.deal_history(deal_id, site)) == 2
