"""Numbers to which operators may hand a person on."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from crm_core.domain.recipients import NotedNumber
from crm_core.errors import BadInput
from crm_core.handlers import recipients
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages.rendering import render
from crm_core.web.pages.settings_parts import fault, form_of, saved, standing

_PATH = "/settings/transfer-numbers"


def add_pages(app: web.Application) -> None:
    app.router.add_get(_PATH, _numbers)
    app.router.add_post(_PATH, _add)
    app.router.add_post(_PATH + "/remove", _remove)


async def _numbers(request: web.Request) -> web.Response:
    return await _page(request)


async def _page(request: web.Request, status: int = 200, **more: Any) -> web.Response:
    found = await recipients.list_numbers(actor_in(request), request.app[WORKPLACE].database)
    context = standing(request, **({"numbers": found, "given": {}, "longest": recipients.LONGEST_NAME} | more))
    return render(request, "settings/transfer_numbers.html", status=status, **context)


async def _add(request: web.Request) -> web.Response:
    place, actor, given = request.app[WORKPLACE], actor_in(request), await form_of(request)
    one = NotedNumber(given.get("name", ""), given.get("number", ""))
    try:
        await recipients.add_number(actor, one, place.country, place.database, place.now())
    except BadInput as error:
        return await _page(request, 422, given=given, **fault(error))
    return saved(_PATH)


async def _remove(request: web.Request) -> web.Response:
    place, actor, given = request.app[WORKPLACE], actor_in(request), await form_of(request)
    await recipients.drop_number(actor, given.get("name", ""), place.database, place.now())
    return saved(_PATH)
