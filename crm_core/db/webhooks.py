"""Webhooks and their deliveries: queued with their words, taken by a sender under a lease, settled, listed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, insert, select, true, update

from crm_core.db.batches import one_of
from crm_core.db.listing import By, page_of
from crm_core.db.tables import users, webhook_deliveries, webhooks
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.access import Actor, Sees
from crm_core.domain.webhooks import DeliveryState
from crm_core.errors import NotFound


@dataclass(frozen=True, slots=True)
class Webhook:
    """`events`: kinds such as call.ended. `failing_since`: it takes nothing since then; `off_because`: why it was
    switched off by itself. What it is told, the user `user_id` may see."""

    id: int
    url: str
    secret: str
    events: tuple[str, ...]
    enabled: bool
    user_id: int
    created_at: datetime
    failing_since: datetime | None
    off_because: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one webhook. `status`: what was answered last; `error`: why it was not taken."""

    id: int
    webhook_id: int
    event_id: int
    event: str
    body: str
    state: DeliveryState
    attempts: int
    due_at: datetime
    leased_until: datetime | None
    status: int | None
    error: str | None
    created_at: datetime
    sent_at: datetime | None


_WEBHOOK = [webhooks.c[name] for name in Webhook.__dataclass_fields__]
_DELIVERY = [webhook_deliveries.c[name] for name in Delivery.__dataclass_fields__]
_D = webhook_deliveries.c


# --- webhooks -----------------------------------------------------------------------------------------------
def seen_by(actor: Actor) -> ColumnElement[bool]:
    """His own; all of them for whoever sees everything."""
    return true() if actor.sees is Sees.ALL and not actor.masked else webhooks.c.user_id == actor.user_id


async def add(work: UnitOfWork, url: str, secret: str, events: Sequence[str], user_id: int, at: datetime) -> int:
    row = {"url": url, "secret": secret, "events": list(events), "enabled": True, "user_id": user_id}
    adding = insert(webhooks).values(**row, created_at=at)
    return int((await work.run(adding.returning(webhooks.c.id))).scalar_one())


async def one(work: UnitOfWork, actor: Actor, webhook_id: int) -> Webhook:
    """One of those the actor sees; raises NotFound."""
    row = await work.first(select(*_WEBHOOK).where(webhooks.c.id == webhook_id, seen_by(actor)))
    if row is None:
        raise NotFound("webhook", webhook_id)
    return _webhook(row)


async def listed(work: UnitOfWork, actor: Actor) -> list[tuple[Webhook, str]]:
    """Those the actor sees, each with the name of whose it is."""
    joined = select(*_WEBHOOK, users.c.name).join(users, users.c.id == webhooks.c.user_id)
    rows = await work.all(joined.where(seen_by(actor)).order_by(webhooks.c.id))
    return [(_webhook(row), row.name) for row in rows]


async def change(work: UnitOfWork, webhook_id: int, **values: Any) -> None:
    await work.run(update(webhooks).where(webhooks.c.id == webhook_id).values(**values))


async def remove(work: UnitOfWork, webhook_id: int) -> None:
    """The webhook and its log."""
    await work.run(delete(webhook_deliveries).where(_D.webhook_id == webhook_id))
    await work.run(delete(webhooks).where(webhooks.c.id == webhook_id))


async def enabled(work: UnitOfWork) -> list[Webhook]:
    return [_webhook(row) for row in await work.all(select(*_WEBHOOK).where(webhooks.c.enabled))]


async def by_ids(work: UnitOfWork, ids: Collection[int]) -> dict[int, Webhook]:
    rows = await work.all(select(*_WEBHOOK).where(one_of(webhooks.c.id, ids)))
    return {row.id: _webhook(row) for row in rows}


async def note_taken(work: UnitOfWork, webhook_id: int) -> None:
    """It took something: it fails no more."""
    failing = (webhooks.c.id == webhook_id, webhooks.c.failing_since.is_not(None))
    await work.run(update(webhooks).where(*failing).values(failing_since=None))


async def note_failed(work: UnitOfWork, webhook_id: int, at: datetime) -> datetime | None:
    """It took something not; returns since when. None: it is gone."""
    first = func.coalesce(webhooks.c.failing_since, at)
    mine = webhooks.c.id == webhook_id
    await work.run(update(webhooks).where(mine, webhooks.c.failing_since.is_(None)).values(failing_since=first))
    since: datetime | None = await work.scalar(select(webhooks.c.failing_since).where(mine))
    return since


async def switch_off(work: UnitOfWork, webhook_id: int, why: str) -> bool:
    """Switch it off by itself; False if it was off."""
    on = (webhooks.c.id == webhook_id, webhooks.c.enabled)
    return bool((await work.run(update(webhooks).where(*on).values(enabled=False, off_because=why[:300]))).rowcount)


# --- deliveries ---------------------------------------------------------------------------------------------
async def enqueue(work: UnitOfWork, rows: Sequence[Mapping[str, Any]], at: datetime) -> int:
    """Queue deliveries (webhook_id, event_id, event, body); one that stands is left as it is. Returns how many."""
    full = [dict(row) | {"state": "queued", "attempts": 0, "due_at": at, "created_at": at} for row in rows]
    keep = [name for name in full[0] if name not in ("webhook_id", "event_id")] if full else []
    return await work.upsert(webhook_deliveries, full, ["webhook_id", "event_id"], keep=keep)


async def known(work: UnitOfWork, webhook_ids: Collection[int], event_ids: Collection[int]) -> set[tuple[int, int]]:
    """Which of these pairs are queued, or were."""
    query = select(_D.webhook_id, _D.event_id).where(one_of(_D.webhook_id, webhook_ids), one_of(_D.event_id, event_ids))
    return {(row.webhook_id, row.event_id) for row in await work.all(query)}


async def due(work: UnitOfWork, now: datetime) -> set[int]:
    """Webhooks, switched on, for which something is due."""
    query = select(_D.webhook_id).join(webhooks, webhooks.c.id == _D.webhook_id)
    is_due = (_D.state == DeliveryState.QUEUED.value, _D.due_at <= now, webhooks.c.enabled)
    return {row.webhook_id for row in await work.all(query.where(*is_due).distinct())}


async def claim(work: UnitOfWork, webhook_id: int, now: datetime, leased_until: datetime, limit: int) -> list[Delivery]:
    """Take due deliveries to send them, longest due first; nobody else gets them before `leased_until`."""
    is_due = (_D.webhook_id == webhook_id, _D.state == DeliveryState.QUEUED.value, _D.due_at <= now)
    oldest = select(_D.id).where(*is_due).order_by(_D.due_at, _D.id).limit(limit)
    ids = [row.id for row in await work.all(oldest.with_for_update(skip_locked=True))]
    if not ids:
        return []
    taken = {"state": DeliveryState.SENDING.value, "attempts": _D.attempts + 1, "leased_until": leased_until}
    taking = update(webhook_deliveries).where(_D.id.in_(ids)).values(**taken)
    found = [_delivery(row) for row in await work.run(taking.returning(*_DELIVERY))]
    return sorted(found, key=lambda one: (one.due_at, one.id))


async def release_lapsed(work: UnitOfWork, now: datetime) -> int:
    """Queue again what a sender took and never settled: a receiver knows a repeated delivery by its id."""
    over = (_D.state == DeliveryState.SENDING.value, _D.leased_until <= now)
    queued = {"state": DeliveryState.QUEUED.value, "leased_until": None, "due_at": now}
    return int((await work.run(update(webhook_deliveries).where(*over).values(**queued))).rowcount)


async def settle(work: UnitOfWork, delivery: Delivery, state: DeliveryState, **values: Any) -> bool:
    """End the claim by which it was read; False if it is no longer that claim's, and nothing is written."""
    same = (_D.id == delivery.id, _D.leased_until == delivery.leased_until)
    writing = update(webhook_deliveries).where(*same).values(state=state.value, leased_until=None, **values)
    return bool((await work.run(writing)).rowcount)


async def requeue(work: UnitOfWork, delivery_id: int, now: datetime) -> None:
    """Let it be sent as if it had never been tried."""
    fresh = {"state": DeliveryState.QUEUED.value, "attempts": 0, "due_at": now, "error": None, "status": None}
    await work.run(update(webhook_deliveries).where(_D.id == delivery_id).values(**fresh, leased_until=None))


async def log_page(
    work: UnitOfWork, webhook_id: int, state: DeliveryState | None, after: str | None, limit: int
) -> tuple[list[Delivery], str | None]:
    """Deliveries of a webhook, newest first, and the cursor of the next page."""
    query = select(*_DELIVERY).where(_D.webhook_id == webhook_id)
    if state is not None:
        query = query.where(_D.state == state.value)
    page = await page_of(work, query, [By("id", _D.id, descending=True)], after, limit)
    return [_delivery(row) for row in page.rows], page.after


async def one_delivery(work: UnitOfWork, webhook_id: int, delivery_id: int) -> Delivery:
    """Held until the commit; raises NotFound."""
    mine = (_D.id == delivery_id, _D.webhook_id == webhook_id)
    row = await work.first(select(*_DELIVERY).where(*mine).with_for_update())
    if row is None:
        raise NotFound("delivery", delivery_id)
    return _delivery(row)


async def counts(work: UnitOfWork, webhook_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """Deliveries that wait and that failed, by webhook."""
    open_ones = _D.state.in_([DeliveryState.QUEUED.value, DeliveryState.SENDING.value, DeliveryState.FAILED.value])
    query = select(_D.webhook_id, _D.state, func.count().label("n")).where(
        one_of(_D.webhook_id, webhook_ids), open_ones
    )
    found: dict[int, dict[str, int]] = {}
    for row in await work.all(query.group_by(_D.webhook_id, _D.state)):
        found.setdefault(row.webhook_id, {})[row.state] = int(row.n)
    return found


async def delete_old(work: UnitOfWork, before: datetime, limit: int) -> int:
    """Delete, of those older than that, some that came to an end; how many."""
    ended = _D.state.in_([DeliveryState.SENT.value, DeliveryState.FAILED.value])
    old = select(_D.id).where(_D.created_at < before, ended).order_by(_D.created_at).limit(limit)
    ids = [row.id for row in await work.all(old)]
    if ids:
        await work.run(delete(webhook_deliveries).where(one_of(_D.id, ids)))
    return len(ids)


def _webhook(row: Row[Any]) -> Webhook:
    values = {name: getattr(row, name) for name in Webhook.__dataclass_fields__}
    return Webhook(**(values | {"events": tuple(row.events)}))


def _delivery(row: Row[Any]) -> Delivery:
    values = {name: getattr(row, name) for name in Delivery.__dataclass_fields__}
    return Delivery(**(values | {"state": DeliveryState(row.state)}))
