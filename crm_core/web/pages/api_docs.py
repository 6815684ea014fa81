"""The API to read: its endpoints by noun, each with what it takes and answers, an example, and a command to paste."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from crm_core.errors import NotFound
from crm_core.web.api.mount import DOCUMENT
from crm_core.web.api.reference import Reference, reference
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages.rendering import is_part, render, render_part

_REFERENCES = web.AppKey("api references", dict[str, Reference])
#: As many sites' names as one service is reached under, and some; what came first goes first.
_KEPT = 8


def add_pages(app: web.Application) -> None:
    app[_REFERENCES] = {}
    app.router.add_get("/api", _there)
    app.router.add_get("/api/", _index)
    app.router.add_get("/api/nouns/{noun}", _noun)


async def _there(_request: web.Request) -> web.Response:
    return web.Response(status=303, headers={"Location": "/api/"})


def _reference(request: web.Request) -> Reference:
    """Read once for each name of the site: it takes some time, and says the same as long as the code does."""
    scheme = "https" if request.app[WORKPLACE].https else request.scheme
    origin = f"{scheme}://{request.host}"
    kept = request.app[_REFERENCES]
    if origin not in kept:
        document = request.app[DOCUMENT]
        kept[origin] = reference(document, origin)
        if len(kept) > _KEPT:
            del kept[next(iter(kept))]
    return kept[origin]


async def _index(request: web.Request) -> web.Response:
    actor_in(request)
    whole, text = _reference(request), request.query.get("q", "").strip()[:100]
    context: dict[str, Any] = {"whole": whole, "text": text, "found": whole.find(text) if text else ()}
    if is_part(request):
        return render_part(request, "api/index.html", "list", **context)
    return render(request, "api/index.html", **context)


async def _noun(request: web.Request) -> web.Response:
    actor_in(request)
    whole, noun = _reference(request), request.match_info["noun"]
    if noun not in whole.nouns:
        raise NotFound("noun of the API", noun)
    return render(request, "api/noun.html", noun=noun, told=whole.nouns[noun], nouns=list(whole.nouns))
