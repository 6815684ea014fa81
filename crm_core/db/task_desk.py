"""Tasks as people work through them: those one sees, soonest first, page by page; changed as they were seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select, update

from crm_core.db.tables import contacts, conversations, deals, tasks, users
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.visibility import visible_contacts, visible_tasks, visible_users
from crm_core.domain.access import Actor
from crm_core.domain.nameless import as_known_to
from crm_core.domain.sales import TaskKind
from crm_core.domain.task_buckets import Span
from crm_core.errors import NotFound, Stale


@dataclass(frozen=True, slots=True)
class TaskSeen:
    """A task with all that one wants to know before doing it. `call_id`: the call it came from; `heard`: what the
    infobot made of it; `by`: a user, or "rule: <name>"."""

    id: int
    version: int
    kind: TaskKind
    title: str
    due_at: datetime
    responsible_id: int | None
    responsible: str | None
    contact_id: int | None
    contact: str | None
    deal_id: int | None
    deal: str | None
    call_id: str | None
    heard: str | None
    number: str | None
    by: str
    created_at: datetime
    done_at: datetime | None
    done_by: str | None


@dataclass(frozen=True, slots=True)
class After:
    """Where a page begins: after the task due then with this id."""

    due_at: datetime
    id: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tasks: `responsible_id` None is everybody's, 0 nobody's; `text` is part of title or contact."""

    responsible_id: int | None = None
    kind: TaskKind | None = None
    text: str = ""
    contact_id: int | None = None
    deal_id: int | None = None
    done: bool = False


def _seen() -> Select[Any]:
    joined = (
        tasks.outerjoin(users, users.c.id == tasks.c.responsible_id)
        .outerjoin(contacts, contacts.c.id == tasks.c.contact_id)
        .outerjoin(deals, deals.c.id == tasks.c.deal_id)
        .outerjoin(conversations, conversations.c.call_id == tasks.c.call_id)
    )
    return select(
        tasks,
        users.c.name.label("responsible"),
        contacts.c.name.label("contact"),
        deals.c.title.label("deal"),
        conversations.c.summary.label("heard"),
    ).select_from(joined)


def _matching(actor: Actor, wanted: Wanted) -> list[ColumnElement[bool]]:
    found = [visible_tasks(actor), tasks.c.done_at.is_not(None) if wanted.done else tasks.c.done_at.is_(None)]
    if wanted.responsible_id == 0:
        found.append(tasks.c.responsible_id.is_(None))
    elif wanted.responsible_id is not None:
        found.append(tasks.c.responsible_id == wanted.responsible_id)
    if wanted.kind is not None:
        found.append(tasks.c.kind == wanted.kind.value)
    if wanted.contact_id is not None:
        found.append(tasks.c.contact_id == wanted.contact_id)
    if wanted.deal_id is not None:
        found.append(tasks.c.deal_id == wanted.deal_id)
    if wanted.text.strip():
        escaped = wanted.text.strip().lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        like = f"%{escaped}%"
        texts = [func.lower(tasks.c.title).like(like, escape="\\"), func.lower(contacts.c.name).like(like, escape="\\")]
        found.append(or_(*texts))
    return found


def _within(span: Span) -> list[ColumnElement[bool]]:
    begins = [tasks.c.due_at >= span.begins] if span.begins is not None else []
    return begins + ([tasks.c.due_at < span.ends] if span.ends is not None else [])


async def seen(
    work: UnitOfWork, actor: Actor, wanted: Wanted, span: Span, after: After | None, limit: int
) -> list[TaskSeen]:
    """Tasks due within `span`, soonest first; the done ones too are in order of when they were due."""
    query = _seen().where(*_matching(actor, wanted), *_within(span))
    if after is not None:
        later = and_(tasks.c.due_at == after.due_at, tasks.c.id > after.id)
        query = query.where(or_(tasks.c.due_at > after.due_at, later))
    rows = await work.all(query.order_by(tasks.c.due_at, tasks.c.id).limit(limit))
    return [as_known_to(actor, _task(row)) for row in rows]


async def count(work: UnitOfWork, actor: Actor, wanted: Wanted, span: Span, most: int) -> int:
    """How many, counted up to `most`."""
    joined = tasks.outerjoin(contacts, contacts.c.id == tasks.c.contact_id)
    found = select(tasks.c.id).select_from(joined).where(*_matching(actor, wanted), *_within(span)).limit(most)
    return int(await work.scalar(select(func.count()).select_from(found.subquery())))


async def one(work: UnitOfWork, actor: Actor, task_id: int) -> TaskSeen:
    """One task; raises NotFound, also for one that the actor does not see."""
    row = await work.first(_seen().where(tasks.c.id == task_id, visible_tasks(actor)))
    if row is None:
        raise NotFound("task", task_id)
    return as_known_to(actor, _task(row))


async def change(work: UnitOfWork, actor: Actor, task_id: int, version: int, **values: Any) -> TaskSeen:
    """Change a task that is as it was seen. Raises NotFound, and Stale where somebody was first."""
    mine = (tasks.c.id == task_id, tasks.c.version == version, visible_tasks(actor))
    changed = await work.run(update(tasks).where(*mine).values(**values, version=version + 1))
    if not changed.rowcount:
        now = await one(work, actor, task_id)
        current = {"version": now.version, "due_at": now.due_at.isoformat(), "responsible": now.responsible}
        current |= {"done_by": now.done_by, "title": now.title}
        raise Stale("task", task_id, current, {"version": version, **{n: str(v) for n, v in values.items()}})
    # It may have been handed to somebody whose tasks the actor does not see: it is read as it was changed all the same.
    row = await work.first(_seen().where(tasks.c.id == task_id))
    if row is None:
        raise NotFound("task", task_id)
    return as_known_to(actor, _task(row))


async def check_colleague(work: UnitOfWork, actor: Actor, user_id: int) -> None:
    """Raise NotFound unless the actor may hand something to this user."""
    known = select(users.c.id).where(users.c.id == user_id, users.c.active, visible_users(actor))
    if await work.scalar(known) is None:
        raise NotFound("user", user_id)


async def colleagues(work: UnitOfWork, actor: Actor) -> list[tuple[int, str]]:
    """To whom the actor may hand things: id and name."""
    rows = await work.all(select(users.c.id, users.c.name).where(users.c.active, visible_users(actor)).order_by("name"))
    return [(row.id, row.name) for row in rows]


async def check_contact(work: UnitOfWork, actor: Actor, contact_id: int) -> None:
    """Raise NotFound unless the actor sees the contact."""
    known = select(contacts.c.id).where(contacts.c.id == contact_id, visible_contacts(actor))
    if await work.scalar(known) is None:
        raise NotFound("contact", contact_id)


_COLUMNS = tuple(TaskSeen.__dataclass_fields__)


def _task(row: Row[Any]) -> TaskSeen:
    values = {name: getattr(row, name) for name in _COLUMNS}
    return TaskSeen(**(values | {"kind": TaskKind(row.kind), "heard": row.heard or None}))
