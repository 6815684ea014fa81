"""A page of the tests' own with all that the site's scripts look after, under the service's own strict policy."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from crm_core.db.engine import Database
from crm_core.web.doors import Handler, closed_shutters
from crm_core.web.keys import WORKPLACE, Workplace
from crm_core.web.static_files import StaticFiles, add_static_routes

_BODY = """
<header>
  <input type="search" id="search" aria-label="Search">
  <button type="button" data-key="?" command="show-modal" commandfor="help">Keys</button>
</header>
<main id="main" tabindex="-1">
  <h1>A page</h1>
  <div role="group" aria-label="Result">
    <button type="button" id="one" data-key="1">Interested <kbd>1</kbd></button>
    <button type="button" id="mute" data-key="m">Mute</button>
    <button type="button" id="hang-up" data-key="Escape">Hang up</button>
    <button type="button" id="off" data-key="2" disabled>Not now</button>
    <button type="button" id="hidden" data-key="3" hidden>Unseen</button>
    <a id="tasks" href="#tasks-here" data-key="g t">Tasks</a>
  </div>
  <label for="note">Note</label> <input id="note" data-key="n">
  <button type="button" popovertarget="menu">More</button>
  <div id="menu" popover><button type="button">Inside</button></div>
  <form id="form" hx-post="/echo" hx-target="#found" aria-label="Ask"><input name="who" aria-label="Who">
    <button id="ask">Ask</button></form>
  <div id="found"></div>
  <p>Called <time id="then" datetime="2026-11-26T10:00:00Z" data-relative>as the server said</time></p>
  <button type="button" id="bad" hx-get="/bad">409</button>
  <button type="button" id="page" hx-get="/bad?as=page">404</button>
  <button type="button" id="own" hx-get="/bad?as=part" hx-status:409="target:#found">409, shown</button>
  <button type="button" id="unknown" hx-get="/unknown">401</button>
  <button type="button" id="slow" hx-get="/never" hx-config="timeout:1000">slow</button>
  <button type="button" id="done" hx-post="/done" hx-swap="none">Done</button>
  <div id="list">
    <button type="button" name="later" hx-get="/list?named=1" hx-target="#list" hx-swap="outerHTML">Later</button>
    <button type="button" hx-get="/list" hx-target="#list" hx-swap="outerHTML">Next</button>
  </div>
  <ul id="morphed"><li id="a"><input aria-label="a"></li><li id="b">old</li></ul>
  <button type="button" id="morph" hx-get="/morph" hx-target="#morphed" hx-swap="outerMorph">Morph</button>
  <div id="stream" hx-sse:connect="/stream" hx-swap="beforeend"></div>
  <div id="named" hx-get="/found" hx-trigger="call-changed from:#stream"></div>
  <div id="theme"><button type="button" data-theme-choice="dark">Dark</button>
    <button type="button" data-theme-choice="light">Light</button>
    <button type="button" data-theme-choice="auto">System</button></div>
</main>
<dialog id="help" class="window" aria-labelledby="help-title"><h2 id="help-title">Keys</h2>
  <form method="dialog"><button>Close</button></form>
  <dl class="keys"><div class="key-line"><dt><kbd>?</kbd></dt><dd>This list</dd></div></dl></dialog>
"""


@dataclass(slots=True)
class Sample:
    """What the page's server has heard."""

    files: StaticFiles
    csrf: list[str] = field(default_factory=list)
    posted: list[str] = field(default_factory=list)
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    def page(
        self, body: str, scripts: tuple[str, ...] = ("site.js",), styles: tuple[str, ...] = ("tabler.css",)
    ) -> str:
        """A page around `body` as templates/base.html makes it: files of the site by address and hash."""
        theme, lines = self.files["theme.js"], []
        lines += [f'<script src="{theme.url}" integrity="{theme.integrity}"></script>']
        for one in (self.files[name] for name in styles):
            lines.append(f'<link rel="stylesheet" href="{one.url}" integrity="{one.integrity}">')
        for one in (self.files[name] for name in scripts):
            lines.append(f'<script type="module" src="{one.url}" integrity="{one.integrity}"></script>')
        return (
            '<!doctype html><html lang="en" dir="ltr" data-theme-choice="auto"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width"><title>A page</title><link rel="icon" href="data:,">'
            '<meta name="csrf" content="the-word"><meta name="words" content=\'{"undo": "Take back"}\'>'
            '<meta name="htmx-config" content=\'{"includeIndicatorCSS": false, "extensions": "sse"}\'>'
            f"{''.join(lines)}</head><body>{body}</body></html>"
        )

    def app(self, database: Database, folder: Path) -> web.Application:
        """The application; routes may be added to it before it is served."""

        @web.middleware
        async def hears(request: web.Request, handler: Handler) -> web.StreamResponse:
            if "HX-Request" in request.headers:
                self.csrf.append(request.headers.get("X-CSRF-Token", ""))
            return await handler(request)

        app = web.Application(middlewares=[closed_shutters, hears])
        app[WORKPLACE] = Workplace(database, _now, folder, folder)
        add_static_routes(app, self.files)
        app.on_shutdown.append(self._end)
        app.router.add_get("/", self._page)
        app.router.add_get("/login", _giving(self.page("<h1>Log in</h1>")))
        app.router.add_get("/found", _giving('<p id="seen">found</p>'))
        app.router.add_get("/list", _list)
        app.router.add_get("/morph", _giving(_MORPHED))
        app.router.add_get("/bad", _bad)
        app.router.add_get("/unknown", _giving("", 401))
        app.router.add_get("/never", self._never)
        app.router.add_get("/stream", self._stream)
        app.router.add_post("/{what}", self._post)
        return app

    async def _page(self, request: web.Request) -> web.Response:
        return _html(self.page(_BODY).replace('lang="en"', f'lang="{request.query.get("language", "en")}"'))

    async def _post(self, request: web.Request) -> web.Response:
        form = await request.post()
        what = request.match_info["what"]
        self.posted.append(what)
        if what == "done":
            toast = json.dumps({"trunkline:toast": {"text": "Done — 1 €", "kind": "good", "undo": "/undone"}})
            return web.Response(headers={"HX-Trigger": toast}, content_type="text/html")
        if what == "echo" and not form.get("who"):
            return _status(422, '<p id="wrong">Who is missing</p>')
        return _html(f'<p id="seen">{form.get("who", "")!s}</p>')

    async def _never(self, _request: web.Request) -> web.Response:
        await self._over.wait()
        raise web.HTTPServiceUnavailable

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        await answer.write(b'data: <p class="pushed">pushed</p>\n\nevent: call-changed\ndata: {}\n\n')
        await self._over.wait()
        return answer

    async def _end(self, _app: web.Application) -> None:
        self._over.set()


_MORPHED = '<ul id="morphed"><li id="c">first</li><li id="a"><input aria-label="a"></li><li id="b">new</li></ul>'


def _now() -> datetime:
    return datetime(2026, 11, 26, 10, 1, tzinfo=UTC)


def _giving(text: str, status: int = 200) -> Handler:
    async def give(_request: web.Request) -> web.Response:
        return _status(status, text)

    return give


def _html(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/html")


def _status(status: int, text: str) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html")


async def _list(request: web.Request) -> web.Response:
    named = '<button type="button" name="later">Later again</button>' if "named" in request.query else ""
    return _html(f'<div id="list"><button type="button">First</button>{named}</div>')


async def _bad(request: web.Request) -> web.Response:
    match request.query.get("as"):
        case "page":
            return _status(404, "<!doctype html><title>No</title><h1>There is no such thing</h1>")
        case "part":
            return _status(409, '<p id="clash">Dilnoza changed it</p>')
        case _:
            body = {"status": 409, "detail": "Somebody else moved the deal"}
            return web.json_response(body, status=409, content_type="application/problem+json")
