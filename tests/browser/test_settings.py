"""Search box, bell and settings in a real Chromium: by keyboard, with pushes, in both themes and directions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from crm_core.bot_scripts import SiteScripts
from crm_core.commands import CreateDeal
from crm_core.db.engine import Database
from crm_core.domain.access import Actor, Role
from crm_core.domain.notices import Notice, NoticeKind
from crm_core.events import CallMissed
from crm_core.handlers import notices, users
from crm_core.handlers.log_in import Door, log_in
from crm_core.handlers.relay import OutboxRelay
from crm_core.handlers.rules import install_defaults
from crm_core.handlers.sales import create_deal
from crm_core.streams import InProcessStream
from crm_core.web.app import Health, make_app
from crm_core.web.campaign_tools import BOT_SCRIPTS
from crm_core.web.doors import COOKIE
from crm_core.web.keys import Workplace
from crm_core.web.live.hub import LiveHub
from crm_core.web.live.stream import add_live
from crm_core.web.static_files import StaticFiles
from tests.browser.chromium import OpenPage
from tests.browser.conftest import Axe, Serve
from tests.crm_core.crm import add_call, add_contact

PASSWORD = "four words that fit nowhere"
NUMBER = "+998901112233"
PAGES = (
    *("/settings", "/settings/users", "/settings/users/1", "/settings/teams", "/settings/pipelines"),
    *("/settings/pipelines/1", "/settings/fields", "/settings/results", "/settings/results/later"),
    *("/settings/rules", "/settings/rules/1", "/settings/hours", "/settings/numbers", "/settings/trunks/new"),
    *("/settings/templates", "/settings/templates/edit", "/settings/tokens", "/settings/webhooks"),
    *("/settings/audit", "/notifications", "/search?q=rust"),
)


def _now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


@pytest.fixture
async def me(database: Database) -> Actor:
    """An administrator, with somebody and something to find."""
    await install_defaults(database)
    user_id = await users.create_user(users.NewUser("Ada", Role.ADMINISTRATOR, PASSWORD), None, database, _now())
    contact = await add_contact(database, "Rustam Aliyev", NUMBER, owner_id=user_id)
    deal = CreateDeal("Rustam's sanatorium", "Ada", owner_id=user_id, contact_id=contact)
    await create_deal(deal, database, _now())
    return await users.actor_by_id(user_id, database)


@pytest.fixture
async def base(
    built_files: StaticFiles, serve: Serve, database: Database, me: Actor, tmp_path: Path
) -> AsyncIterator[str]:
    """The whole application with its pushes."""
    assert built_files
    place = Workplace(database, _now, tmp_path, tmp_path / "recordings", country="UZ")
    app = make_app(Health(database, _now), place)
    app[BOT_SCRIPTS] = SiteScripts({}, tmp_path)
    stream = InProcessStream()
    hub = LiveHub(database, stream, _now, "live")
    add_live(app, hub)
    parts = [asyncio.create_task(hub.run()), asyncio.create_task(OutboxRelay(database, stream, _now).run())]
    yield await serve(app)
    for part in parts:
        part.cancel()
    await asyncio.gather(*parts, return_exceptions=True)


@pytest.fixture
async def cookies(database: Database, base: str) -> list[Any]:
    opened = await log_in("Ada", PASSWORD, Door(), database, _now())
    return [{"name": COOKIE, "value": opened.secret, "url": base}]


async def test_somebody_is_found_from_anywhere_by_keyboard(open_page: OpenPage, base: str, cookies: list[Any]) -> None:
    page = await open_page(f"{base}/settings/teams", cookies=cookies)
    await page.keyboard.press("/")
    await expect(page.locator("#search")).to_be_focused()
    await page.keyboard.type("111-22")
    found = page.locator("#search-found a")
    await expect(found).to_have_count(1)
    await expect(found.first).to_contain_text("Rustam Aliyev")
    await page.locator("#search").fill("rust")
    await expect(found).to_have_count(2)  # and his deal
    await page.keyboard.press("ArrowDown")
    await expect(found.nth(0)).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(found.nth(1)).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ArrowUp")
    await expect(page.locator("#search")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{base}/contacts/1")


async def test_escape_empties_the_box_and_enter_leads_to_the_page(
    open_page: OpenPage, base: str, cookies: list[Any]
) -> None:
    page = await open_page(f"{base}/settings", cookies=cookies)
    await page.keyboard.press("/")
    await page.keyboard.type("nobody at all")
    await expect(page.locator("#search-found")).to_contain_text("Nothing found")
    await page.keyboard.press("Escape")
    await expect(page.locator("#search-found")).to_be_empty()
    await expect(page.locator("#search")).to_have_value("")
    await page.keyboard.type("rustam")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{base}/search?q=rustam")
    await expect(page.locator("main")).to_contain_text("Rustam's sanatorium")


async def test_the_bell_rings_in_every_tab_and_falls_silent_in_every_tab(
    open_page: OpenPage, base: str, cookies: list[Any], database: Database, me: Actor, axe: Axe
) -> None:
    one = await open_page(f"{base}/settings", cookies=cookies)
    other = await open_page(f"{base}/settings/teams", cookies=cookies)
    for page in (one, other):
        await expect(page.locator("#live")).to_have_attribute("data-state", "on")
        await expect(page.locator("#bell-count")).to_be_hidden()
    new = [Notice(me.user_id, f"k{n}", NoticeKind.TASK_GIVEN, f"Send offer {n}", "/settings/hours") for n in range(2)]
    await notices.tell(new, database, _now())
    for page in (one, other):
        await expect(page.locator("#bell-count")).to_have_text("2")
    await one.locator("[popovertarget=notifications]").click()
    await expect(one.locator("#notifications a.notice-line")).to_have_count(2)
    await axe(one, "#notifications")
    await one.locator("#notifications a.notice-line").first.click()
    await expect(one).to_have_url(f"{base}/settings/hours")
    for page in (one, other):
        await expect(page.locator("#bell-count")).to_have_text("1")
    await other.locator("[popovertarget=notifications]").click()
    await other.get_by_role("button", name="Mark all as read").click()
    for page in (one, other):
        await expect(page.locator("#bell-count")).to_be_hidden()


async def test_a_rule_is_put_together_and_tried_before_it_is_kept(
    open_page: OpenPage, base: str, cookies: list[Any], database: Database, axe: Axe
) -> None:
    await add_call(database, "m-1", direction="incoming", started_at=_now(), number=NUMBER)
    async with database.work() as work:
        work.publish(CallMissed("m-1", NUMBER, None, False, _now()))
    page = await open_page(f"{base}/settings/rules", cookies=cookies)
    await page.keyboard.press("n")
    await page.fill("[name=name]", "Ring whoever was missed")
    await page.locator("[name=trigger]").focus()
    await page.select_option("[name=trigger]", "CallMissed")
    await expect(page.locator("[name=trigger]")).to_be_focused()  # the form came anew, the place stayed
    await page.get_by_role("button", name="Add a condition").click()
    await page.select_option("[name='c0.field']", "after_hours")
    await expect(page.locator("[name='c0.value'] option")).to_have_text(["yes", "no"])
    await page.select_option("[name='c0.value']", "no")
    await page.fill("[name='a0.title']", "Ring {number}")
    await page.get_by_role("button", name="Try it on the past").click()
    await expect(page.locator("#tried")).to_contain_text(f"Ring {NUMBER}")
    await axe(page)
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("Saved")).to_be_visible()
    await expect(page.locator("[name='a0.title']")).to_have_value("Ring {number}")
    await page.goto(f"{base}/settings/rules")
    row = page.locator("tr", has_text="Ring whoever was missed")
    await row.get_by_role("button", name="Actions").click()
    await page.get_by_role("button", name="Turn off").click()
    await expect(row).to_contain_text("Off")


@pytest.mark.parametrize(("theme", "language"), [("light", "en"), ("dark", "ar")])
async def test_axe_finds_nothing_and_nothing_is_cut_off(
    open_page: OpenPage, base: str, cookies: list[Any], axe: Axe, theme: str, language: str
) -> None:
    look = [{"name": name, "value": value, "url": base} for name, value in (("theme", theme), ("language", language))]
    for path in PAGES:
        page = await open_page(base + path, theme=theme, cookies=[*cookies, *look])
        for width in (360, 1440):
            await page.set_viewport_size({"width": width, "height": 900})
            assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, (path, width)
            await axe(page)
        await page.close()
