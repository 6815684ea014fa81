"""One request to one endpoint: who may, what was given, the answer as JSON; repeated POSTs are answered from memory."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from aiohttp import web
from pydantic import BaseModel, TypeAdapter, ValidationError

from crm_core.db import idempotency
from crm_core.errors import BadInput, CrmError, NotFound
from crm_core.web.api.routing import PREFIX, SPARSE, Asked, Created, Endpoint
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.limits import RateLimit
from crm_core.web.pages.rendering import PAGES
from crm_core.web.problems import problem, problem_of, problem_of_http
from crm_core.web.said import said_error
from crm_core.web.viewer import SOURCE_LANGUAGE, chosen_language

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
LIMIT: web.AppKey[RateLimit] = web.AppKey("api_rate_limit")
_KEPT_FOR = timedelta(days=1)
_DEAD_AFTER = timedelta(minutes=2)  # a request still "under way" after that belonged to a process that died


def handler_of(endpoint: Endpoint) -> Handler:
    """The aiohttp handler of an endpoint."""

    async def handle(request: web.Request) -> web.StreamResponse:
        actor = actor_in(request)
        await request.app[LIMIT].take(f"{actor.user_id}")
        if endpoint.right is not None:
            actor.require(endpoint.right)
        place = request.app[WORKPLACE]
        asked = Asked(actor, place.database, place.now(), request)
        key = request.headers.get("Idempotency-Key")
        if endpoint.method == "POST" and key and not endpoint.media_types and not endpoint.takes_file:
            return await _once(endpoint, asked, key)
        return await _answered(endpoint, asked)

    return handle


@web.middleware
async def as_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever goes wrong below /api is answered as a problem; faults of ours are logged with their trace."""
    if not request.path.startswith("/api/"):
        return await handler(request)
    try:
        return await handler(request)
    except CrmError as error:
        return problem_of(error, _detail(request, error))
    except web.HTTPException as error:
        return problem_of_http(error)
    except Exception:
        log.exception("an API request failed", extra={"method": request.method, "path": request.path})
        return problem("internal", 500, "the fault is ours, and is in the log of the service")


def _detail(request: web.Request, error: CrmError) -> str:
    """What the error says in the language asked for: that chosen on the pages, else by Accept-Language."""
    language = chosen_language(request.cookies.get("language", ""), request.headers.get("Accept-Language", ""))
    if language == SOURCE_LANGUAGE or PAGES not in request.app:
        return str(error)
    return said_error(error, request.app[PAGES].words[language], language)


async def _answered(endpoint: Endpoint, asked: Asked) -> web.StreamResponse:
    request = asked.request
    values: dict[str, Any] = {}
    for name, kind in endpoint.path_types.items():
        values[name] = _path_value(endpoint, name, kind, request.match_info[name])
    fields: frozenset[str] | None = None
    given = {name: request.query.getall(name) for name in request.query}
    if request.method == "GET" and not endpoint.media_types:
        fields = _fields(given.pop("fields", None))
    if endpoint.query is not None:
        values["query"] = _query(endpoint.query, given)
    elif given:
        raise BadInput("query", f"unknown: {', '.join(sorted(given))}", "This takes no query")
    if endpoint.body is not None:
        values["body"] = await _body(endpoint.body, request)
    if endpoint.needs_version:
        seen = _version(request)
        if seen is None:
            return problem("precondition-required", 428, 'send If-Match with the version you have seen, such as "3"')
        values["seen"] = seen
    outcome = await endpoint.run(asked, **values)
    if isinstance(outcome, web.StreamResponse):
        return outcome
    return _response(outcome, endpoint, request, fields)


def _path_value(endpoint: Endpoint, name: str, kind: type, text: str) -> Any:
    if kind is int:
        # What is no number is nobody's id; nor is one that no database could hold.
        if not (text.isascii() and text.isdecimal() and len(text) < 19):
            raise NotFound(endpoint.tag, text)
        return int(text)
    if "\x00" in text:
        raise NotFound(endpoint.tag, text)
    return text


def _query(model: type[BaseModel], given: dict[str, list[str]]) -> BaseModel:
    several = {n for n, f in model.model_fields.items() if "list" in str(f.annotation) or "tuple" in str(f.annotation)}
    for name, found in given.items():
        if name not in several and len(found) > 1:
            raise BadInput(name, "it is given more than once")
    try:
        return model.model_validate({n: v if n in several else v[0] for n, v in given.items()})
    except ValidationError as error:
        raise _bad_input(error) from error


async def _body(model: type[BaseModel], request: web.Request) -> BaseModel:
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="send JSON: Content-Type: application/json")
    try:
        text = (await request.read()).decode()
        if "\\u0000" in text or "\x00" in text:
            raise BadInput("body", "it holds a NUL character", "No text needs one")
        return model.model_validate_json(text)
    except UnicodeDecodeError as error:
        raise web.HTTPBadRequest(text="the body is not UTF-8") from error
    except ValidationError as error:
        raise _bad_input(error) from error


def _bad_input(error: ValidationError) -> BadInput:
    """The first fault, by the name of its field."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "body"
    others = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return BadInput(where, first["msg"] + others)


def _version(request: web.Request) -> int | None:
    text = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _fields(given: list[str] | None) -> frozenset[str] | None:
    """Sparse fields: `?fields=id,name`."""
    return frozenset(name.strip() for text in given for name in text.split(",")) if given else None


def _response(outcome: Any, endpoint: Endpoint, request: web.Request, fields: frozenset[str] | None) -> web.Response:
    if outcome is None:
        return web.Response(status=204)
    headers = {}
    status = 200
    if isinstance(outcome, Created):
        status, outcome, headers = 201, outcome.value, {"Location": PREFIX + outcome.location}
    version = getattr(outcome, "version", None)
    if isinstance(version, int):
        headers["ETag"] = f'"{version}"'
        if request.method == "GET" and request.headers.get("If-None-Match") == headers["ETag"] and fields is None:
            return web.Response(status=304, headers=headers)
    data = TypeAdapter(endpoint.answer).dump_python(outcome, mode="json")
    kind = "application/json" if fields is None else SPARSE
    return web.json_response(_sparse(data, fields), status=status, headers=headers, content_type=kind)


def _sparse(data: Any, fields: frozenset[str] | None) -> Any:
    if fields is None:
        return data
    if isinstance(data, list):
        return [_sparse(one, fields) for one in data]
    if "items" in data:
        return data | {"items": _sparse(data["items"], fields)}
    return {name: value for name, value in data.items() if name in fields}


async def _once(endpoint: Endpoint, asked: Asked, key: str) -> web.StreamResponse:
    """Do it, unless this key was used before: then say again what was said, or refuse where something else was asked.

    https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
    """
    if len(key) > 120 or not key.isascii() or not key.isprintable():
        raise BadInput("Idempotency-Key", "it is longer than 120 characters, or not plain text")
    user_id, request = asked.actor.user_id, asked.request
    digest = hashlib.sha256(f"{request.method} {request.path}\n".encode() + await request.read()).hexdigest()
    async with asked.database.work() as work:
        await idempotency.forget_before(work, asked.now - _KEPT_FOR)
        kept = await idempotency.begin(work, user_id, key, digest, asked.now)
        if kept is not None and kept.status is None and asked.now - kept.at > _DEAD_AFTER:
            kept = None
    if kept is not None:
        if kept.request != digest:
            raise BadInput("Idempotency-Key", "this key was used for another request", "Take a new key")
        if kept.status is None:
            return problem("conflict", 409, "the request with this key is still being worked on", yours={}, current={})
        body = json.loads(kept.body) if kept.body is not None else None
        return web.json_response(body, status=kept.status, headers={**kept.headers, "Idempotent-Replayed": "true"})
    try:
        answer = await _answered(endpoint, asked)
    except BaseException:
        async with asked.database.work() as work:
            await idempotency.forget(work, user_id, key)
        raise
    assert isinstance(answer, web.Response)
    text = answer.text if answer.body is not None else None
    headers = {name: answer.headers[name] for name in ("Location", "ETag") if name in answer.headers}
    async with asked.database.work() as work:
        await idempotency.finish(work, user_id, key, answer.status, text, headers)
    return answer
