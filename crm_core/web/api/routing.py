"""Endpoints of the API: typed functions, from whose signatures come checking, answers and the OpenAPI document.

An endpoint is an async function. Its first parameter is `Asked`; the others are taken by their names:
`query` and `body` (pydantic models), `seen` (int: the version in If-Match, which the client must send), and the names
in braces in the path (int or str). It returns a pydantic model, a list of them, `Created`, a stream, or None.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from crm_core.db.engine import Database
from crm_core.domain.access import Actor, Right

M = TypeVar("M", bound=BaseModel)
PREFIX = "/api/v1"
#: The media type of an answer from which `?fields=` has left fields out: it does not keep to the schema.
SPARSE = "application/vnd.trunkline.sparse+json"


class Model(BaseModel):
    """What bodies, queries and answers are made of: nothing unknown is taken, nothing is changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True, str_strip_whitespace=True)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, of what, and when."""

    actor: Actor
    database: Database
    now: datetime
    request: web.Request


@dataclass(frozen=True, slots=True)
class Created(Generic[M]):
    """What was made, and where it is: a path below /api/v1."""

    value: M
    location: str


class Counted(Model):
    """How many there are, counted up to a limit: `more` says that there are more than that."""

    count: int
    more: bool


class Page(Model, Generic[M]):
    """Some of a list. `next` is the cursor of those after them, None at the end."""

    items: list[M]
    next: str | None = None
    total: Counted | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method on one path. `path` is below /api/v1, with {name} for its parts."""

    method: str
    path: str
    summary: str
    description: str
    right: Right | None
    run: Callable[..., Awaitable[Any]]
    path_types: Mapping[str, type]
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    needs_version: bool
    answer: Any
    created: bool
    media_types: tuple[str, ...]
    takes_file: bool
    errors: tuple[int, ...]
    tag: str


@dataclass(slots=True)
class Routes:
    """Endpoints of one noun; `tag` heads them in the document."""

    tag: str
    endpoints: list[Endpoint] = field(default_factory=list)

    def __call__(
        self,
        method: str,
        path: str,
        *,
        right: Right | None,
        streams: tuple[str, ...] = (),
        takes_file: bool = False,
        errors: tuple[int, ...] = (),
    ) -> Callable[[Callable[..., Awaitable[Any]]], Callable[..., Awaitable[Any]]]:
        """Make a function an endpoint. `right` None: whoever is logged in. `streams`: the media types it answers itself
        (it returns a web.StreamResponse). `errors`: statuses besides those that every endpoint of its shape has."""

        def made(run: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
            self.endpoints.append(_endpoint(method, path, run, right, streams, takes_file, errors, self.tag))
            return run

        return made


def _endpoint(
    method: str,
    path: str,
    run: Callable[..., Awaitable[Any]],
    right: Right | None,
    streams: tuple[str, ...],
    takes_file: bool,
    errors: tuple[int, ...],
    tag: str,
) -> Endpoint:
    hints = typing.get_type_hints(run)
    answer = hints.pop("return")
    names = list(inspect.signature(run).parameters)[1:]
    in_path = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    known = {"query", "body", "seen", *in_path}
    if unknown := set(names) - known:
        raise TypeError(f"{run.__qualname__}: parameters {unknown} are neither query, body, seen nor in {path}")
    summary, _, description = (inspect.getdoc(run) or "").partition("\n")
    if not summary:
        raise TypeError(f"{run.__qualname__} needs a docstring: it is its line in the document")
    is_created = typing.get_origin(answer) is Created
    return Endpoint(
        method=method,
        path=path,
        summary=summary.rstrip("."),
        description=" ".join(description.split()),
        right=right,
        run=run,
        path_types={name: hints[name] for name in in_path},
        query=hints.get("query"),
        body=hints.get("body"),
        needs_version="seen" in names,
        answer=typing.get_args(answer)[0] if is_created else answer,
        created=is_created,
        media_types=streams,
        takes_file=takes_file,
        errors=errors,
        tag=tag,
    )
