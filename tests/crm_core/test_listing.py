"""Lists by key: every row once, whatever ties and NULLs there are; cursors that are none are refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select

from crm_core.db.engine import Database
from crm_core.db.listing import By, count_of, decoded, encoded, page_of
from crm_core.db.tables import companies, deals, pipelines, stages, tasks
from crm_core.errors import BadInput

_AT = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
_AMOUNT = By("amount", deals.c.amount, nullable=True)
_CLOSED = By("closed", deals.c.closed_at, nullable=True)
_ID = By("id", deals.c.id)


async def _fill(database: Database, rows: int) -> None:
    """Deals with few different values, so that there are ties and NULLs in every column."""
    random = Random(7)
    async with database.work() as work:
        await work.run(insert(pipelines).values(id=1, name="P"))
        await work.run(insert(stages).values(id=1, pipeline_id=1, name="S", position=0, kind="open"))
        await work.run(
            insert(deals),
            [
                {
                    "title": random.choice("abc"),
                    "pipeline_id": 1,
                    "stage_id": 1,
                    "amount": random.choice((None, Decimal("1.50"), Decimal("2.00"))),
                    "created_at": _AT + timedelta(days=random.randrange(3)),
                    "closed_at": random.choice((None, _AT, _AT + timedelta(microseconds=1))),
                }
                for _ in range(rows)
            ],
        )


def _orders() -> list[list[By]]:
    title, made = By("title", deals.c.title), By("made", deals.c.created_at)
    firsts = [[], [_AMOUNT], [title], [made, _AMOUNT], [_AMOUNT, _CLOSED], [title, _CLOSED, _AMOUNT], [_CLOSED, made]]
    return [
        [By(by.name, by.column, (turn >> n) % 2 == 1, by.nullable) for n, by in enumerate([*first, _ID])]
        for first in firsts
        for turn in range(2 ** (len(first) + 1))
    ]


def _sorted_as_told(rows: Sequence[tuple[object, ...]], order: Sequence[By]) -> list[tuple[object, ...]]:
    """What the list must be, by Python: sorted by the last column first, NULLs last either way."""
    ordered = list(rows)
    for n, by in reversed(list(enumerate(order))):
        known = [row for row in ordered if row[n] is not None]
        known.sort(key=lambda row, n=n: row[n], reverse=by.descending)  # type: ignore[misc]
        ordered = known + [row for row in ordered if row[n] is None]
    return ordered


async def test_paging_visits_every_row_once_in_order_under_ties_and_nulls(database: Database) -> None:
    await _fill(database, 41)
    async with database.reading() as work:
        for order in _orders():
            everything = [tuple(row) for row in await work.all(select(*(by.column for by in order)))]
            wanted = _sorted_as_told(everything, order)
            for limit in (1, 4, 41, 100):
                seen: list[tuple[object, ...]] = []
                after = None
                while True:
                    page = await page_of(work, select(deals.c.id), order, after, limit)
                    assert len(page.rows) <= limit
                    seen += [tuple(row[1:]) for row in page.rows]
                    after = page.after
                    if after is None:
                        break
                    assert len(page.rows) == limit
                assert seen == wanted, (order, limit)


async def test_a_row_that_comes_in_between_moves_no_other(database: Database) -> None:
    await _fill(database, 10)
    order = [By("title", deals.c.title), _ID]
    async with database.work() as work:
        everything = await page_of(work, select(deals.c.id), order, None, 100)
        first = await page_of(work, select(deals.c.id), order, None, 5)
        await work.run(
            insert(deals).values(id=0, title="a", pipeline_id=1, stage_id=1, created_at=_AT)  # on the first page
        )
        second = await page_of(work, select(deals.c.id), order, first.after, 5)
    assert [row.id for row in [*first.rows, *second.rows]] == [row.id for row in everything.rows]


async def test_a_list_keeps_its_own_conditions(database: Database) -> None:
    await _fill(database, 30)
    query = select(deals.c.title).where(deals.c.title == "b")
    async with database.reading() as work:
        wanted = len(await work.all(query))
        page = await page_of(work, query, [_AMOUNT, _ID], None, 3)
        rest = await page_of(work, query, [_AMOUNT, _ID], page.after, 100)
    assert [row.title for row in page.rows] == ["b"] * 3
    assert len(rest.rows) == wanted - 3


async def test_counts_stop_where_they_are_told_to(database: Database) -> None:
    await _fill(database, 12)
    async with database.reading() as work:
        assert str(await count_of(work, select(deals).order_by(deals.c.title), upto=12)) == "12"
        assert str(await count_of(work, select(deals), upto=11)) == "11+"
        assert str(await count_of(work, select(deals.c.id).where(deals.c.id < 0))) == "0"
        with_stage = select(deals.c.id, stages.c.name).join(stages, stages.c.id == deals.c.stage_id)
        assert str(await count_of(work, with_stage, upto=5)) == "5+"


async def test_a_page_of_no_rows_is_refused(database: Database) -> None:
    async with database.reading() as work:
        with pytest.raises(BadInput, match="one row at least"):
            await page_of(work, select(deals.c.id), [_ID], None, 0)


@given(
    st.tuples(
        st.none() | st.decimals(-999_999, 999_999, places=2),
        st.none() | st.datetimes(timezones=st.just(UTC)).filter(lambda at: 1 < at.year < 9999),
        st.integers(-(2**62), 2**62),
    )
)
def test_cursors_come_back_as_they_were(values: tuple[Decimal | None, datetime | None, int]) -> None:
    order = [_AMOUNT, _CLOSED, _ID]
    assert decoded(encoded(values, order), order) == list(values)


_NAMED = [By("name", companies.c.name), By("due", tasks.c.due_at), By("id", companies.c.id)]


@given(
    st.text()
    | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode())
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.just("name,due,id"),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ).map(lambda plain: base64.urlsafe_b64encode(json.dumps(plain).encode()).decode())
    | st.tuples(
        st.just("name,due,id"), st.text(), st.datetimes().map(str) | st.text(), st.integers() | st.booleans()
    ).map(lambda plain: base64.urlsafe_b64encode(json.dumps(plain).encode()).decode())
)
def test_rubbish_is_refused_or_has_the_types_of_the_columns(rubbish: str) -> None:
    try:
        name, due, number = decoded(rubbish, _NAMED)
    except BadInput:
        return
    assert (type(name), type(due), type(number)) == (str, datetime, int)
    assert due.tzinfo is not None
    assert abs(number) < 2**63


async def test_what_a_cursor_may_hold_the_database_takes(database: Database) -> None:
    """The outermost values that are let through."""
    values = ["\ufffe\u200f'\U0001f600", datetime(2, 1, 1, tzinfo=UTC), -(2**63) + 1]
    cursor = encoded(values, _NAMED)
    query = select(companies.c.id).join(tasks, tasks.c.id == companies.c.id)
    async with database.reading() as work:
        assert (await page_of(work, query, _NAMED, cursor, 5)).rows == []


def test_a_cursor_of_another_order_is_refused() -> None:
    cursor = encoded([Decimal(1), 5], [_AMOUNT, _ID])
    with pytest.raises(BadInput, match="sorted otherwise"):
        decoded(cursor, [By("amount", deals.c.amount, descending=True, nullable=True), _ID])
    with pytest.raises(BadInput, match="too long"):
        decoded("a" * 2001, [_ID])
    with pytest.raises(BadInput, match="not one that a list has given"):
        decoded(encoded([5, 5], [_ID]), [_ID])
    with pytest.raises(BadInput, match="not one that a list has given"):
        decoded(encoded([None], [_ID]), [_ID])
