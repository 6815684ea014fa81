"""Tasks: made, done, put off, handed on, and listed as people think of them: overdue, today, tomorrow, this week."""

from __future__ import annotations

from datetime import datetime

from crm_core.commands import CreateTask
from crm_core.db import tasks as rows
from crm_core.db.contacts import contact_by_id
from crm_core.db.engine import Database
from crm_core.db.site import calendar
from crm_core.db.tasks import NewTask, TaskLine
from crm_core.domain.phone import parse_phone
from crm_core.domain.task_buckets import Bucket, spans
from crm_core.errors import BadInput, Conflict


async def create_task(command: CreateTask, database: Database, now: datetime) -> int:
    """Make a task; returns its id. Raises BadInput, and NotFound for the contact."""
    if not command.title.strip():
        raise BadInput("title", "a task needs a title")
    _check_due(command.due_at)
    number = parse_phone(command.number, command.default_country).e164 if command.number else None
    new = NewTask(
        kind=command.kind,
        title=command.title.strip()[:200],
        due_at=command.due_at,
        by=command.by,
        created_at=now,
        responsible_id=command.responsible_id,
        contact_id=command.contact_id,
        deal_id=command.deal_id,
        number=number,
    )
    async with database.work() as work:
        if command.contact_id is not None:
            await contact_by_id(work, command.contact_id)
        return await rows.create_task(work, new)


def _check_due(due_at: datetime) -> None:
    if due_at.tzinfo is None:
        raise BadInput("due", "the time has no zone", "Convert it with local_to_utc first")


async def finish_task(task_id: int, by: str, database: Database, now: datetime) -> None:
    """The task is done. Raises NotFound, and Conflict if somebody was first."""
    await _change(task_id, database, done_at=now, done_by=by[:120])


async def postpone_task(task_id: int, due_at: datetime, database: Database) -> None:
    """Give the task another time. Raises NotFound, and Conflict if it is done."""
    _check_due(due_at)
    await _change(task_id, database, due_at=due_at)


async def reassign_task(task_id: int, responsible_id: int, database: Database) -> None:
    """Hand the task to another user. Raises NotFound, and Conflict if it is done."""
    await _change(task_id, database, responsible_id=responsible_id)


async def _change(task_id: int, database: Database, **values: object) -> None:
    async with database.work() as work:
        if not await rows.change_open_task(work, task_id, **values):
            raise Conflict(f"task {task_id} is done already")


async def list_tasks(
    database: Database, now: datetime, responsible_id: int | None = None
) -> dict[Bucket, list[TaskLine]]:
    """Open tasks by when they are due, on the firm's clocks; of everybody unless one is named."""
    async with database.reading() as work:
        zone = (await calendar(work)).zone
        return {bucket: await rows.task_lines(work, span, responsible_id) for bucket, span in spans(now, zone).items()}


async def firm_zone(database: Database) -> str:
    """The firm's time zone (an IANA name)."""
    async with database.reading() as work:
        return (await calendar(work)).zone


async def user_id_of(name: str, database: Database) -> int:
    """The id of the user of this name; raises BadInput listing those there are."""
    async with database.reading() as work:
        return await rows.user_named(work, name)
