"""What do I do next? Tasks by when they are due, each with why it exists and one key for each thing to do with it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from crm_core.commands import CreateTask
from crm_core.db.task_desk import After, TaskSeen, Wanted
from crm_core.domain.access import Actor, Sees
from crm_core.domain.callback_time import local_to_utc
from crm_core.domain.sales import TaskKind
from crm_core.domain.task_buckets import Bucket
from crm_core.errors import BadInput
from crm_core.handlers import by_hand, task_desk
from crm_core.web.api.cursors import packed, unpacked
from crm_core.web.campaign_tools import screening_of
from crm_core.web.doors import actor_in
from crm_core.web.keys import VIEWER, WORKPLACE
from crm_core.web.pages.rendering import is_part, render, render_part, toast, words_for

_PAGE = "tasks/tasks.html"
_SHOWN = 50


def add_pages(app: web.Application) -> None:
    app.router.add_get("/tasks", _tasks)
    app.router.add_get("/tasks/new", _new_form)
    app.router.add_post("/tasks", _new)
    app.router.add_get("/tasks/{task_id:[0-9]{1,18}}", _one)
    app.router.add_post("/tasks/{task_id:[0-9]{1,18}}/call", _call)
    app.router.add_post("/tasks/{task_id:[0-9]{1,18}}/{deed:done|reopen|postpone|hand-over}", _change)


def _wanted(request: web.Request, actor: Actor) -> Wanted:
    query = request.query
    whose = query.get("whose", "mine")
    kind = query.get("kind", "")
    contact = query.get("contact", "")
    return Wanted(
        responsible_id=actor.user_id if whose == "mine" else _number(whose),
        kind=TaskKind(kind) if kind in list(TaskKind) else None,
        text=query.get("q", "")[:100].replace("\x00", ""),
        contact_id=_number(contact),
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else None


async def _tasks(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    wanted = _wanted(request, actor)
    counts = await task_desk.count_tasks(actor, wanted, place.database, place.now())
    chosen = request.query.get("when", "")
    bucket = Bucket(chosen) if chosen in list(Bucket) else _first(counts)
    after = _after(request.query.get("after"))
    found = await task_desk.list_tasks(actor, wanted, bucket, after, _SHOWN, place.database, place.now())
    context: dict[str, Any] = {
        "tasks": found.tasks,
        "note": "",
        "after": packed("tasks", found.next.due_at, found.next.id) if found.next else "",
        "counts": counts,
        "bucket": bucket,
        "buckets": list(Bucket),
        "kinds": list(TaskKind),
        "wanted": wanted,
        "whose": request.query.get("whose", "mine"),
        "colleagues": await task_desk.colleagues(actor, place.database),
        "sees_others": actor.sees is not Sees.OWN,
        "times": later_times(place.now(), request[VIEWER].zone),
    }
    if is_part(request):
        return render_part(request, _PAGE, "rows" if after is not None else "list", **context)
    return render(request, _PAGE, **context)


def _first(counts: dict[Bucket, task_desk.Counted]) -> Bucket:
    """The first bucket with something to do."""
    return next((bucket for bucket in Bucket if counts[bucket].count), Bucket.TODAY)


def _after(text: str | None) -> After | None:
    if not text:
        return None
    due_at, task_id = unpacked("tasks", text, (datetime, int))
    assert isinstance(due_at, datetime)
    assert isinstance(task_id, int)
    return After(due_at, task_id)


def later_times(now: datetime, zone: str) -> list[tuple[str, datetime]]:
    """The usual times to put something off to, by name."""
    local = now.astimezone(ZoneInfo(zone)).replace(second=0, microsecond=0)
    morning = (local + timedelta(days=1)).replace(hour=10, minute=0)
    monday = morning + timedelta(days=(7 - morning.weekday()) % 7 or 7)
    return [("hour", local + timedelta(hours=1)), ("morning", morning), ("monday", monday)]


async def _one(request: web.Request) -> web.Response:
    """One row anew, for instance after somebody else changed it."""
    place, actor = request.app[WORKPLACE], actor_in(request)
    task = await task_desk.one_task(actor, int(request.match_info["task_id"]), place.database)
    return await _row(request, task)


async def _row(request: web.Request, task: TaskSeen, note: str = "") -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    return render_part(
        request,
        "tasks/row.html",
        task=task,
        note=note,
        colleagues=await task_desk.colleagues(actor, place.database),
        times=later_times(place.now(), request[VIEWER].zone),
    )


async def _change(request: web.Request) -> web.Response:
    place, actor, form = request.app[WORKPLACE], actor_in(request), await request.post()
    task_id, deed = int(request.match_info["task_id"]), request.match_info["deed"]
    seen = _number(str(form.get("version", ""))) or 0
    if deed == "done":
        task = await task_desk.finish(actor, task_id, seen, place.database, place.now())
    elif deed == "reopen":
        task = await task_desk.reopen(actor, task_id, seen, place.database, place.now())
    elif deed == "postpone":
        due_at = local_to_utc(str(form.get("due", "")), request[VIEWER].zone)
        task = await task_desk.postpone(actor, task_id, seen, due_at, place.database, place.now())
    else:
        user_id = _number(str(form.get("user", "")))
        if user_id is None:
            raise BadInput("user", "nobody is chosen", "Choose a colleague")
        task = await task_desk.hand_over(actor, task_id, seen, user_id, place.database, place.now())
    return await _row(request, task, note=deed)


async def _call(request: web.Request) -> web.Response:
    place, actor, task_id = request.app[WORKPLACE], actor_in(request), int(request.match_info["task_id"])
    try:
        await by_hand.call_for_task(actor, task_id, screening_of(request), place.database, place.now())
    except BadInput as error:
        return web.Response(text=f"{error.what}. {error.do}".strip(), status=409)
    return toast(web.Response(status=204), words_for(request).gettext("This person is being called."))


async def _new_form(request: web.Request) -> web.Response:
    return await _form(request)


async def _form(request: web.Request, status: int = 200, **said: Any) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    context: dict[str, Any] = {"given": dict(request.query), "error": "", "error_in": ""}
    context |= {"colleagues": await task_desk.colleagues(actor, place.database), "me": actor.user_id}
    return render_part(request, "tasks/form.html", None, status, **context | said)


async def _new(request: web.Request) -> web.Response:
    place, actor, form = request.app[WORKPLACE], actor_in(request), await request.post()
    given = {name: str(value) for name, value in form.items()}
    try:
        command = CreateTask(
            title=given.get("title", ""),
            due_at=local_to_utc(given.get("due", ""), request[VIEWER].zone),
            by=actor.name,
            kind=TaskKind(given.get("kind", TaskKind.OTHER)),
            responsible_id=_number(given.get("user", "")),
            contact_id=_number(given.get("contact", "")),
            deal_id=_number(given.get("deal", "")),
            number=given.get("number", "") or None,
            default_country=place.country,
        )
        await task_desk.add_task(actor, command, place.database, place.now())
    except BadInput as error:
        return await _form(request, 422, given=given, error=f"{error.what}. {error.do}", error_in=error.where)
    return web.Response(status=204, headers={"HX-Refresh": "true"})
