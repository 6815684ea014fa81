"""Deals on their way: moved, accepted or declined when they come in, linked to one that stands, many at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm_core.db import audit, deal_desk, deal_story, pipelines, sales
from crm_core.db.custom_fields import own_fields
from crm_core.db.deal_desk import DealSeen
from crm_core.db.engine import Database
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.access import Actor, Right
from crm_core.domain.board import BoardStage
from crm_core.domain.deals import HELD_IN, LOST_REASON, DealLacks, check_reason, lacking
from crm_core.domain.own_fields import OwnField
from crm_core.domain.sales import StageKind
from crm_core.errors import BadInput, Conflict, NotFound
from crm_core.handlers import deal_values
from crm_core.handlers.deal_desk import changed_event

MOST_AT_ONCE = 200
_Act = Callable[[UnitOfWork, DealSeen], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Refused:
    """One of many that stayed as it was, and why."""

    deal_id: int
    why: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a stage asks of a deal (`missing`), and what it may be answered with."""

    deal: DealSeen
    stage: BoardStage
    missing: tuple[str, ...]
    own_fields: tuple[OwnField, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BulkDone:
    """What came of a change to many."""

    done: tuple[int, ...]
    refused: tuple[Refused, ...]


async def move_deal(
    actor: Actor,
    deal_id: int,
    seen: int,
    stage_id: int,
    given: Mapping[str, Any],
    database: Database,
    now: datetime,
) -> DealSeen:
    """Put a deal into another stage, of its pipeline or another. `given` (some of deal_values.CHANGEABLE, and
    lost_reason) is written with the move.

    Raises DealLacks naming what the stage asks for and the deal does not have, BadInput, NotFound for deal and stage,
    and Stale where somebody was first.
    """
    actor.require(Right.CHANGE_DEALS)
    async with database.work() as work:
        deal = await deal_desk.one(work, actor, deal_id)
        _, stage = await pipelines.pipeline_with(work, stage_id)
        return await _moved(work, actor, deal, seen, stage, given, now)


async def asked_for(actor: Actor, deal_id: int, stage_id: int, database: Database) -> Asked:
    """What the stage asks of the deal before it comes in. Raises NotFound for either."""
    actor.require(Right.CHANGE_DEALS)
    async with database.reading() as work:
        deal = await deal_desk.one(work, actor, deal_id)
        _, stage = await pipelines.pipeline_with(work, stage_id)
        missing = lacking(stage, _standing(deal) | {LOST_REASON: None})
        reasons = await pipelines.lost_reasons(work)
        return Asked(deal, stage, missing, tuple(await own_fields(work, "deal")), reasons)


async def accept_deal(actor: Actor, deal_id: int, seen: int, database: Database, now: datetime) -> DealSeen:
    """Take an unsorted deal: it goes to the first open stage and is the accepter's. Raises as `move_deal` does, and
    Conflict for one that is sorted already."""
    actor.require(Right.CHANGE_DEALS)
    async with database.work() as work:
        deal = await _unsorted(work, actor, deal_id)
        pipeline, _ = await pipelines.pipeline_with(work, deal.stage_id)
        return await _moved(work, actor, deal, seen, pipeline.first_open, {"owner_id": actor.user_id}, now)


async def decline_deal(
    actor: Actor, deal_id: int, seen: int, reason: str, database: Database, now: datetime
) -> DealSeen:
    """Refuse an unsorted deal: it is lost, for this reason. Raises as `accept_deal` does."""
    actor.require(Right.CHANGE_DEALS)
    async with database.work() as work:
        deal = await _unsorted(work, actor, deal_id)
        pipeline, _ = await pipelines.pipeline_with(work, deal.stage_id)
        return await _moved(work, actor, deal, seen, pipeline.lost, {LOST_REASON: reason}, now)


async def link_choices(actor: Actor, deal_id: int, database: Database) -> list[DealSeen]:
    """Open deals that an unsorted one may well be about: those of its contact. Raises NotFound."""
    actor.require(Right.CHANGE_DEALS)
    async with database.reading() as work:
        deal = await deal_desk.one(work, actor, deal_id)
        if deal.contact_id is None:
            return []
        wanted = deal_desk.DealsWanted(contact_id=deal.contact_id, kinds=(StageKind.UNSORTED, StageKind.OPEN))
        found, _ = await deal_desk.listed(work, actor, wanted, "created_at", descending=True, after=None, limit=10)
    return [one for one in found if one.id != deal_id]


async def link_deal(
    actor: Actor, deal_id: int, seen: int, to_deal_id: int, database: Database, now: datetime
) -> DealSeen:
    """An unsorted deal is about one that stands: its tasks, notes, call and contact join that one, and it goes.

    Raises BadInput, NotFound for either, Stale, and Conflict for one that is sorted already.
    """
    actor.require(Right.CHANGE_DEALS)
    async with database.work() as work:
        deal = await _unsorted(work, actor, deal_id)
        if deal_id == to_deal_id:
            raise BadInput("to", "that is the deal itself", "Choose another one")
        kept = await deal_desk.one(work, actor, to_deal_id)
        gone = await deal_desk.change(work, actor, deal_id, seen, {})  # nobody else does it meanwhile
        await deal_story.join_into(work, gone, kept, actor.name, now)
        joined = {"contact_id": kept.contact_id or gone.contact_id, "call_id": kept.call_id or gone.call_id}
        changed = await deal_desk.change(work, actor, kept.id, kept.version, joined)
        details = {"gone": deal.id, "title": deal.title}
        await audit.record(work, actor, "deal.linked", "deal", kept.id, now, details=details)
        work.publish(changed_event(kept, changed, actor, now))
        return changed


async def move_many(
    actor: Actor, deal_ids: Sequence[int], stage_id: int, given: Mapping[str, Any], database: Database, now: datetime
) -> BulkDone:
    """Move many deals, each as it stands now; those that cannot be moved stay, and are named with the reason."""

    async def act(work: UnitOfWork, deal: DealSeen) -> None:
        _, stage = await pipelines.pipeline_with(work, stage_id)
        await _moved(work, actor, deal, deal.version, stage, given, now)

    return await _many(actor, deal_ids, act, database)


async def hand_over_many(
    actor: Actor, deal_ids: Sequence[int], owner_id: int, database: Database, now: datetime
) -> BulkDone:
    """Give many deals to a colleague one sees."""

    async def act(work: UnitOfWork, deal: DealSeen) -> None:
        values = await deal_values.checked(work, actor, {"owner_id": owner_id}, deal, now)
        changed = await deal_desk.change(work, actor, deal.id, deal.version, values)
        work.publish(changed_event(deal, changed, actor, now))

    return await _many(actor, deal_ids, act, database)


async def _many(actor: Actor, deal_ids: Sequence[int], act: _Act, database: Database) -> BulkDone:
    """Each in a commit of its own: one that is refused does not undo the others."""
    actor.require(Right.CHANGE_DEALS)
    if not 0 < len(deal_ids) <= MOST_AT_ONCE:
        raise BadInput("deals", f"there are {len(deal_ids)}", f"Choose 1 to {MOST_AT_ONCE}")
    done, refused = [], []
    for deal_id in dict.fromkeys(deal_ids):
        try:
            async with database.work() as work:
                await act(work, await deal_desk.one(work, actor, deal_id))
            done.append(deal_id)
        except (BadInput, NotFound, Conflict) as error:
            refused.append(Refused(deal_id, str(error)))
    return BulkDone(tuple(done), tuple(refused))


def _standing(deal: DealSeen) -> dict[str, Any]:
    """What stages may ask for, as the deal has it."""
    return {name: getattr(deal, name) for name in (*HELD_IN.values(), "fields")}


async def _unsorted(work: UnitOfWork, actor: Actor, deal_id: int) -> DealSeen:
    deal = await deal_desk.one(work, actor, deal_id)
    if deal.kind is not StageKind.UNSORTED:
        raise Conflict(f"the deal is sorted already: it stands in {deal.stage!r}")
    return deal


async def _moved(
    work: UnitOfWork,
    actor: Actor,
    deal: DealSeen,
    seen: int,
    stage: BoardStage,
    given: Mapping[str, Any],
    now: datetime,
) -> DealSeen:
    reason = given.get(LOST_REASON)
    check_reason(reason, await pipelines.lost_reasons(work))
    others = {name: value for name, value in given.items() if name != LOST_REASON}
    values = await deal_values.checked(work, actor, others, deal, now) if others else {}
    if stage.id == deal.stage_id and not values:
        return deal
    if seen != deal.version:  # nobody is asked for a reason, and then told that it was all in vain
        raise await deal_desk.stale(work, actor, deal.id, seen, {**values, "stage": stage.name})
    if stage.id != deal.stage_id:
        if missing := lacking(stage, _standing(deal) | values | {LOST_REASON: reason}):
            raise DealLacks(stage.name, missing)
        values |= {"stage_id": stage.id, "pipeline_id": stage.pipeline_id, **sales.entered(stage.kind, now)}
        values |= {LOST_REASON: reason if stage.kind is StageKind.LOST else None}
    changed = await deal_desk.change(work, actor, deal.id, seen, values)
    if stage.id != deal.stage_id:
        await sales.remember_move(work, deal.id, stage.id, actor.name, now)
    work.publish(changed_event(deal, changed, actor, now))
    return changed
