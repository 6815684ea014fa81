"""Who is told of an event: webhooks that want its kind, as far as whoever made them sees it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from crm_core.db import users, webhooks
from crm_core.db.codec import event_payload
from crm_core.db.engine import Database
from crm_core.db.event_reach import sight_of
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.webhooks import Delivery
from crm_core.domain.access import Actor
from crm_core.domain.webhooks import PING, kind_of, told
from crm_core.errors import NotFound
from crm_core.events import Envelope
from crm_core.handlers.commits import committed

log = logging.getLogger(__name__)

#: The group name under which all processes share the stream.
GROUP = "webhooks"


class WebhookFeeder:
    """Puts events into the queues of the webhooks that want them. `feed` may be given the same event again."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now

    async def feed(self, envelopes: Sequence[Envelope]) -> None:
        """Raises Unavailable and Conflict: nothing was queued."""
        now = self._now()
        kinds = {envelope.id: kind_of(type(envelope.event).__name__) for envelope in envelopes}
        async with self._database.reading() as work:
            hooks = await webhooks.enabled(work)
            wanted = [(hook, one) for hook in hooks for one in envelopes if kinds[one.id] in hook.events]
            if not wanted:
                return
            known = await webhooks.known(work, {hook.id for hook, _ in wanted}, {one.id for _, one in wanted})
            fresh = [(hook, one) for hook, one in wanted if (hook.id, one.id) not in known]
            actors = {user_id: await actor_or_none(work, user_id) for user_id in {hook.user_id for hook, _ in fresh}}
            rows = []
            for hook, one in fresh:
                body = await _body(work, actors[hook.user_id], kinds[one.id], one)
                if body is not None:
                    row = {"webhook_id": hook.id, "event_id": one.id, "event": kinds[one.id][:40], "body": body}
                    rows.append(row)
        if rows:
            await committed(self._database, lambda work: webhooks.enqueue(work, rows, now))


async def actor_or_none(work: UnitOfWork, user_id: int) -> Actor | None:
    """None for one who is no longer active."""
    try:
        return await users.actor(work, user_id)
    except NotFound:
        return None


async def _body(work: UnitOfWork, actor: Actor | None, kind: str, envelope: Envelope) -> str | None:
    payload: dict[str, Any] = event_payload(envelope.event)
    data = await data_for(work, actor, kind, payload)
    if data is None:
        return None
    return json.dumps({"type": kind, "timestamp": payload["at"], "data": data}, ensure_ascii=False)


async def data_for(work: UnitOfWork, actor: Actor | None, kind: str, data: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields of an event as the actor may be told of them; None: not at all."""
    if actor is None:
        return None
    sight = await sight_of(work, actor, kind, data)
    if not sight.event:
        return None
    return told(data, masked=actor.masked, sees_person=sight.person, sees_number=sight.number)


async def body_now(work: UnitOfWork, actor: Actor, delivery: Delivery) -> str | None:
    """What the delivery may tell today: rights may have changed since it was queued. None: nothing any more."""
    if delivery.event == PING:
        return delivery.body
    said = json.loads(delivery.body)
    data = await data_for(work, actor, delivery.event, said["data"])
    if data is None:
        return None
    return delivery.body if data == said["data"] else json.dumps(said | {"data": data}, ensure_ascii=False)
