"""The form for all rules of a campaign, with what they mean beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from crm_core.domain.access import Right
from crm_core.domain.campaigns import CampaignPolicy, Trunk
from crm_core.domain.policy_words import sentences
from crm_core.errors import BadInput, Conflict, Stale
from crm_core.handlers import campaign_acts, campaign_desk, list_desk
from crm_core.handlers.campaign_acts import NewCampaign
from crm_core.handlers.campaign_desk import Card
from crm_core.handlers.result_codes import every_result
from crm_core.web.campaign_tools import scripts_of
from crm_core.web.doors import actor_in
from crm_core.web.keys import VIEWER, WORKPLACE
from crm_core.web.pages import campaigns_sentences, campaigns_words, formats
from crm_core.web.pages.rendering import render, render_part, words_for
from crm_core.web.pages.words import OUTCOMES
from crm_core.web.policy_form import AGAIN, Filled, field_of, filled, filled_by, policy_in, window_places

_FORM = "campaigns/form.html"
_ONE = "/campaigns/{campaign_id:[0-9]{1,18}}"
#: Lists offered when a campaign is made: the newest.
_LISTS_OFFERED = 100


def add_pages(app: web.Application) -> None:
    app.router.add_get("/campaigns/new", _new)
    app.router.add_post("/campaigns", _create)
    app.router.add_post("/campaigns/means", _means)
    app.router.add_get(_ONE + "/rules", _rules)
    app.router.add_post(_ONE + "/rules", _change)


async def _new(request: web.Request) -> web.Response:
    actor_in(request).require(Right.CHANGE_CAMPAIGNS)
    trunks = await campaign_desk.every_trunk(actor_in(request), request.app[WORKPLACE].database)
    form = _with_places(filled(CampaignPolicy(trunks[0].name if trunks else "")), trunks)
    form["lists"] = request.query.getall("list", [])
    return await _form(request, form, None)


async def _rules(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    card = await campaign_desk.one_campaign(actor, int(request.match_info["campaign_id"]), place.database, place.now())
    trunks = await campaign_desk.every_trunk(actor, place.database) if actor.may(Right.CHANGE_CAMPAIGNS) else []
    form = _with_places(filled(card.campaign.policy), trunks)
    return await _form(request, form, card, version=card.version)


async def _create(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    form = filled_by((await request.post()).items())
    try:
        new = NewCampaign(
            form.one("name"), await _policy_in(request, form), tuple(form.many("lists")), _ids(form.many("teams"))
        )
        card = await campaign_acts.create_campaign(actor, new, scripts_of(request), place.database, place.now())
    except BadInput as error:
        return await _form(request, form, None, error)
    except Conflict as error:
        return await _form(request, form, None, BadInput("name", str(error)))
    return web.Response(status=303, headers={"Location": f"/campaigns/{card.campaign.id}"})


async def _change(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    form = filled_by((await request.post()).items())
    card = await campaign_desk.one_campaign(actor, int(request.match_info["campaign_id"]), place.database, place.now())
    seen = int(form.one("version")) if form.one("version").isdecimal() else -1
    try:
        policy, teams = await _policy_in(request, form), _ids(form.many("teams"))
        await campaign_acts.change_policy(
            actor, card.campaign.id, policy, seen, scripts_of(request), place.database, place.now()
        )
        if set(teams) != {team.id for team in card.teams}:
            await campaign_acts.show_to_teams(actor, card.campaign.id, teams, place.database, place.now())
    except BadInput as error:
        return await _form(request, form, card, error, seen)
    except Stale:
        what = words_for(request).gettext(
            "Somebody else has changed these rules meanwhile. Yours are still here; theirs:"
        )
        return await _form(request, form, card, BadInput("version", what), card.version)
    return web.Response(status=303, headers={"Location": f"/campaigns/{card.campaign.id}"})


def _ids(texts: Sequence[str]) -> tuple[int, ...]:
    return tuple(int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) < 18)


async def _form(
    request: web.Request, form: Filled, card: Card | None, error: BadInput | None = None, version: int = 0
) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    may_change = actor.may(Right.CHANGE_CAMPAIGNS)
    trunks = await campaign_desk.every_trunk(actor, place.database) if may_change else []
    scripts = scripts_of(request)
    lists = await list_desk.list_lists(actor, place.database, limit=_LISTS_OFFERED) if card is None else []
    context: dict[str, Any] = {
        "form": form,
        "card": card,
        "version": version,
        "error": error,
        "error_in": field_of(error.where) if error is not None else "",
        "trunks": trunks,
        "trunk_options": _same([trunk.name for trunk in trunks] or form.many("trunk")),
        "script_options": _same(scripts.names() if scripts is not None else form.many("script")),
        "list_options": _same([one.name for one in lists if one.is_ready]),
        "number_options": {trunk.name: _numbers(request, trunk) for trunk in trunks},
        "teams": await campaign_desk.every_team(actor, place.database) if may_change else card.teams if card else [],
        "shown_to": form.many("teams") if "teams_shown" in form else [str(t.id) for t in card.teams] if card else [],
        "results": await every_result(place.database),
        "may_change": may_change,
        "places": [*window_places(form), len(window_places(form))],
        "days": campaigns_sentences.day_names(request[VIEWER]),
        "again": AGAIN,
        "modes": options(request, campaigns_words.MODES),
        "outcomes": OUTCOMES,
        "laws": options(request, campaigns_words.LAWS),
        "records": options(request, campaigns_words.RECORDS),
        "theirs": _told(request, card.campaign.policy) if card and error and error.where == "version" else [],
        **await _meaning(request, form),
    }
    return render(request, _FORM, status=200 if error is None else 422, **context)


def _same(names: Sequence[str]) -> list[tuple[str, str]]:
    return [(name, name) for name in names if name]


# --- numbers that people see: a form names them by their place on the trunk, for digits never stand in a field ------
def _numbers(request: web.Request, trunk: Trunk) -> list[tuple[str, str]]:
    return [(f"{n} {trunk.name}", formats.phone(request[VIEWER], e164)) for n, e164 in enumerate(trunk.caller_ids)]


def _with_places(form: Filled, trunks: Sequence[Trunk]) -> Filled:
    """The form with places instead of numbers."""
    numbers = form.pop("caller_ids", [])
    form["shows"] = [f"{n} {t.name}" for t in trunks for n, e164 in enumerate(t.caller_ids) if e164 in numbers]
    return form


async def _policy_in(request: web.Request, form: Filled) -> CampaignPolicy:
    """The policy a form says. Raises BadInput."""
    actor, database = actor_in(request), request.app[WORKPLACE].database
    trunks = await campaign_desk.every_trunk(actor, database) if actor.may(Right.CHANGE_CAMPAIGNS) else []
    known = {
        f"{n} {t.name}": e164 for t in trunks for n, e164 in enumerate(t.caller_ids) if t.name == form.one("trunk")
    }
    return policy_in(Filled(form | {"caller_ids": [known[one] for one in form.many("shows") if one in known]}))


async def _means(request: web.Request) -> web.Response:
    """What the rules in the form mean, while they are being written."""
    actor_in(request).require(Right.SEE_CAMPAIGNS)
    form = filled_by((await request.post()).items())
    return render_part(request, _FORM, "means", **await _meaning(request, form))


async def _meaning(request: web.Request, form: Filled) -> dict[str, Any]:
    try:
        policy = await _policy_in(request, form)
    except BadInput as error:
        return {"means": [], "unclear": error}
    return {"means": _told(request, policy), "unclear": None}


def _told(request: web.Request, policy: CampaignPolicy) -> list[tuple[str, bool]]:
    viewer, words = request[VIEWER], words_for(request)
    return [(campaigns_sentences.say(viewer, words, one), one.is_warning) for one in sentences(policy)]


def options(request: web.Request, words: Mapping[str, str]) -> list[tuple[str, str]]:
    """The choices of a field, in the viewer's language."""
    return [(code, words_for(request).gettext(word)) for code, word in words.items()]
