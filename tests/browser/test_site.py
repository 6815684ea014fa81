"""The site's scripts on a page of the tests' own: requests, errors, swaps, toasts, times, themes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from crm_core.db.engine import opened_database
from crm_core.web.pages.formats import distance
from crm_core.web.static_files import StaticFiles
from crm_core.web.viewer import Viewer
from tests.browser.chromium import Faults, OpenPage
from tests.browser.conftest import Axe, Serve
from tests.browser.sample import Sample


@pytest.fixture
def sample(built_files: StaticFiles) -> Sample:
    """What the page's server has heard."""
    return Sample(built_files)


@pytest.fixture
async def address(sample: Sample, serve: Serve, tmp_path: Path, sqlite_url: str) -> AsyncIterator[str]:
    """Where the page is."""
    async with opened_database(sqlite_url) as database:
        yield await serve(sample.app(database, tmp_path))


async def test_axe_finds_nothing_in_both_themes(open_page: OpenPage, address: str, axe: Axe) -> None:
    for theme in ("light", "dark"):
        page = await open_page(address, theme=theme)
        await expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
        await axe(page)


async def test_every_request_carries_the_word_against_forgery(
    open_page: OpenPage, address: str, sample: Sample
) -> None:
    page = await open_page(address)
    await expect(page.locator(".pushed")).to_be_visible()
    await page.fill("[name=who]", "Dilnoza")
    await page.click("#ask")
    await expect(page.locator("#found #seen")).to_have_text("Dilnoza")
    assert set(sample.csrf) == {"the-word"}
    assert len(sample.csrf) >= 3  # the stream, what it led to, and the form


async def test_a_form_with_a_fault_comes_back_into_the_page(open_page: OpenPage, address: str, faults: Faults) -> None:
    faults.expect("status of 422")
    page = await open_page(address)
    await page.click("#ask")
    await expect(page.locator("#wrong")).to_have_text("Who is missing")
    await expect(page.locator("[data-toast]")).to_have_count(0)


@pytest.mark.parametrize(
    ("button", "said"), [("#bad", "Somebody else moved the deal"), ("#page", "There is no such thing")]
)
async def test_an_error_is_said_and_the_page_stays(
    open_page: OpenPage, address: str, faults: Faults, button: str, said: str
) -> None:
    faults.expect("status of 40[49]")
    page = await open_page(address)
    before = await page.locator(button).inner_text()
    await page.click(button)
    await expect(page.locator("[data-toast][role=alert] > span")).to_have_text(said)
    await expect(page.locator(button)).to_have_text(before)


async def test_an_element_may_show_an_error_itself(open_page: OpenPage, address: str, faults: Faults) -> None:
    faults.expect("status of 409")
    page = await open_page(address)
    await page.click("#own")
    await expect(page.locator("#found #clash")).to_be_visible()
    await expect(page.locator("[data-toast]")).to_have_count(0)


async def test_a_lost_log_in_leads_to_the_log_in_page_and_back(
    open_page: OpenPage, address: str, faults: Faults
) -> None:
    faults.expect("status of 401")
    page = await open_page(address + "/?stage=3")
    await page.click("#unknown")
    await page.wait_for_url("**/login?next=%2F%3Fstage%3D3")


async def test_a_lost_connection_is_said_in_one_line_until_something_goes_through(
    open_page: OpenPage, address: str, faults: Faults
) -> None:
    faults.expect("Failed to fetch|ERR_INTERNET_DISCONNECTED")
    page = await open_page(address)
    await page.fill("[name=who]", "Dilnoza")
    await page.context.set_offline(True)
    await page.click("#ask")
    await expect(page.locator("#offline")).to_contain_text("still here")
    await expect(page.locator("[name=who]")).to_have_value("Dilnoza")
    await page.context.set_offline(False)
    await page.click("#ask")
    await expect(page.locator("#found #seen")).to_be_visible()
    await expect(page.locator("#offline")).to_be_hidden()


async def test_a_server_that_takes_too_long_is_said(open_page: OpenPage, address: str, faults: Faults) -> None:
    faults.expect("htmx:error")
    page = await open_page(address)
    await page.click("#slow")
    await expect(page.locator("#offline")).to_contain_text("takes too long")


async def test_pushes_are_swapped_and_named_ones_are_events(open_page: OpenPage, address: str) -> None:
    page = await open_page(address)
    await expect(page.locator("#stream .pushed")).to_have_text("pushed")
    await expect(page.locator("#named #seen")).to_have_text("found")


async def test_a_morph_keeps_what_is_being_typed(open_page: OpenPage, address: str) -> None:
    page = await open_page(address)
    await page.fill("#a input", "half a wo")
    await page.evaluate("document.querySelector('#morph').click()")
    await expect(page.locator("#c")).to_have_text("first")
    await expect(page.locator("#a input")).to_have_value("half a wo")
    await expect(page.locator("#a input")).to_be_focused()


@pytest.mark.parametrize(("pressed", "focused"), [("Later", "Later again"), ("Next", "First")])
async def test_focus_goes_to_the_same_name_or_place(
    open_page: OpenPage, address: str, pressed: str, focused: str
) -> None:
    page = await open_page(address)
    await page.locator("#list").get_by_text(pressed, exact=True).press("Enter")
    await expect(page.locator("#list").get_by_text(focused, exact=True)).to_be_focused()


async def test_a_toast_goes_away_and_waits_under_the_pointer(open_page: OpenPage, address: str) -> None:
    page = await open_page(address)
    await page.clock.install()
    await page.evaluate("document.dispatchEvent(new CustomEvent('trunkline:toast', {detail: {text: 'Saved'}}))")
    toast = page.locator("[data-toast]")
    await expect(toast).to_contain_text("Saved")
    await toast.hover()
    await page.clock.run_for(60_000)
    await expect(toast).to_have_count(1)
    await page.mouse.move(0, 0)
    await page.clock.run_for(5_100)
    await expect(toast).to_have_count(0)


async def test_what_was_done_is_taken_back_by_key(open_page: OpenPage, address: str, sample: Sample) -> None:
    page = await open_page(address)
    await page.click("#done")
    await expect(page.locator("[data-toast] > span")).to_have_text("Done — 1 €")
    await expect(page.locator("[data-toast] [data-undo]")).to_have_text("Take back")  # a word from the page
    async with page.expect_response("**/undone"):
        await page.keyboard.press("Control+z")
    assert sample.posted == ["done", "undone"]
    await expect(page.locator("[data-toast]")).to_have_count(0)


@pytest.mark.parametrize("language", ["en", "ru", "uz", "ar"])
async def test_times_go_on_in_the_servers_words(open_page: OpenPage, address: str, language: str) -> None:
    page = await open_page("about:blank")
    await page.clock.install(time="2026-11-26T10:00:00Z")
    await page.goto(f"{address}/?language={language}")
    viewer, then = Viewer(language=language), page.locator("#then")
    for seconds in (60, 5 * 60, 2 * 3600, 30 * 3600, 3 * 86_400):
        await page.clock.set_fixed_time(datetime(2026, 11, 26, 10, tzinfo=UTC) + timedelta(seconds=seconds))
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await expect(then).to_have_text(distance(viewer, timedelta(seconds=-seconds)))
    await page.clock.resume()


async def test_times_go_on_by_themselves(open_page: OpenPage, address: str) -> None:
    page = await open_page("about:blank")
    await page.clock.install(time="2026-11-26T10:00:40Z")
    await page.goto(address)
    await page.clock.run_for(20_000)
    await expect(page.locator("#then")).to_have_text("as the server said")
    await page.clock.run_for(15_000)
    await expect(page.locator("#then")).to_have_text("1 min ago")


async def test_a_theme_is_there_before_the_first_paint_and_stays(open_page: OpenPage, address: str) -> None:
    page = await open_page(address, theme="dark")
    assert await _theme_at_first_paint(page, address) == "dark"  # as the system has it
    await page.click("button[data-theme-choice=light]")
    await expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    await expect(page.locator("button[data-theme-choice=light]")).to_have_attribute("aria-pressed", "true")
    assert await _theme_at_first_paint(page, address) == "light"
    assert [(one["name"], one["value"]) for one in await page.context.cookies()] == [("theme", "light")]
    await page.click("button[data-theme-choice=auto]")
    await page.emulate_media(color_scheme="light")
    await expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    await page.emulate_media(color_scheme="dark")
    await expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


async def _theme_at_first_paint(page: Page, address: str) -> str:
    """The theme at the moment when <body> comes into being, before anything can be painted."""
    await page.add_init_script("""
        new MutationObserver((_, watch) => {
            if (!document.body) return;
            window.themeAtFirst = document.documentElement.dataset.bsTheme;
            watch.disconnect();
        }).observe(document, {childList: true, subtree: true});
    """)
    await page.goto(address)
    return str(await page.evaluate("window.themeAtFirst"))
