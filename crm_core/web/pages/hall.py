"""The hall before all pages: who looks is found out, who is not logged in goes to the door, errors become pages."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from urllib.parse import urlencode

from aiohttp import web

from crm_core.domain.access import Actor
from crm_core.errors import CrmError, NotLoggedIn
from crm_core.handlers.site_facts import SiteFacts, site_facts
from crm_core.web.doors import Handler
from crm_core.web.keys import ACTOR, SESSION, VIEWER, WORKPLACE
from crm_core.web.pages.navigation import home_for
from crm_core.web.pages.rendering import is_part, render, words_for
from crm_core.web.problems import kind_of
from crm_core.web.said import said, said_error
from crm_core.web.viewer import THEMES, Viewer, anonymous, chosen_language

log = logging.getLogger(__name__)

#: Paths that no page is behind: they answer for themselves.
_NO_PAGES = ("/api/", "/static/", "/healthz", "/readyz", "/metrics")
_BAD = '"kind": "bad"'  # in what is said in passing
_YET_PAGES = "/api/nouns/"  # below /api, but for people to read, as /api/ itself is


def is_page(request: web.Request) -> bool:
    path = request.path
    return path == "/api/" or path.startswith(_YET_PAGES) or not path.startswith(_NO_PAGES)


@web.middleware
async def who_looks(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Fill `request[VIEWER]` for pages."""
    if is_page(request):
        place = request.app[WORKPLACE]
        facts = await site_facts(place.database)
        request[VIEWER] = _viewer(request, request[ACTOR], facts, place.country or "")
    return await handler(request)


def _viewer(request: web.Request, actor: Actor | None, facts: SiteFacts, country: str) -> Viewer:
    accepted = request.headers.get("Accept-Language", "")
    if actor is None:
        return anonymous(request.cookies, accepted, zone=facts.zone, country=country)
    theme, session = request.cookies.get("theme", "auto"), request[SESSION]
    chosen = request.cookies.get("language") or actor.language or ""
    viewer = Viewer(
        name=actor.name,
        key=str(actor.user_id),
        role=actor.role.value,
        rights=frozenset(right.value for right in actor.rights),
        language=chosen_language(chosen, accepted),
        zone=actor.zone or facts.zone,
        country=country,
        theme=theme if theme in THEMES else "auto",
        csrf=session.csrf if session is not None else "",
        masked=actor.masked,
    )
    return replace(viewer, home=home_for(viewer))


@web.middleware
async def as_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors as pages in plain words; nobody logged in is led to the door and back."""
    if not is_page(request):
        return await handler(request)
    try:
        return _in_his_words(request, await handler(request))
    except NotLoggedIn as error:
        if request.path == "/login":
            return _failed(request, 401, error)
        return _to_the_door(request)
    except CrmError as error:
        return _failed(request, kind_of(error)[0], error)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _failed(request, error.status, error.text or error.reason)
    except Exception:
        log.exception("a page failed", extra={"method": request.method, "path": request.path})
        return _failed(request, 500, "")


def _to_the_door(request: web.Request) -> web.Response:
    there = "/login"
    if request.method == "GET" and request.path != "/" and not is_part(request):
        there += "?" + urlencode({"next": request.path_qs})
    if "HX-Request" in request.headers:  # the whole window goes there, not a part of the page
        return web.Response(status=401, headers={"HX-Redirect": there})
    return web.Response(status=303, headers={"Location": there})


def _in_his_words(request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    """What handlers answer of an error themselves, in one line or said in passing, in the viewer's language."""
    if not isinstance(answer, web.Response) or VIEWER not in request:
        return answer
    words, language = words_for(request), request[VIEWER].language
    if answer.status >= 400 and answer.content_type == "text/plain" and answer.text:
        answer.text = said(answer.text, words, language)
    trigger = answer.headers.get("HX-Trigger", "")
    if _BAD in trigger:
        told = json.loads(trigger)
        toast = told.get("trunkline:toast", {})
        told["trunkline:toast"] = toast | {"text": said(toast.get("text", ""), words, language)}
        answer.headers["HX-Trigger"] = json.dumps(told)
    return answer


def _failed(request: web.Request, status: int, fault: CrmError | str) -> web.Response:
    if VIEWER not in request:
        request[VIEWER] = anonymous(request.cookies, request.headers.get("Accept-Language", ""))
    detail = fault if isinstance(fault, str) else said_error(fault, words_for(request), request[VIEWER].language)
    if "HX-Request" in request.headers:
        return web.Response(text=detail or "the fault is ours, and is in the log of the service", status=status)
    return render(request, "error.html", status=status, code=status, detail=detail)
