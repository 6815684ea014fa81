"""The doors: who comes in by cookie or token, what the browser is told to forbid, and no request from elsewhere."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

from aiohttp import web

from crm_core.domain.access import Actor
from crm_core.errors import NotLoggedIn
from crm_core.handlers import log_in, users
from crm_core.handlers.log_in import Door
from crm_core.web.keys import ACTOR, SESSION, WORKPLACE, Workplace

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

COOKIE = "trunkline"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf"


def door_of(request: web.Request) -> Door:
    """Where the visitor comes from; behind a proxy of ours that is what it says last."""
    address = request.remote or ""
    if request.app[WORKPLACE].https:
        address = request.headers.get("X-Forwarded-For", address).rpartition(",")[2].strip()
    return Door(address, request.headers.get("User-Agent", ""))


@web.middleware
async def who_comes(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Fill `request[ACTOR]` and `request[SESSION]`: None for nobody.

    A cookie counts for changes only with the session's own word against forgery (a header or a form field): another
    site can make the browser send the cookie, but cannot read the word. A token needs none.
    """
    request[ACTOR], request[SESSION] = None, None
    place = request.app[WORKPLACE]
    if bearer := _bearer(request):
        request[ACTOR] = await users.actor_of_token(bearer, place.database, place.now())
    elif request.method not in _SAFE and request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        raise web.HTTPForbidden(text="this came from another site: open Trunkline itself and repeat what you did")
    elif cookie := request.cookies.get(COOKIE):
        try:
            request[SESSION], request[ACTOR] = await log_in.resume(cookie, place.database, place.now())
        except NotLoggedIn:
            pass  # whoever needs somebody says so
        else:
            if request.method not in _SAFE and not await _is_ours(request):
                raise web.HTTPForbidden(text="the page is out of date: load it again and repeat what you did")
    return await handler(request)


def actor_in(request: web.Request) -> Actor:
    """Who asks; raises NotLoggedIn for nobody."""
    actor = request[ACTOR]
    if actor is None:
        raise NotLoggedIn("you are not logged in, or no longer")
    return actor


def _bearer(request: web.Request) -> str | None:
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    return value.strip() or None if kind.lower() == "bearer" else None


async def _is_ours(request: web.Request) -> bool:
    said = request.headers.get(CSRF_HEADER)
    if said is None and request.content_type in ("application/x-www-form-urlencoded",):
        said = str((await request.post()).get(CSRF_FIELD, ""))
    session = request[SESSION]
    return session is not None and hmac.compare_digest((said or "").encode(), session.csrf.encode())


@web.middleware
async def closed_shutters(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What no page of ours needs is forbidden to all of them: foreign or inline script and style, frames, plug-ins."""
    try:
        answer = await handler(request)
    except web.HTTPException as error:
        _shut(error, request.app[WORKPLACE])
        raise
    if not answer.prepared:
        _shut(answer, request.app[WORKPLACE])
    return answer


def _shut(answer: web.StreamResponse, place: Workplace) -> None:
    phone = f" {place.phone_address}" if place.phone_address else ""
    policy = (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
        f"connect-src 'self'{phone}; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "worker-src 'self'; manifest-src 'self'"
    )
    answer.headers.setdefault("Content-Security-Policy", policy)
    answer.headers.setdefault("X-Content-Type-Options", "nosniff")
    answer.headers.setdefault("Referrer-Policy", "same-origin")
    answer.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    answer.headers.setdefault("Permissions-Policy", "microphone=(self), camera=(), geolocation=()")
    answer.headers.setdefault("Cache-Control", "no-store")
    if place.https:
        answer.headers.setdefault("Strict-Transport-Security", "max-age=31536000")


def give_cookie(answer: web.StreamResponse, secret: str, place: Workplace) -> None:
    """Let the browser keep its session: not for scripts, not for requests that other sites make."""
    seconds = int(log_in.LONGEST.total_seconds())
    answer.set_cookie(COOKIE, secret, max_age=seconds, httponly=True, samesite="Lax", secure=place.https)


def take_cookie(answer: web.StreamResponse, place: Workplace) -> None:
    answer.del_cookie(COOKIE, httponly=True, samesite="Lax", secure=place.https)
