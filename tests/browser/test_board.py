"""Deals in a real Chromium: dragged, dragged in vain, carried by keys, asked for what lacks, seen as others move."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, Route, expect
from sqlalchemy import select, update

from crm_core.commands import CreateDeal
from crm_core.db.engine import Database, opened_database
from crm_core.db.tables import deals, stages
from crm_core.domain.access import Actor, Role
from crm_core.handlers import deal_moves, sales, users
from crm_core.handlers.log_in import Door, log_in
from crm_core.handlers.relay import OutboxRelay
from crm_core.handlers.rules import install_defaults
from crm_core.streams import InProcessStream
from crm_core.web.app import Health, make_app
from crm_core.web.doors import COOKIE
from crm_core.web.keys import Workplace
from crm_core.web.live.hub import LiveHub
from crm_core.web.live.stream import add_live
from crm_core.web.static_files import StaticFiles
from tests.asterisk.asterisk import until
from tests.browser.chromium import Faults, OpenPage
from tests.browser.conftest import Axe, Serve
from tests.crm_core.web.conftest import PASSWORD, utc_now

_NOTE_PUSHES = """() => {
    window.heard = [];
    document.addEventListener("trunkline:push", ({ detail }) => window.heard.push(`${detail.key}:${detail.version}`));
}"""


@dataclass
class Firm:
    """A site with a manager who is logged in, and a colleague who moves deals without a page."""

    base: str
    database: Database
    hub: LiveHub
    secret: str
    colleague: Actor
    stages: dict[str, int]

    @property
    def cookies(self) -> list[dict[str, Any]]:
        return [{"name": COOKIE, "value": self.secret, "url": self.base}]

    async def add(self, title: str, stage: str = "New") -> int:
        return await sales.create_deal(CreateDeal(title, "test", stage), self.database, utc_now())

    async def row(self, deal_id: int) -> Any:
        async with self.database.reading() as work:
            return await work.first(select(deals).where(deals.c.id == deal_id))

    async def stage_of(self, deal_id: int) -> str:
        found = (await self.row(deal_id)).stage_id
        return next(name for name, stage_id in self.stages.items() if stage_id == found)

    async def elsewhere(self, deal_id: int, stage: str) -> None:
        """The colleague moves it."""
        version, to = (await self.row(deal_id)).version, self.stages[stage]
        await deal_moves.move_deal(self.colleague, deal_id, version, to, {}, self.database, utc_now())


@pytest.fixture
async def firm(built_files: StaticFiles, serve: Serve, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Firm]:
    async with opened_database(sqlite_url) as database:
        await install_defaults(database)
        stream = InProcessStream()
        hub = LiveHub(database, stream, utc_now, "board in Chromium")
        app = make_app(Health(database, utc_now), Workplace(database, utc_now, tmp_path, tmp_path, country="UZ"))
        add_live(app, hub)
        tasks = [asyncio.create_task(hub.run())]
        tasks.append(asyncio.create_task(OutboxRelay(database, stream, utc_now).run()))
        await users.create_user(users.NewUser("Boss", Role.MANAGER, PASSWORD), None, database, utc_now())
        other = await users.create_user(users.NewUser("Malika", Role.MANAGER, PASSWORD), None, database, utc_now())
        opened = await log_in("Boss", PASSWORD, Door(), database, utc_now())
        colleague = await users.actor_by_id(other, database)
        async with database.reading() as work:
            ids = {row.name: row.id for row in await work.all(select(stages))}
        try:
            yield Firm(await serve(app), database, hub, opened.secret, colleague, ids)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def column(page: Page, name: str) -> Locator:
    return page.get_by_role("list", name=name, exact=True)


def card(page: Page, deal_id: int) -> Locator:
    return page.locator(f"#deal-{deal_id}")


async def drag(page: Page, deal_id: int, to: str) -> None:
    """As a hand does it: pressed, moved in steps, let go over the column."""
    await card(page, deal_id).hover(position={"x": 6, "y": 6})
    await page.mouse.down()
    box = await column(page, to).bounding_box()
    assert box is not None
    for share in (0.3, 0.5, 0.6):
        await page.mouse.move(box["x"] + box["width"] * share, box["y"] + 30 + 20 * share, steps=5)
    await page.mouse.up()


async def shut(page: Page) -> None:
    """No push comes any more: what others do is found out the hard way."""
    await page.route("**/live", lambda route: route.abort())


async def test_a_card_is_dragged_into_another_column_and_back_by_undo(open_page: OpenPage, firm: Firm) -> None:
    deal = await firm.add("Two rooms")
    page = await open_page(f"{firm.base}/deals", width=1920, cookies=firm.cookies)
    await drag(page, deal, "Offer sent")
    await expect(column(page, "Offer sent").locator(f"#deal-{deal}")).to_have_attribute("data-version", "2")
    await expect(page.locator("#toasts")).to_contain_text("Two rooms is in “Offer sent” now")
    assert await firm.stage_of(deal) == "Offer sent"
    await expect(page.locator(f"#figures-{firm.stages['Offer sent']} .column-count")).to_have_text("1")
    await expect(page.locator(f"#figures-{firm.stages['New']} .column-count")).to_have_text("0")
    await page.keyboard.press("Control+z")
    await expect(column(page, "New").locator(f"#deal-{deal}")).to_have_attribute("data-version", "3")
    assert await firm.stage_of(deal) == "New"


async def test_a_drag_that_comes_too_late_is_taken_back_and_the_truth_shown(
    open_page: OpenPage, firm: Firm, faults: Faults
) -> None:
    faults.expect("status of 409|ERR_FAILED")
    deal, other = await firm.add("Two rooms"), await firm.add("Three rooms")
    page = await open_page("about:blank", width=1920, cookies=firm.cookies)
    await shut(page)
    await page.goto(f"{firm.base}/deals")
    await firm.elsewhere(deal, "Agreed")
    await drag(page, deal, "Offer sent")
    await expect(page.locator("#toasts")).to_contain_text("Somebody else was first")
    await expect(column(page, "Agreed").locator(f"#deal-{deal}")).to_have_attribute("data-version", "2")
    assert await firm.stage_of(deal) == "Agreed"
    await drag(page, deal, "Offer sent")  # he has seen it now: it goes
    await expect(column(page, "Offer sent").locator(f"#deal-{deal}")).to_have_attribute("data-version", "3")
    await expect(column(page, "New").locator(".deal-card")).to_have_count(1)
    assert await firm.stage_of(other) == "New"


async def test_without_a_connection_the_card_goes_back(open_page: OpenPage, firm: Firm, faults: Faults) -> None:
    faults.expect("net::|ERR_|Failed to load")
    deal = await firm.add("Two rooms")
    page = await open_page(f"{firm.base}/deals", width=1920, cookies=firm.cookies)
    await page.route(f"**/deals/{deal}/move", lambda route: route.abort())
    await drag(page, deal, "Won")
    await expect(page.locator("#toasts")).to_contain_text("back where it was")
    await expect(column(page, "New").locator(f"#deal-{deal}")).to_be_visible()
    assert await firm.stage_of(deal) == "New"


async def test_what_the_stage_wants_is_asked_and_closing_the_window_takes_it_back(
    open_page: OpenPage, firm: Firm, faults: Faults, axe: Axe
) -> None:
    faults.expect("status of 422")
    deal = await firm.add("Two rooms")
    page = await open_page(f"{firm.base}/deals", width=1920, cookies=firm.cookies)
    await drag(page, deal, "Lost")
    window = page.locator("dialog#move")
    await expect(window).to_be_visible()
    await axe(page)
    await page.keyboard.press("Escape")
    await expect(column(page, "New").locator(f"#deal-{deal}")).to_be_visible()
    assert await firm.stage_of(deal) == "New"
    await drag(page, deal, "Lost")
    await window.get_by_label("Too expensive").check()
    await window.get_by_role("button", name="Move it").click()
    await expect(window).to_be_hidden()
    await expect(column(page, "Lost").locator(f"#deal-{deal}")).to_have_attribute("data-version", "2")
    assert (await firm.row(deal)).lost_reason == "Too expensive"


async def test_the_board_is_worked_by_keyboard(open_page: OpenPage, firm: Firm, faults: Faults) -> None:
    faults.expect("status of 422|status of 409|ERR_FAILED")
    first, second = await firm.add("First"), await firm.add("Second")
    page = await open_page("about:blank", width=1920, cookies=firm.cookies)
    await shut(page)
    await page.goto(f"{firm.base}/deals")
    await page.keyboard.press("ArrowDown")  # the newest is on top
    await expect(card(page, second)).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(card(page, first)).to_be_focused()
    await page.keyboard.press("Shift+ArrowRight")
    await expect(column(page, "Offer sent").locator(f"#deal-{first}")).to_have_attribute("data-version", "2")
    await expect(card(page, first)).to_be_focused()
    await page.keyboard.press("m")
    await expect(page.get_by_role("button", name="Offer sent", exact=True)).to_be_disabled()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("#move-menu").get_by_role("button", name="Agreed")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(column(page, "Agreed").locator(f"#deal-{first}")).to_have_attribute("data-version", "3")
    await expect(card(page, first)).to_be_focused()
    await firm.elsewhere(first, "Won")  # and in vain
    await page.keyboard.press("Shift+ArrowLeft")
    await expect(page.locator("#toasts")).to_contain_text("Somebody else was first")
    await expect(column(page, "Won").locator(f"#deal-{first}")).to_be_focused()
    await page.keyboard.press("ArrowLeft")
    await expect(card(page, second)).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{firm.base}/deals/{second}")


async def test_what_came_in_is_accepted_declined_and_linked_by_keys(
    open_page: OpenPage, firm: Firm, faults: Faults
) -> None:
    faults.expect("status of 422")
    kept = await firm.add("Two rooms")
    third, second, first = [await firm.add(f"Call {n}", "Unsorted") for n in range(3)]
    page = await open_page(f"{firm.base}/deals", width=1920, cookies=firm.cookies)
    await page.keyboard.press("ArrowDown")
    await expect(card(page, first)).to_be_focused()
    await page.keyboard.press("a")
    await expect(column(page, "New").locator(f"#deal-{first}")).to_contain_text("B")
    assert (await firm.row(first)).owner_id is not None
    await card(page, second).focus()
    await page.keyboard.press("d")
    await page.locator("dialog#move").get_by_label("Not a customer").check()
    await page.locator("dialog#move").get_by_role("button", name="Move it").click()
    await expect(column(page, "Lost").locator(f"#deal-{second}")).to_be_visible()
    await card(page, third).focus()
    await page.keyboard.press("l")
    window = page.locator("dialog#link")
    await window.get_by_role("searchbox").fill("rooms")
    await window.get_by_label("Two rooms").check()
    await window.get_by_role("button", name="Link them").click()
    await expect(card(page, third)).to_have_count(0)
    await expect(card(page, kept)).to_have_attribute("data-version", "2")
    assert await firm.row(third) is None


async def test_what_others_do_is_seen_as_they_do_it(open_page: OpenPage, firm: Firm) -> None:
    deal = await firm.add("Two rooms")
    page = await open_page(f"{firm.base}/deals", width=1920, cookies=firm.cookies)
    await until(lambda: len(firm.hub.audience) == 1, 20)
    await firm.elsewhere(deal, "Agreed")
    await expect(column(page, "Agreed").locator(f"#deal-{deal}")).to_have_attribute("data-version", "2")
    await expect(page.locator(f"#figures-{firm.stages['Agreed']} .column-count")).to_have_text("1")
    new = await firm.add("Three rooms")
    await expect(column(page, "New").locator(f"#deal-{new}")).to_be_visible()
    # Nothing moves under the pointer: what comes into this column waits until the pointer leaves it.
    await page.evaluate(_NOTE_PUSHES)
    await card(page, new).hover()
    await firm.elsewhere(deal, "New")
    await page.wait_for_function("key => window.heard.includes(key)", arg=f"{deal}:3")
    await expect(column(page, "Agreed").locator(f"#deal-{deal}")).to_be_visible()
    await page.mouse.move(5, 5)
    await expect(column(page, "New").locator(f"#deal-{deal}")).to_have_attribute("data-version", "3")
    await expect(page.locator(f"#figures-{firm.stages['New']} .column-count")).to_have_text("2")


async def test_an_answer_that_was_overtaken_shows_nothing_old(open_page: OpenPage, firm: Firm) -> None:
    deal = await firm.add("Two rooms")
    page = await open_page(f"{firm.base}/deals", width=1920, cookies=firm.cookies)
    await until(lambda: len(firm.hub.audience) == 1, 20)
    held = asyncio.Queue[Route]()
    first = asyncio.Event()

    async def hold_the_first(route: Route) -> None:
        if first.is_set():
            await route.continue_()
            return
        first.set()
        answer = await route.fetch()
        await held.put(route)
        await newer_is_shown.wait()
        await route.fulfill(response=answer)

    newer_is_shown = asyncio.Event()
    await page.route(f"**/deals/{deal}/card*", hold_the_first)
    await firm.elsewhere(deal, "Agreed")
    await held.get()  # what it says is old in a moment
    await firm.elsewhere(deal, "Offer sent")
    await expect(column(page, "Offer sent").locator(f"#deal-{deal}")).to_have_attribute("data-version", "3")
    async with page.expect_response(f"**/deals/{deal}/card*") as old:
        newer_is_shown.set()
    assert 'data-version="2"' in await (await old.value).text()
    await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    await expect(column(page, "Offer sent").locator(f"#deal-{deal}")).to_have_attribute("data-version", "3")


async def test_the_page_of_a_deal_moves_it_and_follows(open_page: OpenPage, firm: Firm, faults: Faults) -> None:
    faults.expect("status of 422")
    deal = await firm.add("Two rooms")
    page = await open_page(f"{firm.base}/deals/{deal}", cookies=firm.cookies)
    await until(lambda: len(firm.hub.audience) == 1, 20)
    step = page.get_by_role("navigation", name="Stages").locator("[aria-current=step]")
    await page.get_by_role("button", name="Agreed").click()
    await expect(step).to_have_text("Agreed")
    await firm.elsewhere(deal, "Won")
    await expect(step).to_have_text("Won")
    await page.get_by_role("button", name="Lost").click()
    await page.locator("dialog#move").get_by_role("button", name="Leave it where it is").click()
    await expect(step).to_have_text("Won")


async def test_many_are_moved_from_the_list(open_page: OpenPage, firm: Firm) -> None:
    ids = [await firm.add(f"deal {n}") for n in range(3)]
    page = await open_page(f"{firm.base}/deals?view=list", cookies=firm.cookies)
    for n in (0, 1):
        await page.get_by_label(f"Choose deal {n}").check()
    await expect(page.locator("[data-many-count]")).to_have_text("2")
    await page.locator("#many [name=stage]").select_option(label="Agreed")
    await page.get_by_role("button", name="Move", exact=True).click()
    await expect(page.locator("#toasts")).to_contain_text("2 deals changed")
    await expect(page.locator("tbody tr", has_text="Agreed")).to_have_count(2)
    assert [await firm.stage_of(one) for one in ids] == ["Agreed", "Agreed", "New"]


@pytest.mark.parametrize("path", ["/deals", "/deals?view=list", "/deals/1"])
async def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    open_page: OpenPage, firm: Firm, axe: Axe, path: str
) -> None:
    await firm.add("Two rooms")
    await firm.add("Somebody called", "Unsorted")
    async with firm.database.work() as work:
        await work.run(update(stages).values(stuck_after_days=0))
    for theme, language in (("light", "en"), ("dark", "ar")):
        look = [
            {"name": key, "value": value, "url": firm.base} for key, value in (("theme", theme), ("language", language))
        ]
        page = await open_page(firm.base + path, theme=theme, cookies=[*firm.cookies, *look])
        for width in (360, 1440):
            await page.set_viewport_size({"width": width, "height": 900})
            assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width
            await axe(page)
