"""Filters of lists that people keep for themselves."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crm_core.handlers import saved_filters
from crm_core.web.api.routing import Asked, Model, Routes

routes = Routes("saved filters")

PageName = Annotated[str, Field(pattern="^[a-z_]{1,40}$")]


class FilterOut(Model):
    """`query` is that of the page's address, without the "?"."""

    id: int
    name: str
    query: str


class FiltersQuery(Model):
    page: PageName


class NewFilter(Model):
    """A filter to be kept; one of the same name is replaced."""

    page: PageName
    name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00]*$")]
    query: Annotated[str, Field(max_length=1000, pattern=r"^[\x20-\x7e]*$")]


@routes("GET", "/saved-filters", right=None)
async def list_saved_filters(asked: Asked, query: FiltersQuery) -> list[FilterOut]:
    """My filters for a page."""
    found = await saved_filters.list_filters(asked.actor, query.page, asked.database)
    return [FilterOut.model_validate(one) for one in found]


@routes("POST", "/saved-filters", right=None)
async def keep_filter(asked: Asked, body: NewFilter) -> None:
    """Keep a filter."""
    await saved_filters.keep_filter(asked.actor, body.page, body.name, body.query, asked.database)


@routes("DELETE", "/saved-filters/{filter_id}", right=None)
async def drop_filter(asked: Asked, filter_id: int) -> None:
    """Remove a filter of mine."""
    await saved_filters.drop_filter(asked.actor, filter_id, asked.database)
