"""One campaign as it dials: is it going well, and is anybody being annoyed? And what of its leads would be dialed."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from crm_core.domain.access import Right
from crm_core.domain.leads import WhyNot
from crm_core.errors import BadInput, NotFound
from crm_core.handlers import campaign_acts, campaign_desk, list_desk, outlook
from crm_core.handlers.campaign_desk import Since
from crm_core.handlers.result_codes import every_result
from crm_core.web.campaign_tools import STARTING, last_look, look, screening_of
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages import campaigns_words
from crm_core.web.pages.rendering import is_part, render, render_part, toast, words_for
from crm_core.web.pages.words import OUTCOMES

_PAGE, _LEADS = "campaigns/campaign.html", "campaigns/leads.html"
_ONE = "/campaigns/{campaign_id:[0-9]{1,18}}"
_SHOWN = 50


def add_pages(app: web.Application) -> None:
    app.router.add_get(_ONE, _page)
    app.router.add_get(_ONE + "/board", _board)
    app.router.add_get(_ONE + "/funnel", _funnel)
    app.router.add_get(_ONE + "/outlook", _outlook)
    app.router.add_post(_ONE + "/outlook", _look_again)
    app.router.add_get(_ONE + "/leads", _leads)
    app.router.add_post(_ONE + "/lists", _attach)


def _id(request: web.Request) -> int:
    return int(request.match_info["campaign_id"])


async def _page(request: web.Request) -> web.Response:
    place, actor, campaign_id = request.app[WORKPLACE], actor_in(request), _id(request)
    detail = await campaign_desk.detail(actor, campaign_id, place.database)
    offered = []
    if actor.may(Right.CHANGE_CAMPAIGNS):
        known = {one.id for one in detail.lists}
        lists = await list_desk.list_lists(actor, place.database, limit=100)
        offered = [(one.id, one.name) for one in lists if one.is_ready and one.id not in known]
    context = await _board_context(request, campaign_id) | await _funnel_context(request, campaign_id)
    context |= _outlook_context(request, campaign_id)
    return render(request, _PAGE, detail=detail, offered=offered, **context)


async def _board(request: web.Request) -> web.Response:
    return await board_part(request, _id(request))


async def board_part(request: web.Request, campaign_id: int) -> web.Response:
    """The part of the page that moves."""
    return render_part(request, _PAGE, "board", **await _board_context(request, campaign_id))


async def _board_context(request: web.Request, campaign_id: int) -> dict[str, Any]:
    place, actor = request.app[WORKPLACE], actor_in(request)
    board = await campaign_desk.board(actor, campaign_id, place.database, place.now())
    starting = request.app[STARTING].get(campaign_id)
    if starting is not None and starting.over and not starting.error:
        del request.app[STARTING][campaign_id]
        starting = None
    return {
        "board": board,
        "card": board.card,
        "campaign": board.card.campaign,
        "starting": starting,
        "states": campaigns_words.STATES,
        "stages": campaigns_words.STAGES,
        "hour": [[getattr(minute, name) for minute in board.minutes] for name in ("at", "dialed", "people")],
    }


async def _funnel(request: web.Request) -> web.Response:
    return render_part(request, _PAGE, "funnel", **await _funnel_context(request, _id(request)))


async def _funnel_context(request: web.Request, campaign_id: int) -> dict[str, Any]:
    place, chosen = request.app[WORKPLACE], request.query.get("since", "")
    since = Since(chosen) if chosen in list(Since) else Since.TODAY
    found = await campaign_desk.funnel(actor_in(request), campaign_id, since, place.database, place.now())
    return {
        "funnel": found,
        "since": since,
        "campaign_id": campaign_id,
        "labels": await every_result(place.database),
        "outcomes": OUTCOMES,
    }


# --- what would be dialed, and what not ---------------------------------------------------------------------
async def _outlook(request: web.Request) -> web.Response:
    place, campaign_id = request.app[WORKPLACE], _id(request)
    await campaign_desk.one_campaign(actor_in(request), campaign_id, place.database, place.now())
    return render_part(request, _PAGE, "outlook", **_outlook_context(request, campaign_id))


async def _look_again(request: web.Request) -> web.Response:
    place, actor, campaign_id = request.app[WORKPLACE], actor_in(request), _id(request)
    await campaign_desk.one_campaign(actor, campaign_id, place.database, place.now())
    look(request, actor, campaign_id)
    return render_part(request, _PAGE, "outlook", **_outlook_context(request, campaign_id))


def _outlook_context(request: web.Request, campaign_id: int) -> dict[str, Any]:
    return {
        "looking": last_look(request, campaign_id),
        "reasons": campaigns_words.REASONS,
        "campaign_id": campaign_id,
    }


async def _leads(request: web.Request) -> web.Response:
    """The leads behind one count."""
    place, actor, campaign_id = request.app[WORKPLACE], actor_in(request), _id(request)
    chosen, after = request.query.get("why", ""), request.query.get("after", "")
    if chosen and chosen not in list(WhyNot):
        raise NotFound("reason", chosen)
    card = await campaign_desk.one_campaign(actor, campaign_id, place.database, place.now())
    found = await outlook.waiting_leads(
        actor,
        campaign_id,
        WhyNot(chosen) if chosen else None,
        screening_of(request),
        place.database,
        place.now(),
        after=int(after) if after.isascii() and after.isdecimal() and len(after) < 18 else 0,
        limit=_SHOWN,
    )
    context: dict[str, Any] = {
        "found": found.leads,
        "after": "" if found.next is None else str(found.next),
        "why": chosen,
        "card": card,
        "reasons": campaigns_words.REASONS,
    }
    if is_part(request) and after:
        return render_part(request, _LEADS, "rows", **context)
    return render(request, _LEADS, **context)


# --- lists --------------------------------------------------------------------------------------------------
async def _attach(request: web.Request) -> web.Response:
    place, actor, campaign_id = request.app[WORKPLACE], actor_in(request), _id(request)
    chosen = str((await request.post()).get("list", ""))
    if not (chosen.isascii() and chosen.isdecimal() and len(chosen) < 18):
        return toast(web.Response(status=204), words_for(request).gettext("Choose a list first."), kind="bad")
    try:
        await campaign_acts.attach_list(actor, campaign_id, int(chosen), place.database, place.now())
    except BadInput as error:
        return toast(web.Response(status=204), f"{error.what}. {error.do}", kind="bad")
    return web.Response(status=204, headers={"HX-Refresh": "true"})
