"""The inbox of what the robot did not understand: listen, say what it means, next; then the model is taught."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aiohttp import web

from crm_core.domain.access import Right
from crm_core.errors import BadInput
from crm_core.handlers import label_desk
from crm_core.handlers.label_desk import Before
from crm_core.web.api.cursors import packed, unpacked
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages.rendering import is_part, render, render_part, toast, words_for
from crm_core.web.script_tools import begin_learning, desk_of, last_learning, stop_learning

_PAGE = "surveys/unclear.html"
_SHOWN = 50
#: Intents with a key of their own until people's labels say which are given most.
_USUAL = ("yes", "no", "not_interested", "operator", "callback", "do_not_call", "wrong_number", "repeat")
#: What means nothing a script asks for; it has the key 0.
_NONE = "out_of_scope"


def add_pages(app: web.Application) -> None:
    routes = app.router
    routes.add_get("/surveys/unclear", _inbox)
    routes.add_get("/surveys/unclear/learning", _learning)
    routes.add_post("/surveys/unclear/learning", _learn)
    routes.add_post("/surveys/unclear/learning/stop", _stop)
    routes.add_post("/surveys/unclear/{call_id}/{position:[0-9]{1,6}}", _label)
    routes.add_post("/surveys/unclear/{call_id}/{position:[0-9]{1,6}}/undo", _undo)


async def _inbox(request: web.Request) -> web.Response:
    place, actor, query = request.app[WORKPLACE], actor_in(request), request.query
    before = _before(query.get("after", ""))
    language = query.get("language", "")[:8].replace("\x00", "")
    found = await label_desk.inbox(actor, before, _SHOWN, place.database, language)
    context: dict[str, Any] = {
        "inbox": found,
        "after": packed("unclear", *found.next) if found.next else "",
        "language": language,
        **await _intents(request, found.frequent),
        "learning": last_learning(request),
    }
    if is_part(request):
        return render_part(request, _PAGE, "rows" if before is not None else "list", **context)
    return render(request, _PAGE, **context)


def _before(text: str) -> Before | None:
    if not text:
        return None
    at, call_id, position = unpacked("unclear", text, (datetime, str, int))
    assert isinstance(at, datetime)
    assert isinstance(call_id, str)
    assert isinstance(position, int)
    return at, call_id, position


async def _intents(request: web.Request, frequent: Sequence[str]) -> dict[str, Any]:
    intents = await desk_of(request).intents()
    keyed = [one for one in dict.fromkeys((*frequent, *_USUAL)) if one in intents and one != _NONE]
    return {"intents": intents, "keyed": keyed[:9], "none_of": _NONE}


async def _label(request: web.Request) -> web.Response:
    """It is labelled: the row goes, and the next has the focus."""
    place, actor, form = request.app[WORKPLACE], actor_in(request), await request.post()
    call_id, position = request.match_info["call_id"], int(request.match_info["position"])
    intent = str(form.get("intent") or form.get("other") or "")
    said = str(form.get("said", "")).strip()[:500] or None
    desk = desk_of(request)
    try:
        label = await label_desk.label(actor, call_id, position, intent, said, desk, place.database, place.now())
    except BadInput:
        return toast(web.Response(status=204), words_for(request).gettext("Choose what it means."), kind="bad")
    answer = web.Response(text="", content_type="text/html")
    text = words_for(request).gettext("It means: %(intent)s") % {"intent": label.intent}
    return toast(answer, text, undo=f"/surveys/unclear/{call_id}/{position}/undo")


async def _undo(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    await label_desk.take_back(
        actor, request.match_info["call_id"], int(request.match_info["position"]), place.database
    )
    return web.Response(status=204, headers={"HX-Refresh": "true"})


# --- teaching -----------------------------------------------------------------------------------------------
async def _learn(request: web.Request) -> web.Response:
    actor = actor_in(request)
    actor.require(Right.CHANGE_SCRIPTS)
    return render_part(request, _PAGE, "learning", learning=begin_learning(request, actor))


async def _learning(request: web.Request) -> web.Response:
    actor_in(request).require(Right.CHANGE_SCRIPTS)
    return render_part(request, _PAGE, "learning", learning=last_learning(request))


async def _stop(request: web.Request) -> web.Response:
    actor_in(request).require(Right.CHANGE_SCRIPTS)
    await stop_learning(request)
    return render_part(request, _PAGE, "learning", learning=last_learning(request))
