"""The service worker in a real Chromium: without a server a page says so, and nothing that is somebody's is kept."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from playwright.async_api import Page, expect

from crm_core.db.engine import Database
from crm_core.domain.access import Role
from crm_core.handlers import users
from crm_core.handlers.rules import install_defaults
from crm_core.web.app import Health, make_app
from crm_core.web.keys import Workplace
from crm_core.web.static_files import StaticFiles
from tests.browser.chromium import Faults, OpenPage
from tests.crm_core.crm import add_contact

PASSWORD = "four words that fit nowhere"
#: Every address that the worker keeps, with what is kept under it.
_KEPT = """async () => {
    const found = {};
    for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys())
            found[new URL(request.url).pathname] = await (await cache.match(request)).text();
    }
    return found;
}"""


def _now() -> datetime:
    return datetime.now(UTC)


class Server:
    """The whole application on one port, which goes and comes back."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database, self._folder, self._port = database, folder, 0
        self._runner: web.AppRunner | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        place = Workplace(self._database, _now, self._folder, self._folder / "recordings", country="UZ")
        app = make_app(Health(self._database, _now), place)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


@pytest.fixture
async def server(built_files: StaticFiles, database: Database, tmp_path: Path, faults: Faults) -> AsyncIterator[Server]:
    faults.expect("/live")  # no push stream is served here
    assert built_files
    await install_defaults(database)
    await users.create_user(users.NewUser("Ada", Role.MANAGER, PASSWORD), None, database, _now())
    await add_contact(database, "Rustam Aliyev", "+998901112233")
    one = Server(database, tmp_path)
    await one.start()
    try:
        yield one
    finally:
        await one.stop()


async def _with_worker(page: Page) -> None:
    """Wait until the worker has the page in hand."""
    await page.wait_for_function("() => navigator.serviceWorker.controller?.state === 'activated'")


async def test_without_a_server_a_page_says_so_and_keeps_nothing_of_anybody(
    server: Server, open_page: OpenPage, faults: Faults
) -> None:
    page = await open_page(server.base + "/login")
    await _with_worker(page)
    await page.get_by_label("Log-in name").fill("Ada")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await page.goto(server.base + "/contacts")
    await expect(page.get_by_role("link", name="Rustam Aliyev")).to_be_visible()
    assert await page.evaluate("async () => (await fetch('/api/v1/contacts')).status") == 200
    kept = await page.evaluate(_KEPT)
    assert {path for path in kept if not path.startswith("/static/")} == {"/offline"}
    assert not [path for path, text in kept.items() if "Rustam" in text or "Ada" in text]
    assert 'name="csrf" content=""' in kept["/offline"]

    faults.expect("ERR_CONNECTION_REFUSED|ERR_FAILED|Failed to fetch")
    await server.stop()
    await page.goto(server.base + "/contacts?whose=mine")
    await expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    assert page.url == server.base + "/contacts?whose=mine"  # the page that was asked for
    assert await page.evaluate("getComputedStyle(document.querySelector('h1')).fontWeight") == "600"  # with its style

    await server.start()
    await page.get_by_role("link", name="Try again").click()
    await expect(page.get_by_role("heading", name="Contacts")).to_be_visible()
    assert page.url == server.base + "/contacts?whose=mine"


async def test_the_page_without_a_connection_is_in_the_language_last_used(
    server: Server, open_page: OpenPage, faults: Faults
) -> None:
    page = await open_page(server.base + "/login")
    await _with_worker(page)
    await page.context.add_cookies([{"name": "language", "value": "ru", "url": server.base}])
    await page.reload()
    await page.wait_for_function("async () => (await (await caches.match('/offline')).text()).includes('lang=\"ru\"')")
    faults.expect("ERR_CONNECTION_REFUSED|ERR_FAILED|Failed to fetch")
    await server.stop()
    await page.reload()
    await expect(page.get_by_role("heading", name="Нет связи")).to_be_visible()


async def test_the_browser_can_install_it(server: Server, open_page: OpenPage) -> None:
    """The manifest as Chromium reads it has no fault, and its pictures are as large as it says."""
    page = await open_page(server.base + "/login")
    inspector = await page.context.new_cdp_session(page)
    read = await inspector.send("Page.getAppManifest")
    assert read["errors"] == []
    assert read["url"] == server.base + "/manifest.webmanifest"
    missing = (await inspector.send("Page.getInstallabilityErrors"))["installabilityErrors"]
    assert {one["errorId"] for one in missing} <= {"in-incognito"}  # as every window of a test is
    async with ClientSession(server.base) as client:
        async with client.get("/manifest.webmanifest") as answer:
            about = await answer.json()
        pictures = [one for one in about["icons"] if one["type"] == "image/png"]
        assert {one["purpose"] for one in pictures} == {"any", "maskable"}
        for one in pictures:
            async with client.get(one["src"]) as answer:
                width, height = struct.unpack(">II", (await answer.read())[16:24])  # PNG, 11.2.2: IHDR comes first
            assert f"{width}x{height}" == one["sizes"]
