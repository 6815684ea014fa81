"""One's own API tokens: made, shown once, revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from aiohttp import web

from crm_core.domain.access import SCOPES
from crm_core.errors import BadInput
from crm_core.handlers import users
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages.rendering import render
from crm_core.web.pages.settings_parts import ID, fault, form_of, lists_of, number_in, saved, standing

_LIST = "/settings/tokens"
#: What a token can be for: whole nouns; single rights are for the API.
_NOUNS = tuple(scope for scope in SCOPES if "." not in scope)
_DAYS = (30, 90, 180, 366)


def add_pages(app: web.Application) -> None:
    app.router.add_get(_LIST, _list)
    app.router.add_post(_LIST, _new)
    app.router.add_post(f"{_LIST}/{{token_id:{ID}}}/revoke", _revoke)


async def _list(request: web.Request) -> web.Response:
    return await _page(request)


async def _page(request: web.Request, status: int = 200, **more: Any) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    may = {right.value.partition(".")[0] for right in actor.rights}
    context: dict[str, Any] = {
        "tokens": await users.list_tokens(actor, place.database),
        "scopes": [scope for scope in _NOUNS if scope in may],
        "days": _DAYS,
        "given": {"days": "90"},
        "chosen": [],
        "secret": "",
    }
    return render(request, "settings/tokens.html", status=status, **standing(request, **(context | more)))


async def _new(request: web.Request) -> web.Response:
    place, actor, given = request.app[WORKPLACE], actor_in(request), await form_of(request)
    chosen = (await lists_of(request)).get("scopes", [])
    try:
        lasts = timedelta(days=min(number_in(given.get("days")) or 0, 10_000))
        _, secret = await users.create_token(actor, given.get("name", ""), chosen, lasts, place.database, place.now())
    except BadInput as error:
        return await _page(request, 422, given=given, chosen=chosen, **fault(error))
    return await _page(request, secret=secret)


async def _revoke(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    await users.revoke_token(actor, int(request.match_info["token_id"]), place.database, place.now())
    return saved(_LIST)
