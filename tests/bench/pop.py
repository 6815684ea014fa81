"""The pop: from a person's answer to his card, painted, on the operator's page in a real Chromium, through the whole
service: switch, hand-off, commit, push, page. The operator's phone is a browser too, in a window beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from playwright.async_api import Page

from crm_core.db.engine import opened_database
from crm_core.domain.campaigns import Record
from crm_core.handlers.campaigns import Order, order_campaign
from pbx.site import PbxSite
from tests.asterisk.asterisk import running_pair
from tests.asterisk.shift import OPERATOR, at_work, logged_in, make_people, opened_shift_browser, web_is_up
from tests.bench.meter import Meter, opened_meter
from tests.bench.rows import Row, at_most, figure, percentile
from tests.bench.site import CAMPAIGN, KINDS, POLICY, Say, empty_database, filled, now, running_service
from tests.browser.chromium import Faults, page_opener

CALLS = 24
BOUND = 300.0  # ms, p95
_WITHIN = 240.0  # seconds
#: People who answer after a second, speak, and are recorded from the hand-off on (see the network's dialplan).
_PEOPLE = "+9989011{:05}"
_RULES = replace(
    POLICY, lines_per_agent=1, max_lines=1, record=Record.BRIDGED, agent_script="Good morning {name}\n\n# More\n\nYes"
)
#: Notes when the card of each call has been painted: after the frame that follows its coming into the page.
_WATCH = """() => {
  window.painted = {};
  const look = () => {
    const call = document.getElementById("desk")?.dataset.call;
    const name = document.querySelector(".desk-name")?.textContent.trim();
    if (!call || !name || call in window.painted) return;
    window.painted[call] = null;
    requestAnimationFrame(() => {
      const after = new MessageChannel();
      after.port1.onmessage = () => { window.painted[call] = performance.timeOrigin + performance.now(); };
      after.port2.postMessage(null);
    });
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
}"""


async def measure(folder: Path, say: Say) -> list[Row]:
    rows: list[Row] = []
    for kind in KINDS:
        say(f"pop: {CALLS} answers, one after the other, on {kind}")
        home = folder / kind
        home.mkdir()
        async with running_pair(home) as pair, empty_database(kind, home) as url:
            rows += _rows(kind, *await _measured(pair.pbx, url, home))
    return rows


async def _measured(site: PbxSite, url: str, folder: Path) -> tuple[Meter, dict[str, float]]:
    """What the switch saw, and when (ms since 1970) each call's card was painted."""
    async with opened_database(url) as database:
        await filled(database, folder, CALLS * 2, _RULES, _PEOPLE)
        await order_campaign(database, CAMPAIGN, Order.PAUSE, now())
        await make_people(database)
        async with (
            _served(site, url, folder) as base,
            opened_shift_browser(folder) as browser,
            page_opener(browser, Faults()) as open_page,
            opened_meter(site) as meter,
        ):
            await order_campaign(database, CAMPAIGN, Order.START, now())
            page = await logged_in(open_page, base, OPERATOR)
            await page.evaluate(_WATCH)
            await at_work(page)
            meter.agents_talk()
            painted = await _painted(page)
            await order_campaign(database, CAMPAIGN, Order.PAUSE, now())
            return meter, painted


async def _painted(page: Page) -> dict[str, float]:
    async with asyncio.timeout(_WITHIN):
        while True:
            found: dict[str, float | None] = await page.evaluate("window.painted")
            known = {call: at for call, at in found.items() if at is not None}
            if len(known) >= CALLS:
                return known
            await asyncio.sleep(0.5)


@asynccontextmanager
async def _served(site: PbxSite, url: str, folder: Path) -> AsyncIterator[str]:
    """The whole service as a process; the address of its pages."""
    port = site.agi_port + 2000
    async with running_service(site, url, folder, PHONE_WSS_URL=f"ws://127.0.0.1:{site.ports.ws}/ws"):
        await web_is_up(port)
        yield f"http://127.0.0.1:{port}"


def _rows(kind: str, meter: Meter, painted: dict[str, float]) -> list[Row]:
    seen = {call: meter.calls[call.encode()] for call in painted}
    took = [painted[call] - one.answered * 1000 for call, one in seen.items() if one.answered is not None]
    bridged = [
        (one.bridged - one.answered) * 1000
        for one in seen.values()
        if one.answered is not None and one.bridged is not None
    ]
    return [
        figure(f"pop, answer to painted card, {kind}: p50", percentile(took, 0.5), "ms"),
        at_most(f"pop, answer to painted card, {kind}: p95", percentile(took, 0.95), "ms", BOUND),
        figure(f"pop, of that answer to bridge, {kind}: p95", percentile(bridged, 0.95), "ms"),
        figure(f"pop, {kind}: calls measured", len(took), ""),
    ]
