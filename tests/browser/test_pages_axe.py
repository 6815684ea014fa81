"""The everyday pages in a real Chromium: axe finds nothing in either theme, nothing is cut off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from crm_core.db.engine import Database
from crm_core.web.doors import COOKIE
from crm_core.web.static_files import StaticFiles
from tests.browser.chromium import OpenPage
from tests.browser.conftest import Axe, Serve
from tests.browser.desk_site import CALL, TALK, application, cookie_of, fill

PAGES = (
    *("/operator", "/tasks", "/tasks?when=later", "/contacts", "/contacts/1", f"/calls/{CALL}", f"/calls/{TALK}"),
    *("/companies", "/account", "/login", "/offline", "/api/", "/api/nouns/tasks"),
)
THEMES = ("light", "dark")
#: A phone held upright, and a desk; languages from left to right and from right to left.
SHAPES = ((360, "ar"), (1440, "en"))


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


@pytest.fixture
async def base(built_files: StaticFiles, serve: Serve, database: Database, tmp_path: Path) -> str:
    assert built_files
    await fill(database)
    return await serve(application(database, tmp_path))


async def _jar(database: Database, base: str, name: str | None, **kept: str) -> list[Any]:
    jar = dict(kept) if name is None else {COOKIE: await cookie_of(name, database), **kept}
    return [{"name": key, "value": value, "url": base} for key, value in jar.items()]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("width", "language"), SHAPES)
async def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    open_page: OpenPage, base: str, database: Database, axe: Axe, theme: str, width: int, language: str
) -> None:
    jars = {name: await _jar(database, base, name, theme=theme, language=language) for name in ("Ada", None)}
    for somebody, jar in jars.items():
        page = await open_page(f"{base}/offline", width=width, theme=theme, cookies=jar)
        for path in PAGES:
            if (path == "/login") is (somebody is None):
                await page.goto(base + path)
                await axe(page)
                assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth"), path


async def test_hints_stay_away_once_they_are_closed_but_for_that_user_alone(
    open_page: OpenPage, base: str, database: Database, axe: Axe
) -> None:
    page = await open_page(f"{base}/", cookies=await _jar(database, base, "Malika"))
    hints = page.get_by_role("complementary", name="Where is what")
    await expect(hints.get_by_role("link")).to_have_count(3)
    await axe(page)
    await page.goto(f"{base}/account")
    await expect(hints).to_have_count(0)
    await page.goto(f"{base}/")
    await page.get_by_role("button", name="Got it").click()
    await expect(hints).to_have_count(0)
    await expect(page.locator("#main")).to_be_focused()
    await page.reload()
    await expect(page.get_by_role("heading", name="Campaigns", level=1)).to_be_visible()
    await expect(hints).to_be_hidden()
    await page.context.add_cookies(await _jar(database, base, "Otabek"))
    await page.goto(f"{base}/")
    await expect(hints.get_by_role("listitem")).to_have_count(3)


async def test_a_command_of_the_api_is_copied(open_page: OpenPage, base: str, database: Database) -> None:
    cookies = await _jar(database, base, "Ada")
    page = await open_page(f"{base}/api/", cookies=cookies, permissions=["clipboard-read", "clipboard-write"])
    await page.get_by_role("searchbox", name="Search", exact=True).fill("tasks soonest")
    await page.get_by_role("link", name="Tasks, soonest due first").click()
    await expect(page).to_have_url(f"{base}/api/nouns/tasks#list_tasks")
    await page.locator("#list_tasks [data-copy='list_tasks-curl']").click()
    await expect(page.get_by_text("Copied")).to_be_visible()
    command = await page.evaluate("navigator.clipboard.readText()")
    assert command.startswith(f"curl {base}/api/v1/tasks ")
