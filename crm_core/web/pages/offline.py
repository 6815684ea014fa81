"""Trunkline as an app of the browser's: its manifest, its service worker, and the page shown without a connection."""

from __future__ import annotations

import json
from dataclasses import replace

from aiohttp import web

from crm_core.web.keys import VIEWER
from crm_core.web.pages.rendering import render, words_for
from crm_core.web.static_files import STATIC_FILES
from crm_core.web.viewer import anonymous

#: Asked for anew each time: its address never changes, what it does may.
_NOT_KEPT = {"Cache-Control": "no-cache"}
#: File, sizes, and whether the platform cuts its own shape out of it; scripts/icons.py draws those in pixels.
_ICONS = (
    ("icon.svg", "any", "any"),
    ("icon-192.png", "192x192", "any"),
    ("icon-512.png", "512x512", "any"),
    ("icon-cut-512.png", "512x512", "maskable"),
)


def add_pages(app: web.Application) -> None:
    app.router.add_get("/manifest.webmanifest", _manifest)
    app.router.add_get("/sw.js", _worker)
    app.router.add_get("/offline", _offline)


async def _worker(request: web.Request) -> web.Response:
    one = request.app[STATIC_FILES]["sw.js"]
    return web.Response(body=one.body, headers=_NOT_KEPT | {"Content-Type": one.media_type})


async def _manifest(request: web.Request) -> web.Response:
    """https://www.w3.org/TR/appmanifest/"""
    files = request.app[STATIC_FILES]
    icons = [
        {"src": files[name].url, "sizes": sizes, "purpose": purpose, "type": files[name].media_type.split(";")[0]}
        for name, sizes, purpose in _ICONS
    ]
    about = {
        "id": "/",
        "name": "Trunkline",
        "short_name": "Trunkline",
        "description": words_for(request).gettext("Calls, customers and campaigns in one place"),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#1f6feb",
        "icons": icons,
    }
    text = json.dumps(about, ensure_ascii=False)
    return web.Response(text=text, content_type="application/manifest+json", headers=_NOT_KEPT)


async def _offline(request: web.Request) -> web.Response:
    """The same for whoever asks: the browser keeps it, also when he has logged out."""
    looking = request[VIEWER]
    nobody = anonymous(request.cookies, "", zone=looking.zone, country=looking.country)
    request[VIEWER] = replace(nobody, language=looking.language)
    answer = render(request, "offline.html")
    answer.headers["Content-Language"] = looking.language
    return answer
