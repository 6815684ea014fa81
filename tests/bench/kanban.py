"""The kanban in a real Chromium, served by the whole service: opened by somebody who was never there (nothing kept by
the browser) and again, and its cards carried by hand and by menu. Asked of the site that `workplace` has filled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from playwright.async_api import Browser, Page, TimeoutError

from crm_core.db.engine import Database
from crm_core.domain.access import Role
from crm_core.web.doors import COOKIE
from tests.bench.lookup import Took
from tests.bench.rows import Row, figure, percentile, under
from tests.bench.site import Say
from tests.bench.web_process import cookie_of, served
from tests.browser.chromium import Faults, build_assets, opened_chromium, page_opener

ASKED, VISITS, MOVES = 40, 20, 30
#: Somebody who sees everything, and who sees a team's.
ROLES = {"all": Role.MANAGER, "team": Role.HEAD}
_FROM, _TO = "New", "Offer sent"
#: A board that comes anew (the stream was cut, say) closes a menu that is open: it is opened again. What is measured
#: begins with the click.
_TRIES, _OPENS_WITHIN = 3, 5_000  # ms
#: Notes when the columns have been painted: after the frame that follows the end of the page.
_PAINTED = """
addEventListener("DOMContentLoaded", () => requestAnimationFrame(() => {
  const after = new MessageChannel();
  after.port1.onmessage = () => {
    window.boardPainted = document.querySelector("[data-board] [data-deal]") ? performance.now() : null;
  };
  after.port2.postMessage(null);
}));
"""
_ANSWERED = "(([one]) => one.responseStart - one.requestStart)(performance.getEntriesByType('navigation'))"
#: From here on `window.settled` is how long a card took from being let go (or its menu pressed) to being painted as the
#: server has it, and `window.server` how long the server took of that.
_WATCH_MOVE = """() => {
  window.settled = window.server = undefined;
  let began;
  const begin = () => { began ??= performance.now(); };
  addEventListener("dragend", begin, { capture: true, once: true });
  addEventListener("click", (event) => { if (event.target.closest("[data-to]")) begin(); }, { capture: true });
  const watch = new MutationObserver(() => {
    const card = document.getElementById(window.moving.id);
    if (began === undefined || !card || Number(card.dataset.version) <= window.moving.version) return;
    watch.disconnect();
    requestAnimationFrame(() => {
      const after = new MessageChannel();
      after.port1.onmessage = () => {
        const moved = performance.getEntriesByType("resource").findLast((one) => one.name.endsWith("/move"));
        window.server = moved.responseEnd - moved.requestStart;
        window.settled = performance.now() - began;
      };
      after.port2.postMessage(null);
    });
  });
  watch.observe(document.querySelector("[data-board]"), { subtree: true, childList: true, attributes: true });
}"""


async def measured(database: Database, url: str, folder: Path, say: Say) -> list[Row]:
    """The rows of a site that is filled; cards are moved to and fro."""
    await asyncio.to_thread(build_assets)
    cookies = {who: await cookie_of(database, role, f"kanban {who}") for who, role in ROLES.items()}
    rows: list[Row] = []
    async with served(url, folder) as pages, opened_chromium() as browser:
        base = pages.base
        for who, secret in cookies.items():
            cookie = {"name": COOKIE, "value": secret, "url": base}
            rows += await _answers(base, secret, who)
            say(f"kanban: opened in Chromium, seen: {who}")
            rows += await _visits(browser, base, cookie, who)
            say(f"kanban: cards moved, seen: {who}")
            rows += await _moves(browser, base, cookie, who)
    return rows


async def _answers(base: str, secret: str, who: str) -> list[Row]:
    """The board and its average ages as the API answers them."""
    rows = []
    async with ClientSession(base, cookies={COOKIE: secret}) as client:
        for name, path in (("board", "/api/v1/deals/board"), ("average days", "/api/v1/deals/ages")):
            took = Took()
            for _ in range(ASKED + 1):
                with took.one():
                    async with client.get(path) as answer:
                        answer.raise_for_status()
                        await answer.read()
            milliseconds = took.milliseconds[1:]
            rows += [
                under(f"kanban, {name} from the API, seen: {who}, p95", percentile(milliseconds, 0.95), "ms", 200),
                figure(f"kanban, {name} from the API, seen: {who}, p50", percentile(milliseconds, 0.5), "ms"),
            ]
    return rows


async def _visits(browser: Browser, base: str, cookie: dict[str, str], who: str) -> list[Row]:
    first: list[float] = []
    again: list[float] = []
    answered: list[float] = []
    for _ in range(VISITS + 1):
        async with page_opener(browser, Faults()) as open_page:
            page = await open_page("about:blank", width=1920, cookies=[cookie])
            await page.add_init_script(_PAINTED)
            for took in (first, again):
                await page.goto(f"{base}/deals")
                painted = await (await page.wait_for_function("() => window.boardPainted !== undefined")).evaluate(
                    "() => window.boardPainted"
                )
                if painted is None:
                    raise RuntimeError("the board of a full site has no card")
                took.append(float(painted))
                answered.append(float(await page.evaluate(_ANSWERED)))
    first, again, answered = (
        first[1:],
        again[1:],
        answered[2:],
    )  # the first of all makes the statements and the templates
    return [
        under(f"kanban painted in Chromium, first visit, seen: {who}, p95", percentile(first, 0.95), "ms", 1_000),
        figure(f"kanban painted in Chromium, first visit, seen: {who}, p50", percentile(first, 0.5), "ms"),
        under(f"kanban painted in Chromium, later visit, seen: {who}, p95", percentile(again, 0.95), "ms", 1_000),
        figure(f"kanban, of that the wait for the server, seen: {who}, p95", percentile(answered, 0.95), "ms"),
    ]


Carry = Callable[[Page, str, str], Awaitable[None]]


async def _moves(browser: Browser, base: str, cookie: dict[str, str], who: str) -> list[Row]:
    rows = []
    faults = Faults()
    async with page_opener(browser, faults) as open_page:
        page = await open_page(f"{base}/deals", width=1920, cookies=[cookie])
        await page.wait_for_load_state("networkidle")
        for way, carry in (("dragged", _drag), ("by its menu", _by_menu)):
            settled, server = [], []
            for n in range(MOVES + 1):
                took = await _moved(page, carry, *((_FROM, _TO) if n % 2 == 0 else (_TO, _FROM)))
                settled.append(took["settled"])
                server.append(took["server"])
            rows += [
                under(f"kanban, card {way}, server, seen: {who}, p95", percentile(server[1:], 0.95), "ms", 100),
                figure(f"kanban, card {way}, let go to settled, seen: {who}, p95", percentile(settled[1:], 0.95), "ms"),
                figure(f"kanban, card {way}, let go to settled, seen: {who}, p50", percentile(settled[1:], 0.5), "ms"),
            ]
    if faults.unexpected():
        raise RuntimeError(f"the page had faults: {faults.unexpected()}")
    return rows


async def _moved(page: Page, carry: Carry, source: str, to: str) -> dict[str, float]:
    """The first card of one column carried into another."""
    card = page.get_by_role("list", name=source, exact=True).locator("[data-deal]").first
    found: dict[str, Any] = await card.evaluate(
        "(one) => (window.moving = { id: one.id, version: Number(one.dataset.version) })"
    )
    await page.evaluate(_WATCH_MOVE)
    await carry(page, str(found["id"]), to)
    await page.wait_for_function("() => window.settled !== undefined")
    await page.mouse.move(5, 5)
    return {str(key): float(value) for key, value in (await page.evaluate("({ settled, server })")).items()}


async def _drag(page: Page, card: str, to: str) -> None:
    await page.locator(f"#{card}").hover(position={"x": 6, "y": 6})
    await page.mouse.down()
    box = await page.get_by_role("list", name=to, exact=True).bounding_box()
    if box is None:
        raise RuntimeError(f"the column {to} is not to be seen")
    for share in (0.3, 0.5, 0.6):
        await page.mouse.move(box["x"] + box["width"] * share, box["y"] + 30 + 20 * share, steps=5)
    await page.mouse.up()


async def _by_menu(page: Page, card: str, to: str) -> None:
    item = page.locator("#move-menu").get_by_role("button", name=to, exact=True)
    for _ in range(_TRIES):
        await page.locator(f"#{card}").focus()
        await page.keyboard.press("m")
        with suppress(TimeoutError):
            await item.click(timeout=_OPENS_WITHIN)
            return
        await page.keyboard.press("Escape")
    raise RuntimeError(f"the menu of {card} does not lead to {to}")
