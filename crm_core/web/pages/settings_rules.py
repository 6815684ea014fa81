"""Automation rules: when, if, then; on or off; tried on what has happened."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from crm_core.errors import BadInput, Conflict
from crm_core.handlers import pipelines, rule_settings
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages import settings_words as words
from crm_core.web.pages.rendering import render, render_part
from crm_core.web.pages.settings_parts import ID, done, fault, form_of, saved, standing
from crm_core.web.pages.settings_rule_form import RuleForm, form_given, form_of_rule, new_form, rule_of

_ONE = f"/settings/rules/{{rule_id:{ID}}}"
_FORM = "settings/rule_form.html"


def add_pages(app: web.Application) -> None:
    routes = app.router
    routes.add_get("/settings/rules", _list)
    routes.add_get("/settings/rules/new", _new)
    routes.add_post("/settings/rules/form", _form_again)
    routes.add_post("/settings/rules/try", _try)
    routes.add_post("/settings/rules", _create)
    routes.add_get(_ONE, _one)
    routes.add_post(_ONE, _save)
    routes.add_post(_ONE + "/{way:on|off}", _switch)
    routes.add_post(_ONE + "/{way:up|down}", _move)
    routes.add_post(_ONE + "/remove", _remove)


async def _list(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    found, bad = await rule_settings.list_rules(actor, place.database)
    return render(request, "settings/rules.html", **standing(request, rules=found, bad=bad, words=words))


async def _context(request: web.Request, form: RuleForm, rule_id: int, **more: Any) -> dict[str, Any]:
    return standing(
        request, **({"form": form, "rule_id": rule_id, "stages": await _stages(request), "words": words} | more)
    )


async def _stages(request: web.Request) -> list[str]:
    """Stages of the default pipeline: where rules bring deals."""
    found, _ = await pipelines.list_pipelines(actor_in(request), request.app[WORKPLACE].database)
    return [stage.name for stage in found[0].stages] if found else []


async def _new(request: web.Request) -> web.Response:
    form = new_form(await _stages(request))
    return render(request, "settings/rule.html", runs=[], **await _context(request, form, 0))


async def _one(request: web.Request) -> web.Response:
    place, actor, rule_id = request.app[WORKPLACE], actor_in(request), int(request.match_info["rule_id"])
    rule = await rule_settings.one_rule(actor, rule_id, place.database)
    runs = await rule_settings.list_runs(actor, rule_id, place.database, 20)
    try:
        form = form_of_rule(rule)
    except BadInput as error:
        bad = BadInput(f"rule {rule.name!r}", error.what, error.do)
        found, others = await rule_settings.list_rules(actor, place.database)
        context = standing(request, rules=found, bad=[*others, bad], words=words)
        return render(request, "settings/rules.html", **context)
    return render(request, "settings/rule.html", runs=runs, **await _context(request, form, rule_id))


async def _form_again(request: web.Request) -> web.Response:
    """The form with a row more or less, or with what goes with another choice. Nothing is kept."""
    given = await form_of(request)
    form = form_given(given, await _stages(request))
    rule_id = int(given["id"]) if given.get("id", "").isdecimal() else 0
    return render_part(request, _FORM, **await _context(request, form, rule_id))


async def _create(request: web.Request) -> web.Response:
    return await _put(request, 0)


async def _save(request: web.Request) -> web.Response:
    return await _put(request, int(request.match_info["rule_id"]))


async def _put(request: web.Request, rule_id: int) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    form = form_given(await form_of(request), await _stages(request))
    try:
        rule = rule_of(form, rule_id)
        if rule_id:
            await rule_settings.save_rule(actor, rule, place.database, place.now())
        else:
            rule = await rule_settings.create_rule(actor, rule, place.database, place.now())
    except (BadInput, Conflict) as error:
        context = await _context(request, form, rule_id, **fault(error))
        return render(request, "settings/rule.html", status=422, runs=[], **context)
    return saved(f"/settings/rules/{rule.id}")


async def _try(request: web.Request) -> web.Response:
    """What the rule as it is written would have done. Nothing is changed."""
    place, actor = request.app[WORKPLACE], actor_in(request)
    form = form_given(await form_of(request), await _stages(request))
    context: dict[str, Any] = {"words": words, "error": "", "tried": None}
    try:
        form = RuleForm(form.name or "-", form.trigger, form.conditions, form.actions)  # a name is needed to keep it
        context["tried"] = await rule_settings.try_rule(actor, rule_of(form), place.database)
    except BadInput as error:
        context["error"] = fault(error)["error"]
    return render_part(request, "settings/rule_tried.html", **context)


async def _switch(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    enabled = request.match_info["way"] == "on"
    rule_id = int(request.match_info["rule_id"])
    rule = await rule_settings.switch_rule(actor, rule_id, place.database, place.now(), enabled=enabled)
    return render_part(request, "settings/rule_row.html", rule=rule, words=words)


async def _move(request: web.Request) -> web.Response:
    place, actor, rule_id = request.app[WORKPLACE], actor_in(request), int(request.match_info["rule_id"])
    found, _ = await rule_settings.list_rules(actor, place.database)
    ids = [rule.id for rule in found]
    await rule_settings.one_rule(actor, rule_id, place.database)
    at = ids.index(rule_id)
    to = max(0, at - 1) if request.match_info["way"] == "up" else min(len(ids) - 1, at + 1)
    ids.insert(to, ids.pop(at))
    await rule_settings.order_rules(actor, ids, place.database, place.now())
    return web.Response(status=204, headers={"HX-Refresh": "true"})


async def _remove(request: web.Request) -> web.Response:
    place, actor, rule_id = request.app[WORKPLACE], actor_in(request), int(request.match_info["rule_id"])
    await rule_settings.remove_rule(actor, rule_id, place.database, place.now())
    if request.headers.get("HX-Target", "").startswith("tr#"):
        return done(request, "Removed")
    return web.Response(status=204, headers={"HX-Redirect": "/settings/rules?saved=1"})
