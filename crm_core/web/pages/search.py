"""Search from anywhere: below the box while one types, as a page of its own by Enter."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from crm_core.domain.searching import LEAST
from crm_core.handlers.search import search
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages.rendering import is_part, render, render_part


def add_pages(app: web.Application) -> None:
    app.router.add_get("/search", _search)


async def _search(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    text = request.query.get("q", "")[:100].replace("\x00", "")
    found = await search(text, actor, place.database, place.country)
    context: dict[str, Any] = {
        "asked": text,
        "found": found,
        "is_short": sum(c.isalnum() for c in text) < LEAST,
        "count": len(found.contacts) + len(found.companies) + len(found.deals),
    }
    if is_part(request):
        return render_part(request, "search/search.html", "list", **context)
    return render(request, "search/search.html", **context)
