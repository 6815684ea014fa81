"""One call: its recording, what was said, and its person called again."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from crm_core.db.call_desk import CallSeen
from crm_core.db.contact_desk import NumberState
from crm_core.domain.access import Actor, Right
from crm_core.errors import NotFound
from crm_core.handlers import call_desk, contact_desk
from crm_core.handlers.result_codes import every_result
from crm_core.web.doors import actor_in
from crm_core.web.keys import VIEWER, WORKPLACE, Workplace
from crm_core.web.pages.calls_pacing import pacing_rows
from crm_core.web.pages.rendering import is_part, render, render_part, words_for


def add_pages(app: web.Application) -> None:
    app.router.add_get("/calls/{call_id}", _one_call)


async def _one_call(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    whole = await call_desk.whole_call(actor, request.match_info["call_id"], place.database)
    paced = pacing_rows(request[VIEWER], words_for(request), whole.pacing) if whole.pacing is not None else []
    context: dict[str, Any] = {"whole": whole, "call": whole.call, "labels": await every_result(place.database)}
    context["paced"] = paced
    if is_part(request):
        return render_part(request, "calls/call.html", "call_body", **context)
    return render(request, "calls/call.html", numbers=await _numbers(actor, whole.call, place), **context)


async def _numbers(actor: Actor, call: CallSeen, place: Workplace) -> list[NumberState]:
    """Where its person can be called; none for whoever calls nobody, and of one who was erased."""
    if call.contact_id is None or not actor.may(Right.TAKE_CALLS):
        return []
    try:
        return await contact_desk.numbers_of(actor, call.contact_id, place.database)
    except NotFound:
        return []
