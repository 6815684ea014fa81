"""What is done to deals in their pages: made, changed, moved, sorted, linked, many at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from crm_core.db.deal_desk import DealSeen
from crm_core.domain.board import BoardWanted
from crm_core.domain.deals import LOST_REASON
from crm_core.domain.sales import StageKind
from crm_core.errors import BadInput
from crm_core.handlers import deal_desk, deal_moves, task_desk
from crm_core.handlers.deal_moves import BulkDone
from crm_core.handlers.result_codes import every_result
from crm_core.web.api.shown import text_for
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages.deals_forms import OWN, currency_of, given_in, number_in
from crm_core.web.pages.rendering import render_part, toast, url, words_for

ID = "{deal_id:[0-9]{1,18}}"


def add_pages(app: web.Application) -> None:
    app.router.add_get("/deals/new", _new_form)
    app.router.add_post("/deals", _new)
    app.router.add_post("/deals/many/{deed:move|hand-over}", _many)
    app.router.add_get(f"/deals/{ID}/edit", _edit_form)
    app.router.add_post(f"/deals/{ID}", _edit)
    app.router.add_post(f"/deals/{ID}/move", _move)
    app.router.add_post(f"/deals/{ID}/accept", _accept)
    app.router.add_get(f"/deals/{ID}/link", _link_form)
    app.router.add_post(f"/deals/{ID}/link", _link)
    app.router.add_post(f"/deals/{ID}/notes", _note)


def _deal_id(request: web.Request) -> int:
    return int(request.match_info["deal_id"])


# --- made and changed ---------------------------------------------------------------------------------------
async def _new_form(request: web.Request) -> web.Response:
    return await _form(request, None, dict(request.query))


async def _form(
    request: web.Request,
    deal: DealSeen | None,
    given: Mapping[str, Any],
    status: int = 200,
    error: BadInput | None = None,
) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    context: dict[str, Any] = {
        "deal": deal,
        "given": given,
        "error": "" if error is None else f"{error.what}. {error.do}".strip(),
        "error_in": "" if error is None else error.where,
        "pipelines": await deal_desk.list_pipelines(actor, place.database),
        "colleagues": await task_desk.colleagues(actor, place.database),
        "own_fields": await deal_desk.own_fields_of_deals(actor, place.database),
        "currency": (deal.currency if deal else None) or currency_of(place.country),
        "me": actor.user_id,
    }
    return render_part(request, "deals/form.html", None, status, **context)


async def _new(request: web.Request) -> web.Response:
    place, actor, form = request.app[WORKPLACE], actor_in(request), await request.post()
    try:
        stage_id = number_in(str(form.get("stage", "")))
        made = await deal_desk.add_deal(actor, stage_id, given_in(form), place.database, place.now())
    except BadInput as error:
        return await _form(request, None, form, 422, error)
    return web.Response(status=204, headers={"HX-Redirect": f"/deals/{made.id}"})


async def _edit_form(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    deal = await deal_desk.one_deal(actor, _deal_id(request), place.database)
    given: dict[str, Any] = {"title": deal.title, "company": deal.company or "", "owner": deal.owner_id or ""}
    given |= {"amount": "" if deal.amount is None else f"{deal.amount.normalize():f}", "currency": deal.currency or ""}
    given |= {
        OWN + key: {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value
        for key, value in deal.fields.items()
    }
    return await _form(request, deal, given)


async def _edit(request: web.Request) -> web.Response:
    place, actor, form = request.app[WORKPLACE], actor_in(request), await request.post()
    seen = number_in(str(form.get("version", ""))) or 0
    try:
        given = given_in(form)
        await deal_desk.change_deal(actor, _deal_id(request), seen, given, place.database, place.now())
    except BadInput as error:
        deal = await deal_desk.one_deal(actor, _deal_id(request), place.database)
        return await _form(request, deal, form, 422, error)
    return web.Response(status=204, headers={"HX-Refresh": "true"})


async def _note(request: web.Request) -> web.Response:
    place, actor, form = request.app[WORKPLACE], actor_in(request), await request.post()
    await deal_desk.add_note(actor, _deal_id(request), str(form.get("text", "")), place.database, place.now())
    page = await deal_desk.deal_page(actor, _deal_id(request), place.database)
    context: dict[str, Any] = {
        "page": page,
        "deal": page.deal,
        "shown": 50,
        "labels": await every_result(place.database),
    }
    return render_part(request, "deals/deal.html", "timeline", **context)


# --- moved --------------------------------------------------------------------------------------------------
async def _move(request: web.Request) -> web.Response:
    """Answers with the card as it now is; 422: a form with what the stage asks for. An undo says all in its address."""
    place, actor = request.app[WORKPLACE], actor_in(request)
    form: Mapping[str, Any] = request.query if "version" in request.query else await request.post()
    stage_id, seen = number_in(str(form.get("stage", ""))), number_in(str(form.get("version", ""))) or 0
    if stage_id is None:
        raise BadInput("stage", "no stage is chosen", "Choose one")
    before = await deal_desk.one_deal(actor, _deal_id(request), place.database)
    try:
        given = given_in(form)
        moved = await deal_moves.move_deal(actor, before.id, seen, stage_id, given, place.database, place.now())
    except BadInput as error:
        return await _asked(request, before.id, stage_id, form, error)
    if "version" in request.query:
        return _told(web.Response(status=204), before.id)
    return await _carried(request, before, moved)


async def _asked(
    request: web.Request, deal_id: int, stage_id: int, form: Mapping[str, Any], error: BadInput
) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    asked = await deal_moves.asked_for(actor, deal_id, stage_id, place.database)
    is_first = error.where == ", ".join(asked.missing)  # nothing was answered yet: then nothing is wrong either
    context: dict[str, Any] = {
        "asked": asked,
        "given": form,
        "error": "" if is_first else f"{error.what}. {error.do}".strip(),
        "error_in": "" if is_first else error.where,
        "colleagues": await task_desk.colleagues(actor, place.database),
        "currency": currency_of(place.country),
    }
    return render_part(request, "deals/move.html", None, 422, **context)


async def _accept(request: web.Request) -> web.Response:
    place, actor, form = request.app[WORKPLACE], actor_in(request), await request.post()
    before = await deal_desk.one_deal(actor, _deal_id(request), place.database)
    seen = number_in(str(form.get("version", ""))) or 0
    try:
        taken = await deal_moves.accept_deal(actor, before.id, seen, place.database, place.now())
    except BadInput as error:
        pipelines = await deal_desk.list_pipelines(actor, place.database)
        stage = next(one for one in pipelines if one.id == before.pipeline_id).first_open
        return await _asked(request, before.id, stage.id, {**form, "owner": str(actor.user_id)}, error)
    return await _carried(request, before, taken)


async def _carried(request: web.Request, before: DealSeen, after: DealSeen) -> web.Response:
    """The card in its new column, a line that says so, and the way back."""
    place, actor = request.app[WORKPLACE], actor_in(request)
    _, card = await deal_desk.one_card(actor, after.id, BoardWanted(), place.database, place.now())
    answer = (
        render_part(request, "deals/card.html", card=card, kind=after.kind)
        if card is not None
        else web.Response(status=204)
    )
    _ = words_for(request).gettext
    if after.kind is StageKind.WON:
        said = _("Won: %(deal)s")
    elif after.kind is StageKind.LOST:
        said = _("Lost: %(deal)s")
    else:
        said = _("%(deal)s is in “%(stage)s” now")
    back = {"stage": before.stage_id, "version": after.version, "owner": before.owner_id or "0"}
    undo = url(f"/deals/{before.id}/move", **back, **{LOST_REASON: before.lost_reason})
    return toast(answer, said % {"deal": text_for(actor, before.title), "stage": after.stage}, undo=undo)


def _told(answer: web.Response, deal_id: int) -> web.Response:
    """The page is to look at this deal again."""
    answer.headers["HX-Trigger"] = json.dumps({"trunkline:deal": {"id": deal_id}})
    return answer


# --- linked, and many at once -------------------------------------------------------------------------------
async def _link_form(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    deal = await deal_desk.one_deal(actor, _deal_id(request), place.database)
    options = await deal_moves.link_choices(actor, deal.id, place.database)
    return render_part(request, "deals/link.html", deal=deal, options=options, error="")


async def _link(request: web.Request) -> web.Response:
    place, actor, form = request.app[WORKPLACE], actor_in(request), await request.post()
    deal_id, to_id = _deal_id(request), number_in(str(form.get("to", "")))
    seen = number_in(str(form.get("version", ""))) or 0
    _ = words_for(request).gettext
    if to_id is None:
        deal = await deal_desk.one_deal(actor, deal_id, place.database)
        options = await deal_moves.link_choices(actor, deal.id, place.database)
        chosen = {"deal": deal, "options": options, "error": _("Choose the deal it belongs to")}
        return render_part(request, "deals/link.html", None, 422, **chosen)
    kept = await deal_moves.link_deal(actor, deal_id, seen, to_id, place.database, place.now())
    answer = toast(web.Response(status=204), _("It is a part of %(deal)s now") % {"deal": text_for(actor, kept.title)})
    answer.headers["X-Kept"] = str(kept.id)
    return answer


async def _many(request: web.Request) -> web.Response:
    place, actor, form = request.app[WORKPLACE], actor_in(request), await request.post()
    ids = [found for text in form.getall("ids", []) if (found := number_in(str(text))) is not None]
    _ = words_for(request).gettext
    if request.match_info["deed"] == "move":
        stage_id = number_in(str(form.get("stage", "")))
        if stage_id is None:
            return web.Response(text=_("Choose a stage first"), status=409)
        given = {LOST_REASON: str(form[LOST_REASON])} if form.get(LOST_REASON) else {}
        done = await _bulk(deal_moves.move_many(actor, ids, stage_id, given, place.database, place.now()))
    else:
        owner_id = number_in(str(form.get("user", "")))
        if owner_id is None:
            return web.Response(text=_("Choose a colleague first"), status=409)
        done = await _bulk(deal_moves.hand_over_many(actor, ids, owner_id, place.database, place.now()))
    if isinstance(done, str):
        return web.Response(text=done, status=409)
    said = words_for(request).ngettext("%(num)s deal changed", "%(num)s deals changed", len(done.done))
    said %= {"num": len(done.done)}
    if done.refused:
        said += ". " + _("%(num)s stay as they are: %(why)s") % {
            "num": len(done.refused),
            "why": done.refused[0].why,
        }
    answer = web.Response(status=204)
    told = {"trunkline:toast": {"text": said, "kind": "bad" if done.refused else "good"}, "trunkline:board": {}}
    answer.headers["HX-Trigger"] = json.dumps(told)
    return answer


async def _bulk(deed: Any) -> BulkDone | str:
    try:
        found: BulkDone = await deed
    except BadInput as error:
        return f"{error.what}. {error.do}"
    return found
