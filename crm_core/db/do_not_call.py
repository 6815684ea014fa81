"""The do-not-call lists: single numbers and prefixes, for the whole system or for one campaign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, or_, select

from crm_core.db.tables import campaigns, do_not_call
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.visibility import visible_campaigns
from crm_core.domain.access import Actor

#: `campaign_id` of an entry that holds for all campaigns.
WHOLE_SYSTEM = 0


class BlockKind(StrEnum):
    NUMBER = "number"
    PREFIX = "prefix"


@dataclass(frozen=True, slots=True)
class Blocked:
    """One entry: `value` is E.164 or the beginning of it, with plus sign."""

    kind: BlockKind
    value: str
    campaign_id: int = WHOLE_SYSTEM
    reason: str = ""
    at: datetime | None = None


async def add_blocks(work: UnitOfWork, blocks: Sequence[Blocked], at: datetime) -> int:
    """Put entries on the list; those that stand already keep their reason. Returns how many are new."""
    unique = {(b.kind, b.value, b.campaign_id): b for b in reversed(blocks)}
    rows = [
        {"kind": kind.value, "value": value, "campaign_id": campaign_id, "reason": b.reason[:200], "at": at}
        for (kind, value, campaign_id), b in unique.items()
    ]
    return await work.upsert(do_not_call, rows, ["kind", "value", "campaign_id"], keep=["reason", "at"])


async def remove_block(work: UnitOfWork, block: Blocked) -> bool:
    """Take an entry off the list; False if it does not stand there."""
    same = and_(
        do_not_call.c.kind == block.kind.value,
        do_not_call.c.value == block.value,
        do_not_call.c.campaign_id == block.campaign_id,
    )
    return bool((await work.run(delete(do_not_call).where(same))).rowcount)


async def list_blocks(
    work: UnitOfWork, campaign_id: int | None = None, starts_with: str = "", limit: int = 200
) -> list[Blocked]:
    """Entries by value; with `campaign_id` only those of that campaign (0: of the whole system)."""
    query = select(do_not_call).where(do_not_call.c.value.startswith(starts_with, autoescape=True))
    if campaign_id is not None:
        query = query.where(do_not_call.c.campaign_id == campaign_id)
    rows = await work.all(query.order_by(do_not_call.c.value, do_not_call.c.id).limit(limit))
    return [Blocked(BlockKind(r.kind), r.value, r.campaign_id, r.reason, r.at) for r in rows]


async def blocks_for(work: UnitOfWork, e164: str, campaign_id: int = WHOLE_SYSTEM) -> list[Blocked]:
    """Every entry that forbids dialing this number in the campaign."""
    lists = do_not_call.c.campaign_id.in_({WHOLE_SYSTEM, campaign_id})
    number = and_(do_not_call.c.kind == BlockKind.NUMBER.value, do_not_call.c.value == e164)
    beginnings = [e164[:length] for length in range(1, len(e164) + 1)]
    prefix = and_(do_not_call.c.kind == BlockKind.PREFIX.value, do_not_call.c.value.in_(beginnings))
    rows = await work.all(select(do_not_call).where(lists, or_(number, prefix)))
    return [Blocked(BlockKind(r.kind), r.value, r.campaign_id, r.reason, r.at) for r in rows]


@dataclass(frozen=True, slots=True)
class BlockRow:
    """An entry with the id of its row."""

    id: int
    block: Blocked


def visible_blocks(actor: Actor) -> ColumnElement[bool]:
    """Entries for the whole system, and those of campaigns that he sees."""
    his = select(campaigns.c.id).where(visible_campaigns(actor))
    return or_(do_not_call.c.campaign_id == WHOLE_SYSTEM, do_not_call.c.campaign_id.in_(his))


async def block_rows(
    work: UnitOfWork,
    actor: Actor,
    campaign_id: int | None,
    starts_with: str,
    after: tuple[str, int] | None,
    limit: int,
) -> list[BlockRow]:
    """Entries he sees by value and id, those after `after`; with `campaign_id` only those of that campaign (0: of the
    whole system)."""
    begins = do_not_call.c.value.startswith(starts_with, autoescape=True)
    query = select(do_not_call).where(begins, visible_blocks(actor))
    if campaign_id is not None:
        query = query.where(do_not_call.c.campaign_id == campaign_id)
    if after is not None:
        later = and_(do_not_call.c.value == after[0], do_not_call.c.id > after[1])
        query = query.where(or_(do_not_call.c.value > after[0], later))
    rows = await work.all(query.order_by(do_not_call.c.value, do_not_call.c.id).limit(limit))
    return [_block_row(row) for row in rows]


async def block_row(work: UnitOfWork, actor: Actor, block_id: int) -> BlockRow | None:
    row = await work.first(select(do_not_call).where(do_not_call.c.id == block_id, visible_blocks(actor)))
    return None if row is None else _block_row(row)


def _block_row(row: Row[Any]) -> BlockRow:
    return BlockRow(row.id, Blocked(BlockKind(row.kind), row.value, row.campaign_id, row.reason, row.at))
