"""The supervisor's page: who does what, who waits, which call to listen to; all kept alive by the push."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from crm_core.domain.agents import AgentState
from crm_core.domain.monitoring import MonitorMode
from crm_core.errors import BadInput
from crm_core.handlers import live, supervising
from crm_core.web.doors import actor_in, door_of
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages.rendering import render, render_part, toast, words_for
from crm_core.web.pages.words import PAUSES
from crm_core.web.switch import switch_of

_PAGE = "supervisor/supervisor.html"
#: The order of the strip: who needs looking at first.
STATES = (
    AgentState.ON_CALL,
    AgentState.RINGING,
    AgentState.AVAILABLE,
    AgentState.WRAP_UP,
    AgentState.PAUSED,
    AgentState.CONNECTING,
    AgentState.LOGGED_OUT,
)

#: The reasons a site is shipped with, in the viewer's language; one of its own is said as it was written.
_REASONS = tuple(PAUSES)


def add_pages(app: web.Application) -> None:
    app.router.add_get("/supervisor", _page)
    app.router.add_get("/supervisor/floor", _floor)
    app.router.add_post("/supervisor/calls/{call_id}/{mode}", _monitor)
    app.router.add_post("/supervisor/agents/{agent_id:[0-9]{1,18}}/pause", _pause)
    app.router.add_post("/supervisor/agents/{agent_id:[0-9]{1,18}}/log-out", _log_out)


async def _page(request: web.Request) -> web.Response:
    return render(request, _PAGE, **await _context(request))


async def _floor(request: web.Request) -> web.Response:
    return render_part(request, _PAGE, "floor", **await _context(request))


async def _context(request: web.Request) -> dict[str, Any]:
    place = request.app[WORKPLACE]
    board = await live.floor(actor_in(request), place.database, place.now())
    agents = sorted(board.agents, key=lambda agent: (STATES.index(agent.state), agent.name))
    return {"board": board, "agents": agents, "states": STATES, "S": AgentState, "reasons": _REASONS}


async def _monitor(request: web.Request) -> web.Response:
    place, words = request.app[WORKPLACE], words_for(request)
    try:
        mode = MonitorMode(request.match_info["mode"])
    except ValueError:
        raise web.HTTPNotFound from None
    call_id = request.match_info["call_id"]
    try:
        await supervising.monitor(
            actor_in(request),
            call_id,
            mode,
            place.database,
            switch_of(request).monitoring,
            place.now(),
            address=door_of(request).address,
        )
    except BadInput as error:
        return toast(web.Response(status=204), f"{error.what}. {error.do}", kind="bad")
    return toast(web.Response(status=204), words.gettext("Your phone rings: answer it"))


async def _pause(request: web.Request) -> web.Response:
    place, form = request.app[WORKPLACE], await request.post()
    agent = await supervising.pause_agent(
        actor_in(request),
        int(request.match_info["agent_id"]),
        str(form.get("reason", "")),
        place.database,
        place.now(),
        door_of(request).address,
    )
    return toast(await _floor(request), words_for(request).gettext("%(name)s is paused") % {"name": agent.name})


async def _log_out(request: web.Request) -> web.Response:
    place = request.app[WORKPLACE]
    agent = await supervising.log_out_agent(
        actor_in(request),
        int(request.match_info["agent_id"]),
        place.database,
        place.now(),
        door_of(request).address,
    )
    return toast(await _floor(request), words_for(request).gettext("%(name)s is logged out") % {"name": agent.name})
