"""The frame and the kit in a real Chromium: nothing cut off, nothing out of reach, in both directions and themes."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from crm_core.web.static_files import StaticFiles
from tests.browser.chromium import Faults, OpenPage
from tests.browser.conftest import Axe, Serve
from tests.crm_core.web.style_page import make_style_app

#: What sticks out of the window, though nothing scrolls sideways there.
_STICKS_OUT = """() => {
    const inside = (element) => element.closest(".table-wrap, .tabs, [popover], .visually-hidden, .skip");
    return [...document.querySelectorAll("body *")]
        .filter((element) => element.checkVisibility() && !inside(element))
        .filter((element) => {
            const at = element.getBoundingClientRect();
            return at.right > innerWidth + 1 || at.left < -1;
        })
        .map((element) => element.outerHTML.slice(0, 80));
}"""
#: WCAG 2.2, 2.5.8: 24 px at least; links within a sentence are excepted.
_TOO_SMALL = """() => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea")]
    .filter((element) => element.checkVisibility() && !element.closest("p, td, .notice, .person, .skip, label"))
    .filter((element) => { const at = element.getBoundingClientRect(); return at.width < 24 || at.height < 24; })
    .map((element) => element.outerHTML.slice(0, 80))"""


@pytest.fixture
async def base(built_files: StaticFiles, serve: Serve) -> str:
    """The shell without the CRM behind it."""
    assert built_files
    return await serve(make_style_app())


@pytest.mark.parametrize("language", ["en", "ru", "uz", "ar"])
@pytest.mark.parametrize("path", ["/style", "/login", "/error/404"])
async def test_every_page_fits_every_window(
    open_page: OpenPage, base: str, faults: Faults, path: str, language: str
) -> None:
    faults.expect("404")
    page = await open_page(f"{base}{path}?language={language}")
    for width in (360, 800, 1440):
        await page.set_viewport_size({"width": width, "height": 800})
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width
        assert await page.evaluate(_STICKS_OUT) == [], width
        assert await page.evaluate(_TOO_SMALL) == [], width


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("path", ["/style", "/login", "/error/404", "/offline"])
async def test_axe_finds_nothing(
    open_page: OpenPage, base: str, axe: Axe, faults: Faults, path: str, language: str, theme: str
) -> None:
    faults.expect("404")
    page = await open_page(f"{base}{path}?language={language}&theme={theme}")
    for width in (360, 1440):
        await page.set_viewport_size({"width": width, "height": 900})
        await axe(page)


async def test_the_system_decides_when_nobody_has_chosen(open_page: OpenPage, base: str) -> None:
    light, dark = [await open_page(f"{base}/style", theme=theme) for theme in ("light", "dark")]
    shade = "getComputedStyle(document.body).backgroundColor"
    assert await light.evaluate(shade) != await dark.evaluate(shade)
    unasked = await open_page(f"{base}/style", theme="dark", java_script_enabled=False)
    await expect(unasked.locator("body")).to_have_css("background-color", await dark.evaluate(shade))


async def test_a_theme_is_chosen_and_stays(open_page: OpenPage, base: str) -> None:
    page = await open_page(f"{base}/style")
    await page.locator("[popovertarget=account]").click()
    await page.get_by_role("button", name="Dark").click()
    await expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    await expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_a_menu_opens_at_its_button_and_gives_the_focus_back(
    open_page: OpenPage, base: str, language: str
) -> None:
    page = await open_page(f"{base}/style?language={language}")
    button = page.locator("[popovertarget=more]")
    await button.focus()
    await page.keyboard.press("Enter")
    menu = page.locator("#more")
    await expect(menu).to_be_visible()
    at, below = await button.bounding_box(), await menu.bounding_box()
    assert at is not None
    assert below is not None
    assert abs(below["y"] - (at["y"] + at["height"])) < 12
    assert below["x"] <= at["x"] + at["width"]
    assert at["x"] <= below["x"] + below["width"]
    await page.keyboard.press("Tab")
    assert await menu.evaluate("menu => menu.contains(document.activeElement)")
    await page.keyboard.press("Escape")
    await expect(menu).to_be_hidden()
    await expect(button).to_be_focused()


async def test_a_key_opens_a_dialog_and_escape_closes_it(open_page: OpenPage, base: str) -> None:
    page = await open_page(f"{base}/style")
    await page.keyboard.press("n")
    dialog = page.get_by_role("dialog", name="New contact")
    await expect(dialog).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()


async def test_the_keys_of_the_page_are_listed_in_its_language(open_page: OpenPage, base: str) -> None:
    page = await open_page(f"{base}/style?language=uz")
    await page.keyboard.press("?")
    listed = page.get_by_role("dialog", name="Bu sahifaning tugmalari")
    await expect(listed.get_by_text("Vazifalar")).to_be_visible()
    await expect(listed.get_by_text("Yakka tugmalar ishlaydi")).to_be_visible()


async def test_on_a_phone_the_navigation_waits_behind_its_button(open_page: OpenPage, base: str) -> None:
    page = await open_page(f"{base}/style?language=ar", width=360, height=700)
    navigation = page.locator("#navigation")
    await expect(navigation).to_be_hidden()
    await page.locator(".top-menu").click()
    await expect(navigation.get_by_text("المهام")).to_be_visible()
    at = await navigation.bounding_box()
    assert at is not None
    assert at["x"] + at["width"] == 360  # where an Arabic line begins
    await page.mouse.click(20, 350)
    await expect(navigation).to_be_hidden()


async def test_the_first_tab_leads_past_the_frame(open_page: OpenPage, base: str) -> None:
    page = await open_page(f"{base}/style")
    await page.keyboard.press("Tab")
    await expect(page.get_by_text("Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#main")).to_be_focused()


async def test_state_of_the_connection_is_a_word(open_page: OpenPage, base: str) -> None:
    page: Page = await open_page(f"{base}/style")
    live = page.locator("#live")
    await expect(live).to_be_hidden()
    for state, word in (("on", "Live"), ("wait", "Connecting…"), ("lost", "No connection")):
        await live.evaluate("(live, state) => { live.dataset.state = state }", state)
        await expect(live.get_by_text(word, exact=True)).to_be_visible()


async def test_on_paper_there_is_the_content_alone(open_page: OpenPage, base: str) -> None:
    page = await open_page(f"{base}/style")
    await page.emulate_media(media="print")
    for gone in (".top", "#navigation", ".filters"):
        await expect(page.locator(gone)).to_be_hidden()
    await expect(page.get_by_role("heading", name="Contacts").first).to_be_visible()
