"""Webhooks: made and changed by whoever may change settings; what each is told, that user may see."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from crm_core.db import audit, webhooks
from crm_core.db.engine import Database
from crm_core.db.webhooks import Delivery, Webhook
from crm_core.domain.access import Actor, Right
from crm_core.domain.webhooks import PING, RIGHTS, SECRET_PREFIX, DeliveryState, check_url, kind_of
from crm_core.errors import BadInput, Conflict
from crm_core.events import Event

#: What can be subscribed to: events of the business, by the names others know them by, and their classes.
KINDS: Mapping[str, str] = {
    kind_of(kind.__name__): kind.__name__
    for kind in get_args(Event)
    if kind_of(kind.__name__).partition(".")[0] in RIGHTS
}
_MOST = 50


@dataclass(frozen=True, slots=True)
class WebhookSeen:
    """A webhook in the list: whose it is, and how many deliveries wait and have failed."""

    webhook: Webhook
    owner: str
    waiting: int
    failed: int


async def list_webhooks(actor: Actor, database: Database) -> list[WebhookSeen]:
    """The actor's own; all of them for whoever sees everything. Raises Forbidden."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.reading() as work:
        found = await webhooks.listed(work, actor)
        counts = await webhooks.counts(work, [webhook.id for webhook, _ in found])
    return [_seen(webhook, owner, counts.get(webhook.id, {})) for webhook, owner in found]


def _seen(webhook: Webhook, owner: str, counts: Mapping[str, int]) -> WebhookSeen:
    waiting = counts.get(DeliveryState.QUEUED, 0) + counts.get(DeliveryState.SENDING, 0)
    return WebhookSeen(webhook, owner, waiting, counts.get(DeliveryState.FAILED, 0))


async def one_webhook(actor: Actor, webhook_id: int, database: Database) -> WebhookSeen:
    """One of them. Raises Forbidden and NotFound."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.reading() as work:
        await webhooks.one(work, actor, webhook_id)
        found = {webhook.id: (webhook, owner) for webhook, owner in await webhooks.listed(work, actor)}
        counts = await webhooks.counts(work, [webhook_id])
    return _seen(*found[webhook_id], counts.get(webhook_id, {}))


async def create_webhook(
    actor: Actor, url: str, events: Collection[str], allow_private: bool, database: Database, now: datetime
) -> tuple[int, str]:
    """Make a webhook; returns its id and the secret it signs with, which is shown this once. Raises Forbidden also for
    an event the actor may not be told of, and BadInput."""
    actor.require(Right.CHANGE_SETTINGS)
    address, kinds = check_url(url, allow_private=allow_private), _checked_kinds(actor, events)
    secret = _new_secret()
    async with database.work() as work:
        if len(await webhooks.listed(work, actor)) >= _MOST:
            raise BadInput("webhook", f"there are {_MOST} already", "Remove those that nobody listens to")
        webhook_id = await webhooks.add(work, address, secret, kinds, actor.user_id, now)
        details = {"url": address, "events": kinds}
        await audit.record(work, actor, "webhook.created", "webhook", webhook_id, now, details=details)
    return webhook_id, secret


#: What `change_webhook` changes.
CHANGEABLE = frozenset({"url", "events", "enabled"})


async def change_webhook(
    actor: Actor, webhook_id: int, changes: Mapping[str, Any], allow_private: bool, database: Database, now: datetime
) -> Webhook:
    """Change some of CHANGEABLE. Only its maker changes address and events: what goes there is what he may see; others
    who see the webhook switch it on and off. Raises Forbidden, NotFound, BadInput."""
    actor.require(Right.CHANGE_SETTINGS)
    if unknown := changes.keys() - CHANGEABLE:
        raise BadInput("webhook", f"{', '.join(sorted(unknown))} cannot be changed")
    values = dict(changes)
    async with database.work() as work:
        webhook = await webhooks.one(work, actor, webhook_id)
        if changes.keys() & {"url", "events"}:
            _check_mine(actor, webhook)
        if "url" in values:
            values["url"] = check_url(values["url"], allow_private=allow_private)
        if "events" in values:
            values["events"] = _checked_kinds(actor, values["events"])
        if values.get("enabled"):
            values |= {"failing_since": None, "off_because": None}
        if values:
            await webhooks.change(work, webhook_id, **values)
            details = {name: values[name] for name in changes}
            await audit.record(work, actor, "webhook.changed", "webhook", webhook_id, now, details=details)
        return await webhooks.one(work, actor, webhook_id)


async def renew_secret(actor: Actor, webhook_id: int, database: Database, now: datetime) -> str:
    """Sign with another secret from now on; it is shown this once. Raises Forbidden, NotFound, BadInput."""
    actor.require(Right.CHANGE_SETTINGS)
    secret = _new_secret()
    async with database.work() as work:
        _check_mine(actor, await webhooks.one(work, actor, webhook_id))
        await webhooks.change(work, webhook_id, secret=secret)
        await audit.record(work, actor, "webhook.secret_renewed", "webhook", webhook_id, now)
    return secret


async def remove_webhook(actor: Actor, webhook_id: int, database: Database, now: datetime) -> None:
    """Remove it and its log. Raises Forbidden and NotFound."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.work() as work:
        webhook = await webhooks.one(work, actor, webhook_id)
        await webhooks.remove(work, webhook_id)
        details = {"url": webhook.url}
        await audit.record(work, actor, "webhook.removed", "webhook", webhook_id, now, details=details)


# --- deliveries ---------------------------------------------------------------------------------------------
async def list_deliveries(
    actor: Actor, webhook_id: int, state: DeliveryState | None, after: str | None, limit: int, database: Database
) -> tuple[list[Delivery], str | None]:
    """The log of a webhook, newest first. What was sent is shown to its maker alone: another may not see all of it.

    Raises Forbidden, NotFound, and BadInput for a cursor that is none."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.reading() as work:
        webhook = await webhooks.one(work, actor, webhook_id)
        found, following = await webhooks.log_page(work, webhook_id, state, after, limit)
    return [_for(actor, webhook, one) for one in found], following


def _for(actor: Actor, webhook: Webhook, delivery: Delivery) -> Delivery:
    if webhook.user_id == actor.user_id and not actor.masked:
        return delivery
    values = {name: getattr(delivery, name) for name in Delivery.__dataclass_fields__}
    return Delivery(**(values | {"body": ""}))


async def redeliver(actor: Actor, webhook_id: int, delivery_id: int, database: Database, now: datetime) -> Delivery:
    """Send it once more, under the same id. Raises Forbidden, NotFound, and Conflict while it waits or is under way."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.work() as work:
        webhook = await webhooks.one(work, actor, webhook_id)
        delivery = await webhooks.one_delivery(work, webhook_id, delivery_id)
        if delivery.state in (DeliveryState.QUEUED, DeliveryState.SENDING):
            raise Conflict("it is on its way already")
        if not webhook.enabled:
            raise Conflict("the webhook is switched off: switch it on first")
        await webhooks.requeue(work, delivery_id, now)
        return _for(actor, webhook, await webhooks.one_delivery(work, webhook_id, delivery_id))


async def ping(actor: Actor, webhook_id: int, database: Database, now: datetime) -> None:
    """Send something, to see whether the address answers. Raises Forbidden, NotFound, and Conflict when it is off."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.work() as work:
        if not (await webhooks.one(work, actor, webhook_id)).enabled:
            raise Conflict("the webhook is switched off: switch it on first")
        body = json.dumps({"type": PING, "timestamp": now.isoformat(), "data": {}})
        event_id = -int(now.timestamp() * 1000)  # events are numbered from 1 upwards: it can be none of them
        row = {"webhook_id": webhook_id, "event_id": event_id, "event": PING, "body": body}
        await webhooks.enqueue(work, [row], now)


def _checked_kinds(actor: Actor, events: Collection[str]) -> list[str]:
    unknown = sorted(set(events) - KINDS.keys())
    if unknown or not events:
        what = f"unknown: {', '.join(unknown)[:200]}" if unknown else "none is given: nothing would be sent"
        raise BadInput("events", what, f"Choose of {', '.join(KINDS)}")
    for kind in events:  # by a token, which may have fewer rights than whose it is
        actor.require(RIGHTS[kind.partition(".")[0]])
    return [kind for kind in KINDS if kind in events]


def _check_mine(actor: Actor, webhook: Webhook) -> None:
    if webhook.user_id != actor.user_id:
        raise BadInput("webhook", "only its maker can change that", "Make one of your own, and remove this one")


def _new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
