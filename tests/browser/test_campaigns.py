"""Campaigns in a real Chromium: from a dropped file to a campaign that dials; rules said anew as they are written."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import insert

from crm_core.db import campaigns
from crm_core.db.engine import Database
from crm_core.db.tables import attempts
from crm_core.domain.access import Role
from crm_core.handlers import users
from crm_core.handlers.log_in import Door, log_in
from crm_core.handlers.rules import install_defaults
from crm_core.web.app import Health, make_app
from crm_core.web.doors import COOKIE
from crm_core.web.keys import Workplace
from crm_core.web.static_files import StaticFiles
from tests.browser.chromium import Faults, OpenPage
from tests.browser.conftest import Axe, Serve
from tests.crm_core.dialing import TRUNK, add_campaign, attempt_for, lead_ids, number_of
from tests.crm_core.web.campaign_site import add_tools
from tests.crm_core.web.conftest import utc_now

PASSWORD = "four words that fit nowhere"
CSV = "Who;Dial;Town\nAnn;901234567;Tashkent\nBob;12;Bukhara\nCid;901234568;Tashkent\n"


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


@pytest.fixture
async def base(built_files: StaticFiles, serve: Serve, database: Database, tmp_path: Path, faults: Faults) -> str:
    assert built_files
    faults.expect("/live")  # no push stream is served here; the board asks by itself
    await install_defaults(database)
    async with database.work() as work:
        await campaigns.put_trunk(work, TRUNK)
    app = make_app(Health(database, utc_now), Workplace(database, utc_now, tmp_path, tmp_path, country="UZ"))
    add_tools(app)
    return await serve(app)


@pytest.fixture
async def cookies(database: Database, base: str) -> list[Any]:
    """Of a marketer who is logged in."""
    await users.create_user(users.NewUser("Marta", Role.MARKETER, PASSWORD), None, database, utc_now())
    opened = await log_in("Marta", PASSWORD, Door(), database, utc_now())
    return [{"name": COOKIE, "value": opened.secret, "url": base}]


async def _import(page: Page) -> None:
    """Drop the file, say what its columns hold, import it."""
    file = {"name": "leads.csv", "mimeType": "text/csv", "buffer": CSV.encode()}
    await page.locator("#f-file").set_input_files(file)  # type: ignore[arg-type]
    await expect(page.get_by_text("No column seems to hold telephone numbers")).to_be_visible()
    await page.get_by_label("Dial").select_option("phone")
    await expect(page.get_by_role("row").filter(has_text="Left out")).to_have_count(1)
    await page.get_by_label("Who").select_option("name")
    await expect(page.get_by_role("rowheader", name="Cid")).to_be_visible()
    await page.get_by_label("Name of the new list").fill("May")
    await page.get_by_role("button", name="Import").click()
    await expect(page.get_by_text("What became of the rows")).to_be_visible(timeout=30_000)


async def test_from_a_file_to_a_campaign_that_runs(
    base: str, cookies: list[Any], open_page: OpenPage, axe: Axe
) -> None:
    page = await open_page(f"{base}/campaigns/lists", cookies=cookies)
    await axe(page)
    await _import(page)
    async with page.expect_download() as download:
        await page.get_by_role("link", name="The rows with faults").click()
    path = await (await download.value).path()
    assert '"Bob";"12"' in await asyncio.to_thread(path.read_text)
    await axe(page)
    await page.get_by_role("link", name="New campaign with it").click()
    await page.get_by_label("Name", exact=False).first.fill("Spring offer")
    await page.get_by_label("It rings, seconds").fill("41")
    await expect(page.locator("#means")).to_contain_text("rings for 41 seconds")
    await page.get_by_label("How it dials").select_option("bot")
    await expect(page.get_by_label("Script of the robot")).to_be_visible()
    await expect(page.get_by_label("Abandoned, at most, percent")).to_be_hidden()
    await page.get_by_label("How it dials").select_option("predictive")
    await expect(page.get_by_label("Script of the robot")).to_be_hidden()
    await page.get_by_label("Whose rules on abandoned calls hold").select_option("ofcom")
    await page.get_by_label("Operators busy, at most").fill("85")
    await expect(page.locator("#means")).to_contain_text("The rules of Britain")
    await expect(page.locator("#means")).to_contain_text("at most 85% of their time")
    await axe(page)
    await page.get_by_role("button", name="Make the campaign").click()
    await expect(page.get_by_role("heading", name="Spring offer")).to_be_visible()
    await expect(page.locator("#board")).to_contain_text("0 of 2")
    await page.get_by_role("button", name="Look through the leads").click()
    await expect(page.locator("#outlook li").first).to_be_visible()
    await page.get_by_role("button", name="Start", exact=True).click()
    await expect(page.locator("#campaign-state")).to_contain_text("Running")
    await page.get_by_role("button", name="Pause").click()
    await expect(page.locator("#campaign-state")).to_contain_text("Paused")
    await axe(page)


async def test_the_board_moves_and_stop_stays_in_sight(
    base: str, cookies: list[Any], open_page: OpenPage, axe: Axe, database: Database
) -> None:
    campaign = await add_campaign(database, leads_wanted=2)
    page = await open_page(f"{base}/campaigns/{campaign.id}", cookies=cookies)
    await expect(page.locator("#minutes canvas")).to_be_visible()
    await expect(page.locator("#dials")).to_contain_text("Nothing is being dialed")
    attempt = attempt_for(campaign, (await lead_ids(database, campaign))[0], number_of(0), utc_now())
    names = ("id", "campaign_id", "lead_id", "number", "trunk", "caller_id", "created_at", "leased_until")
    async with database.work() as work:
        await work.run(insert(attempts).values({name: getattr(attempt, name) for name in names}))
    await page.evaluate("document.body.dispatchEvent(new CustomEvent('trunkline:floor'))")
    await expect(page.locator("#dials")).to_contain_text("person 0")
    await expect(page.locator("#lines-ringing")).to_have_text("1")
    await expect(page.locator("#minutes canvas")).to_be_visible()
    await page.evaluate("scrollTo(0, document.body.scrollHeight)")
    await expect(page.get_by_role("button", name="Stop", exact=True)).to_be_in_viewport()
    await page.get_by_role("button", name="Stop all dialing").first.click()
    await page.get_by_label("Why").first.fill("complaints")
    await page.locator("#stop-dialing").get_by_role("button", name="Stop all dialing").click()
    await expect(page.get_by_text("All dialing is stopped, by Marta: complaints")).to_be_visible()
    await axe(page)
