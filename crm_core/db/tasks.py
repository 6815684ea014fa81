"""Tasks: what a person has to do, and by when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from crm_core.db.tables import contacts, tasks, users
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.sales import Task, TaskKind
from crm_core.domain.task_buckets import Span
from crm_core.errors import BadInput, NotFound

_TASK = [tasks.c[name] for name in Task.__dataclass_fields__]


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to be made; `created_at` is when the reason for it arose."""

    kind: TaskKind
    title: str
    due_at: datetime
    by: str
    created_at: datetime
    responsible_id: int | None = None
    contact_id: int | None = None
    deal_id: int | None = None
    call_id: str | None = None
    number: str | None = None


@dataclass(frozen=True, slots=True)
class TaskLine:
    """A task as a list shows it."""

    task: Task
    responsible: str | None
    contact: str | None


async def create_task(work: UnitOfWork, new: NewTask) -> int:
    """Add a task; returns its id."""
    values = {name: getattr(new, name) for name in NewTask.__dataclass_fields__}
    values |= {"kind": new.kind.value, "by": new.by[:120]}
    return int((await work.run(insert(tasks).values(**values).returning(tasks.c.id))).scalar_one())


async def of_call(work: UnitOfWork, call_id: str, by: str) -> bool:
    """Whether `by` has made a task for this call."""
    return await work.first(select(tasks.c.id).where(tasks.c.call_id == call_id, tasks.c.by == by)) is not None


async def task_by_id(work: UnitOfWork, task_id: int) -> Task:
    """The task; raises NotFound."""
    row = await work.first(select(*_TASK).where(tasks.c.id == task_id))
    if row is None:
        raise NotFound("task", task_id)
    return _task(tuple(row))


async def change_open_task(work: UnitOfWork, task_id: int, **values: Any) -> bool:
    """Change columns of a task that is not done; False if it is done already. Raises NotFound."""
    changing = update(tasks).where(tasks.c.id == task_id, tasks.c.done_at.is_(None)).values(**values)
    if (await work.run(changing)).rowcount:
        return True
    await task_by_id(work, task_id)
    return False


async def task_lines(
    work: UnitOfWork, span: Span, responsible_id: int | None = None, limit: int = 200
) -> list[TaskLine]:
    """Open tasks due within `span`, soonest first; of everybody unless one is named."""
    query = select(*_TASK, users.c.name, contacts.c.name).outerjoin(users, users.c.id == tasks.c.responsible_id)
    query = query.outerjoin(contacts, contacts.c.id == tasks.c.contact_id).where(tasks.c.done_at.is_(None))
    if responsible_id is not None:
        query = query.where(tasks.c.responsible_id == responsible_id)
    if span.begins is not None:
        query = query.where(tasks.c.due_at >= span.begins)
    if span.ends is not None:
        query = query.where(tasks.c.due_at < span.ends)
    rows = await work.all(query.order_by(tasks.c.due_at, tasks.c.id).limit(limit))
    return [_task_line(tuple(row)) for row in rows]


async def user_named(work: UnitOfWork, name: str) -> int:
    """The id of the user of this name; raises BadInput listing those there are."""
    rows = await work.all(select(users.c.id, users.c.name).where(users.c.active).order_by(users.c.name))
    for row in rows:
        if row.name.casefold() == name.strip().casefold():
            return int(row.id)
    names = ", ".join(row.name for row in rows[:20]) or "nobody: add users first"
    raise BadInput("user", f"there is no user {name!r}", f"Choose of {names}")


def _task_line(row: tuple[Any, ...]) -> TaskLine:
    *task, responsible, contact = row
    return TaskLine(_task(task), responsible, contact)


def _task(row: Sequence[Any]) -> Task:
    values = dict(zip(Task.__dataclass_fields__, row, strict=True))
    return Task(**{**values, "kind": TaskKind(values["kind"])})
