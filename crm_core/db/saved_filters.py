"""Filters that people keep, each his own, by page."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, func, select

from crm_core.db.tables import saved_filters
from crm_core.db.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class SavedFilter:
    """`query` is that of the page's address."""

    id: int
    name: str
    query: str


async def of_user(work: UnitOfWork, user_id: int, page: str) -> list[SavedFilter]:
    """By name."""
    mine = (saved_filters.c.user_id == user_id, saved_filters.c.page == page)
    rows = await work.all(select(saved_filters).where(*mine).order_by(saved_filters.c.name))
    return [SavedFilter(row.id, row.name, row.query) for row in rows]


async def count(work: UnitOfWork, user_id: int) -> int:
    """How many he has on all pages."""
    mine = saved_filters.c.user_id == user_id
    return int(await work.scalar(select(func.count()).select_from(saved_filters).where(mine)))


async def keep(work: UnitOfWork, user_id: int, page: str, name: str, query: str) -> None:
    """One of the same name is replaced."""
    row = {"user_id": user_id, "page": page, "name": name, "query": query}
    await work.upsert(saved_filters, [row], ["user_id", "page", "name"])


async def drop(work: UnitOfWork, user_id: int, filter_id: int) -> bool:
    """False if he has none of that id."""
    mine = (saved_filters.c.user_id == user_id, saved_filters.c.id == filter_id)
    return bool((await work.run(delete(saved_filters).where(*mine))).rowcount)
