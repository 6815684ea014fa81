"""Lists of leads, and the way from a file to a list: drop it, say what its columns hold, look at it, import it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiohttp import web

from crm_core.domain.access import Right
from crm_core.domain.lead_files import Duplicates
from crm_core.errors import BadInput, Conflict
from crm_core.handlers import lead_uploads, list_desk
from crm_core.handlers.imports import sites_fields
from crm_core.handlers.lead_import_runs import Choice
from crm_core.imports.titles import NoPhoneColumn, SitesFields
from crm_core.imports.uploads import Upload, UploadState
from crm_core.web.api.uploads import halt_import, send_failed_rows, start_import, uploaded
from crm_core.web.campaign_tools import intake_of
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages import campaigns_words
from crm_core.web.pages.catalogues import Words
from crm_core.web.pages.rendering import is_part, render, render_part, toast, words_for
from crm_core.web.policy_form import Filled, filled_by

_LISTS, _LIST, _UPLOAD = "campaigns/lists.html", "campaigns/list.html", "campaigns/upload.html"
_ONE = "/campaigns/imports/{upload_id}"
_SHOWN = 50
_MOST_COLUMNS = 200


def add_pages(app: web.Application) -> None:
    routes = app.router
    routes.add_get("/campaigns/lists", _lists)
    routes.add_get("/campaigns/lists/{list_id:[0-9]{1,18}}", _list)
    routes.add_post("/campaigns/imports", _upload)
    routes.add_get(_ONE, _wizard)
    routes.add_post(_ONE + "/columns", _columns)
    routes.add_post(_ONE + "/start", _start)
    routes.add_get(_ONE + "/progress", _progress)
    routes.add_post(_ONE + "/stop", _stop)
    routes.add_post(_ONE + "/discard", _discard)
    routes.add_get(_ONE + "/failed-rows", _failed_rows)


# --- lists --------------------------------------------------------------------------------------------------
async def _lists(request: web.Request) -> web.Response:
    place, actor, after = request.app[WORKPLACE], actor_in(request), _number(request.query.get("after", ""))
    name = request.query.get("q", "")[:120].replace("\x00", "")
    found = await list_desk.list_lists(actor, place.database, name=name, before=after, limit=_SHOWN + 1)
    shown = found[:_SHOWN]
    may_change = actor.may(Right.CHANGE_CAMPAIGNS)
    context: dict[str, Any] = {
        "lists": shown,
        "after": str(shown[-1].id) if len(found) > _SHOWN else "",
        "name": name,
        "uploads": await lead_uploads.every_upload(actor, intake_of(request)) if may_change else [],
        "may_change": may_change,
        "error": None,
    }
    if is_part(request):
        return render_part(request, _LISTS, "rows" if after is not None else "list", **context)
    return render(request, _LISTS, **context)


async def _list(request: web.Request) -> web.Response:
    place, actor, list_id = request.app[WORKPLACE], actor_in(request), int(request.match_info["list_id"])
    after, name = _number(request.query.get("after", "")), request.query.get("q", "")[:120].replace("\x00", "")
    found = await list_desk.leads_of_list(actor, list_id, place.database, name=name, after=after or 0, limit=_SHOWN + 1)
    shown = found[:_SHOWN]
    context: dict[str, Any] = {
        "list": await list_desk.one_list(actor, list_id, place.database),
        "leads": shown,
        "after": str(shown[-1].id) if len(found) > _SHOWN else "",
        "name": name,
        "words": campaigns_words.COUNTS,
    }
    if is_part(request):
        return render_part(request, _LIST, "rows" if after is not None else "list", **context)
    return render(request, _LIST, **context)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else None


# --- the way from a file to a list --------------------------------------------------------------------------
async def _upload(request: web.Request) -> web.Response:
    """Take the file in; where it goes on is the answer."""
    name, pieces, _fields = await uploaded(request)
    upload = await lead_uploads.take_in(actor_in(request), name, pieces, intake_of(request))
    return web.Response(status=204, headers={"HX-Redirect": f"/campaigns/imports/{upload.id}"})


async def _wizard(request: web.Request) -> web.Response:
    upload = await lead_uploads.one_upload(actor_in(request), request.match_info["upload_id"], intake_of(request))
    form = Filled({"list_name": [upload.list_name or Path(upload.name).stem], "country": [upload.country or ""]})
    form["duplicates"] = [upload.duplicates.value]
    for place, (title, field) in enumerate(upload.columns.items()):
        form[f"t{place}"], form[f"c{place}"] = [title], [field]
    return render(request, _UPLOAD, **await _context(request, upload, form))


async def _columns(request: web.Request) -> web.Response:
    """The columns and first rows, read anew as the form now says."""
    upload = await lead_uploads.one_upload(actor_in(request), request.match_info["upload_id"], intake_of(request))
    form = filled_by((await request.post()).items())
    return render_part(request, _UPLOAD, "columns", **await _context(request, upload, form))


async def _start(request: web.Request) -> web.Response:
    actor, upload_id = actor_in(request), request.match_info["upload_id"]
    form = filled_by((await request.post()).items())
    try:
        duplicates = (
            Duplicates(form.one("duplicates")) if form.one("duplicates") in list(Duplicates) else Duplicates.SKIP
        )
        choice = Choice(form.one("list_name"), form.one("country") or None, _said(form), duplicates)
        await lead_uploads.look_at(actor, upload_id, choice.country, choice.columns, intake_of(request))
        await start_import(request, actor, upload_id, choice)
    except BadInput as error:
        upload = await lead_uploads.one_upload(actor, upload_id, intake_of(request))
        return render(request, _UPLOAD, status=422, **await _context(request, upload, form, error))
    return web.Response(status=303, headers={"Location": f"/campaigns/imports/{upload_id}"})


async def _progress(request: web.Request) -> web.Response:
    upload = await lead_uploads.one_upload(actor_in(request), request.match_info["upload_id"], intake_of(request))
    if upload.state is not UploadState.RUNNING or upload.is_silent(request.app[WORKPLACE].now()):
        return web.Response(status=204, headers={"HX-Refresh": "true"})
    return render_part(request, _UPLOAD, "progress", **_standing(request, upload))


async def _stop(request: web.Request) -> web.Response:
    try:
        await halt_import(request, actor_in(request), request.match_info["upload_id"])
    except Conflict as error:
        return toast(web.Response(status=204), str(error), kind="bad")
    return web.Response(status=204, headers={"HX-Refresh": "true"})


async def _discard(request: web.Request) -> web.Response:
    await lead_uploads.discard(actor_in(request), request.match_info["upload_id"], intake_of(request))
    return web.Response(status=204, headers={"HX-Redirect": "/campaigns/lists"})


async def _failed_rows(request: web.Request) -> web.StreamResponse:
    return await send_failed_rows(request, actor_in(request), request.match_info["upload_id"])


def _said(form: Filled) -> dict[str, str]:
    """What the columns hold, as far as somebody has said so."""
    pairs = ((form.one(f"t{place}"), form.one(f"c{place}")) for place in range(_MOST_COLUMNS))
    return {title: field for title, field in pairs if title and field}


async def _context(request: web.Request, upload: Upload, form: Filled, error: BadInput | None = None) -> dict[str, Any]:
    sites = await sites_fields(request.app[WORKPLACE].database)
    context = _standing(request, upload, sites) | {"form": form, "error": error, "shown": None, "unclear": None}
    context["columns"] = list(_said(form).items())
    is_over = upload.state is UploadState.DONE
    if not is_over and (upload.state is not UploadState.RUNNING or context["interrupted"]):
        try:
            context["shown"] = await lead_uploads.look_at(
                actor_in(request), upload.id, form.one("country") or None, _said(form), intake_of(request)
            )
            context["columns"] = [(one.title, one.chosen) for one in context["shown"].columns]
        except NoPhoneColumn as fault:
            what = words_for(request).gettext("No column seems to hold telephone numbers: say which one does.")
            context["unclear"] = BadInput("columns", what)
            context["columns"] = [(one.title, one.chosen) for one in fault.columns]
        except BadInput as fault:
            context["unclear"] = fault
    return context


def _standing(request: web.Request, upload: Upload, sites: SitesFields | None = None) -> dict[str, Any]:
    return {
        "upload": upload,
        "interrupted": upload.is_silent(request.app[WORKPLACE].now()),
        "fields": _choices(words_for(request), sites or SitesFields()),
        "duplicates": [(code, words_for(request).gettext(word)) for code, word in campaigns_words.DUPLICATES.items()],
        "counts": campaigns_words.COUNTS,
    }


def _choices(words: Words, sites: SitesFields) -> list[tuple[str, str]]:
    """What a column may hold, the fields of the site's own last."""
    plain = [(code, words.gettext(word)) for code, word in campaigns_words.FIELDS.items()]
    of_noun = {"lead": words.gettext("Lead: %(name)s"), "company": words.gettext("Company: %(name)s")}
    own = [(code, of_noun[code.partition(".")[0]] % {"name": f.label}) for code, f in sites.choices().items()]
    return plain + own
