"""Notices in the database: told once, read once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, select, update

from crm_core.db.batches import one_of
from crm_core.db.listing import By, page_of
from crm_core.db.tables import campaigns, deal_stages, deals, notifications, tasks, users
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.users import ACTOR, actor_in
from crm_core.db.visibility import visible_campaigns
from crm_core.domain.access import Actor, Right
from crm_core.domain.notices import LONGEST_KEY, LONGEST_LINK, LONGEST_TEXT, Notice
from crm_core.domain.sales import TaskKind
from crm_core.errors import NotFound
from crm_core.events import NoticesRead

_N = notifications.c
#: What the bell counts up to.
COUNTED = 100


@dataclass(frozen=True, slots=True)
class NoticeSeen:
    """A notice as its user reads it; `kind`: a NoticeKind."""

    id: int
    kind: str
    text: str
    link: str
    at: datetime
    read_at: datetime | None


_SEEN = [_N[name] for name in NoticeSeen.__dataclass_fields__]


async def add(work: UnitOfWork, new: Sequence[Notice], at: datetime) -> int:
    """Tell what was not told yet; how much that was."""
    rows = [
        {
            "user_id": one.user_id,
            "key": one.key[:LONGEST_KEY],
            "kind": one.kind.value,
            "text": one.text[:LONGEST_TEXT],
            "link": one.link[:LONGEST_LINK],
            "at": at,
        }
        for one in new
    ]
    return await work.upsert(notifications, rows, ["user_id", "key"], keep=["kind", "text", "link", "at"])


async def page(
    work: UnitOfWork, actor: Actor, *, unread: bool, after: str | None, limit: int
) -> tuple[list[NoticeSeen], str | None]:
    """The actor's own, newest first, and the cursor of the next page."""
    query = select(*_SEEN).where(_N.user_id == actor.user_id)
    if unread:
        query = query.where(_N.read_at.is_(None))
    order = [By("at", _N.at, descending=True), By("id", _N.id, descending=True)]
    found = await page_of(work, query, order, after, limit)
    return [_notice(row) for row in found.rows], found.after


async def unread_count(work: UnitOfWork, actor: Actor) -> int:
    """How many he has not read, counted to a limit."""
    his = select(_N.id).where(_N.user_id == actor.user_id, _N.read_at.is_(None)).limit(COUNTED)
    return int(await work.scalar(select(func.count()).select_from(his.subquery())))


async def mark_read(work: UnitOfWork, actor: Actor, notice_id: int, at: datetime) -> NoticeSeen:
    """He has read it. Raises NotFound."""
    mine = (_N.id == notice_id, _N.user_id == actor.user_id)
    if (await work.run(update(notifications).where(*mine, _N.read_at.is_(None)).values(read_at=at))).rowcount:
        work.publish(NoticesRead(actor.user_id, (notice_id,), at))
    row = await work.first(select(*_SEEN).where(*mine))
    if row is None:
        raise NotFound("notification", notice_id)
    return _notice(row)


async def mark_all_read(work: UnitOfWork, actor: Actor, at: datetime) -> int:
    """He has read all of his; how many that were."""
    unread = (_N.user_id == actor.user_id, _N.read_at.is_(None))
    read = await work.run(update(notifications).where(*unread).values(read_at=at).returning(_N.id))
    ids = sorted((row.id for row in read), reverse=True)
    if ids:  # browsers count the newest only
        work.publish(NoticesRead(actor.user_id, tuple(ids[:COUNTED]), at))
    return len(ids)


async def delete_old(work: UnitOfWork, before: datetime, limit: int) -> int:
    """Delete some of those older than that, read or not; how many."""
    lowest = select(_N.id, _N.at).order_by(_N.id).limit(limit)
    ids = [row.id for row in await work.all(lowest) if row.at < before]
    if ids:
        await work.run(delete(notifications).where(one_of(_N.id, ids)))
    return len(ids)


def _notice(row: Row[Any]) -> NoticeSeen:
    return NoticeSeen(**{name: getattr(row, name) for name in NoticeSeen.__dataclass_fields__})


# --- what notices are made of --------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class DueTask:
    id: int
    title: str
    due_at: datetime
    responsible_id: int
    contact_id: int | None


async def callbacks_due(work: UnitOfWork, since: datetime, now: datetime) -> list[DueTask]:
    """Open callbacks of active users that have become due in between. User by user, for that is how the index lies."""
    joined = users.join(tasks, tasks.c.responsible_id == users.c.id)
    query = select(*(tasks.c[name] for name in DueTask.__dataclass_fields__)).select_from(joined)
    is_due = (tasks.c.done_at.is_(None), tasks.c.due_at > since, tasks.c.due_at <= now)
    rows = await work.all(query.where(users.c.active, *is_due, tasks.c.kind == TaskKind.CALLBACK.value))
    return [DueTask(**row._mapping) for row in rows]


async def task_title(work: UnitOfWork, task_id: int) -> str | None:
    title: str | None = await work.scalar(select(tasks.c.title).where(tasks.c.id == task_id))
    return title


async def deal_title(work: UnitOfWork, deal_id: int) -> str | None:
    title: str | None = await work.scalar(select(deals.c.title).where(deals.c.id == deal_id))
    return title


async def was_moved(work: UnitOfWork, deal_id: int, at: datetime) -> bool:
    """Whether the deal came into a stage at that instant: other changes are none of its history."""
    moved = select(deal_stages.c.id).where(deal_stages.c.deal_id == deal_id, deal_stages.c.at == at).limit(1)
    return await work.scalar(moved) is not None


async def name_of(work: UnitOfWork, user_id: int) -> str | None:
    name: str | None = await work.scalar(select(users.c.name).where(users.c.id == user_id, users.c.active))
    return name


async def who_runs(work: UnitOfWork, campaign_id: int) -> tuple[str, list[int]] | None:
    """The campaign's name, and the active users who see it and may start it again; None: there is no such campaign."""
    name = await work.scalar(select(campaigns.c.name).where(campaigns.c.id == campaign_id))
    if name is None:
        return None
    found = []
    for row in await work.all(select(*ACTOR).where(users.c.active)):
        actor = actor_in(row)
        if not actor.may(Right.CHANGE_CAMPAIGNS):
            continue
        seen = select(campaigns.c.id).where(campaigns.c.id == campaign_id, visible_campaigns(actor))
        if await work.scalar(seen) is not None:
            found.append(actor.user_id)
    return str(name), found
