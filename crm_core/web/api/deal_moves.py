"""Deals on their way: moved, accepted, declined, linked, many at once."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crm_core.domain.access import Right
from crm_core.handlers import deal_moves
from crm_core.web.api.deal_shapes import DealChanges, Id, WholeDealOut, deal_out, given_in
from crm_core.web.api.routing import Asked, Model, Routes

routes = Routes("deals")

Reason = Annotated[str, Field(min_length=1, max_length=80)]
Ids = Annotated[list[Id], Field(min_length=1, max_length=deal_moves.MOST_AT_ONCE)]


class Move(DealChanges):
    """Where to, and what is written with it: what the stage asks for, or why the deal is lost (see /lost-reasons)."""

    stage_id: Id
    lost_reason: Reason | None = None


class Decline(Model):
    reason: Reason


class Link(Model):
    """The deal that stands."""

    to_deal_id: Id


class MoveMany(Move):
    deal_ids: Ids


class HandOverMany(Model):
    deal_ids: Ids
    owner_id: Id


class RefusedOut(Model):
    deal_id: int
    why: str


class BulkOut(Model):
    """What came of it; those refused stay as they were."""

    done: list[int]
    refused: list[RefusedOut]


@routes("PUT", "/deals/{deal_id}/stage", right=Right.CHANGE_DEALS)
async def move_deal(asked: Asked, deal_id: int, seen: int, body: Move) -> WholeDealOut:
    """Move a deal. 422 names in `where` what the stage asks for and the deal does not have."""
    given = given_in(body) | ({"lost_reason": body.lost_reason} if body.lost_reason is not None else {})
    moved = await deal_moves.move_deal(asked.actor, deal_id, seen, body.stage_id, given, asked.database, asked.now)
    return deal_out(asked.actor, moved)


@routes("POST", "/deals/{deal_id}/accept", right=Right.CHANGE_DEALS)
async def accept_deal(asked: Asked, deal_id: int, seen: int) -> WholeDealOut:
    """Take an unsorted deal. It is mine then, in the first open stage."""
    return deal_out(asked.actor, await deal_moves.accept_deal(asked.actor, deal_id, seen, asked.database, asked.now))


@routes("POST", "/deals/{deal_id}/decline", right=Right.CHANGE_DEALS)
async def decline_deal(asked: Asked, deal_id: int, seen: int, body: Decline) -> WholeDealOut:
    """Refuse an unsorted deal. It is lost, for this reason."""
    lost = await deal_moves.decline_deal(asked.actor, deal_id, seen, body.reason, asked.database, asked.now)
    return deal_out(asked.actor, lost)


@routes("POST", "/deals/{deal_id}/link", right=Right.CHANGE_DEALS)
async def link_deal(asked: Asked, deal_id: int, seen: int, body: Link) -> WholeDealOut:
    """Join an unsorted deal to one that stands. The unsorted one goes; the answer is the other."""
    kept = await deal_moves.link_deal(asked.actor, deal_id, seen, body.to_deal_id, asked.database, asked.now)
    return deal_out(asked.actor, kept)


@routes("POST", "/deals/move", right=Right.CHANGE_DEALS)
async def move_deals(asked: Asked, body: MoveMany) -> BulkOut:
    """Move many deals, each as it stands now."""
    given = given_in(body) | ({"lost_reason": body.lost_reason} if body.lost_reason is not None else {})
    done = await deal_moves.move_many(asked.actor, body.deal_ids, body.stage_id, given, asked.database, asked.now)
    return BulkOut.model_validate(done)


@routes("POST", "/deals/hand-over", right=Right.CHANGE_DEALS)
async def hand_deals_over(asked: Asked, body: HandOverMany) -> BulkOut:
    """Give many deals to a colleague."""
    done = await deal_moves.hand_over_many(asked.actor, body.deal_ids, body.owner_id, asked.database, asked.now)
    return BulkOut.model_validate(done)
