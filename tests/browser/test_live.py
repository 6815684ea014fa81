"""The push in a real Chromium: the floor changes by itself, tabs share one stream, what was cut comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import insert, update

from crm_core.db.engine import Database, opened_database
from crm_core.db.tables import agents, calls, notifications
from crm_core.domain.access import Role
from crm_core.domain.agents import HandOffMode
from crm_core.handlers import users
from crm_core.handlers.agents import add_agent, log_in, pause, resume
from crm_core.handlers.log_in import Door, log_out
from crm_core.handlers.log_in import log_in as open_session
from crm_core.handlers.relay import OutboxRelay
from crm_core.streams import InProcessStream
from crm_core.web.app import Health, make_app
from crm_core.web.doors import COOKIE
from crm_core.web.keys import Workplace
from crm_core.web.live.connection import Bye
from crm_core.web.live.hub import LiveHub
from crm_core.web.live.stream import add_live
from crm_core.web.static_files import StaticFiles
from tests.asterisk.asterisk import until
from tests.browser.chromium import Faults, OpenPage
from tests.browser.conftest import Axe, Serve
from tests.crm_core.web.conftest import PASSWORD, utc_now


@dataclass
class Floor:
    """A site with a manager who is logged in and an operator, Aziza, who is available."""

    base: str
    database: Database
    hub: LiveHub
    secret: str

    @property
    def cookies(self) -> list[dict[str, Any]]:
        return [{"name": COOKIE, "value": self.secret, "url": self.base}]

    async def connected(self, count: int) -> None:
        await until(lambda: len(self.hub.audience) == count, 20)


@pytest.fixture
async def floor(built_files: StaticFiles, serve: Serve, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Floor]:
    async with opened_database(sqlite_url) as database:
        stream = InProcessStream()
        hub = LiveHub(database, stream, utc_now, "live in Chromium")
        app = make_app(Health(database, utc_now), Workplace(database, utc_now, tmp_path, tmp_path, country="UZ"))
        add_live(app, hub)
        relay = OutboxRelay(database, stream, utc_now)
        tasks = [asyncio.create_task(hub.run()), asyncio.create_task(relay.run())]
        await users.create_user(users.NewUser("Boss", Role.MANAGER, PASSWORD), None, database, utc_now())
        opened = await open_session("Boss", PASSWORD, Door(), database, utc_now())
        await add_agent(database, "Aziza Rahimova", "op1", utc_now(), hand_off=HandOffMode.RING)
        await log_in(database, "Aziza Rahimova", None, utc_now())
        try:
            yield Floor(await serve(app), database, hub, opened.secret)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def state_of(page: Page) -> Any:
    return page.locator("tr", has_text="Aziza Rahimova").locator(".state")


async def test_the_floor_changes_by_itself(open_page: OpenPage, floor: Floor) -> None:
    page = await open_page(f"{floor.base}/supervisor", cookies=floor.cookies)
    await expect(state_of(page)).to_have_text("Free")
    await expect(page.locator("#live")).to_have_attribute("data-state", "on")
    await pause(floor.database, "Aziza Rahimova", "lunch", utc_now())
    await expect(state_of(page)).to_contain_text("Paused")
    async with floor.database.work() as work:
        row = {"id": "c1", "node": "pbx", "direction": "incoming", "number": "+998901234567", "started_at": utc_now()}
        await work.run(insert(calls).values(**row))
    await expect(page.locator("#floor-waiting")).to_have_text("1")
    await expect(page.locator("#waiting [data-since]")).to_have_text("0:02")  # the clock goes on by itself


async def test_tabs_share_one_stream_and_another_leads_when_the_first_closes(open_page: OpenPage, floor: Floor) -> None:
    first = await open_page(f"{floor.base}/supervisor", cookies=floor.cookies)
    await floor.connected(1)
    second = await first.context.new_page()
    await second.goto(f"{floor.base}/wallboard")
    await expect(second.locator(".wall-states li", has_text="Paused").locator("strong")).to_have_text("0")
    await pause(floor.database, "Aziza Rahimova", "lunch", utc_now())
    await expect(state_of(first)).to_contain_text("Paused")
    await expect(second.locator(".wall-states li", has_text="Paused").locator("strong")).to_have_text("1")
    assert len(floor.hub.audience) == 1
    await first.close()
    await resume(floor.database, "Aziza Rahimova", utc_now())
    await expect(second.locator(".wall-states li", has_text="Paused").locator("strong")).to_have_text("0")
    await floor.connected(1)


async def test_what_happened_while_the_stream_was_cut_is_there_when_it_comes_back(
    open_page: OpenPage, floor: Floor
) -> None:
    page = await open_page(f"{floor.base}/supervisor", cookies=floor.cookies)
    await floor.connected(1)
    floor.hub._send_all_away(Bye.AGAIN)
    async with floor.database.work() as work:  # without an event: only a snapshot can tell
        await work.run(update(agents).values(state="paused", pause_reason="lunch"))
    await expect(state_of(page)).to_contain_text("Paused")
    await expect(page.locator("#live")).to_have_attribute("data-state", "on")


async def test_old_figures_are_marked_while_there_is_no_connection(
    open_page: OpenPage, floor: Floor, faults: Faults
) -> None:
    faults.expect("ERR_INTERNET_DISCONNECTED|net::|Failed to (load|fetch)|status of")
    page = await open_page(f"{floor.base}/wallboard", cookies=floor.cookies)
    await floor.connected(1)
    await page.context.set_offline(True)
    floor.hub._send_all_away(Bye.AGAIN)
    await expect(page.locator(".floor-lost")).to_be_visible(timeout=20_000)
    await page.context.set_offline(False)
    await expect(page.locator(".floor-lost")).to_be_hidden(timeout=20_000)
    await floor.connected(1)


async def test_a_session_that_ends_ends_the_stream_and_it_does_not_come_back(
    open_page: OpenPage, floor: Floor, faults: Faults
) -> None:
    faults.expect("status of 401")  # a part that was asked for just then leads to the door
    page = await open_page(f"{floor.base}/wallboard", cookies=floor.cookies)
    await floor.connected(1)
    await log_out(floor.secret, floor.database, utc_now())
    await floor.connected(0)
    at_the_door = page.get_by_role("heading", name="Log in")
    await expect(page.locator(".floor-lost").or_(at_the_door)).to_be_visible(timeout=20_000)
    assert len(floor.hub.audience) == 0


async def test_the_bell_counts_notices_as_they_come(open_page: OpenPage, floor: Floor) -> None:
    page = await open_page(f"{floor.base}/supervisor", cookies=floor.cookies)
    await floor.connected(1)
    await expect(page.locator("#bell-count")).to_be_hidden()
    async with floor.database.work() as work:
        notice = {"user_id": 1, "kind": "task", "text": "Call back", "at": utc_now()}
        await work.run(insert(notifications), [notice | {"key": key} for key in ("a", "b")])
    await expect(page.locator("#bell-count")).to_have_text("2")
    await page.reload()
    await expect(page.locator("#bell-count")).to_have_text("2")


@pytest.mark.parametrize("path", ["/supervisor", "/wallboard"])
async def test_axe_finds_nothing(open_page: OpenPage, floor: Floor, axe: Axe, path: str) -> None:
    async with floor.database.work() as work:
        row = {"node": "pbx", "direction": "incoming", "number": "+998901234567", "started_at": utc_now()}
        await work.run(insert(calls).values(id="c1", **row))
        talk = {"answered_at": utc_now(), "bridged_at": utc_now(), "agent_id": 2}
        await work.run(insert(calls).values(id="c2", **row, **talk))
    for theme in ("light", "dark"):
        page = await open_page(floor.base + path, theme=theme, cookies=floor.cookies)
        await expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
        await axe(page)
