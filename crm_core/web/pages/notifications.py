"""Notifications: below the bell the newest, on a page of their own all of them."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from crm_core.handlers import notices
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages.island_words import WORDS
from crm_core.web.pages.rendering import is_part, render, render_part

_PAGE = "notifications/notifications.html"
_IN_BELL, _SHOWN = 10, 50
#: What each kind says; the text beside it says to what it happened.
_TITLES = {name.removeprefix("notice_"): word for name, word in WORDS.items() if name.startswith("notice_")}


def add_pages(app: web.Application) -> None:
    app.router.add_get("/notifications", _page)
    app.router.add_get("/notifications/bell", _bell)
    app.router.add_post("/notifications/read", _read_all)
    app.router.add_get("/notifications/{notice_id:[0-9]{1,18}}/open", _open)


async def _page(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    after, unread = request.query.get("after"), "unread" in request.query
    found, following = await notices.list_notices(actor, place.database, unread=unread, after=after, limit=_SHOWN)
    context: dict[str, Any] = {"found": found, "after": following, "titles": _TITLES, "unread": unread}
    if is_part(request):
        return render_part(request, _PAGE, "rows" if after else "list", **context)
    return render(request, _PAGE, **context)


async def _bell(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    found, _ = await notices.list_notices(actor, place.database, limit=_IN_BELL)
    return render_part(request, "notifications/bell.html", found=found, titles=_TITLES)


async def _read_all(request: web.Request) -> web.Response:
    """From the bell or from the page: each gets itself anew."""
    place, actor = request.app[WORKPLACE], actor_in(request)
    await notices.read_all_notices(actor, place.database, place.now())
    if (await request.post()).get("from") == "page":
        return web.Response(status=204, headers={"HX-Refresh": "true"})
    return await _bell(request)


async def _open(request: web.Request) -> web.Response:
    """He has read it, and goes where it leads."""
    place, actor = request.app[WORKPLACE], actor_in(request)
    notice = await notices.read_notice(actor, int(request.match_info["notice_id"]), place.database, place.now())
    return web.Response(status=303, headers={"Location": notice.link or "/notifications"})
