"""The rehearsal of a campaign in a real Chromium: asked for on its page, watched, read; axe finds nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from crm_core.db.engine import Database
from crm_core.domain.access import Role
from crm_core.handlers import users
from crm_core.handlers.log_in import Door, log_in
from crm_core.handlers.rules import install_defaults
from crm_core.web.app import Health, make_app
from crm_core.web.doors import COOKIE
from crm_core.web.keys import Workplace
from crm_core.web.rehearsal_tools import REHEARSER
from crm_core.web.static_files import StaticFiles
from dialer.rehearsal_process import RehearsalProcess
from tests.browser.chromium import Faults, OpenPage
from tests.browser.conftest import Axe, Serve
from tests.crm_core.dialing import add_campaign
from tests.crm_core.web.campaign_site import add_tools
from tests.crm_core.web.conftest import utc_now

PASSWORD = "four words that fit nowhere"


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


@pytest.fixture
async def base(built_files: StaticFiles, serve: Serve, database: Database, tmp_path: Path, faults: Faults) -> str:
    assert built_files
    faults.expect("/live")  # no push stream is served here; the board asks by itself
    await install_defaults(database)
    app = make_app(Health(database, utc_now), Workplace(database, utc_now, tmp_path, tmp_path, country="UZ"))
    add_tools(app)
    app[REHEARSER] = RehearsalProcess()
    return await serve(app)


async def _jar(database: Database, base: str, **kept: str) -> list[Any]:
    opened = await log_in("Marta", PASSWORD, Door(), database, utc_now())
    return [{"name": name, "value": value, "url": base} for name, value in {COOKIE: opened.secret, **kept}.items()]


async def test_from_an_empty_panel_to_a_forecast(base: str, database: Database, open_page: OpenPage, axe: Axe) -> None:
    await users.create_user(users.NewUser("Marta", Role.MARKETER, PASSWORD), None, database, utc_now())
    campaign = await add_campaign(database, "Spring offer", leads_wanted=400)
    page = await open_page(f"{base}/campaigns/{campaign.id}", cookies=await _jar(database, base))
    panel = page.locator("#rehearsal")
    await expect(panel).to_contain_text("has not been rehearsed yet")
    await panel.get_by_label("Operators").fill("4")
    await panel.get_by_role("button", name="Rehearse", exact=True).press("Enter")
    await expect(panel).to_contain_text("Finished about", timeout=120_000)
    await expect(panel.locator("svg.rehearsal-finish")).to_be_visible()
    await expect(panel).to_contain_text("400 leads to dial, 4 operators")
    await panel.locator("summary").click()
    await axe(page)
    shots = os.environ.get("REHEARSAL_SHOTS")
    for theme, width, language in (("light", 360, "ar"), ("dark", 1280, "ru")):
        jar = await _jar(database, base, theme=theme, language=language)
        other = await open_page(f"{base}/campaigns/{campaign.id}/rehearsal", width=width, theme=theme, cookies=jar)
        await expect(other.locator("#rehearsal svg.rehearsal-finish")).to_be_visible()
        await axe(other)
        assert not await other.evaluate("document.documentElement.scrollWidth > innerWidth"), (theme, width)
        if shots:
            await other.screenshot(path=f"{shots}/{theme}-{width}.png", full_page=True)
