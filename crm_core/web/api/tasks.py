"""Tasks: what to do, by when."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

from crm_core.commands import CreateTask
from crm_core.db.task_desk import After, TaskSeen, Wanted
from crm_core.domain.access import Actor, Right
from crm_core.domain.sales import TaskKind
from crm_core.domain.task_buckets import Bucket
from crm_core.handlers import by_hand, task_desk
from crm_core.web.api.cursors import packed, unpacked
from crm_core.web.api.routing import Asked, Counted, Created, Model, Page, Routes
from crm_core.web.api.shown import number_for, text_for
from crm_core.web.campaign_tools import screening_of
from crm_core.web.keys import WORKPLACE

routes = Routes("tasks")

Id = Annotated[int, Field(ge=1, lt=2**62)]
Title = Annotated[str, Field(min_length=1, max_length=200)]


class TaskOut(Model):
    """A task. `heard` is what the infobot made of the call it came from; `by` a user, or "rule: <name>"."""

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


class TaskQuery(Model):
    """Which tasks. `responsible` 0: nobody's."""

    bucket: Bucket | None = None
    responsible: Annotated[int, Field(ge=0, lt=2**62)] | None = None
    kind: TaskKind | None = None
    text: Annotated[str, Field(max_length=100)] = ""
    contact: Id | None = None
    deal: Id | None = None
    done: bool = False
    cursor: Annotated[str, Field(max_length=400)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class TaskCounts(Model):
    """How many are open, by when they are due on the firm's clocks."""

    overdue: Counted
    today: Counted
    tomorrow: Counted
    this_week: Counted
    later: Counted


class NewTask(Model):
    """A task to be made; without `responsible_id` it is the asker's own."""

    title: Title
    due_at: AwareDatetime
    kind: TaskKind = TaskKind.OTHER
    responsible_id: Id | None = None
    contact_id: Id | None = None
    deal_id: Id | None = None
    number: Annotated[str, Field(max_length=40)] | None = None


class Later(Model):
    due_at: AwareDatetime


class HandOver(Model):
    user_id: Id


class NextTask(Model):
    """The task to do now; null when there is none."""

    task: TaskOut | None


def task_out(actor: Actor, task: TaskSeen) -> TaskOut:
    values = {name: getattr(task, name) for name in TaskOut.model_fields}
    values["number"] = number_for(actor, task.number) if task.number else None
    for name in ("title", "heard", "contact", "deal"):
        if values[name]:
            values[name] = text_for(actor, values[name])
    return TaskOut.model_validate(values)


def _after(text: str | None) -> After | None:
    if text is None:
        return None
    due_at, task_id = unpacked("tasks", text, (datetime, int))
    assert isinstance(due_at, datetime)
    assert isinstance(task_id, int)
    return After(due_at, task_id)


@routes("GET", "/tasks", right=Right.SEE_TASKS)
async def list_tasks(asked: Asked, query: TaskQuery) -> Page[TaskOut]:
    """Tasks, soonest due first."""
    wanted = Wanted(query.responsible, query.kind, query.text, query.contact, query.deal, query.done)
    found = await task_desk.list_tasks(
        asked.actor, wanted, query.bucket, _after(query.cursor), query.limit, asked.database, asked.now
    )
    following = packed("tasks", found.next.due_at, found.next.id) if found.next else None
    return Page(items=[task_out(asked.actor, task) for task in found.tasks], next=following)


@routes("GET", "/tasks/counts", right=Right.SEE_TASKS)
async def count_tasks(asked: Asked) -> TaskCounts:
    """How many of my tasks are open, by when they are due."""
    wanted = Wanted(responsible_id=asked.actor.user_id)
    counted = await task_desk.count_tasks(asked.actor, wanted, asked.database, asked.now)
    return TaskCounts.model_validate({bucket.value: Counted.model_validate(n) for bucket, n in counted.items()})


@routes("GET", "/tasks/next", right=Right.SEE_TASKS)
async def next_task(asked: Asked) -> NextTask:
    """My task that is due first."""
    task = await task_desk.next_task(asked.actor, asked.database)
    return NextTask(task=None if task is None else task_out(asked.actor, task))


@routes("GET", "/tasks/{task_id}", right=Right.SEE_TASKS)
async def one_task(asked: Asked, task_id: int) -> TaskOut:
    """One task."""
    return task_out(asked.actor, await task_desk.one_task(asked.actor, task_id, asked.database))


@routes("POST", "/tasks", right=Right.CHANGE_TASKS)
async def create_task(asked: Asked, body: NewTask) -> Created[TaskOut]:
    """Make a task."""
    country = asked.request.app[WORKPLACE].country
    given = {name: getattr(body, name) for name in NewTask.model_fields}
    command = CreateTask(by=asked.actor.name, default_country=country, **given)
    task = await task_desk.add_task(asked.actor, command, asked.database, asked.now)
    return Created(task_out(asked.actor, task), f"/tasks/{task.id}")


@routes("POST", "/tasks/{task_id}/done", right=Right.CHANGE_TASKS)
async def finish_task(asked: Asked, task_id: int, seen: int) -> TaskOut:
    """The task is done."""
    return task_out(asked.actor, await task_desk.finish(asked.actor, task_id, seen, asked.database, asked.now))


@routes("DELETE", "/tasks/{task_id}/done", right=Right.CHANGE_TASKS)
async def reopen_task(asked: Asked, task_id: int, seen: int) -> TaskOut:
    """It is not done after all."""
    return task_out(asked.actor, await task_desk.reopen(asked.actor, task_id, seen, asked.database, asked.now))


@routes("PUT", "/tasks/{task_id}/due", right=Right.CHANGE_TASKS)
async def postpone_task(asked: Asked, task_id: int, seen: int, body: Later) -> TaskOut:
    """Give the task another time."""
    task = await task_desk.postpone(asked.actor, task_id, seen, body.due_at, asked.database, asked.now)
    return task_out(asked.actor, task)


@routes("PUT", "/tasks/{task_id}/responsible", right=Right.CHANGE_TASKS)
async def hand_task_over(asked: Asked, task_id: int, seen: int, body: HandOver) -> TaskOut:
    """Hand the task to a colleague."""
    task = await task_desk.hand_over(asked.actor, task_id, seen, body.user_id, asked.database, asked.now)
    return task_out(asked.actor, task)


@routes("POST", "/tasks/{task_id}/call", right=Right.TAKE_CALLS)
async def call_for_task(asked: Asked, task_id: int) -> None:
    """Call whom the task is about. The dialer calls him under all rules, and connects me when he answers."""
    await by_hand.call_for_task(asked.actor, task_id, screening_of(asked.request), asked.database, asked.now)
