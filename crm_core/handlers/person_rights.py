"""What belongs to the person himself: one contact instead of two, all his data in his hand, or none of it with us."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from crm_core.db import audit, contact_desk, merging, personal_data
from crm_core.db.contact_desk import ContactSeen
from crm_core.db.engine import Database
from crm_core.domain.access import Actor, Right
from crm_core.errors import BadInput


@dataclass(frozen=True, slots=True)
class Pair:
    """Two contacts that share a number."""

    older: ContactSeen
    newer: ContactSeen
    number: str


async def duplicates(actor: Actor, database: Database, limit: int = 50) -> list[Pair]:
    """Pairs of contacts one sees that share a number. Raises Forbidden."""
    actor.require(Right.MERGE_CONTACTS)
    async with database.reading() as work:
        found = await merging.duplicate_pairs(work, actor, limit)
        known = await contact_desk.some(work, actor, list({one for pair in found for one in pair[:2]}))
    by_id = {contact.id: contact for contact in known}
    return [Pair(by_id[a], by_id[b], number) for a, b, number in found if a in by_id and b in by_id]


async def merge(actor: Actor, keep: int, drop: int, database: Database, now: datetime) -> ContactSeen:
    """Make two contacts one: `keep`. Raises BadInput, NotFound, and Conflict while one of them is being called."""
    actor.require(Right.MERGE_CONTACTS)
    if keep == drop:
        raise BadInput("contact", "it is one and the same already")
    async with database.work() as work:
        await contact_desk.one(work, actor, keep)
        gone = await contact_desk.one(work, actor, drop)
        await merging.merge(work, keep, drop)
        details = {"dropped": drop, "created_at": gone.created_at.isoformat()}
        await audit.record(work, actor, "contact.merged", "contact", keep, now, details=details)
        return await contact_desk.one(work, actor, keep)


async def export_person(actor: Actor, contact_id: int, database: Database, now: datetime) -> str:
    """All that is known of a person, as JSON. It is noted. Raises Forbidden and NotFound."""
    actor.require(Right.EXPORT)
    if actor.masked:
        raise BadInput("export", "it would hold numbers that are not shown to you", "Ask somebody who sees them")
    async with database.work() as work:
        await contact_desk.one(work, actor, contact_id)
        found = await personal_data.exported(work, contact_id)
        await audit.record(work, actor, "contact.exported", "contact", contact_id, now)
    return json.dumps(found, default=_plain, ensure_ascii=False, indent=1)


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value).__name__)


async def erase_person(actor: Actor, contact_id: int, folder: Path, database: Database, now: datetime) -> None:
    """Erase all that is known of a person, recordings too; his numbers are never dialed again.

    Raises Forbidden, NotFound, and Conflict while he is being called.
    """
    actor.require(Right.ERASE)
    async with database.work() as work:
        await contact_desk.one(work, actor, contact_id)
        paths = await personal_data.erase(work, contact_id, now)
        await audit.record(work, actor, "contact.erased", "contact", contact_id, now)
    for path in paths:
        for file in (folder / path, (folder / path).with_suffix(".peaks.json")):
            await asyncio.to_thread(file.unlink, missing_ok=True)
