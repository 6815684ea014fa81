"""Lists as files, with all their rows."""

from __future__ import annotations

from typing import Literal

from aiohttp import web

from crm_core.domain.access import Right
from crm_core.handlers import list_files
from crm_core.web.api.calls import CallsQuery
from crm_core.web.api.contacts import ContactsQuery
from crm_core.web.api.deal_shapes import DealsQuery
from crm_core.web.api.routing import Asked, Routes
from crm_core.web.list_file import list_file
from crm_core.web.report_file import MEDIA_TYPES

routes = Routes("lists as files")

Form = Literal["csv", "xlsx"]
_STREAMS = tuple(MEDIA_TYPES.values())


class ContactFileQuery(ContactsQuery):
    """`form` xlsx: for spreadsheets, up to 1,048,575 rows; it is made whole before it is sent."""

    form: Form = "csv"


class DealFileQuery(DealsQuery):
    """`form` xlsx: for spreadsheets, up to 1,048,575 rows; it is made whole before it is sent."""

    form: Form = "csv"


class CallFileQuery(CallsQuery):
    """`form` xlsx: for spreadsheets, up to 1,048,575 rows; it is made whole before it is sent."""

    form: Form = "csv"


@routes("GET", "/contacts/file", right=Right.EXPORT, streams=_STREAMS, errors=(422,))
async def contacts_as_file(asked: Asked, query: ContactFileQuery) -> web.StreamResponse:
    """All contacts of a list with all their numbers, as .csv or .xlsx. It is noted."""
    found = await list_files.contacts_file(asked.actor, query.wanted(), query.sort, asked.database, asked.now)
    return await list_file(asked.request, found, query.form, asked.now)


@routes("GET", "/deals/file", right=Right.EXPORT, streams=_STREAMS, errors=(422,))
async def deals_as_file(asked: Asked, query: DealFileQuery) -> web.StreamResponse:
    """All deals of a list, as .csv or .xlsx. It is noted."""
    found = await list_files.deals_file(asked.actor, query.wanted(), query.sort, asked.database, asked.now)
    return await list_file(asked.request, found, query.form, asked.now)


@routes("GET", "/calls/file", right=Right.EXPORT, streams=_STREAMS, errors=(422,))
async def calls_as_file(asked: Asked, query: CallFileQuery) -> web.StreamResponse:
    """All calls of a list, latest first, as .csv or .xlsx. It is noted."""
    found = await list_files.calls_file(asked.actor, query.wanted(), asked.database, asked.now)
    return await list_file(asked.request, found, query.form, asked.now)
