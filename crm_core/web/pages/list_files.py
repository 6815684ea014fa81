"""The lists of the pages as files, by the filters they are looked at with."""

from __future__ import annotations

from aiohttp import web

from crm_core.handlers import list_files
from crm_core.handlers.report_files import Format
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.list_file import list_file
from crm_core.web.pages import contacts, deals


def add_pages(app: web.Application) -> None:
    app.router.add_get("/contacts/file", _contacts)
    app.router.add_get("/deals/file", _deals)


async def _contacts(request: web.Request) -> web.StreamResponse:
    place, actor = request.app[WORKPLACE], actor_in(request)
    wanted, sort = contacts.wanted_of(request, actor), contacts.sort_of(request)
    found = await list_files.contacts_file(actor, wanted, sort, place.database, place.now())
    return await list_file(request, found, _form(request), place.now())


async def _deals(request: web.Request) -> web.StreamResponse:
    place, actor = request.app[WORKPLACE], actor_in(request)
    wanted, sort = deals.wanted_of(request, actor), deals.sort_of(request)
    found = await list_files.deals_file(actor, wanted, sort, place.database, place.now())
    return await list_file(request, found, _form(request), place.now())


def _form(request: web.Request) -> Format:
    return "xlsx" if request.query.get("form") == "xlsx" else "csv"
