"""The outbox: events wait here, in the commit that made them true, until they are published and the rules have run."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cattrs.errors import BaseValidationError
from sqlalchemy import Select, delete, func, select, update

from crm_core.db.batches import one_of
from crm_core.db.codec import event_of
from crm_core.db.tables import outbox
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.events import Envelope

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Claim:
    """Rows a relay has taken to publish: `ids` all of them, `envelopes` those this version can read."""

    ids: tuple[int, ...]
    envelopes: tuple[Envelope, ...]


@dataclass(frozen=True, slots=True)
class Lag:
    """How far the outbox is behind: rows not published, and not done; `seconds` the age of the oldest unpublished."""

    unpublished: int
    undone: int
    seconds: float


async def claim_unpublished(work: UnitOfWork, now: datetime, limit: int) -> Claim:
    """Mark the oldest unpublished events as published, before they are, and return them; rows that another relay
    holds are passed over. If publishing fails: `release`. If we die before it: `claim_overdue`, by anybody."""
    return await _claim(work, select(outbox).where(outbox.c.published_at.is_(None)), now, limit)


async def claim_overdue(work: UnitOfWork, published_before: datetime, now: datetime, limit: int) -> Claim:
    """The same for events published before that and not done yet: the carrier lost them, or a runner died."""
    overdue = select(outbox).where(outbox.c.done_at.is_(None), outbox.c.published_at < published_before)
    return await _claim(work, overdue, now, limit)


async def release(work: UnitOfWork, ids: Sequence[int]) -> None:
    """Give claimed events back: they were not published."""
    mine = one_of(outbox.c.id, ids)
    # In order, as everybody locks these rows: two orders would be a deadlock.
    await work.all(select(outbox.c.id).where(mine).order_by(outbox.c.id).with_for_update())
    await work.run(update(outbox).where(mine).values(published_at=None))


async def delete_done(work: UnitOfWork, before: datetime, after_id: int, limit: int) -> int | None:
    """Delete, of the `limit` rows that follow `after_id`, those done whose events are older than `before`.

    Returns the last id seen, to go on from; None when there is nothing older. Rows lie in the order of their age, so
    this never reads those that stay.
    """
    page = select(outbox.c.id, outbox.c.at, outbox.c.done_at).where(outbox.c.id > after_id)
    rows = await work.all(page.order_by(outbox.c.id).limit(limit))
    old = [row for row in rows if row.at < before]
    if done := [row.id for row in old if row.done_at is not None]:
        await work.run(delete(outbox).where(one_of(outbox.c.id, done)))
    return int(old[-1].id) if len(old) == limit else None


async def lag(work: UnitOfWork, now: datetime) -> Lag:
    """How far the outbox is behind at `now`."""
    waiting = select(func.count(), func.min(outbox.c.at)).where(outbox.c.published_at.is_(None))
    [unpublished, oldest] = tuple((await work.all(waiting))[0])
    undone = await work.scalar(select(func.count()).select_from(outbox).where(outbox.c.done_at.is_(None)))
    return Lag(unpublished, undone, max(0.0, (now - oldest).total_seconds()) if oldest is not None else 0.0)


async def _claim(work: UnitOfWork, wanted: Select[Any], now: datetime, limit: int) -> Claim:
    rows = await work.all(wanted.order_by(outbox.c.id).limit(limit).with_for_update(skip_locked=True))
    if not rows:
        return Claim((), ())
    ids = tuple(row.id for row in rows)
    await work.run(update(outbox).where(one_of(outbox.c.id, ids)).values(published_at=now))
    return Claim(ids, tuple(_readable(rows)))


def _readable(rows: Iterable[Any]) -> Iterable[Envelope]:
    for row in rows:
        try:
            yield Envelope(row.id, event_of(row.type, row.payload))
        except (KeyError, BaseValidationError):  # by a newer version; its own relay will publish it
            log.error(
                "an event this version cannot read stays in the outbox", extra={"event": row.id, "type": row.type}
            )
