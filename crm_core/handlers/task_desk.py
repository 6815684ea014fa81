"""One's tasks: what to do next, done, later, by somebody else; always as far as one sees."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from crm_core.commands import CreateTask
from crm_core.db import deal_desk as deal_rows
from crm_core.db import task_desk as rows
from crm_core.db.engine import Database
from crm_core.db.site import calendar
from crm_core.db.task_desk import After, TaskSeen, Wanted
from crm_core.domain.access import Actor, Right
from crm_core.domain.task_buckets import Bucket, Span, spans
from crm_core.errors import BadInput
from crm_core.events import TaskChanged
from crm_core.handlers.tasks import create_task as make_task

COUNTED_TO = 1000
_ALWAYS = Span(None, None)
#: How far ahead or back a time may lie: a slip of the hand in the year is told.
_FARTHEST = timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class Counted:
    """How many there are, counted up to a limit."""

    count: int
    more: bool


@dataclass(frozen=True, slots=True)
class TaskList:
    tasks: tuple[TaskSeen, ...]
    next: After | None


async def list_tasks(
    actor: Actor,
    wanted: Wanted,
    bucket: Bucket | None,
    after: After | None,
    limit: int,
    database: Database,
    now: datetime,
) -> TaskList:
    """Tasks one sees, of one bucket or of all, soonest first. Raises Forbidden."""
    actor.require(Right.SEE_TASKS)
    async with database.reading() as work:
        span = _ALWAYS if bucket is None else spans(now, (await calendar(work)).zone)[bucket]
        found = await rows.seen(work, actor, wanted, span, after, limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return TaskList(tuple(found[:limit]), None if last is None else After(last.due_at, last.id))


async def count_tasks(actor: Actor, wanted: Wanted, database: Database, now: datetime) -> dict[Bucket, Counted]:
    """How many in each bucket."""
    actor.require(Right.SEE_TASKS)
    async with database.reading() as work:
        of = spans(now, (await calendar(work)).zone)
        counted = {}
        for bucket, span in of.items():
            n = await rows.count(work, actor, wanted, span, COUNTED_TO + 1)
            counted[bucket] = Counted(min(n, COUNTED_TO), n > COUNTED_TO)
    return counted


async def one_task(actor: Actor, task_id: int, database: Database) -> TaskSeen:
    """Raises NotFound, also for a task one does not see."""
    actor.require(Right.SEE_TASKS)
    async with database.reading() as work:
        return await rows.one(work, actor, task_id)


async def next_task(actor: Actor, database: Database, but: frozenset[int] = frozenset()) -> TaskSeen | None:
    """The actor's own open task that is due first; those in `but` are passed over."""
    actor.require(Right.SEE_TASKS)
    async with database.reading() as work:
        wanted = Wanted(responsible_id=actor.user_id)
        found = await rows.seen(work, actor, wanted, _ALWAYS, None, len(but) + 1)
    return next((task for task in found if task.id not in but), None)


async def add_task(actor: Actor, command: CreateTask, database: Database, now: datetime) -> TaskSeen:
    """Make a task, for oneself or a colleague one sees. Raises BadInput, and NotFound for contact, deal and
    colleague."""
    actor.require(Right.CHANGE_TASKS)
    _check_time(command.due_at, now)
    async with database.reading() as work:
        if command.contact_id is not None:
            await rows.check_contact(work, actor, command.contact_id)
        if command.deal_id is not None:
            await deal_rows.one(work, actor, command.deal_id)
        if command.responsible_id is not None:
            await rows.check_colleague(work, actor, command.responsible_id)
    mine = replace(command, by=actor.name, responsible_id=command.responsible_id or actor.user_id)
    task_id = await make_task(mine, database, now)
    return await one_task(actor, task_id, database)


async def finish(actor: Actor, task_id: int, seen: int, database: Database, now: datetime) -> TaskSeen:
    """The task is done. Raises NotFound and Stale."""
    return await _change(actor, task_id, seen, database, now, done_at=now, done_by=actor.name[:120])


async def reopen(actor: Actor, task_id: int, seen: int, database: Database, now: datetime) -> TaskSeen:
    """It is not done after all. Raises NotFound and Stale."""
    return await _change(actor, task_id, seen, database, now, done_at=None, done_by=None)


async def postpone(
    actor: Actor, task_id: int, seen: int, due_at: datetime, database: Database, now: datetime
) -> TaskSeen:
    """Give it another time. Raises BadInput, NotFound and Stale."""
    _check_time(due_at, now)
    return await _change(actor, task_id, seen, database, now, due_at=due_at)


async def hand_over(actor: Actor, task_id: int, seen: int, user_id: int, database: Database, now: datetime) -> TaskSeen:
    """Hand it to a colleague one sees. Raises NotFound and Stale."""
    actor.require(Right.CHANGE_TASKS)
    async with database.work() as work:
        await rows.check_colleague(work, actor, user_id)
        before = await rows.one(work, actor, task_id)
        task = await rows.change(work, actor, task_id, seen, responsible_id=user_id)
        work.publish(TaskChanged(task_id, user_id, before.responsible_id, actor.name, now))
        return task


async def colleagues(actor: Actor, database: Database) -> list[tuple[int, str]]:
    """To whom one may hand things: id and name."""
    async with database.reading() as work:
        return await rows.colleagues(work, actor)


async def _change(
    actor: Actor, task_id: int, seen: int, database: Database, now: datetime, **values: object
) -> TaskSeen:
    actor.require(Right.CHANGE_TASKS)
    async with database.work() as work:
        task = await rows.change(work, actor, task_id, seen, **values)
        work.publish(TaskChanged(task_id, task.responsible_id, task.responsible_id, actor.name, now))
        return task


def _check_time(due_at: datetime, now: datetime) -> None:
    if due_at.tzinfo is None:
        raise BadInput("due_at", "the time has no zone", "Write it with one, such as 2026-11-03T15:30+05:00")
    if abs(due_at - now) > _FARTHEST:
        raise BadInput("due_at", f"{due_at:%Y-%m-%d} is more than ten years away", "Look at the year")
