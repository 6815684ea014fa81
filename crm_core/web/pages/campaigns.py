"""Campaigns: the list, orders, and stopping all dialing."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from crm_core.domain.access import Right
from crm_core.domain.campaign_orders import Order
from crm_core.domain.campaigns import CampaignState, DialMode
from crm_core.errors import BadInput
from crm_core.handlers import campaign_acts, campaign_desk
from crm_core.web.campaign_tools import add_tools, begin_start
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages import campaigns_blocks, campaigns_board, campaigns_form, campaigns_imports, campaigns_words
from crm_core.web.pages.campaigns_form import options
from crm_core.web.pages.rendering import is_part, render, render_part, toast, words_for

_LIST = "campaigns/campaigns.html"
_SHOWN = 50
_ONE = "/campaigns/{campaign_id:[0-9]{1,18}}"


def add_pages(app: web.Application) -> None:
    add_tools(app)
    routes = app.router
    routes.add_get("/campaigns", _list)
    routes.add_post("/campaigns/dialing/{deed:stop|resume}", _all_dialing)
    routes.add_post(_ONE + "/{order:start|pause|stop|finish|approve}", _order)
    campaigns_form.add_pages(app)
    campaigns_board.add_pages(app)
    campaigns_imports.add_pages(app)
    campaigns_blocks.add_pages(app)


def id_in(request: web.Request) -> int:
    return int(request.match_info["campaign_id"])


# --- the list -----------------------------------------------------------------------------------------------
async def _list(request: web.Request) -> web.Response:
    place, actor, query = request.app[WORKPLACE], actor_in(request), request.query
    chosen, after = query.get("state", ""), query.get("after", "")
    before = int(after) if after.isascii() and after.isdecimal() and len(after) < 18 else None
    found = await campaign_desk.list_campaigns(
        actor,
        place.database,
        place.now(),
        states=[CampaignState(chosen)] if chosen in list(CampaignState) else (),
        name=query.get("q", "")[:120].replace("\x00", ""),
        before=before,
        limit=_SHOWN + 1,
    )
    cards = found.cards[:_SHOWN]
    context: dict[str, Any] = {
        "cards": cards,
        "after": str(cards[-1].campaign.id) if len(found.cards) > _SHOWN else "",
        "counts": found.counts,
        "stopped": found.stopped,
        "state": chosen,
        "name": query.get("q", ""),
        "states": campaigns_words.STATES,
        "options": options(request, campaigns_words.STATES),
    }
    if is_part(request):
        return render_part(request, _LIST, "rows" if before is not None else "list", **context)
    return render(request, _LIST, **context)


async def _all_dialing(request: web.Request) -> web.Response:
    place, actor, words = request.app[WORKPLACE], actor_in(request), words_for(request)
    deed = request.match_info["deed"]
    why = str((await request.post()).get(f"{deed}_why", ""))
    try:
        if deed == "stop":
            await campaign_acts.stop_dialing(actor, why, place.database, place.now())
        else:
            await campaign_acts.resume_dialing(actor, why, place.database, place.now())
    except BadInput as error:
        return toast(web.Response(status=204), words.gettext("Say in a sentence why.") + f" {error.what}", kind="bad")
    return web.Response(status=204, headers={"HX-Refresh": "true"})


# --- orders -------------------------------------------------------------------------------------------------
async def _order(request: web.Request) -> web.Response:
    """Start, pause, stop, finish, approve; the board is shown anew. A bot is made ready while one looks on."""
    place, actor, name = request.app[WORKPLACE], actor_in(request), request.match_info["order"]
    campaign_id, warnings = id_in(request), tuple[str, ...]()
    try:
        if name == "approve":
            _card, warnings = await campaign_acts.approve_campaign(actor, campaign_id, place.database, place.now())
        elif name == Order.START and await _has_bot(request, campaign_id):
            actor.require(Right.CHANGE_CAMPAIGNS)
            begin_start(request, actor, campaign_id)
        else:
            _card, warnings = await campaign_acts.order_campaign(
                actor, campaign_id, Order(name), None, place.database, place.now()
            )
    except BadInput as error:
        return toast(web.Response(status=204), f"{error.what}. {error.do}", kind="bad")
    answer = await campaigns_board.board_part(request, campaign_id)
    return toast(answer, "; ".join(warnings), kind="quiet") if warnings else answer


async def _has_bot(request: web.Request, campaign_id: int) -> bool:
    place = request.app[WORKPLACE]
    card = await campaign_desk.one_campaign(actor_in(request), campaign_id, place.database, place.now())
    return card.campaign.policy.mode is DialMode.BOT
