"""The shell without the CRM behind it: an application whose only page shows every macro, for tests and for looking.

To look: `.venv/bin/python -m tests.crm_core.web.style_page 8099`, then /style?language=ar&theme=dark&masked=1.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from aiohttp import web

from crm_core.domain.access import Right, Role
from crm_core.web.doors import Handler
from crm_core.web.keys import VIEWER
from crm_core.web.pages import offline
from crm_core.web.pages.catalogues import read_catalogues
from crm_core.web.pages.rendering import PAGES, TEMPLATES, make_pages, render, render_part
from crm_core.web.static_files import add_static_routes, read_static_files
from crm_core.web.viewer import Viewer
from crm_core.web.visitors import DOES, Visitor

NOW = datetime(2026, 11, 26, 6, 30, tzinfo=UTC)
_POLICY = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'"


def viewer_from(query: dict[str, str]) -> Viewer:
    """A head of team, as the query wants him."""
    return Viewer(
        name="Malika Yusupova",
        role="head",
        rights=frozenset(right.value for right in Right),
        language=query.get("language", "en"),
        zone="Asia/Tashkent",
        country="UZ",
        theme=query.get("theme", "auto"),
        csrf="word",
        masked="masked" in query,
        home="/style",
    )


@web.middleware
async def _look(request: web.Request, handler: Handler) -> web.StreamResponse:
    request[VIEWER] = Viewer(language=request.query.get("language", "en"), theme=request.query.get("theme", "auto"))
    if "stranger" not in request.query:
        request[VIEWER] = viewer_from(dict(request.query))
    answer = await handler(request)
    answer.headers["Content-Security-Policy"] = _POLICY
    return answer


async def _style(request: web.Request) -> web.Response:
    return render(request, "style.html", minutes=timedelta(minutes=4), amount=Decimal(1_234_500))


async def _list(request: web.Request) -> web.Response:
    return render_part(request, "style.html", "title")


async def _login(request: web.Request) -> web.Response:
    step = request.query.get("step", "password")
    visitors = [Visitor("Malika", "made for a test", DOES[Role.MARKETER], "/campaigns")]
    error = request.query.get("error", "")
    return render(request, "login.html", step=step, name="", next="/", error=error, visitors=visitors)


async def _error(request: web.Request) -> web.Response:
    code = int(request.match_info["code"])
    return render(request, "error.html", status=code, code=code, detail=request.query.get("detail", ""))


def make_style_app() -> web.Application:
    """The application; it opens nothing."""
    app = web.Application(middlewares=[_look])
    files = read_static_files()
    app[PAGES] = make_pages(files, read_catalogues(), lambda: NOW, (TEMPLATES, Path(__file__).parent / "templates"))
    add_static_routes(app, files)
    app.router.add_get("/style", _style)
    app.router.add_get("/title", _list)
    app.router.add_get("/login", _login)
    offline.add_pages(app)
    app.router.add_get("/error/{code}", _error)
    return app


if __name__ == "__main__":
    web.run_app(make_style_app(), host="127.0.0.1", port=int(sys.argv[1]), print=None)
