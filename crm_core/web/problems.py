"""Errors as answers: problem details (RFC 9457) with a stable `type`, one table from our errors to statuses."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from crm_core.errors import (
    BadInput,
    Conflict,
    CrmError,
    Forbidden,
    IllegalTransition,
    NotFound,
    NotLoggedIn,
    Stale,
    TooMany,
    Unavailable,
)

#: First fit counts: narrower kinds stand before wider ones.
_KINDS: tuple[tuple[type[CrmError], int, str], ...] = (
    (BadInput, 422, "bad-input"),
    (NotFound, 404, "not-found"),
    (Stale, 409, "stale"),
    (Conflict, 409, "conflict"),
    (IllegalTransition, 409, "illegal-transition"),
    (Forbidden, 403, "forbidden"),
    (NotLoggedIn, 401, "not-logged-in"),
    (TooMany, 429, "too-many"),
    (Unavailable, 503, "unavailable"),
)
_TITLES = {
    "bad-input": "What was given is wrong",
    "not-found": "There is no such thing",
    "stale": "Somebody changed it meanwhile",
    "conflict": "Somebody else was first",
    "illegal-transition": "That cannot be done now",
    "forbidden": "You may not do that",
    "not-logged-in": "You are not logged in",
    "too-many": "Too many requests",
    "unavailable": "Part of the service does not answer",
    "malformed": "The request cannot be read",
    "precondition-required": "Say which version you have seen",
    "too-large": "Too large",
    "method-not-allowed": "Not in this way",
    "internal": "Something went wrong here",
}
#: Statuses that aiohttp itself answers with.
_OF_STATUS = {400: "malformed", 404: "not-found", 405: "method-not-allowed", 413: "too-large", 415: "malformed"}
MEDIA_TYPE = "application/problem+json"


def kind_of(error: CrmError) -> tuple[int, str]:
    """The status and the stable name of an error."""
    for kind, status, name in _KINDS:
        if isinstance(error, kind):
            return status, name
    return 500, "internal"


def problem(name: str, status: int, detail: str, **more: Any) -> web.Response:
    """A problem as JSON; `more` are its extension members."""
    body = {"type": f"urn:trunkline:problem:{name}", "title": _TITLES[name], "status": status, "detail": detail, **more}
    return web.json_response(body, status=status, content_type=MEDIA_TYPE)


def problem_of(error: CrmError, detail: str = "") -> web.Response:
    """An error of ours as the API answers it; `detail`: what it says in the asker's language."""
    status, name = kind_of(error)
    more: dict[str, Any] = {}
    if isinstance(error, BadInput):
        more = {"where": error.where, "what": error.what, "do": error.do}
    if isinstance(error, Forbidden):
        more = {"right": error.right}
    if isinstance(error, Stale):
        more = {"yours": error.yours, "current": error.current}
    answer = problem(name, status, detail or str(error), **more)
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(error.seconds)
    if isinstance(error, NotLoggedIn):
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def problem_of_http(error: web.HTTPException) -> web.Response:
    """An error of aiohttp's own."""
    name = _OF_STATUS.get(error.status, "malformed" if error.status < 500 else "internal")
    answer = problem(name, error.status, error.text or error.reason)
    if "Allow" in error.headers:
        answer.headers["Allow"] = error.headers["Allow"]
    return answer
