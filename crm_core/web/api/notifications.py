"""What the bell tells me."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from crm_core.db.notices import NoticeSeen
from crm_core.domain.access import Actor
from crm_core.handlers import notices
from crm_core.web.api.routing import Asked, Model, Page, Routes
from crm_core.web.api.shown import text_for

routes = Routes("notifications")


class NotificationOut(Model):
    """`text` says to what it happened: a task's or a deal's title, a campaign's name. `link`: a page of ours."""

    id: int
    kind: str
    text: str
    link: str
    at: datetime
    read_at: datetime | None


class NotificationsQuery(Model):
    unread: bool = False
    cursor: Annotated[str, Field(max_length=400)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class AllRead(Model):
    """How many were marked."""

    read: int


def _out(actor: Actor, notice: NoticeSeen) -> NotificationOut:
    values = {name: getattr(notice, name) for name in NotificationOut.model_fields}
    return NotificationOut(**(values | {"text": text_for(actor, notice.text)}))


@routes("GET", "/notifications", right=None)
async def list_notifications(asked: Asked, query: NotificationsQuery) -> Page[NotificationOut]:
    """My notifications, newest first."""
    found, following = await notices.list_notices(
        asked.actor, asked.database, unread=query.unread, after=query.cursor, limit=query.limit
    )
    return Page(items=[_out(asked.actor, one) for one in found], next=following)


@routes("POST", "/notifications/read", right=None)
async def read_all_notifications(asked: Asked) -> AllRead:
    """I have read all of them."""
    return AllRead(read=await notices.read_all_notices(asked.actor, asked.database, asked.now))


@routes("POST", "/notifications/{notification_id}/read", right=None)
async def read_notification(asked: Asked, notification_id: int) -> NotificationOut:
    """I have read this one."""
    return _out(asked.actor, await notices.read_notice(asked.actor, notification_id, asked.database, asked.now))
