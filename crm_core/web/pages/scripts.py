"""Scripts: which there are; and one of them: its text beside its picture, checked as one types, tried, talked to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aiohttp import web
from markupsafe import Markup

from crm_core.domain.scripts import CheckedScript, How, Move, ScriptTalk, ScriptText, renamed
from crm_core.errors import BadInput, CrmError
from crm_core.handlers import script_desk
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages.catalogues import mark
from crm_core.web.pages.rendering import render, render_part, toast, words_for
from crm_core.web.script_tools import desk_of

_LIST, _PAGE = "scripts/scripts.html", "scripts/script.html"
_ONE = "/scripts/{name:[a-z][a-z0-9_]*}"
_FIELD = "field-"  # of a lead, in the form of the talk

#: What stands before each line of a talk, and its picture.
LINES: dict[str, tuple[str, str]] = {
    "bot": (mark("Robot"), "robot"),
    "person": (mark("Person"), "user"),
    "understood": (mark("Understood as"), "bulb"),
    "answer": (mark("Answer"), "circle-check"),
    "result": (mark("Result"), "flag"),
    "deal": (mark("Deal"), "currency-dollar"),
    "task": (mark("Task"), "checkbox"),
    "message": (mark("Message"), "message"),
    "transfer": (mark("Put through"), "arrow-right"),
    "call_back": (mark("Call back"), "phone-calling"),
    "do_not_call": (mark("Do not call"), "phone-off"),
    "language": (mark("Language"), "language"),
    "hang_up": (mark("The robot hangs up"), "phone-end"),
}
_SILENT = {How.SILENCE: mark("(says nothing)"), How.HANGS_UP: mark("(hangs up)")}


def add_pages(app: web.Application) -> None:
    routes = app.router
    routes.add_get("/scripts", _list)
    routes.add_post("/scripts", _copy)
    # Names of scripts begin with a letter: these are none.
    routes.add_post("/scripts/-/check", _check)
    routes.add_post("/scripts/-/run", _run)
    routes.add_post("/scripts/-/talk", _talk)
    routes.add_post("/scripts/-/save-as", _save_as)
    routes.add_get(_ONE, _page)
    routes.add_post(_ONE, _save)
    routes.add_post(_ONE + "/discard", _discard)


async def _list(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    lines = await script_desk.list_scripts(actor, desk_of(request), place.database)
    return render(request, _LIST, lines=lines, error=None, given={})


async def _copy(request: web.Request) -> web.Response:
    place, actor, form = request.app[WORKPLACE], actor_in(request), await _form(request)
    name = form.get("name", "").strip()
    try:
        saved = await script_desk.copy_script(
            actor, form.get("source", ""), name, desk_of(request), place.database, place.now()
        )
    except BadInput as error:
        lines = await script_desk.list_scripts(actor, desk_of(request), place.database)
        return render_part(request, _LIST, "new", 422, lines=lines, error=error, given=form)
    return web.Response(status=204, headers={"HX-Redirect": f"/scripts/{saved.name}"})


# --- one script ---------------------------------------------------------------------------------------------
async def _page(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    opened = await script_desk.open_script(actor, request.match_info["name"], desk_of(request), place.database)
    return render(
        request,
        _PAGE,
        opened=opened,
        source=opened.source,
        version=opened.source.version,
        saved=False,
        error=None,
        **_checked_context(opened.checked),
        **_talk_context(None, (), opened.checked.languages[:1], dict(opened.checked.sample), place.now(), None),
    )


def _checked_context(checked: CheckedScript, *, is_swapped: bool = False) -> dict[str, Any]:
    # Our own drawing: every text in it is escaped (ivr_bot/dialog/svg.py).
    return {"checked": checked, "picture": Markup(checked.picture), "is_swapped": is_swapped}


async def _check(request: web.Request) -> web.Response:
    text = _text(await _form(request))
    checked = await script_desk.check(actor_in(request), text, desk_of(request))
    return render_part(request, _PAGE, "checked", **_checked_context(checked, is_swapped=True))


async def _run(request: web.Request) -> web.Response:
    form = await _form(request)
    try:
        tried = await script_desk.try_out(
            actor_in(request), _text(form), desk_of(request), with_model=form.get("with_model") == "1"
        )
    except BadInput as error:
        return render_part(request, _PAGE, "runs", 422, tried=(), error=error)
    return render_part(request, _PAGE, "runs", tried=tried, error=None)


async def _save(request: web.Request) -> web.Response:
    place, actor, form = request.app[WORKPLACE], actor_in(request), await _form(request)
    seen = form.get("version", "")
    version = int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 18 else 0
    try:
        source = await script_desk.save(
            actor, request.match_info["name"], _text(form), version, desk_of(request), place.database, place.now()
        )
    except BadInput as error:
        return render_part(request, _PAGE, "saved", 422, version=version, saved=False, error=error)
    answer = render_part(request, _PAGE, "saved", version=source.version, saved=True, error=None)
    return toast(answer, words_for(request).gettext("Saved: calls that begin now talk by it."))


async def _save_as(request: web.Request) -> web.Response:
    place, actor, form = request.app[WORKPLACE], actor_in(request), await _form(request)
    name, text = form.get("name", "").strip(), _text(form)
    text = ScriptText(renamed(text.script, name), text.tests)
    try:
        saved = await script_desk.save(actor, name, text, None, desk_of(request), place.database, place.now())
    except BadInput as error:
        return render_part(request, _PAGE, "save_as", 422, error=error, given=form)
    return web.Response(status=204, headers={"HX-Redirect": f"/scripts/{saved.name}"})


async def _discard(request: web.Request) -> web.Response:
    place, actor, form = request.app[WORKPLACE], actor_in(request), await _form(request)
    name, seen = request.match_info["name"], form.get("version", "")
    version = int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 18 else 0
    await script_desk.discard(actor, name, version, desk_of(request), place.database, place.now())
    return web.Response(status=204, headers={"HX-Redirect": "/scripts"})


# --- talking to it ------------------------------------------------------------------------------------------
async def _talk(request: web.Request) -> web.Response:
    """The next move. The whole talk is walked anew, by the text as it stands in the editor."""
    place, actor, form = request.app[WORKPLACE], actor_in(request), await _form(request)
    how, said = form.get("how", "begin"), form.get("said", "").strip()
    moves = [] if how == "begin" else _moves(form.get("moves", ""))
    began_at = place.now() if how == "begin" else _instant(form.get("began_at", ""), place.now())
    fields = {name.removeprefix(_FIELD): value for name, value in form.items() if name.startswith(_FIELD)}
    language = form.get("language", "")
    new = [Move(How(how), said[:1000])] if how in list(How) and (said or how not in ("says", "presses")) else []
    desk, text = desk_of(request), _text(form)
    checked = await script_desk.check(actor, ScriptText(text.script), desk)
    if language not in checked.languages and checked.languages:
        language = checked.languages[0]
    known = {name: fields.get(name, "") for name in checked.fields}
    try:
        talk = await script_desk.talk(actor, text.script, known, language, [*moves, *new], began_at, desk)
    except BadInput as error:
        context = _talk_context(None, moves, (language,), fields, began_at, error)
        return render_part(request, _PAGE, "talk", 422, checked=checked, **context)
    context = _talk_context(talk, [*moves, *new], (language,), fields, began_at, None)
    return render_part(request, _PAGE, "talk", checked=checked, **context)


def _talk_context(
    talk: ScriptTalk | None,
    moves: Sequence[Move],
    languages: Sequence[str],
    fields: dict[str, str],
    began_at: datetime,
    error: CrmError | None,
) -> dict[str, Any]:
    silent = iter([_SILENT.get(move.how, "") for move in moves])
    lines = [
        (*LINES[line.told.value], line.told.value, line.text, next(silent, "") if line.told.value == "person" else "")
        for line in (talk.lines if talk is not None else ())
    ]
    return {
        "talk": talk,
        "lines": lines,
        "moves": json.dumps([[move.how.value, move.text] for move in moves]),
        "language": languages[0] if languages else "",
        "fields": fields,
        "began_at": began_at.isoformat(),
        "talk_error": error,
    }


def _moves(text: str) -> list[Move]:
    try:
        return [Move(How(how), str(said)[:1000]) for how, said in json.loads(text or "[]")]
    except (ValueError, TypeError) as error:
        raise BadInput("moves", "this is no talk", "Begin anew") from error


def _instant(text: str, now: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return now
    return found if found.tzinfo is not None else now


async def _form(request: web.Request) -> dict[str, str]:
    return {name: str(value) for name, value in (await request.post()).items()}


def _text(form: dict[str, str]) -> ScriptText:
    """Browsers send line ends of two letters."""
    return ScriptText(*(form.get(name, "").replace("\r\n", "\n") for name in ("script", "tests")))
