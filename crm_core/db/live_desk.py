"""What is pushed of the desk: tasks, deals and notices, as they now are; and which of them are new."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Table, func, select

from crm_core.db.batches import one_of
from crm_core.db.live_floor import when
from crm_core.db.tables import contacts, deals, notifications, stages, tasks
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.pushes import Push, Topic

#: Where rows of a topic lie whose ids grow.
TABLES: dict[Topic, Table] = {Topic.TASK: tasks, Topic.DEAL: deals, Topic.NOTICE: notifications}


async def newest(work: UnitOfWork, topic: Topic) -> int:
    """The highest id there is."""
    return int(await work.scalar(select(func.coalesce(func.max(TABLES[topic].c.id), 0))))


async def ids_after(work: UnitOfWork, topic: Topic, after: int, limit: int) -> list[int]:
    """Ids above `after`, lowest first."""
    table = TABLES[topic]
    rows = await work.all(select(table.c.id).where(table.c.id > after).order_by(table.c.id).limit(limit))
    return [row.id for row in rows]


async def tasks_among(work: UnitOfWork, ids: Collection[int]) -> list[Push]:
    joined = tasks.outerjoin(contacts, contacts.c.id == tasks.c.contact_id)
    wanted = select(tasks, contacts.c.name.label("contact")).select_from(joined).where(one_of(tasks.c.id, ids))
    return [_of_task(row) for row in await work.all(wanted)] if ids else []


def _of_task(row: Any) -> Push:
    body = {
        "id": row.id,
        "kind": row.kind,
        "title": row.title,
        "due_at": when(row.due_at),
        "done_at": when(row.done_at),
        "responsible_id": row.responsible_id,
        "contact_id": row.contact_id,
        "contact": row.contact or None,
        "deal_id": row.deal_id,
        "call_id": row.call_id,
        "version": row.version,
    }
    return Push(Topic.TASK, str(row.id), body, owner=row.responsible_id, texts=("title", "contact"))


async def deals_among(work: UnitOfWork, ids: Collection[int]) -> list[Push]:
    joined = deals.join(stages, stages.c.id == deals.c.stage_id)
    wanted = select(deals, stages.c.name.label("stage"), stages.c.kind).select_from(joined)
    return [_of_deal(row) for row in await work.all(wanted.where(one_of(deals.c.id, ids)))] if ids else []


def _of_deal(row: Any) -> Push:
    body = {
        "id": row.id,
        "title": row.title,
        "pipeline_id": row.pipeline_id,
        "stage_id": row.stage_id,
        "stage": row.stage,
        "kind": row.kind,
        "owner_id": row.owner_id,
        "contact_id": row.contact_id,
        "amount": None if row.amount is None else str(row.amount),
        "currency": row.currency,
        "closed_at": when(row.closed_at),
        "version": row.version,
    }
    return Push(Topic.DEAL, str(row.id), body, owner=row.owner_id, texts=("title",))


async def notices_among(work: UnitOfWork, ids: Collection[int]) -> list[Push]:
    if not ids:
        return []
    return [_of_notice(row) for row in await work.all(select(notifications).where(one_of(notifications.c.id, ids)))]


async def unread_notices(work: UnitOfWork, user_id: int, limit: int) -> Sequence[Push]:
    """The user's latest that he has not read."""
    his = (notifications.c.user_id == user_id, notifications.c.read_at.is_(None))
    rows = await work.all(select(notifications).where(*his).order_by(notifications.c.at.desc()).limit(limit))
    return [_of_notice(row) for row in rows]


def _of_notice(row: Any) -> Push:
    body = {
        "id": row.id,
        "kind": row.kind,
        "text": row.text,
        "link": row.link,
        "at": when(row.at),
        "read_at": when(row.read_at),
    }
    return Push(Topic.NOTICE, str(row.id), body, owner=row.user_id, texts=("text",))
