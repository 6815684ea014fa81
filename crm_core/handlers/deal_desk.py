"""Deals worked with: the board and the list, one with its story, made and changed; always as far as one sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from crm_core.db import board as board_rows
from crm_core.db import contacts as people
from crm_core.db import deal_ages, deal_desk, deal_story, pipelines, sales, task_desk
from crm_core.db.custom_fields import own_fields
from crm_core.db.deal_desk import DealSeen, DealsWanted
from crm_core.db.engine import Database
from crm_core.db.listing import Count
from crm_core.db.task_desk import TaskSeen, Wanted
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.visibility import visible_deals
from crm_core.domain.access import Actor, Right
from crm_core.domain.board import BoardStage, BoardWanted, Card, Column
from crm_core.domain.contacts import Moment
from crm_core.domain.deals import DealLacks, Pipeline, lacking
from crm_core.domain.nameless import as_known_to
from crm_core.domain.own_fields import OwnField
from crm_core.domain.sales import Stage
from crm_core.domain.task_buckets import Span
from crm_core.errors import BadInput, NotFound
from crm_core.events import DealChanged
from crm_core.handlers import deal_values

_TASKS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Board:
    """A pipeline and its columns."""

    pipeline: Pipeline
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class DealPage:
    """All about one deal, as far as whoever asks sees it."""

    deal: DealSeen
    pipeline: Pipeline
    tasks: tuple[TaskSeen, ...]
    timeline: tuple[Moment, ...]
    own_fields: tuple[OwnField, ...]


async def list_pipelines(actor: Actor, database: Database) -> list[Pipeline]:
    """All of them, the default one first."""
    actor.require(Right.SEE_DEALS)
    async with database.reading() as work:
        return await pipelines.all_pipelines(work)


async def lost_reasons(actor: Actor, database: Database) -> tuple[str, ...]:
    """Of what one chooses when a deal is lost."""
    actor.require(Right.SEE_DEALS)
    async with database.reading() as work:
        return await pipelines.lost_reasons(work)


async def own_fields_of_deals(actor: Actor, database: Database) -> list[OwnField]:
    """The site's own fields of deals."""
    actor.require(Right.SEE_DEALS)
    async with database.reading() as work:
        return await own_fields(work, "deal")


async def board(
    actor: Actor,
    pipeline_id: int | None,
    wanted: BoardWanted,
    database: Database,
    now: datetime,
    *,
    with_cards: bool = True,
) -> Board:
    """The board of a pipeline (None: the default one), with the deals one sees. Raises NotFound."""
    actor.require(Right.SEE_DEALS)
    async with database.reading() as work:
        pipeline = await _pipeline(work, pipeline_id)
        columns = await board_rows.board(
            work, pipeline.id, wanted, now, deals_if=visible_deals(actor), with_cards=with_cards
        )
    known = [replace(one, cards=tuple(as_known_to(actor, card) for card in one.cards)) for one in columns]
    return Board(pipeline, tuple(known))


async def ages(
    actor: Actor, pipeline_id: int | None, owner_id: int | None, database: Database, now: datetime
) -> dict[int, timedelta]:
    """Of each open stage that has deals, how long they have stood there, on average. Apart from the board: it reads
    every deal once more, and nobody waits for it. `owner_id` 0 is nobody's. Raises NotFound."""
    actor.require(Right.SEE_DEALS)
    async with database.reading() as work:
        pipeline = await _pipeline(work, pipeline_id)
        return await deal_ages.ages(work, pipeline, owner_id, now, deals_if=visible_deals(actor))


async def _pipeline(work: UnitOfWork, pipeline_id: int | None) -> Pipeline:
    known = await pipelines.all_pipelines(work)
    pipeline = next((one for one in known if pipeline_id in (None, one.id)), None)
    if pipeline is None or not pipeline.stages:
        raise NotFound("pipeline", pipeline_id or "default", "Run `trunkline rules install` once")
    return pipeline


async def more_cards(
    actor: Actor, stage_id: int, wanted: BoardWanted, after: str | None, database: Database, now: datetime
) -> tuple[tuple[Card, ...], str | None]:
    """More cards of one column. Raises NotFound, and BadInput for a cursor that is none."""
    actor.require(Right.SEE_DEALS)
    async with database.reading() as work:
        cards, following = await board_rows.more_cards(
            work, stage_id, wanted, now, after, deals_if=visible_deals(actor)
        )
    return tuple(as_known_to(actor, card) for card in cards), following


async def one_card(
    actor: Actor, deal_id: int, wanted: BoardWanted, database: Database, now: datetime
) -> tuple[DealSeen, Card | None]:
    """A deal, and its card if the board that is wanted has it. Raises NotFound."""
    actor.require(Right.SEE_DEALS)
    async with database.reading() as work:
        deal = await deal_desk.one(work, actor, deal_id)
        after = deal_desk.just_before(deal_id)
        found, _ = await board_rows.more_cards(
            work, deal.stage_id, wanted, now, after, deals_if=visible_deals(actor), limit=1
        )
    return deal, next((as_known_to(actor, card) for card in found if card.id == deal_id), None)


async def list_deals(
    actor: Actor, wanted: DealsWanted, sort: str, *, after: str | None, limit: int, database: Database
) -> tuple[list[DealSeen], str | None]:
    """A page of the deals one sees. `sort` is one of deal_desk.SORTS, "-" before it for descending."""
    actor.require(Right.SEE_DEALS)
    async with database.reading() as work:
        return await deal_desk.listed(
            work, actor, wanted, sort.lstrip("-"), descending=sort.startswith("-"), after=after, limit=limit
        )


async def count_deals(actor: Actor, wanted: DealsWanted, database: Database) -> Count:
    """How many of these one sees, counted to a limit."""
    actor.require(Right.SEE_DEALS)
    async with database.reading() as work:
        return await deal_desk.count(work, actor, wanted)


async def one_deal(actor: Actor, deal_id: int, database: Database) -> DealSeen:
    """One deal. Raises NotFound, also for one that is not seen."""
    actor.require(Right.SEE_DEALS)
    async with database.reading() as work:
        return await deal_desk.one(work, actor, deal_id)


async def deal_page(actor: Actor, deal_id: int, database: Database, before: datetime | None = None) -> DealPage:
    """All about one deal; `before` asks for an older page of its timeline. Raises NotFound."""
    actor.require(Right.SEE_DEALS)
    async with database.reading() as work:
        deal = await deal_desk.one(work, actor, deal_id)
        pipeline, _ = await pipelines.pipeline_with(work, deal.stage_id)
        always, wanted = Span(None, None), Wanted(deal_id=deal_id)
        return DealPage(
            deal,
            pipeline,
            tuple(await task_desk.seen(work, actor, wanted, always, None, _TASKS_SHOWN)),
            await deal_story.timeline(work, actor, deal, before),
            tuple(await own_fields(work, "deal")),
        )


async def add_deal(
    actor: Actor, stage_id: int | None, given: Mapping[str, Any], database: Database, now: datetime
) -> DealSeen:
    """Make a deal in a stage (None: the first open one of the default pipeline); without an owner it is the maker's.

    Raises BadInput, DealLacks for what the stage asks for, and NotFound for what one does not see.
    """
    actor.require(Right.CHANGE_DEALS)
    async with database.work() as work:
        stage = await _stage_for_new(work, stage_id)
        values = await deal_values.checked(work, actor, given, None, now)
        values["owner_id"] = values.get("owner_id") or actor.user_id
        if missing := lacking(stage, values):
            raise DealLacks(stage.name, missing)
        named = ("title", "contact_id", "owner_id", "amount", "currency")
        new = sales.NewDeal(
            stage=Stage(stage.id, stage.pipeline_id, stage.name, stage.position, stage.kind),
            **{name: values.pop(name) for name in named if name in values},
        )
        deal_id = await sales.create_deal(work, new, actor.name, now)
        if values:
            await deal_desk.change(work, actor, deal_id, 1, values)
        return await deal_desk.one(work, actor, deal_id)


async def _stage_for_new(work: UnitOfWork, stage_id: int | None) -> BoardStage:
    if stage_id is not None:
        return (await pipelines.pipeline_with(work, stage_id))[1]
    known = await pipelines.all_pipelines(work)
    if not known:
        raise BadInput("pipeline", "there is no pipeline yet", "Run `trunkline rules install` once")
    return known[0].first_open


async def change_deal(
    actor: Actor, deal_id: int, seen: int, given: Mapping[str, Any], database: Database, now: datetime
) -> DealSeen:
    """Change some of deal_values.CHANGEABLE. Raises BadInput, NotFound, and Stale where somebody was first."""
    actor.require(Right.CHANGE_DEALS)
    async with database.work() as work:
        deal = await deal_desk.one(work, actor, deal_id)
        values = await deal_values.checked(work, actor, given, deal, now)
        if not values:
            return deal
        changed = await deal_desk.change(work, actor, deal_id, seen, values)
        work.publish(changed_event(deal, changed, actor, now))
        return changed


def changed_event(before: DealSeen, after: DealSeen, actor: Actor, now: datetime) -> DealChanged:
    return DealChanged(after.id, after.stage, after.owner_id, before.owner_id, after.contact_id, actor.name, now)


async def add_note(actor: Actor, deal_id: int, text: str, database: Database, now: datetime) -> int:
    """Write a note to a deal, and so to its contact; returns its id. Raises BadInput and NotFound."""
    actor.require(Right.CHANGE_DEALS)
    if not text.strip():
        raise BadInput("text", "there is no text")
    async with database.work() as work:
        deal = await deal_desk.one(work, actor, deal_id)
        return await people.add_note(work, text.strip(), actor.name, now, contact_id=deal.contact_id, deal_id=deal.id)
