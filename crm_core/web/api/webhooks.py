"""Webhooks: what other systems are told, and what became of it. docs/webhooks.md has the other side."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from crm_core.db.webhooks import Delivery
from crm_core.domain.access import Right
from crm_core.domain.webhooks import LONGEST_URL, DeliveryState
from crm_core.handlers import webhooks
from crm_core.handlers.webhooks import WebhookSeen
from crm_core.web.api.routing import Asked, Created, Model, Page, Routes
from crm_core.web.webhook_tools import allows_private

routes = Routes("webhooks")

Url = Annotated[str, Field(min_length=1, max_length=LONGEST_URL)]
Kinds = Annotated[list[Annotated[str, Field(max_length=40)]], Field(min_length=1, max_length=100)]


class WebhookOut(Model):
    """A webhook. It is told what its user (`user`) may see. `failing_since`: it has taken nothing since then;
    `off_because`: why it was switched off by itself; `waiting` and `failed` count deliveries."""

    id: int
    url: str
    events: list[str]
    enabled: bool
    user: str
    created_at: datetime
    failing_since: datetime | None
    off_because: str | None
    waiting: int
    failed: int


class NewWebhook(Model):
    """Where to, and kinds of events (GET /webhook-events)."""

    url: Url
    events: Kinds


class WebhookMade(Model):
    """`secret` signs what is sent; it is shown this once."""

    id: int
    secret: str


class Secret(Model):
    """`secret` signs what is sent from now on; it is shown this once."""

    secret: str


class WebhookChanges(Model):
    """What is to be changed; what is left out stays."""

    url: Url | None = None
    events: Kinds | None = None
    enabled: bool | None = None


class DeliveryOut(Model):
    """One event on its way. `body` is empty to everybody but the webhook's user."""

    id: int
    event: str
    state: DeliveryState
    attempts: int
    due_at: datetime
    created_at: datetime
    sent_at: datetime | None
    status: int | None
    error: str | None
    body: str


class DeliveriesQuery(Model):
    state: DeliveryState | None = None
    cursor: Annotated[str, Field(max_length=400)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class EventKinds(Model):
    events: list[str]


def _out(seen: WebhookSeen) -> WebhookOut:
    webhook = seen.webhook
    return WebhookOut(
        id=webhook.id,
        url=webhook.url,
        events=list(webhook.events),
        enabled=webhook.enabled,
        user=seen.owner,
        created_at=webhook.created_at,
        failing_since=webhook.failing_since,
        off_because=webhook.off_because,
        waiting=seen.waiting,
        failed=seen.failed,
    )


def _delivery(found: Delivery) -> DeliveryOut:
    return DeliveryOut.model_validate({name: getattr(found, name) for name in DeliveryOut.model_fields})


@routes("GET", "/webhook-events", right=Right.CHANGE_SETTINGS)
async def list_webhook_events(_asked: Asked) -> EventKinds:
    """Kinds of events that can be subscribed to."""
    return EventKinds(events=list(webhooks.KINDS))


@routes("GET", "/webhooks", right=Right.CHANGE_SETTINGS)
async def list_webhooks(asked: Asked) -> list[WebhookOut]:
    """My webhooks; all of them for whoever sees everything."""
    return [_out(one) for one in await webhooks.list_webhooks(asked.actor, asked.database)]


@routes("POST", "/webhooks", right=Right.CHANGE_SETTINGS)
async def create_webhook(asked: Asked, body: NewWebhook) -> Created[WebhookMade]:
    """Make a webhook."""
    private = allows_private(asked.request)
    made = await webhooks.create_webhook(asked.actor, body.url, body.events, private, asked.database, asked.now)
    return Created(WebhookMade(id=made[0], secret=made[1]), f"/webhooks/{made[0]}")


@routes("GET", "/webhooks/{webhook_id}", right=Right.CHANGE_SETTINGS)
async def get_webhook(asked: Asked, webhook_id: int) -> WebhookOut:
    """One webhook."""
    return _out(await webhooks.one_webhook(asked.actor, webhook_id, asked.database))


@routes("PATCH", "/webhooks/{webhook_id}", right=Right.CHANGE_SETTINGS)
async def change_webhook(asked: Asked, webhook_id: int, body: WebhookChanges) -> WebhookOut:
    """Change a webhook, switch it on or off."""
    changes = body.model_dump(exclude_none=True)
    private = allows_private(asked.request)
    await webhooks.change_webhook(asked.actor, webhook_id, changes, private, asked.database, asked.now)
    return _out(await webhooks.one_webhook(asked.actor, webhook_id, asked.database))


@routes("DELETE", "/webhooks/{webhook_id}", right=Right.CHANGE_SETTINGS)
async def remove_webhook(asked: Asked, webhook_id: int) -> None:
    """Remove a webhook and its log."""
    await webhooks.remove_webhook(asked.actor, webhook_id, asked.database, asked.now)


@routes("POST", "/webhooks/{webhook_id}/secret", right=Right.CHANGE_SETTINGS)
async def renew_webhook_secret(asked: Asked, webhook_id: int) -> Secret:
    """Sign with another secret from now on."""
    return Secret(secret=await webhooks.renew_secret(asked.actor, webhook_id, asked.database, asked.now))


@routes("POST", "/webhooks/{webhook_id}/ping", right=Right.CHANGE_SETTINGS)
async def ping_webhook(asked: Asked, webhook_id: int) -> None:
    """Send a ping, to see whether the address answers: the log says."""
    await webhooks.ping(asked.actor, webhook_id, asked.database, asked.now)


@routes("GET", "/webhooks/{webhook_id}/deliveries", right=Right.CHANGE_SETTINGS)
async def list_webhook_deliveries(asked: Asked, webhook_id: int, query: DeliveriesQuery) -> Page[DeliveryOut]:
    """What was sent, newest first."""
    found, following = await webhooks.list_deliveries(
        asked.actor, webhook_id, query.state, query.cursor, query.limit, asked.database
    )
    return Page(items=[_delivery(one) for one in found], next=following)


@routes("POST", "/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver", right=Right.CHANGE_SETTINGS)
async def redeliver(asked: Asked, webhook_id: int, delivery_id: int) -> DeliveryOut:
    """Send it once more."""
    found = await webhooks.redeliver(asked.actor, webhook_id, delivery_id, asked.database, asked.now)
    return _delivery(found)
