"""Reports in a real Chromium: pictures beside tables, filters that swap, plans, print; in themes and directions."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from crm_core.db.engine import Database
from crm_core.domain.access import Role
from crm_core.domain.plans import Measure, Plan
from crm_core.handlers import users
from crm_core.handlers.log_in import Door, log_in
from crm_core.handlers.plans import set_plan
from crm_core.handlers.rules import install_defaults
from crm_core.web.app import Health, make_app
from crm_core.web.doors import COOKIE
from crm_core.web.keys import Workplace
from crm_core.web.static_files import StaticFiles
from tests.browser.chromium import OpenPage
from tests.browser.conftest import Axe, Serve
from tests.crm_core.report_firm import NOW, Firm, make_firm

WEEK = "since=2026-11-16&until=2026-11-20"
PASSWORD = "four words that fit nowhere"


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


@pytest.fixture
async def firm(seeded_site: Database) -> Firm:
    return await make_firm(seeded_site)


@pytest.fixture
async def seeded_site(database: Database) -> Database:
    await install_defaults(database)
    return database


@pytest.fixture
async def base(built_files: StaticFiles, serve: Serve, seeded_site: Database, firm: Firm, tmp_path: Path) -> str:
    assert built_files
    place = Workplace(seeded_site, lambda: NOW, tmp_path, tmp_path / "recordings", country="UZ")
    return await serve(make_app(Health(seeded_site, lambda: NOW), place))


@pytest.fixture
async def cookies(seeded_site: Database, base: str) -> list[Any]:
    """Of a manager who is logged in."""
    await users.create_user(users.NewUser("Meg", Role.MANAGER, PASSWORD), None, seeded_site, NOW)
    opened = await log_in("Meg", PASSWORD, Door(), seeded_site, NOW)
    return [{"name": COOKIE, "value": opened.secret, "url": base}]


async def _drawn(page: Page, count: int) -> None:
    await expect(page.locator("[data-chart] svg")).to_have_count(count)


@pytest.mark.parametrize(
    ("name", "pictures"),
    [("funnel", 2), ("stages", 1), ("customers", 1), ("losses", 1), ("hours", 1), ("operators", 1), ("campaigns", 1)],
)
async def test_each_report_draws_its_pictures_and_axe_finds_nothing(
    open_page: OpenPage, base: str, cookies: list[Any], axe: Axe, name: str, pictures: int
) -> None:
    for theme, language in (("light", "en"), ("dark", "ar")):
        look = [{"name": key, "value": value, "url": base} for key, value in (("theme", theme), ("language", language))]
        page = await open_page(f"{base}/reports/{name}?{WEEK}", theme=theme, cookies=[*cookies, *look])
        await _drawn(page, pictures)
        for width in (360, 1440):
            await page.set_viewport_size({"width": width, "height": 900})
            assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width
            await axe(page)


async def test_the_picture_says_what_the_table_says(open_page: OpenPage, base: str, cookies: list[Any]) -> None:
    page = await open_page(f"{base}/reports/funnel?{WEEK}", cookies=cookies)
    words = await page.locator("[data-chart=chart-1] svg text").all_text_contents()
    assert [word for word in words if word in ("Unsorted", "New", "Offer sent", "Agreed", "Won")] == [
        "Unsorted",
        "New",
        "Offer sent",
        "Agreed",
        "Won",
    ]
    assert [word for word in words if word.isdigit()] == ["7", "6", "5", "3", "2"]


async def test_the_pointer_over_a_bar_is_told_what_it_is(open_page: OpenPage, base: str, cookies: list[Any]) -> None:
    page = await open_page(f"{base}/reports/funnel?{WEEK}", cookies=cookies)
    bars, tip = page.locator("[data-chart=chart-1] svg rect"), page.locator("[data-chart=chart-1] .chart-tip")
    await expect(tip).to_be_hidden()
    await bars.nth(1).hover()
    await expect(tip).to_contain_text("New")
    await expect(tip).to_contain_text("6")
    await page.keyboard.press("Escape")
    await expect(tip).to_be_hidden()


async def test_bars_grow_with_their_figures_from_the_side_where_reading_begins(
    open_page: OpenPage, base: str, cookies: list[Any]
) -> None:
    for language, begins in (("en", "left"), ("ar", "right")):
        look = [{"name": "language", "value": language, "url": base}]
        page = await open_page(f"{base}/reports/funnel?{WEEK}", cookies=[*cookies, *look])
        boxes = [await one.bounding_box() for one in await page.locator("[data-chart=chart-1] svg rect").all()]
        found = [box for box in boxes if box is not None]
        starts = {round(box["x"] if begins == "left" else box["x"] + box["width"]) for box in found}
        assert len(starts) == 1, language
        for box, of_seven in zip(found, (7, 6, 5, 3, 2), strict=True):
            assert box["width"] == pytest.approx(found[0]["width"] * of_seven / 7, abs=0.5)


async def test_a_filter_swaps_table_and_picture(open_page: OpenPage, base: str, cookies: list[Any], firm: Firm) -> None:
    page = await open_page(f"{base}/reports/funnel?{WEEK}", cookies=cookies)
    await _drawn(page, 2)
    await page.select_option("[name=team_id]", str(firm.south))
    await expect(page.locator("tbody tr").first.locator("td").first).to_have_text("3")
    await _drawn(page, 2)
    await expect(page).to_have_url(f"{base}/reports/funnel?{WEEK}&team_id={firm.south}&user_id=&campaign_id=")


async def test_a_plan_is_set_and_its_monitor_shown(
    open_page: OpenPage, base: str, cookies: list[Any], seeded_site: Database, firm: Firm, axe: Axe
) -> None:
    plan = Plan(None, firm.north, "2026-11", Measure.TALKS, Decimal(10))
    await set_plan(firm.manager, plan, seeded_site, NOW)
    page = await open_page(f"{base}/reports/plans?{WEEK}", cookies=cookies)
    await _drawn(page, 1)
    await page.keyboard.press("n")
    await page.select_option("[name=whose]", label="Ann")
    await page.select_option("[name=measure]", "talks")
    await page.fill("[name=target]", "8")
    await axe(page)
    await page.get_by_role("button", name="Set it").click()
    await expect(page.locator("progress[aria-label='Ann: Talks']")).to_have_attribute("max", "8.0")
    await expect(page.locator("progress[aria-label='North: Talks']")).to_have_attribute("value", "4.0")


async def test_on_paper_there_is_the_report_alone(open_page: OpenPage, base: str, cookies: list[Any]) -> None:
    page = await open_page(f"{base}/reports/hours?{WEEK}", cookies=cookies)
    await _drawn(page, 1)
    await page.emulate_media(media="print")
    for gone in (".side", ".filters", ".tabs", ".report-spans"):
        await expect(page.locator(gone).first).to_be_hidden()
    await expect(page.locator("[data-chart] svg")).to_be_visible()
    await expect(page.locator("table").first).to_be_visible()
