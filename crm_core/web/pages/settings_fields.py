"""Fields of the site's own, and results of calls."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aiohttp import web

from crm_core.domain.dispositions import Disposition, LeadEffect
from crm_core.domain.own_fields import OwnField, OwnFieldKind, OwnFieldNoun
from crm_core.errors import BadInput, Conflict, NotFound
from crm_core.handlers import disposition_desk, own_fields
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages import settings_words as words
from crm_core.web.pages.rendering import render
from crm_core.web.pages.settings_parts import ID, fault, form_of, lines_of, number_in, refused, saved, standing

_FIELD = f"/settings/fields/{{field_id:{ID}}}"
_RESULT = "/settings/results/{code:[a-z0-9_]{1,40}}"


def add_pages(app: web.Application) -> None:
    routes = app.router
    routes.add_get("/settings/fields", _fields)
    routes.add_post("/settings/fields", _new_field)
    routes.add_get(_FIELD, _field)
    routes.add_post(_FIELD, _change_field)
    routes.add_post(_FIELD + "/{way:up|down}", _move_field)
    routes.add_post(_FIELD + "/remove", _remove_field)
    routes.add_get("/settings/results", _results)
    routes.add_get("/settings/results/new", _new_result_form)
    routes.add_post("/settings/results", _new_result)
    routes.add_get(_RESULT, _result)
    routes.add_post(_RESULT, _change_result)
    routes.add_post(_RESULT + "/{way:up|down}", _move_result)
    routes.add_post(_RESULT + "/remove", _remove_result)


# --- fields -------------------------------------------------------------------------------------------------
async def _fields(request: web.Request) -> web.Response:
    return await _fields_page(request)


async def _fields_page(request: web.Request, status: int = 200, **more: Any) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    found = await own_fields.list_fields(actor, place.database)
    context: dict[str, Any] = {"fields": found, "given": {"noun": request.query.get("noun", "")}, "words": words}
    return render(request, "settings/fields.html", status=status, **standing(request, **(context | more)))


async def _new_field(request: web.Request) -> web.Response:
    place, actor, given = request.app[WORKPLACE], actor_in(request), await form_of(request)
    try:
        try:
            noun, kind = OwnFieldNoun(given.get("noun", "")), OwnFieldKind(given.get("kind", ""))
        except ValueError as error:
            raise BadInput("kind", "the kind of the field is unknown", "Load the page again") from error
        options = tuple(lines_of(given.get("options", ""))) if kind is OwnFieldKind.CHOICE else ()
        key = given.get("key", "").strip()
        field = OwnField(key, given.get("label", ""), kind, options, "required" in given)
        await own_fields.add_field(actor, noun, field, place.database, place.now())
    except BadInput as error:
        return await _fields_page(request, 422, given=given, **fault(error))
    return saved("/settings/fields")


async def _field(request: web.Request) -> web.Response:
    return await _field_page(request)


async def _field_page(request: web.Request, status: int = 200, **more: Any) -> web.Response:
    place, actor, field_id = request.app[WORKPLACE], actor_in(request), int(request.match_info["field_id"])
    for noun, fields in (await own_fields.list_fields(actor, place.database)).items():
        for field in fields:
            if field.id == field_id:
                given = {"label": field.label, "options": "\n".join(field.options)}
                given |= {"required": "1"} if field.required else {}
                context: dict[str, Any] = {"field": field, "noun": noun, "given": given, "words": words}
                return render(request, "settings/field.html", status=status, **standing(request, **(context | more)))
    raise NotFound("field", field_id)


async def _change_field(request: web.Request) -> web.Response:
    place, actor, given = request.app[WORKPLACE], actor_in(request), await form_of(request)
    field_id = int(request.match_info["field_id"])
    options = lines_of(given["options"]) if "options" in given else None
    try:
        await own_fields.change_field(
            actor,
            field_id,
            place.database,
            place.now(),
            label=given.get("label", ""),
            options=options,
            required="required" in given,
        )
    except BadInput as error:
        return await _field_page(request, 422, given=given, **fault(error))
    return saved("/settings/fields")


async def _move_field(request: web.Request) -> web.Response:
    place, actor, field_id = request.app[WORKPLACE], actor_in(request), int(request.match_info["field_id"])
    for noun, fields in (await own_fields.list_fields(actor, place.database)).items():
        ids = [field.id for field in fields]
        if field_id in ids:
            moved = _moved(ids, field_id, request.match_info["way"])
            await own_fields.order_fields(actor, noun, moved, place.database, place.now())
            return web.Response(status=303, headers={"Location": "/settings/fields"})
    raise NotFound("field", field_id)


def _moved(all_of_them: list[Any], one: Any, way: str) -> list[Any]:
    at = all_of_them.index(one)
    to = max(0, at - 1) if way == "up" else min(len(all_of_them) - 1, at + 1)
    rest = [other for other in all_of_them if other != one]
    return [*rest[:to], one, *rest[to:]]


async def _remove_field(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    try:
        await own_fields.remove_field(actor, int(request.match_info["field_id"]), place.database, place.now())
    except Conflict as error:
        return refused(error)
    return web.Response(status=204, headers={"HX-Redirect": "/settings/fields?saved=1"})


# --- results of calls ---------------------------------------------------------------------------------------
async def _results(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    found = await disposition_desk.list_dispositions(actor, place.database)
    context = standing(request, results=found, fixed=disposition_desk.FIXED, words=words)
    return render(request, "settings/results.html", **context)


async def _new_result_form(request: web.Request) -> web.Response:
    return await _result_form(request, None, {})


async def _result(request: web.Request) -> web.Response:
    found = await _result_of(request)
    minutes = "" if found.retry_after is None else str(int(found.retry_after.total_seconds() // 60))
    given = {"code": found.code, "label": found.label, "effect": found.effect.value, "key": found.key}
    given |= {"minutes": minutes}
    given |= {name: "1" for name in ("do_not_call", "makes_deal") if getattr(found, name)}
    return await _result_form(request, found.code, given)


async def _result_of(request: web.Request) -> Disposition:
    place, actor, code = request.app[WORKPLACE], actor_in(request), request.match_info["code"]
    for one in await disposition_desk.list_dispositions(actor, place.database):
        if one.code == code:
            return one
    raise NotFound("disposition", code)


async def _result_form(
    request: web.Request, code: str | None, given: Mapping[str, str], status: int = 200, **more: Any
) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    taken = {
        one.key: one.label
        for one in await disposition_desk.list_dispositions(actor, place.database)
        if one.key and one.code != code
    }
    context = {"code": code, "given": given, "taken": taken, "fixed": disposition_desk.FIXED, "words": words}
    return render(request, "settings/result.html", status=status, **standing(request, **(context | more)))


async def _new_result(request: web.Request) -> web.Response:
    given = await form_of(request)
    return await _put_result(request, given.get("code", "").strip(), given, is_new=True)


async def _change_result(request: web.Request) -> web.Response:
    return await _put_result(request, request.match_info["code"], await form_of(request), is_new=False)


async def _put_result(request: web.Request, code: str, given: Mapping[str, str], *, is_new: bool) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    try:
        minutes = number_in(given.get("minutes"))
        after = None if minutes is None or minutes > 10**7 else timedelta(minutes=minutes)
        try:
            effect = LeadEffect(given.get("effect", ""))
        except ValueError as error:
            raise BadInput("effect", "it is unknown", "Load the page again") from error
        wanted = Disposition(
            code=code,
            label=given.get("label", ""),
            effect=effect,
            key=given.get("key", ""),
            retry_after=after,
            do_not_call="do_not_call" in given,
            makes_deal="makes_deal" in given,
        )
        await disposition_desk.put_disposition(actor, wanted, place.database, place.now(), is_new=is_new)
    except (BadInput, Conflict) as error:
        return await _result_form(request, None if is_new else code, given, 422, **fault(error))
    return saved("/settings/results")


async def _move_result(request: web.Request) -> web.Response:
    place, actor, found = request.app[WORKPLACE], actor_in(request), await _result_of(request)
    codes = [one.code for one in await disposition_desk.list_dispositions(actor, place.database)]
    moved = _moved(codes, found.code, request.match_info["way"])
    await disposition_desk.order_dispositions(actor, moved, place.database, place.now())
    return web.Response(status=303, headers={"Location": "/settings/results"})


async def _remove_result(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    try:
        await disposition_desk.remove_disposition(actor, request.match_info["code"], place.database, place.now())
    except Conflict as error:
        return refused(error)
    return web.Response(status=204, headers={"HX-Redirect": "/settings/results?saved=1"})
