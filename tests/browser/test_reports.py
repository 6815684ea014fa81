"""Reports in a real Chromium: pictures beside tables, filters that swap, plans, print; in themes and directions."""

from __future__ import annotations

import re
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
from tests.browser.chromium import Faults, OpenPage
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
async def base(
    built_files: StaticFiles, serve: Serve, seeded_site: Database, firm: Firm, tmp_path: Path, faults: Faults
) -> str:
    faults.expect("/live")  # no push stream is served here
    assert built_files
    place = Workplace(seeded_site, lambda: NOW, tmp_path, tmp_path / "recordings", country="UZ")
    return await serve(make_app(Health(seeded_site, lambda: NOW), place))


@pytest.fixture
async def cookies(seeded_site: Database, base: str) -> list[Any]:
    """Of a manager who is logged in."""
    await users.create_user(users.NewUser("Meg", Role.MANAGER, PASSWORD), None, seeded_site, NOW)
    opened = await log_in("Meg", PASSWORD, Door(), seeded_site, NOW)
    return [{"name": COOKIE, "value": opened.secret, "url": base}]


#: What a canvas says since it was last wiped, a line each with its colour before it, as `data-said`; as `data-cut`
#: what does not lie within it.
_LISTEN = """
const bare = (text) => text.replace(/[\\u2068\\u2069]/g, "");
const isCut = (pen, text, x) => {
    const [{ a: scale, e: moved }, { width }] = [pen.getTransform(), pen.measureText(text)];
    const left = moved / scale + x - width * { left: 0, center: 0.5, right: 1 }[pen.textAlign];
    return left < -1 || left + width > pen.canvas.width / scale + 1;
};
for (const [name, hear] of [
    ["clearRect", (pen) => Object.assign(pen.canvas.dataset, { said: "", cut: "" })],
    ["fillText", (pen, text, x) => {
        pen.canvas.dataset.said += `${pen.fillStyle}\\t${bare(text)}\\n`;
        if (isCut(pen, text, x)) pen.canvas.dataset.cut += `${bare(text)}\\n`;
    }],
]) {
    const does = CanvasRenderingContext2D.prototype[name];
    CanvasRenderingContext2D.prototype[name] = function (...given) {
        hear(this, ...given);
        return does.apply(this, given);
    };
}
"""
#: Where each bar of the first colour begins and ends, from the top; counted in dots of the canvas.
_BARS = """(canvas) => {
    const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const isBar = (x, y) => [0, 114, 178, 255].every((part, n) => data[(y * width + x) * 4 + n] === part);
    const bars = [];
    let before = "";
    for (let y = 0; y < height; y++) {
        const found = [...Array(width).keys()].filter((x) => isBar(x, y));
        if (found.length && !before) bars.push([found[0], found.at(-1) + 1, y]);
        before = found.length;
    }
    return bars;
}"""


async def _drawn(page: Page, count: int) -> None:
    """So many pictures, and something in each."""
    await expect(page.locator("[data-chart] canvas, .week table")).to_have_count(count)
    for canvas in await page.locator("[data-chart] canvas").all():
        assert await canvas.evaluate(
            "one => new Set(one.getContext('2d').getImageData(0, 0, one.width, one.height).data).size > 3"
        )


async def _opened(open_page: OpenPage, base: str, address: str, cookies: list[Any], **window: Any) -> Page:
    """The page, and what its canvases say is kept."""
    page = await open_page(f"{base}/login", cookies=cookies, **window)
    await page.add_init_script(_LISTEN)
    await page.goto(base + address)
    return page


async def _said(page: Page) -> list[tuple[str, str]]:
    """Colour and text of all that the first picture says."""
    lines = await page.locator("[data-chart=chart-1] canvas").get_attribute("data-said") or ""
    return [(colour, text) for colour, _, text in (line.partition("\t") for line in lines.splitlines())]


async def _ink(page: Page) -> set[str]:
    return {colour for colour, _ in await _said(page)}


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
    page = await _opened(open_page, base, f"/reports/funnel?{WEEK}", cookies)
    await _drawn(page, 2)
    said = [text for _, text in await _said(page)]
    assert [text for text in said if not text.isdigit()] == ["Unsorted", "New", "Offer sent", "Agreed", "Won"]
    assert [text for text in said if text.isdigit()] == ["7", "6", "5", "3", "2"]


async def test_the_pointer_over_a_bar_is_told_what_it_is(open_page: OpenPage, base: str, cookies: list[Any]) -> None:
    page = await _opened(open_page, base, f"/reports/funnel?{WEEK}", cookies)
    canvas = page.locator("[data-chart=chart-1] canvas")
    bars = await canvas.evaluate(_BARS)
    told = re.compile("Deals that came here: 6\\b")
    await expect(canvas).not_to_have_attribute("data-said", told)
    await canvas.hover(position={"x": bars[1][0] + 5, "y": bars[1][2] + 5})
    await expect(canvas).to_have_attribute("data-said", told)
    await page.keyboard.press("Escape")
    await expect(canvas).not_to_have_attribute("data-said", told)


async def test_bars_grow_with_their_figures_from_the_side_where_reading_begins(
    open_page: OpenPage, base: str, cookies: list[Any]
) -> None:
    for language, begins in (("en", 0), ("ar", 1)):
        look = [{"name": "language", "value": language, "url": base}]
        page = await open_page(f"{base}/reports/funnel?{WEEK}", cookies=[*cookies, *look])
        await _drawn(page, 2)
        bars = await page.locator("[data-chart=chart-1] canvas").evaluate(_BARS)
        assert len({bar[begins] for bar in bars}) == 1, language
        longest = bars[0][1] - bars[0][0]
        for (left, right, _), of_seven in zip(bars, (7, 6, 5, 3, 2), strict=True):
            assert right - left == pytest.approx(longest * of_seven / 7, abs=2)


@pytest.mark.parametrize("language", ["ru", "ar"])
async def test_on_a_phone_no_word_of_a_picture_is_cut_off(
    open_page: OpenPage, base: str, cookies: list[Any], language: str
) -> None:
    look = [{"name": "language", "value": language, "url": base}]
    for name in ("funnel", "losses", "customers", "operators"):
        page = await _opened(open_page, base, f"/reports/{name}?{WEEK}", [*cookies, *look], width=360)
        await expect(page.locator("[data-chart=chart-1] canvas")).to_have_attribute("data-cut", "")
        assert await _said(page)


async def test_a_picture_takes_the_colours_of_the_theme_and_of_paper(
    open_page: OpenPage, base: str, cookies: list[Any]
) -> None:
    page = await _opened(open_page, base, f"/reports/funnel?{WEEK}", cookies)
    await _drawn(page, 2)
    light = await _ink(page)
    await page.emulate_media(color_scheme="dark")
    await expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    dark = await _ink(page)
    assert len(light) == len(dark) == 1
    assert light != dark
    await page.evaluate(
        """addEventListener("beforeprint", () => {
            const canvas = document.querySelector("canvas");
            window.onPaper = [canvas.dataset.said, canvas.width / canvas.clientWidth];
        })"""
    )
    await page.pdf()
    said, dots = await page.evaluate("window.onPaper")
    assert {line.partition("\t")[0] for line in said.splitlines()} == {"#000000"}
    assert dots == 3
    assert await _ink(page) == dark


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
    await expect(page.locator(".week table")).to_be_visible()
    await expect(page.locator(".report-scroll table").first).to_be_visible()
