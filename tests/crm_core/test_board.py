"""The kanban: every column counted and summed, its newest cards, filters, and what one may not see."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from crm_core.db.board import board, more_cards
from crm_core.db.engine import Database
from crm_core.db.sales import default_stages
from crm_core.db.tables import deals, pipelines, stages, tasks
from crm_core.db.visibility import visible_deals
from crm_core.domain.access import Role, actor_of
from crm_core.domain.board import CARDS, BoardWanted, Card
from crm_core.errors import BadInput, NotFound
from tests.crm_core.crm import NOW, add_call, add_contact, add_user

_DAY = timedelta(days=1)


async def _fill(database: Database, count: int) -> list[dict[str, Any]]:
    """Deals at random over the stages of the shipped pipeline, among two owners and nobody."""
    random = Random(5)
    owners = [await add_user(database, "Ann"), await add_user(database, "Bo"), None]
    people = [await add_contact(database, name) for name in ("Дилноза Каримова", "Karim Aliyev", "Silk Smith")]
    async with database.work() as work:
        found = await default_stages(work)
        await work.run(update(stages).where(stages.c.kind == "open").values(stuck_after_days=5))
        rows = []
        for n in range(count):
            stage, made = random.choice(found), NOW - random.randrange(1, 60) * _DAY
            amount = random.choice((None, Decimal(random.randrange(1, 10**9)) / 100))
            moved = random.choice((None, made + random.randrange(1, 10) * _DAY))
            rows.append(
                {
                    "id": n + 1,
                    "title": random.choice(("Silk road", "Office", "Офис Каримова")),
                    "pipeline_id": stage.pipeline_id,
                    "stage_id": stage.id,
                    "kind": stage.kind.value,
                    "contact_id": random.choice([*people, None]),
                    "owner_id": random.choice(owners),
                    "amount": amount,
                    "currency": None if amount is None else random.choice(("UZS", "USD")),
                    "created_at": made,
                    "moved_at": moved,
                    "closed_at": random.choice((None, moved)) if stage.kind.value in ("won", "lost") else None,
                }
            )
        await work.run(insert(deals), [{k: v for k, v in row.items() if k != "kind"} for row in rows])
    return rows


def _is_stuck(row: dict[str, Any]) -> bool:
    return row["kind"] == "open" and bool((row["moved_at"] or row["created_at"]) < NOW - 5 * _DAY)


def _is_shown(row: dict[str, Any]) -> bool:
    """Deals won and lost for thirty days only."""
    closed = row["closed_at"] or row["moved_at"] or row["created_at"]
    return row["kind"] not in ("won", "lost") or bool(closed >= NOW - 30 * _DAY)


_FILTERS: list[tuple[BoardWanted, Callable[[dict[str, Any]], bool]]] = [
    (BoardWanted(), lambda row: True),
    (BoardWanted(owner_id=1), lambda row: row["owner_id"] == 1),
    (BoardWanted(owner_id=0), lambda row: row["owner_id"] is None),
    (BoardWanted(only_stuck=True), _is_stuck),
    (BoardWanted(created_from=NOW - 20 * _DAY), lambda row: row["created_at"] >= NOW - 20 * _DAY),
    (BoardWanted(created_before=NOW - 20 * _DAY), lambda row: row["created_at"] < NOW - 20 * _DAY),
    (BoardWanted(text="silk"), lambda row: row["title"] == "Silk road" or row["contact_id"] == 3),
    (BoardWanted(text="karim"), lambda row: row["title"] == "Офис Каримова" or row["contact_id"] in (1, 2)),
    (BoardWanted(text="road silk", owner_id=2), lambda row: row["title"] == "Silk road" and row["owner_id"] == 2),
    (BoardWanted(text="nobody"), lambda row: False),
    (
        BoardWanted(text="office", only_stuck=True, created_before=NOW - 9 * _DAY),
        lambda row: row["title"] == "Office" and _is_stuck(row) and row["created_at"] < NOW - 9 * _DAY,
    ),
]


async def _rest(database: Database, stage_id: int, wanted: BoardWanted, after: str | None, deals_if: Any) -> list[Card]:
    cards: list[Card] = []
    while after is not None:
        async with database.reading() as work:
            some, after = await more_cards(work, stage_id, wanted, NOW, after, deals_if=deals_if, limit=7)
        assert len(some) == 7 or after is None
        cards += some
    return cards


@pytest.mark.parametrize("sees", ["all", "own"])
async def test_counts_sums_and_all_cards_are_those_of_the_deals_meant(site: Database, sees: str) -> None:
    rows = await _fill(site, 500)
    deals_if = visible_deals(actor_of(1, "Ann", Role.SELLER)) if sees == "own" else None
    for wanted, is_meant in _FILTERS:
        meant = [r for r in rows if is_meant(r) and _is_shown(r) and (sees == "all" or r["owner_id"] == 1)]
        count = Counter(row["stage_id"] for row in meant)
        sums: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
        for row in meant:
            if row["amount"] is not None:
                sums[row["stage_id"], row["currency"]] += row["amount"]
        async with site.reading() as work:
            columns = await board(work, 1, wanted, NOW, deals_if=deals_if)
        assert [column.stage.name for column in columns] == ["Unsorted", "New", "Offer sent", "Agreed", "Won", "Lost"]
        assert {c.stage.id: c.deals for c in columns if c.deals} == count, wanted
        assert {(c.stage.id, name): amount for c in columns for name, amount in c.sums.items()} == sums, wanted
        for column in columns:
            ids = sorted((row["id"] for row in meant if row["stage_id"] == column.stage.id), reverse=True)
            assert [card.id for card in column.cards] == ids[:CARDS]
            rest = await _rest(site, column.stage.id, wanted, column.after, deals_if)
            assert [card.id for card in rest] == ids[CARDS:]
            by_id = {row["id"]: row for row in rows}
            for card in (*column.cards, *rest):
                assert card.stuck == _is_stuck(by_id[card.id])


async def test_a_card_says_what_is_next_and_when_there_was_a_call(site: Database) -> None:
    ann, person = await add_user(site, "Ann"), await add_contact(site, "Karim")
    await add_call(site, "c1", contact_id=person, started_at=NOW - 3 * _DAY)
    await add_call(site, "c2", contact_id=person, started_at=NOW - _DAY)
    await add_call(site, "c3", contact_id=person)
    async with site.work() as work:
        stage = (await default_stages(work))[1]
        where = {"pipeline_id": stage.pipeline_id, "stage_id": stage.id, "created_at": NOW}
        await work.run(insert(deals).values(title="D", contact_id=person, owner_id=ann, moved_at=NOW + _DAY, **where))
        await work.run(insert(deals).values(title="Bare", **where))
        for title, days, done in (("Later", 2, None), ("Soon", 1, None), ("Done", 0, NOW)):
            due = {"due_at": NOW + days * _DAY, "done_at": done, "created_at": NOW, "by": "x", "kind": "other"}
            await work.run(insert(tasks).values(title=title, deal_id=1, **due))
        columns = await board(work, stage.pipeline_id, BoardWanted(), NOW)
    bare, card = columns[1].cards
    assert (card.title, card.contact, card.owner, card.since) == ("D", "Karim", "Ann", NOW + _DAY)
    assert (card.next_step, card.next_at, card.last_call_at) == ("Soon", NOW + _DAY, NOW - _DAY)
    assert (bare.title, bare.contact, bare.owner, bare.since) == ("Bare", None, None, NOW)
    assert (bare.next_step, bare.next_at, bare.last_call_at, bare.stuck) == (None, None, None, False)


async def test_an_empty_board_has_all_its_columns_and_other_pipelines_have_none_of_its_deals(site: Database) -> None:
    await _fill(site, 20)
    async with site.work() as work:
        await work.run(insert(pipelines).values(id=2, name="Contracts"))
        await work.run(insert(stages).values(pipeline_id=2, name="Draft", position=0, kind="open"))
        (column,) = await board(work, 2, BoardWanted(), NOW)
    assert (column.stage.name, column.deals, column.sums, column.cards, column.after) == ("Draft", 0, {}, (), None)


async def test_what_does_not_exist_is_said(site: Database) -> None:
    async with site.reading() as work:
        with pytest.raises(NotFound, match="pipeline"):
            await board(work, 99, BoardWanted(), NOW)
        with pytest.raises(NotFound, match="stage"):
            await more_cards(work, 99, BoardWanted(), NOW, None)
        stage = await work.scalar(select(stages.c.id).limit(1))
        with pytest.raises(BadInput, match="cursor"):
            await more_cards(work, stage, BoardWanted(), NOW, "rubbish")
