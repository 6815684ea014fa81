"""The wallboard: how the floor stands, readable from five metres, and nothing else."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from crm_core.domain.agents import AgentState
from crm_core.handlers import live
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages.rendering import render, render_part

_PAGE = "wallboard/wallboard.html"


def add_pages(app: web.Application) -> None:
    app.router.add_get("/wallboard", _page)
    app.router.add_get("/wallboard/floor", _floor)


async def _page(request: web.Request) -> web.Response:
    return render(request, _PAGE, **await _context(request))


async def _floor(request: web.Request) -> web.Response:
    return render_part(request, _PAGE, "floor", **await _context(request))


async def _context(request: web.Request) -> dict[str, Any]:
    place = request.app[WORKPLACE]
    board = await live.floor(actor_in(request), place.database, place.now())
    return {"board": board, "S": AgentState}
