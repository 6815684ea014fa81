"""Filters of lists that people keep for themselves, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from crm_core.db import saved_filters as rows
from crm_core.db.engine import Database
from crm_core.db.saved_filters import SavedFilter
from crm_core.domain.access import Actor
from crm_core.errors import BadInput, NotFound

_LONGEST = 1000
_MOST = 100


def canonical(query: Mapping[str, str], names: Sequence[str]) -> str:
    """The filters of an address, always in the same order; empty ones left out."""
    return urlencode([(name, query[name]) for name in names if query.get(name)])


async def list_filters(actor: Actor, page: str, database: Database) -> list[SavedFilter]:
    """His own for that page, by name."""
    async with database.reading() as work:
        return await rows.of_user(work, actor.user_id, page)


async def keep_filter(actor: Actor, page: str, name: str, query: str, database: Database) -> None:
    """Keep a filter; one of the same name is replaced. Raises BadInput."""
    if not 0 < len(name.strip()) <= 80:
        raise BadInput("name", "the name is empty, or longer than 80 characters")
    if len(query) > _LONGEST or not query.isascii():
        raise BadInput("query", "it is not the query of a page", "Take what stands behind the ? of its address")
    async with database.work() as work:
        if await rows.count(work, actor.user_id) >= _MOST:
            raise BadInput("name", f"you have {_MOST} filters already", "Remove one first")
        await rows.keep(work, actor.user_id, page, name.strip(), query)


async def drop_filter(actor: Actor, filter_id: int, database: Database) -> None:
    """Remove one of his. Raises NotFound."""
    async with database.work() as work:
        if not await rows.drop(work, actor.user_id, filter_id):
            raise NotFound("saved filter", filter_id)
