"""The phone's window and the operator's page without a switch: what they say of it, by what keys, and axe."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect
from sqlalchemy import update

from crm_core.db.engine import Database, opened_database
from crm_core.db.tables import agents
from crm_core.domain.access import Role
from crm_core.domain.agents import HandOffMode
from crm_core.handlers import users
from crm_core.handlers.agents import add_agent
from crm_core.handlers.log_in import Door, log_in
from crm_core.streams import InProcessStream
from crm_core.web.app import Health, make_app
from crm_core.web.doors import COOKIE
from crm_core.web.keys import Workplace
from crm_core.web.live.hub import LiveHub
from crm_core.web.live.stream import add_live
from crm_core.web.static_files import StaticFiles
from tests.browser.chromium import FAKE_MICROPHONE, Faults, OpenPage, opened_chromium, page_opener
from tests.browser.conftest import Axe, Serve
from tests.crm_core.crm import add_call
from tests.crm_core.web.conftest import PASSWORD, utc_now


@dataclass
class Room:
    """A site without a switch, and an operator, logged in, whose phone would be his browser."""

    base: str
    database: Database
    operator: int
    secret: str

    @property
    def cookies(self) -> list[dict[str, Any]]:
        return [{"name": COOKIE, "value": self.secret, "url": self.base}]


@pytest.fixture
async def room(built_files: StaticFiles, serve: Serve, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Room]:
    async with opened_database(sqlite_url) as database:
        place = Workplace(database, utc_now, tmp_path, tmp_path, phone_address="ws://127.0.0.1:9/ws")
        app = make_app(Health(database, utc_now), place)
        add_live(app, LiveHub(database, InProcessStream(), utc_now, "phone in Chromium"))
        for name in ("Aziza", "Bobur"):
            await users.create_user(users.NewUser(name, Role.AGENT, PASSWORD), None, database, utc_now())
        opened = await log_in("Aziza", PASSWORD, Door(), database, utc_now())
        operator = await add_agent(database, "Aziza", "web1", utc_now(), browser=True)
        await add_agent(database, "Bobur", "op2", utc_now(), hand_off=HandOffMode.RING)
        yield Room(await serve(app), database, operator.id, opened.secret)


async def test_without_a_switch_the_phone_says_what_is_missing(room: Room) -> None:
    faults = Faults()
    faults.expect("503")
    async with opened_chromium(*FAKE_MICROPHONE) as browser, page_opener(browser, faults) as open_page:
        page = await open_page(f"{room.base}/phone", cookies=room.cookies, permissions=["microphone"])
        await expect(page.locator("#start")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.locator("#phone-fault")).to_contain_text("no link to the switch")
        await expect(page.locator("#phone")).to_have_attribute("data-state", "off")
        await expect(page.locator("#start")).to_be_visible()
    assert faults.unexpected() == []


async def test_axe_finds_nothing(open_page: OpenPage, room: Room, axe: Axe) -> None:
    now = utc_now()
    talk = {"started_at": now, "answered_at": now, "bridged_at": now, "agent_id": room.operator}
    await add_call(room.database, "c1", direction="incoming", number="+998901234567", **talk)
    async with room.database.work() as work:
        talking = update(agents).where(agents.c.id == room.operator).values(state="on_call", call_id="c1")
        await work.run(talking)
        await work.run(update(agents).where(agents.c.id != room.operator).values(state="available"))
    for theme in ("light", "dark"):
        page = await open_page(f"{room.base}/phone", theme=theme, width=360, height=560, cookies=room.cookies)
        await expect(page.locator("#start")).to_be_enabled()
        await axe(page)
        page = await open_page(f"{room.base}/operator", theme=theme, cookies=room.cookies)
        await expect(page.locator("#phone-bar")).to_have_attribute("data-state", "off")
        await axe(page)
        await page.keyboard.press("t")
        await expect(page.locator(".transfer-line")).to_contain_text("Bobur")
        await axe(page, "#transfer")
