"""The phone's own window: it stays open while the other pages come and go."""

from __future__ import annotations

from aiohttp import web

from crm_core.domain.access import Right
from crm_core.handlers.browser_phones import has_browser_phone
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages.phone_words import phone_words
from crm_core.web.pages.rendering import render, words_for


def add_pages(app: web.Application) -> None:
    app.router.add_get("/phone", _page)


async def _page(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    actor.require(Right.TAKE_CALLS)
    is_browser = await has_browser_phone(actor, place.database)
    if not is_browser or place.phone_address is None:
        return render(request, "phone/no_phone.html", is_browser=is_browser)
    return render(request, "phone/phone.html", agent_id=actor.user_id, states=phone_words(words_for(request)))
