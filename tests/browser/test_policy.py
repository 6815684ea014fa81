"""The strict policy in a real Chromium: what our libraries do under it, what it forbids, and how heavy a page is."""

from __future__ import annotations

import io
import json
import wave
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import expect

from crm_core.db.engine import opened_database
from crm_core.web.doors import Handler
from crm_core.web.static_files import StaticFile, StaticFiles
from tests.browser.chromium import Faults, OpenPage, build_assets
from tests.browser.conftest import Serve
from tests.browser.sample import Sample

ISLANDS = Path(__file__).parent / "islands"
#: Bytes of scripts and styles that a first visit may load, compressed.
FIRST_LOAD = 200_000

_LIBRARIES = """
<main><h1>Libraries</h1>
<div id="board"><div id="first">first</div><div id="second">second</div></div>
<div id="lines"></div><div id="wave"></div></main>
"""
_FORBIDDEN = {
    "script": ("<script>window.ran = true</script>", "script-src-elem"),
    "handler": ('<img src="data:," alt="" onerror="window.ran = true">', "script-src-attr"),
    "style": ('<p style="color: red">red</p>', "style-src-attr"),
    "elsewhere": ('<script src="http://localhost:1/other.js"></script>', "script-src-elem"),
    "hx-on": ('<p hx-on:load="window.ran = true">x</p>', "script-src"),
    "js-vals": ('<p hx-get="/found" hx-trigger="load" hx-vals="js:{a: window.ran = true}">x</p>', "script-src"),
    "filter": ('<p hx-get="/found" hx-trigger="load[window.ran = true]">x</p>', "script-src"),
}


@pytest.fixture
def with_libraries(built_files: StaticFiles, tmp_path: Path) -> StaticFiles:
    """The site's files and the tests' own island, which uses every library."""
    build_assets("islands", str(ISLANDS), str(tmp_path))
    entry = json.loads((tmp_path / "manifest.json").read_text())["libraries.js"]
    body = (tmp_path / entry["file"]).read_bytes()
    island = StaticFile("/static/built/libraries.js", entry["sri"], "text/javascript; charset=utf-8", body, {})
    return replace(built_files, by_name=dict(built_files.by_name) | {"libraries.js": island})


@pytest.fixture
async def sample_app(built_files: StaticFiles, tmp_path: Path, sqlite_url: str) -> AsyncIterator[web.Application]:
    """The application of the tests' own page, to be given more pages."""
    async with opened_database(sqlite_url) as database:
        yield Sample(built_files).app(database, tmp_path)


async def test_all_libraries_work(
    with_libraries: StaticFiles, serve: Serve, tmp_path: Path, sqlite_url: str, open_page: OpenPage
) -> None:
    sample = Sample(with_libraries)
    body = sample.page(_LIBRARIES, ("site.js", "libraries.js"), ("tabler.css", "uplot.css"))
    async with opened_database(sqlite_url) as database:
        app = sample.app(database, tmp_path)
        app.router.add_get("/libraries", _giving(body))
        app.router.add_get("/silence.wav", _silence)
        page = await open_page(await serve(app) + "/libraries")
        await page.locator("#first").drag_to(page.locator("#second"), target_position={"x": 5, "y": 18}, steps=10)
        wanted = ("uplot", "wavesurfer", "seek", "jssip", "sortable")
        for name in wanted:
            await expect(page.locator(f"body[data-done~={name}]")).to_be_visible()
        assert await page.locator("#board").inner_text() == "second\nfirst"
        # wavesurfer's sheet is in force, though not as <style>.
        assert await page.locator("#wave .cursor").evaluate("one => getComputedStyle(one).zIndex") == "5"
        # uPlot's own sheet is there: without it the canvas would have no size of its own.
        assert await page.locator("#lines .u-wrap").evaluate("one => getComputedStyle(one).position") == "relative"


@pytest.mark.parametrize("kind", _FORBIDDEN)
async def test_what_is_forbidden_does_not_run_and_fails_a_test(
    kind: str, sample_app: web.Application, serve: Serve, open_page: OpenPage, faults: Faults, built_files: StaticFiles
) -> None:
    markup, directive = _FORBIDDEN[kind]
    sample_app.router.add_get("/forbidden", _giving(Sample(built_files).page(f"<h1>A page</h1>{markup}")))
    page = await open_page(await serve(sample_app) + "/forbidden")
    await faults.until(f"policy: {directive} forbids")
    assert await page.evaluate("window.ran") is None
    assert faults.unexpected()
    faults.expect("policy: |Content Security Policy|htmx:error")


#: What pages of each kind load beside what all load.
_MORE = {
    "any": (),
    "report": ("charts.js", "reports.css"),
    "board": ("board.js", "deals.css", "live.js"),
    "campaign": ("minutes.js", "uplot.css", "campaigns.css"),
    "call": ("player.js", "work.css"),
}


@pytest.mark.parametrize("kind", _MORE)
def test_a_first_visit_is_light(kind: str, built_files: StaticFiles) -> None:
    for style in ("tabler.css", "tabler.rtl.css"):
        for coding in ("br", "gzip"):
            loaded = [built_files[name] for name in (style, "theme.js", "site.js", "site.css", *_MORE[kind])]
            assert sum(len(one.packed.get(coding, one.packed["gzip"])) for one in loaded) < FIRST_LOAD


async def _silence(_request: web.Request) -> web.Response:
    body = io.BytesIO()
    with wave.open(body, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 2 * 8000))
    return web.Response(body=body.getvalue(), content_type="audio/wav")


def _giving(text: str) -> Handler:
    async def give(_request: web.Request) -> web.Response:
        return web.Response(text=text, content_type="text/html")

    return give
