"""The do-not-call lists as somebody keeps them: entries shown, added, removed and taken from a file; all is noted."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from crm_core.db import audit, campaign_desk
from crm_core.db.do_not_call import (
    WHOLE_SYSTEM,
    BlockKind,
    BlockRow,
    add_blocks,
    block_row,
    block_rows,
    remove_block,
)
from crm_core.db.engine import Database
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.access import Actor, Right, masked_number
from crm_core.errors import NotFound
from crm_core.handlers.do_not_call import Imported, import_blocks, parse_block


async def list_blocks(
    actor: Actor,
    database: Database,
    *,
    campaign_id: int | None = None,
    starts_with: str = "",
    after: int | None = None,
    limit: int = 50,
) -> list[BlockRow]:
    """Entries by value, those after the entry of id `after`; None for `campaign_id`: of the whole system and of all
    campaigns he sees. Whoever is masked cannot look for a number. Raises Forbidden, NotFound."""
    actor.require(Right.CHANGE_CAMPAIGNS)
    async with database.reading() as work:
        await _check_campaign(work, actor, campaign_id)
        place = None if after is None else await block_row(work, actor, after)
        begins = "" if actor.masked else starts_with.strip()
        since = (place.block.value, place.id) if place is not None else None
        return await block_rows(work, actor, campaign_id, begins, since, limit)


async def add_block(
    actor: Actor, text: str, reason: str, campaign_id: int, country: str | None, database: Database, now: datetime
) -> bool:
    """Put a number, or a prefix that ends in a star, on the list; False if it stood there. Raises BadInput, Forbidden,
    NotFound."""
    actor.require(Right.CHANGE_CAMPAIGNS)
    block = parse_block(text, reason, campaign_id, country)
    async with database.work() as work:
        await _check_campaign(work, actor, campaign_id)
        added = bool(await add_blocks(work, [block], now))
        if added:
            await _noted(work, actor, "block.added", block.value, now, reason=block.reason, campaign_id=campaign_id)
    return added


async def remove_block_of(actor: Actor, block_id: int, database: Database, now: datetime) -> None:
    """Take an entry off the list. Raises Forbidden, NotFound."""
    actor.require(Right.CHANGE_CAMPAIGNS)
    async with database.work() as work:
        row = await block_row(work, actor, block_id)
        if row is None:
            raise NotFound("do-not-call entry", block_id)
        await remove_block(work, row.block)
        told = {"reason": row.block.reason, "campaign_id": row.block.campaign_id}
        await _noted(work, actor, "block.removed", row.block.value, now, **told)


async def take_file(
    actor: Actor, file: Path, reason: str, campaign_id: int, country: str | None, database: Database, now: datetime
) -> Imported:
    """Add a file of numbers and prefixes, one a line. Raises BadInput, Forbidden, NotFound."""
    actor.require(Right.CHANGE_CAMPAIGNS)
    async with database.reading() as work:
        await _check_campaign(work, actor, campaign_id)
    done = await import_blocks(file, reason, database, now, campaign_id=campaign_id, default_country=country)
    async with database.work() as work:
        told = {"added": done.added, "standing": done.standing, "bad": len(done.bad), "campaign_id": campaign_id}
        await _noted(work, actor, "blocks.imported", campaign_id, now, reason=reason, **told)
    if actor.masked:
        return replace(done, bad=tuple(replace(line, text="") for line in done.bad))
    return done


def shown_value(actor: Actor, row: BlockRow) -> str:
    """The number or prefix as he may read it."""
    if row.block.kind is BlockKind.PREFIX:
        return row.block.value + "*" if not actor.masked or len(row.block.value) < 8 else "•••*"
    return masked_number(row.block.value) if actor.masked else row.block.value


async def _check_campaign(work: UnitOfWork, actor: Actor, campaign_id: int | None) -> None:
    if campaign_id is not None and campaign_id != WHOLE_SYSTEM:
        await campaign_desk.visible_campaign(work, actor, campaign_id)


async def _noted(work: UnitOfWork, actor: Actor, action: str, key: object, now: datetime, **details: object) -> None:
    await audit.record(work, actor, action, "do_not_call", key, now, details=details)
