"""Message templates: what e-mails, SMS and messengers say, with a look at how it would read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from crm_core.domain.messages import MessageChannel, Template, checked, fields_of, render
from crm_core.errors import BadInput, NotFound
from crm_core.handlers import site_desk
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages import rendering
from crm_core.web.pages import settings_words as words
from crm_core.web.pages.settings_parts import fault, form_of, saved, standing

_LIST = "/settings/templates"


def add_pages(app: web.Application) -> None:
    routes = app.router
    routes.add_get(_LIST, _list)
    routes.add_get(_LIST + "/edit", _one)
    routes.add_post(_LIST, _put)
    routes.add_post(_LIST + "/look", _look)
    routes.add_post(_LIST + "/remove", _remove)


async def _list(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    found = await site_desk.list_templates(actor, place.database)
    return rendering.render(request, "settings/templates.html", **standing(request, found=found, words=words))


def _channel(text: str) -> MessageChannel:
    try:
        return MessageChannel(text)
    except ValueError:
        raise BadInput("channel", "it is unknown", "Load the page again") from None


async def _one(request: web.Request) -> web.Response:
    """With a name: that template; without: a new one."""
    place, actor, query = request.app[WORKPLACE], actor_in(request), request.query
    if "name" not in query:
        await site_desk.list_templates(actor, place.database)
        return _page(request, {"channel": "sms", "language": "ru"}, is_new=True)
    try:
        channel = _channel(query.get("channel", ""))
    except BadInput:
        raise NotFound("template", query["name"][:80]) from None
    key = (query["name"][:80].replace("\x00", ""), channel, query.get("language", "")[:8].replace("\x00", ""))
    found = await site_desk.one_template(actor, *key, place.database)
    given = {"name": found.name, "channel": found.channel.value, "language": found.language}
    return _page(request, given | {"subject": found.subject, "body": found.body}, is_new=False)


def _page(
    request: web.Request, given: Mapping[str, str], status: int = 200, *, is_new: bool, **more: Any
) -> web.Response:
    context: dict[str, Any] = {"given": given, "is_new": is_new, "words": words}
    return rendering.render(request, "settings/template.html", status=status, **standing(request, **(context | more)))


def _template(given: Mapping[str, str]) -> Template:
    channel = _channel(given.get("channel", ""))
    subject = " ".join(given.get("subject", "").split()) if channel is MessageChannel.EMAIL else ""
    body = given.get("body", "").replace("\r\n", "\n")
    return Template(given.get("name", "").strip(), channel, given.get("language", "").strip(), body, subject)


async def _put(request: web.Request) -> web.Response:
    place, actor, given = request.app[WORKPLACE], actor_in(request), await form_of(request)
    try:
        await site_desk.put_template(actor, _template(given), place.database, place.now())
    except BadInput as error:
        return _page(request, given, 422, is_new="new" in given, **fault(error))
    return saved(_LIST)


async def _look(request: web.Request) -> web.Response:
    """How it would read: each field stands as its name in angle quotes."""
    await site_desk.list_templates(actor_in(request), request.app[WORKPLACE].database)
    context: dict[str, Any] = {"error": "", "shown": None, "names": ()}
    try:
        template = checked(_template(await form_of(request)))
        names = fields_of(template)
        context |= {"shown": render(template, {name: f"‹{name}›" for name in names}), "names": names}
    except BadInput as error:
        context |= fault(error)
    return rendering.render_part(request, "settings/template_look.html", **context)


async def _remove(request: web.Request) -> web.Response:
    place, actor, given = request.app[WORKPLACE], actor_in(request), await form_of(request)
    key = (given.get("name", ""), _channel(given.get("channel", "")), given.get("language", ""))
    await site_desk.remove_template(actor, *key, place.database, place.now())
    return saved(_LIST)
