"""The editor of scripts, the talk by text, surveys and the inbox in a real Chromium."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Page, expect
from sqlalchemy import update

from crm_core.db.engine import Database
from crm_core.db.tables import turns
from crm_core.domain.access import Role
from crm_core.domain.campaigns import Campaign
from crm_core.handlers import users
from crm_core.handlers.log_in import Door, log_in
from crm_core.handlers.rules import install_defaults
from crm_core.web.app import Health, make_app
from crm_core.web.doors import COOKIE
from crm_core.web.keys import Workplace
from crm_core.web.script_tools import SCRIPT_DESK
from crm_core.web.static_files import StaticFiles
from ivr_bot.script_desk import SiteScriptDesk
from tests.browser.chromium import Faults, OpenPage
from tests.browser.conftest import Axe, Serve
from tests.crm_core.talks import bot_campaign, dial, talked

PASSWORD = "four words that fit nowhere"
SCRIPT = "/scripts/satisfaction_survey"


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


def _now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def campaign(database: Database) -> Campaign:
    """Six people rated their visit; what two of them said was not understood."""
    await install_defaults(database)
    made = await bot_campaign(database, ["Tashkent", "Samarkand"] * 3)
    for number, attempt in enumerate(await dial(database, made, 6, _now() - timedelta(hours=1))):
        said = {"rating": str(8 + number % 3), "comment": "the waiting time" if number % 2 else "waiting an hour"}
        await talked(database, attempt, said)
        if number < 2:
            async with database.work() as work:
                one = (turns.c.call_id == attempt.id, turns.c.position == 1)
                await work.run(update(turns).where(*one).values(unclear=True, text=f"so so {number}"))
    return made


@pytest.fixture
async def base(
    built_files: StaticFiles, serve: Serve, database: Database, campaign: Campaign, tmp_path: Path, faults: Faults
) -> str:
    faults.expect("/live")  # no push stream is served here
    assert built_files
    assert campaign
    place = Workplace(database, _now, tmp_path, tmp_path / "recordings", country="UZ")
    app: web.Application = make_app(Health(database, _now), place)
    app[SCRIPT_DESK] = SiteScriptDesk(os.environ, tmp_path)
    return await serve(app)


@pytest.fixture
async def cookies(database: Database, base: str) -> list[Any]:
    """Of a manager who is logged in."""
    await users.create_user(users.NewUser("Meg", Role.MANAGER, PASSWORD), None, database, _now())
    opened = await log_in("Meg", PASSWORD, Door(), database, _now())
    return [{"name": COOKIE, "value": opened.secret, "url": base}]


async def _type_over(page: Page, old: str, new: str) -> None:
    """Change the text as one does by hand: what is typed is an input event."""
    area = page.locator("#text-script")
    text = await area.input_value()
    assert old in text
    await area.fill(text.replace(old, new))


async def test_faults_come_as_one_types_and_lead_to_their_line(
    open_page: OpenPage, base: str, cookies: list[Any]
) -> None:
    page = await open_page(base + SCRIPT, cookies=cookies)
    await expect(page.locator("#checked")).to_contain_text("Sound")
    lines = await page.locator("#pane-script .script-lines span").count()
    assert lines == len((await page.locator("#text-script").input_value()).split("\n"))
    await _type_over(page, "if_no: refused", "if_no: nowhere")
    await expect(page.locator("#checked")).to_contain_text("nowhere")
    await expect(page.locator("#picture svg")).to_have_count(1)  # the last sound one stays
    fault = page.locator("#checked .script-fault").first
    line = int(await fault.get_attribute("data-line") or "0")
    await expect(page.locator(".script-lines .is-faulty").first).to_have_text(str(line))
    await fault.click()
    chosen = await page.evaluate("document.activeElement.value.slice(0, document.activeElement.selectionStart)")
    assert chosen.count("\n") == line - 1
    await _type_over(page, "if_no: nowhere", "if_no: refused")
    await expect(page.locator("#checked")).to_contain_text("Sound")


async def test_a_box_of_the_picture_leads_to_its_line(open_page: OpenPage, base: str, cookies: list[Any]) -> None:
    page = await open_page(base + SCRIPT, cookies=cookies)
    await page.locator('#picture [data-node="rating"]').click()
    picked = await page.evaluate(
        "((t) => t.value.slice(t.selectionStart, t.selectionEnd))(document.getElementById('text-script'))"
    )
    assert picked in ("  rating:", "    kind: rating")


async def test_a_key_pressed_as_the_page_comes_is_not_lost(open_page: OpenPage, base: str, cookies: list[Any]) -> None:
    page = await open_page(base + "/login", cookies=cookies)
    # A slow machine: whatever the page leaves for "as soon as possible" comes late.
    await page.add_init_script(
        "((set) => { window.setTimeout = (does, ms, ...to) => set(does, ms ?? 2_000, ...to); })(setTimeout)"
    )
    await page.goto(base + SCRIPT)
    await page.keyboard.press("r")
    await expect(page.locator("#runs")).to_contain_text("all as expected")
    assert page.url == base + SCRIPT


async def test_conversations_run_green_then_red(open_page: OpenPage, base: str, cookies: list[Any]) -> None:
    page = await open_page(base + SCRIPT, cookies=cookies)
    await page.keyboard.press("r")
    await expect(page.locator("#runs")).to_contain_text("all as expected")
    await page.get_by_role("tab", name="Conversations that try it out").click()
    await expect(page.locator("#text-tests")).to_be_visible()
    await expect(page.locator("#text-script")).to_be_hidden()
    tests = page.locator("#text-tests")
    await tests.fill((await tests.input_value()).replace("slots: {rating: 9}", "slots: {rating: 2}", 1))
    await page.get_by_role("button", name="Run the conversations").click()
    await expect(page.locator("#runs")).to_contain_text("goes otherwise")
    await expect(page.locator("#runs del").first).to_have_text("2")
    await expect(page.locator("#runs ins").first).to_have_text("9")


async def test_one_talks_to_the_script_and_to_its_next_text(open_page: OpenPage, base: str, cookies: list[Any]) -> None:
    page = await open_page(base + SCRIPT, cookies=cookies)
    await expect(page.locator("#f-field-name")).to_have_value("Aziz")  # whom its conversations know
    await page.get_by_role("button", name="Begin the talk").click()
    talk = page.locator(".script-talk")
    await expect(talk).to_contain_text("Hello Aziz", timeout=30_000)  # the model is loaded, or trained, first
    said = page.locator("#f-said")
    await expect(said).to_be_focused()
    await said.fill("yes")
    await said.press("Enter")
    await expect(talk).to_contain_text("How satisfied were you")
    await _type_over(page, "How satisfied were you with the visit", "How glad were you with the visit")
    await said.fill("9")
    await page.get_by_role("button", name="Press the keys").click()
    await expect(talk).to_contain_text("How glad were you")  # the talk so far is that of the new text
    await expect(talk).to_contain_text("rating: 9")
    await page.get_by_role("button", name="Hang up").click()
    await expect(page.locator("#talk")).to_contain_text("The talk is over")


async def test_a_text_is_saved_as_ones_own_and_nothing_is_lost(
    open_page: OpenPage, base: str, cookies: list[Any], tmp_path: Path
) -> None:
    page = await open_page(base + SCRIPT, cookies=cookies)
    await _type_over(page, "title: Satisfaction survey after a visit", "title: Ours")
    asked: list[str] = []

    async def stay(dialog: Any) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    page.on("dialog", stay)
    await page.locator(".page-back").click()
    await expect(page).to_have_url(base + SCRIPT)
    assert asked == ["beforeunload"]
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".toast-line")).to_contain_text("Saved")
    assert "title: Ours" in (tmp_path / "scripts" / "satisfaction_survey.yml").read_text()
    await _type_over(page, "title: Ours", "title: Ours again")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".toast-line").nth(1)).to_contain_text("Saved")  # by the version of the first saving
    await page.locator(".page-back").click()
    await expect(page).to_have_url(f"{base}/scripts")
    await expect(page.locator("table")).to_contain_text("Shipped, changed here")
    await page.keyboard.press("n")
    await page.fill("#f-name", "ours_too")
    await page.select_option("#f-source", "satisfaction_survey")
    await page.get_by_role("button", name="Copy and open").click()
    await expect(page).to_have_url(f"{base}/scripts/ours_too")


async def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    open_page: OpenPage, base: str, cookies: list[Any], campaign: Campaign, axe: Axe
) -> None:
    paths = ("/scripts", SCRIPT, "/surveys", f"/surveys/{campaign.id}", "/surveys/unclear")
    people = f"/surveys/{campaign.id}/answers?question=rating&value=9"
    for theme, language in (("light", "en"), ("dark", "ar")):
        look = [{"name": key, "value": value, "url": base} for key, value in (("theme", theme), ("language", language))]
        for path in (*paths, people):
            page = await open_page(base + path, theme=theme, cookies=[*cookies, *look])
            for width in (360, 1440):
                await page.set_viewport_size({"width": width, "height": 900})
                assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, (path, width)
                await axe(page)


async def test_a_bar_opens_to_its_people_and_words_are_grouped(
    open_page: OpenPage, base: str, cookies: list[Any], campaign: Campaign
) -> None:
    page = await open_page(f"{base}/surveys/{campaign.id}", cookies=cookies)
    await page.locator("summary", has_text="What people said, grouped").click()
    await expect(page.locator(".survey-group summary")).to_contain_text(["waiting"])
    picture = page.locator("[data-chart] canvas")
    await expect(picture).to_have_count(1)
    await picture.click(position={"x": 200, "y": 30})
    await expect(page).to_have_url(f"{base}/surveys/{campaign.id}/answers?question=rating&value=8")
    await expect(page.locator("tbody tr th, tbody tr td").first).to_be_visible()


async def test_the_inbox_is_worked_through_by_keyboard(open_page: OpenPage, base: str, cookies: list[Any]) -> None:
    page = await open_page(f"{base}/surveys/unclear", cookies=cookies)
    rows = page.locator("[data-key-row]")
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_be_focused()
    second = await rows.nth(1).get_attribute("id")
    await page.keyboard.press("1")
    await expect(rows).to_have_count(1)
    await expect(page.locator(f"#{second}")).to_be_focused()
    await page.locator("[data-other]").select_option("operator")
    await expect(rows).to_have_count(0)
    await page.get_by_role("button", name="Undo").last.click()
    await expect(rows).to_have_count(1)
