"""Webhooks: made, switched, and what became of what was sent."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from crm_core.domain.webhooks import RIGHTS, DeliveryState
from crm_core.errors import BadInput, Conflict
from crm_core.handlers import webhooks
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages import settings_words as words
from crm_core.web.pages.rendering import is_part, render, render_part, toast, words_for
from crm_core.web.pages.settings_parts import ID, fault, form_of, lists_of, refused, saved, standing
from crm_core.web.webhook_tools import allows_private

_LIST = "/settings/webhooks"
_ONE = f"{_LIST}/{{webhook_id:{ID}}}"
_PAGE = "settings/webhook.html"
_SHOWN = 30


def add_pages(app: web.Application) -> None:
    routes = app.router
    routes.add_get(_LIST, _list)
    routes.add_post(_LIST, _new)
    routes.add_get(_ONE, _one)
    routes.add_post(_ONE, _change)
    routes.add_post(_ONE + "/{way:on|off}", _switch)
    routes.add_post(_ONE + "/secret", _secret)
    routes.add_post(_ONE + "/ping", _ping)
    routes.add_post(_ONE + "/remove", _remove)
    routes.add_post(f"{_ONE}/deliveries/{{delivery_id:{ID}}}/redeliver", _redeliver)


async def _list(request: web.Request) -> web.Response:
    return await _list_page(request)


def _kinds(request: web.Request) -> list[str]:
    """Those the actor may be told of."""
    actor = actor_in(request)
    return [kind for kind in webhooks.KINDS if actor.may(RIGHTS[kind.partition(".")[0]])]


async def _list_page(request: web.Request, status: int = 200, **more: Any) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    found = await webhooks.list_webhooks(actor, place.database)
    context: dict[str, Any] = {"found": found, "kinds": _kinds(request), "url_given": "", "chosen": []}
    return render(request, "settings/webhooks.html", status=status, **standing(request, **(context | more)))


async def _new(request: web.Request) -> web.Response:
    place, actor, given = request.app[WORKPLACE], actor_in(request), await form_of(request)
    chosen = (await lists_of(request)).get("events", [])
    private, address = allows_private(request), given.get("url", "")
    try:
        webhook_id, secret = await webhooks.create_webhook(actor, address, chosen, private, place.database, place.now())
    except BadInput as error:
        return await _list_page(request, 422, url_given=address, chosen=chosen, **fault(error))
    return await _page(request, webhook_id, secret=secret)


# --- one of them --------------------------------------------------------------------------------------------
async def _one(request: web.Request) -> web.Response:
    return await _page(request, int(request.match_info["webhook_id"]))


async def _page(request: web.Request, webhook_id: int, status: int = 200, **more: Any) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    seen = await webhooks.one_webhook(actor, webhook_id, place.database)
    chosen = request.query.get("state", "")
    state = DeliveryState(chosen) if chosen in list(DeliveryState) else None
    after = request.query.get("after")
    log, following = await webhooks.list_deliveries(actor, webhook_id, state, after, _SHOWN, place.database)
    context: dict[str, Any] = {
        "seen": seen,
        "webhook": seen.webhook,
        "is_mine": seen.webhook.user_id == actor.user_id,
        "kinds": _kinds(request),
        "log": log,
        "after": following,
        "state": chosen,
        "states": words.DELIVERY_STATES,
        "url_given": seen.webhook.url,
        "chosen": list(seen.webhook.events),
        "secret": "",
    }
    context = standing(request, **(context | more))
    if is_part(request) and status == 200 and request.method == "GET":
        return render_part(request, _PAGE, "rows" if after else "list", **context)
    return render(request, _PAGE, status=status, **context)


async def _change(request: web.Request) -> web.Response:
    place, actor, given = request.app[WORKPLACE], actor_in(request), await form_of(request)
    webhook_id, chosen = int(request.match_info["webhook_id"]), (await lists_of(request)).get("events", [])
    changes = {"url": given.get("url", ""), "events": chosen}
    try:
        private = allows_private(request)
        await webhooks.change_webhook(actor, webhook_id, changes, private, place.database, place.now())
    except BadInput as error:
        return await _page(request, webhook_id, 422, url_given=changes["url"], chosen=chosen, **fault(error))
    return saved(f"{_LIST}/{webhook_id}")


async def _switch(request: web.Request) -> web.Response:
    place, actor, webhook_id = request.app[WORKPLACE], actor_in(request), int(request.match_info["webhook_id"])
    changes = {"enabled": request.match_info["way"] == "on"}
    await webhooks.change_webhook(actor, webhook_id, changes, False, place.database, place.now())
    return saved(f"{_LIST}/{webhook_id}")


async def _secret(request: web.Request) -> web.Response:
    place, actor, webhook_id = request.app[WORKPLACE], actor_in(request), int(request.match_info["webhook_id"])
    try:
        secret = await webhooks.renew_secret(actor, webhook_id, place.database, place.now())
    except BadInput as error:
        return await _page(request, webhook_id, 422, **fault(error))
    return await _page(request, webhook_id, secret=secret)


async def _ping(request: web.Request) -> web.Response:
    place, actor, webhook_id = request.app[WORKPLACE], actor_in(request), int(request.match_info["webhook_id"])
    try:
        await webhooks.ping(actor, webhook_id, place.database, place.now())
    except Conflict as error:
        return refused(error)
    return web.Response(status=204, headers={"HX-Refresh": "true"})


async def _redeliver(request: web.Request) -> web.Response:
    place, actor, webhook_id = request.app[WORKPLACE], actor_in(request), int(request.match_info["webhook_id"])
    delivery_id = int(request.match_info["delivery_id"])
    try:
        again = await webhooks.redeliver(actor, webhook_id, delivery_id, place.database, place.now())
    except Conflict as error:
        return refused(error)
    context: dict[str, Any] = {"delivery": again, "webhook_id": webhook_id, "states": words.DELIVERY_STATES}
    answer = render_part(request, "settings/delivery.html", **context)
    return toast(answer, words_for(request).gettext("It is sent once more."))


async def _remove(request: web.Request) -> web.Response:
    place, actor, webhook_id = request.app[WORKPLACE], actor_in(request), int(request.match_info["webhook_id"])
    await webhooks.remove_webhook(actor, webhook_id, place.database, place.now())
    return web.Response(status=204, headers={"HX-Redirect": f"{_LIST}?saved=1"})
