"""Keys on a page of the tests' own: what they press, and when they are left to the field, the dialog or the browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from crm_core.db.engine import opened_database
from crm_core.web.static_files import StaticFiles
from tests.browser.chromium import OpenPage
from tests.browser.conftest import Axe, Serve
from tests.browser.sample import Sample

#: Notes what is clicked, by id.
_NOTES = "document.addEventListener('click', (event) => (window.clicked ??= []).push(event.target.id))"


@pytest.fixture
async def address(built_files: StaticFiles, serve: Serve, tmp_path: Path, sqlite_url: str) -> AsyncIterator[str]:
    """Where the page is."""
    async with opened_database(sqlite_url) as database:
        yield await serve(Sample(built_files).app(database, tmp_path))


@pytest.fixture
async def page(open_page: OpenPage, address: str) -> Page:
    """The page, which notes what is clicked."""
    opened = await open_page(address)
    await opened.evaluate(_NOTES)
    return opened


async def _clicked(page: Page) -> list[str]:
    clicked: list[str] = await page.evaluate("window.clicked ?? []")
    return clicked


async def test_a_key_presses_its_button_unless_it_cannot_be_pressed(page: Page) -> None:
    for key in ("1", "2", "3", "4", "m", "Shift+M", "Escape"):
        await page.keyboard.press(key)
    assert await _clicked(page) == ["one", "mute", "hang-up"]  # 2 is disabled, 3 hidden, 4 nobody's


async def test_a_key_held_down_presses_once(page: Page) -> None:
    for _ in range(3):
        await page.keyboard.down("m")
    assert await _clicked(page) == ["mute"]


@pytest.mark.parametrize(("key", "code"), [("ь", "KeyM"), ("ة", "KeyM"), ("m", "KeyM")])
async def test_a_key_is_meant_also_on_a_cyrillic_or_arabic_keyboard(page: Page, key: str, code: str) -> None:
    event = {"key": key, "code": code, "bubbles": True, "cancelable": True}
    assert await page.evaluate("(event) => document.dispatchEvent(new KeyboardEvent('keydown', event))", event) is False
    assert await _clicked(page) == ["mute"]


async def test_what_is_typed_into_a_field_is_text(page: Page) -> None:
    await page.keyboard.press("n")
    await expect(page.locator("#note")).to_be_focused()
    await page.keyboard.type("m1?/n")
    await expect(page.locator("#note")).to_have_value("m1?/n")
    assert await _clicked(page) == []
    await page.keyboard.press("Escape")  # not a letter: it passes through
    assert await _clicked(page) == ["hang-up"]


async def test_two_keys_one_after_the_other(page: Page) -> None:
    await page.keyboard.press("g")
    await page.keyboard.press("t")
    assert await _clicked(page) == ["tasks"]
    await page.keyboard.press("t")
    await page.keyboard.press("g")
    await page.keyboard.press("m")  # g leads nowhere with m, which means itself
    assert await _clicked(page) == ["tasks", "mute"]


async def test_escape_closes_a_menu_and_does_not_hang_up(page: Page) -> None:
    await page.get_by_role("button", name="More").click()
    await expect(page.locator("#menu")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#menu")).to_be_hidden()
    assert "hang-up" not in await _clicked(page)


async def test_slash_goes_to_the_search(page: Page) -> None:
    await page.keyboard.press("/")
    await expect(page.locator("#search")).to_be_focused()
    await expect(page.locator("#search")).to_have_value("")


async def test_a_question_mark_lists_the_keys_of_the_page(page: Page, axe: Axe) -> None:
    await page.keyboard.press("?")
    lines = page.locator("#help .key-line")
    await expect(lines).to_have_text(
        ["1Interested", "MMute", "EscHang up", "2Not now", "GTTasks", "NNote", "?This list"]
    )
    await axe(page, "#help")
    await page.keyboard.press("m")  # behind the dialog
    assert "mute" not in await _clicked(page)
    await page.keyboard.press("Escape")
    await expect(page.locator("#help")).to_be_hidden()
    assert "hang-up" not in await _clicked(page)
    await page.get_by_role("button", name="Keys").click()
    await expect(lines).to_have_count(7)


async def test_single_keys_can_be_switched_off_for_those_whom_they_hinder(page: Page) -> None:
    await page.keyboard.press("?")
    await page.get_by_label("Single keys work").uncheck()
    await page.keyboard.press("Escape")
    await page.keyboard.press("m")
    await page.keyboard.press("Escape")
    assert [one for one in await _clicked(page) if one in ("mute", "hang-up")] == ["hang-up"]
    await page.reload()
    await page.evaluate(_NOTES)
    await page.keyboard.press("m")
    assert await _clicked(page) == []


async def test_screen_readers_are_told_the_keys(page: Page) -> None:
    await expect(page.locator("#mute")).to_have_attribute("aria-keyshortcuts", "m")
    assert await page.locator("#tasks").get_attribute("aria-keyshortcuts") is None
