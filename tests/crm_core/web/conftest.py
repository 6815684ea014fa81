"""The web application on a test's own database, with people who log in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession, CookieJar, web
from argon2 import PasswordHasher

from crm_core.db.engine import Database
from crm_core.domain.access import Actor, Role
from crm_core.handlers import passwords, users
from crm_core.handlers.log_in import Door, log_in
from crm_core.streams import InProcessStream
from crm_core.web.app import Health, make_app
from crm_core.web.doors import COOKIE, CSRF_HEADER
from crm_core.web.keys import Workplace
from crm_core.web.live.hub import LiveHub
from crm_core.web.live.stream import add_live
from tests.crm_core.web.campaign_site import add_tools

PASSWORD = "four words that fit nowhere"


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same argon2id with less work: the tests log in some hundred times."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1))


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Visitor:
    """Somebody's browser: it holds his cookie, and sends the word against forgery with every change."""

    actor: Actor
    base: str
    client: ClientSession
    csrf: str

    async def ask(self, method: str, path: str, **options: Any) -> ClientResponse:
        """One request; redirects are not followed."""
        headers = {CSRF_HEADER: self.csrf} | options.pop("headers", {})
        return await self.client.request(method, self.base + path, headers=headers, allow_redirects=False, **options)

    async def get(self, path: str, **options: Any) -> ClientResponse:
        return await self.ask("GET", path, **options)

    async def post(self, path: str, **options: Any) -> ClientResponse:
        return await self.ask("POST", path, **options)


@dataclass(slots=True)
class Site:
    """The running application: `base` is its address."""

    base: str
    database: Database
    place: Workplace


@pytest.fixture
def workplace(site: Database, tmp_path: Path) -> Workplace:
    """What the application of `web_site` stands on: a database with what Trunkline is shipped with."""
    return Workplace(site, utc_now, tmp_path, tmp_path / "recordings", country="UZ")


@pytest.fixture
def app_parts() -> dict[Any, Any]:
    """What a test gives the application besides: values by their AppKey, such as a switch."""
    return {}


@pytest.fixture
async def web_site(workplace: Workplace, app_parts: dict[Any, Any]) -> AsyncIterator[Site]:
    """The whole application on a free port of the loopback."""
    app = make_app(Health(workplace.database, utc_now), workplace)
    add_tools(app)
    add_live(app, LiveHub(workplace.database, InProcessStream(), utc_now, "live"))
    for key, part in app_parts.items():
        app[key] = part
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield Site(f"http://{host}:{port}", workplace.database, workplace)
    finally:
        await runner.cleanup()


Login = Callable[..., Awaitable[Visitor]]


@pytest.fixture
async def login(web_site: Site) -> AsyncIterator[Login]:
    """`await login(role, name=…, team=…, …)` makes a user and opens his browser; see handlers.users.NewUser."""
    clients: list[ClientSession] = []

    async def logged_in(role: Role, name: str | None = None, **more: Any) -> Visitor:
        name = name or f"{role.value} {len(clients)}"
        new = users.NewUser(name, role, PASSWORD, **more)
        user_id = await users.create_user(new, None, web_site.database, utc_now())
        opened = await log_in(name, PASSWORD, Door(), web_site.database, utc_now())
        client = ClientSession(cookie_jar=CookieJar(unsafe=True))
        clients.append(client)
        client.cookie_jar.update_cookies({COOKIE: opened.secret})
        actor = await users.actor_by_id(user_id, web_site.database)
        return Visitor(actor, web_site.base, client, opened.session.csrf)

    yield logged_in
    for client in clients:
        await client.close()
