"""All endpoints, mounted, and their document at /api/openapi.json."""

from __future__ import annotations

import time
from functools import cache
from importlib.metadata import version
from typing import Any

from aiohttp import web

from crm_core.web.api import (
    account,
    agent,
    audit,
    blocks,
    calls,
    campaign_watch,
    campaigns,
    companies,
    contacts,
    deal_moves,
    deals,
    floor,
    list_files,
    lists,
    notifications,
    person_rights,
    phone,
    pipelines,
    rehearsal,
    reports,
    rules,
    saved_filters,
    scripts,
    search,
    settings,
    site,
    surveys,
    tasks,
    teams,
    transfers,
    unclear,
    uploads,
    users,
    webhooks,
)
from crm_core.web.api.openapi import document
from crm_core.web.api.routing import PREFIX, Endpoint, Routes
from crm_core.web.api.serving import LIMIT, handler_of
from crm_core.web.limits import OwnRateLimit

#: Every noun's endpoints, in the order of the document.
NOUNS: tuple[Routes, ...] = (
    account.routes,
    users.routes,
    agent.routes,
    phone.routes,
    transfers.routes,
    tasks.routes,
    list_files.routes,  # before calls and contacts: "file" is no id of one
    calls.routes,
    contacts.routes,
    companies.routes,
    deals.routes,
    deal_moves.routes,
    pipelines.routes,
    saved_filters.routes,
    person_rights.routes,
    reports.routes,
    floor.routes,
    campaigns.routes,
    campaign_watch.routes,
    rehearsal.routes,
    lists.routes,
    uploads.routes,
    blocks.routes,
    surveys.routes,
    scripts.routes,
    unclear.routes,
    search.routes,
    notifications.routes,
    teams.routes,
    settings.routes,
    rules.routes,
    site.routes,
    webhooks.routes,
    audit.routes,
)
#: For one user, all his tokens and pages together.
RATE, BURST = 50.0, 200
#: The whole document, as /api/openapi.json gives it.
DOCUMENT = web.AppKey("openapi", dict[str, Any])


def endpoints() -> list[Endpoint]:
    return [endpoint for routes in NOUNS for endpoint in routes.endpoints]


@cache
def _document() -> dict[str, Any]:
    """Made once: it takes half a second, and says the same as long as the code does."""
    return document(endpoints(), version("trunkline"))


def mount_api(app: web.Application) -> None:
    """Add the API to the application; a process counts by itself how often a user asks, unless LIMIT is replaced."""
    app[LIMIT] = OwnRateLimit(RATE, BURST, time.monotonic)
    app[DOCUMENT] = _document()
    for endpoint in endpoints():
        app.router.add_route(endpoint.method, PREFIX + endpoint.path, handler_of(endpoint))
    app.router.add_get("/api/openapi.json", _openapi)


async def _openapi(request: web.Request) -> web.Response:
    return web.json_response(request.app[DOCUMENT])
