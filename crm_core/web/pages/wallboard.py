"""The wallboard: how the floor stands, readable from five metres, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from crm_core.domain.access import Right
from crm_core.domain.agents import AgentState
from crm_core.domain.plans import Measure
from crm_core.handlers import live, plans
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages.catalogues import mark
from crm_core.web.pages.rendering import render, render_part

_PAGE = "wallboard/wallboard.html"
_MOST_PLANS = 4  # more could not be read from where one stands
MEASURES: Mapping[Measure, str] = {
    Measure.WON_AMOUNT: mark("Won, %(currency)s"),
    Measure.WON_DEALS: mark("Deals won"),
    Measure.TALKS: mark("Talks"),
    Measure.CALLS: mark("Calls"),
}


def add_pages(app: web.Application) -> None:
    app.router.add_get("/wallboard", _page)
    app.router.add_get("/wallboard/floor", _floor)
    app.router.add_get("/wallboard/plans", _plans)


async def _page(request: web.Request) -> web.Response:
    return render(request, _PAGE, **await _context(request), **await _planned(request))


async def _floor(request: web.Request) -> web.Response:
    return render_part(request, _PAGE, "floor", **await _context(request))


async def _plans(request: web.Request) -> web.Response:
    """The plans alone: what they ask of the database is too much for each change of the floor."""
    return render_part(request, _PAGE, "plans", **await _planned(request))


async def _planned(request: web.Request) -> dict[str, Any]:
    place, actor = request.app[WORKPLACE], actor_in(request)
    actor.require(Right.SEE_FLOOR)
    may_see = actor.may(Right.SEE_REPORTS)
    found = await plans.team_plans(actor, place.database, place.now()) if may_see else []
    return {"plans": found[:_MOST_PLANS], "measures": MEASURES}


async def _context(request: web.Request) -> dict[str, Any]:
    place = request.app[WORKPLACE]
    board = await live.floor(actor_in(request), place.database, place.now())
    return {"board": board, "S": AgentState}
