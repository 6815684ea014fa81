"""All pages, mounted."""

from __future__ import annotations

from aiohttp import web

from crm_core.web.keys import WORKPLACE
from crm_core.web.pages import (
    api_docs,
    calls,
    campaigns,
    companies,
    contacts,
    deals,
    front,
    list_files,
    notifications,
    offline,
    operator,
    phone,
    rehearsal,
    reports,
    scripts,
    search,
    settings,
    supervisor,
    surveys,
    tasks,
    wallboard,
)
from crm_core.web.pages.catalogues import read_catalogues
from crm_core.web.pages.rendering import PAGES, make_pages
from crm_core.web.static_files import add_static_routes, read_static_files

#: Each adds the routes of one noun.
_PAGES = (
    front,
    operator,
    phone,
    tasks,
    deals,
    list_files,
    calls,
    contacts,
    companies,
    supervisor,
    wallboard,
    reports,
    campaigns,
    rehearsal,
    surveys,
    scripts,
    search,
    notifications,
    settings,
    api_docs,
    offline,
)


def mount_pages(app: web.Application) -> None:
    """Add all pages to the application. Raises Unavailable when the built files are missing."""
    files = read_static_files()
    add_static_routes(app, files)
    app[PAGES] = make_pages(files, read_catalogues(), app[WORKPLACE].now)
    for pages in _PAGES:
        pages.add_pages(app)
