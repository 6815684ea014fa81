"""What the pages and the API stand on, found in the application: one value for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from aiohttp import web

from crm_core.db.engine import Database
from crm_core.db.sessions import Session
from crm_core.domain.access import Actor
from crm_core.web.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Workplace:
    """The parts of the service that people reach by their browser.

    `https`: it is reached by https (through a proxy), so cookies are for https only and the proxy's word is taken for
    the visitor's address. `phone_address`: the secure websocket of browser phones (wss://…), None where there is none;
    `ice_servers`: what such a browser may go by to reach the switch.
    """

    database: Database
    now: Callable[[], datetime]
    home: Path
    recordings: Path
    country: str | None = None
    https: bool = False
    phone_address: str | None = None
    ice_servers: tuple[Mapping[str, str], ...] = ()


WORKPLACE = web.AppKey("workplace", Workplace)
#: Who asks, and by which session; None for nobody, and for a token (which has no session).
ACTOR: web.RequestKey[Actor | None] = web.RequestKey("actor", object)  # type: ignore[arg-type]
SESSION: web.RequestKey[Session | None] = web.RequestKey("session", object)  # type: ignore[arg-type]
#: Who looks at a page: always somebody, known or not.
VIEWER: web.RequestKey[Viewer] = web.RequestKey("viewer", Viewer)
