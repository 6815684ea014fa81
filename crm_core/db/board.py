"""The kanban of a pipeline: every column counted and summed in one query, and its newest cards in another.

Sums are reckoned from the deals each time, by an index that holds what they need: 30 ms for 200,000 open deals. Kept
counters would be quicker for whoever sees everything without a filter, and for nobody else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Executable,
    FromClause,
    Row,
    Subquery,
    and_,
    false,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    true,
    union_all,
)

from crm_core.db.board_cards import CARD, cards_of, since
from crm_core.db.folded import holding
from crm_core.db.listing import By, encoded, page_of
from crm_core.db.search import plan_each_time
from crm_core.db.tables import contacts, deals, stages
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.board import CARDS, BoardStage, BoardWanted, Card, Column
from crm_core.domain.sales import StageKind
from crm_core.domain.searching import sought
from crm_core.errors import NotFound

Condition = ColumnElement[bool]
_NEWEST = (By("id", deals.c.id, descending=True),)


async def board(
    work: UnitOfWork,
    pipeline_id: int,
    wanted: BoardWanted,
    now: datetime,
    *,
    deals_if: Condition | None = None,
    with_cards: bool = True,
) -> tuple[Column, ...]:
    """The columns of the pipeline, in order, with the deals of which `deals_if` holds (None: all); without cards, where
    figures alone are wanted. Raises NotFound."""
    columns = await _stages(work, stages.c.pipeline_id == pipeline_id)
    if not columns:
        raise NotFound("pipeline", pipeline_id)
    conditions = {stage.id: and_(*_meant(stage, wanted, now, deals_if)) for stage in columns}
    found = _with_text(wanted, or_(*conditions.values()))
    if found is not None:
        await plan_each_time(work)
        counted = await work.all(_of_found(found))
        firsts = _chosen([row.id for row in counted if row.id is not None])
    else:
        counted = await work.all(_at_once(conditions) if _narrowed(wanted) else _by_stage(conditions))
        is_narrow = deals_if is not None or wanted.owner_id is not None
        firsts = _walked({stage.id: (conditions[stage.id], is_narrow and not stage.is_open) for stage in columns})
    counts, sums = _totals([row for row in counted if row.deals is not None])
    cards: dict[int, list[Card]] = defaultdict(list)
    by_id = {stage.id: stage for stage in columns}
    for card in await cards_of(work, firsts, by_id, now) if with_cards else ():
        cards[card.stage_id].append(card)
    return tuple(
        Column(
            stage,
            counts[stage.id],
            sums[stage.id],
            tuple(cards[stage.id][:CARDS]),
            encoded([cards[stage.id][CARDS - 1].id], _NEWEST) if len(cards[stage.id]) > CARDS else None,
        )
        for stage in columns
    )


async def more_cards(
    work: UnitOfWork,
    stage_id: int,
    wanted: BoardWanted,
    now: datetime,
    after: str | None,
    *,
    deals_if: Condition | None = None,
    limit: int = CARDS,
) -> tuple[tuple[Card, ...], str | None]:
    """The next cards of a column, and what asks for those after them. Raises NotFound, and BadInput for a cursor that
    is none."""
    found = await _stages(work, stages.c.id == stage_id)
    if not found:
        raise NotFound("stage", stage_id)
    meant = and_(*_meant(found[0], wanted, now, deals_if))
    query = select(deals.c.id).where(meant)
    if (with_text := _with_text(wanted, meant)) is not None:
        await plan_each_time(work)
        query = query.where(deals.c.id.in_(select(with_text.c.id)))
    page = await page_of(work, query, _NEWEST, after, limit)
    chosen = _chosen([row.id for row in page.rows])
    return tuple(await cards_of(work, chosen, {stage_id: found[0]}, now)), page.after


async def _stages(work: UnitOfWork, which: Condition) -> list[BoardStage]:
    names = [name for name in BoardStage.__dataclass_fields__ if name not in ("kind", "required_fields")]
    query = select(stages).where(which).order_by(stages.c.position, stages.c.id)
    return [
        BoardStage(
            **{name: row._mapping[name] for name in names},
            kind=StageKind(row.kind),
            required_fields=tuple(row.required_fields),
        )
        for row in await work.all(query)
    ]


def _meant(stage: BoardStage, wanted: BoardWanted, now: datetime, deals_if: Condition | None) -> Iterator[Condition]:
    yield deals.c.stage_id == stage.id
    yield true() if deals_if is None else deals_if
    if not stage.is_open:
        closed_after = now - wanted.closed_within
        # One that was closed before the hour was kept: by when it came into its stage.
        earlier = and_(deals.c.closed_at.is_(None), since >= closed_after)
        yield or_(deals.c.closed_at >= closed_after, earlier)
    if wanted.owner_id is not None:
        yield deals.c.owner_id == wanted.owner_id if wanted.owner_id else deals.c.owner_id.is_(None)
    if wanted.created_from is not None:
        yield deals.c.created_at >= wanted.created_from
    if wanted.created_before is not None:
        yield deals.c.created_at < wanted.created_before
    if wanted.only_stuck:
        before = stage.stuck_before(now)
        yield false() if before is None else since < before


def _narrowed(wanted: BoardWanted) -> bool:
    """Whether something is asked that no index answers."""
    return wanted.only_stuck or wanted.created_from is not None or wanted.created_before is not None


def _with_text(wanted: BoardWanted, meant: Condition) -> CTE | None:
    """Of the deals meant, those that hold the text, then those whose contact does; each by its own index. None: no text
    was given."""
    words = sought(wanted.text).words
    if not words:
        return None
    itself = holding(deals.c.folded, words, begins=True)
    columns = (deals.c.id, deals.c.stage_id, deals.c.currency, deals.c.amount)
    theirs = select(*columns).join(contacts, contacts.c.id == deals.c.contact_id)
    by_contact = theirs.where(holding(contacts.c.folded, words, begins=True), ~itself, meant)
    return select(*columns).where(itself, meant).union_all(by_contact).cte("found")


# --- how many, and how much ---------------------------------------------------------------------------------
def _summed(of: FromClause) -> tuple[ColumnElement[Any], ...]:
    return of.c.currency, func.count().label("deals"), func.sum(of.c.amount).label("amount")


def _by_stage(conditions: Mapping[int, Condition]) -> Executable:
    """Each stage by the index that has all that is summed."""
    return union_all(
        *(
            select(literal(stage_id).label("stage"), *_summed(deals)).where(condition).group_by(deals.c.currency)
            for stage_id, condition in conditions.items()
        )
    )


def _at_once(conditions: Mapping[int, Condition]) -> Executable:
    """All stages in one reading of the table."""
    query = select(deals.c.stage_id.label("stage"), *_summed(deals)).where(or_(*conditions.values()))
    return query.group_by(deals.c.stage_id, deals.c.currency)


def _of_found(found: CTE) -> Executable:
    """The same, and the ids of the newest of each stage, so that what holds the text is looked for only once."""
    place = func.row_number().over(partition_by=found.c.stage_id, order_by=found.c.id.desc()).label("place")
    numbered = select(found.c.id, place).subquery()
    sums = select(found.c.stage_id.label("stage"), *_summed(found), null().label("id"))
    newest = select(null(), null(), null(), null(), numbered.c.id).where(numbered.c.place <= CARDS + 1)
    return union_all(sums.group_by(found.c.stage_id, found.c.currency), newest)


def _totals(rows: Sequence[Row[Any]]) -> tuple[dict[int, int], dict[int, dict[str, Decimal]]]:
    """How many deals of each stage, and their sums by currency."""
    counts: dict[int, int] = defaultdict(int)
    sums: dict[int, dict[str, Decimal]] = defaultdict(dict)
    for row in rows:
        counts[row.stage] += row.deals
        if row.currency is not None and row.amount is not None:
            sums[row.stage][row.currency] = row.amount
    return counts, sums


# --- cards --------------------------------------------------------------------------------------------------
def _walked(conditions: Mapping[int, tuple[Condition, bool]]) -> Subquery:
    """The newest of each stage, and one more: as many walks along the index as there are stages.

    A walk would go through every closed deal in search of the few that one person or team has closed lately: where a
    condition is marked, these are found by when they were closed, and sorted ("+ 0" is the order of no index).
    """
    newest = []
    for condition, is_sorted in conditions.values():
        order = deals.c.id + literal_column("0") if is_sorted else deals.c.id
        newest.append(select(*CARD).where(condition).order_by(order.desc()).limit(CARDS + 1).subquery().select())
    return union_all(*newest).subquery()


def _chosen(ids: Sequence[int]) -> Subquery:
    return select(*CARD).where(deals.c.id.in_(ids)).subquery()
