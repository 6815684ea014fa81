"""Statements over many rows at once, written so that the drivers can keep them prepared."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Table, bindparam, false, func
from sqlalchemy.dialects import postgresql, sqlite

from crm_core.db.unit_of_work import UnitOfWork

Id = TypeVar("Id", str, int)
Insert = sqlite.Insert | postgresql.Insert


def one_of(column: Column[Any], values: Collection[Id]) -> ColumnElement[bool]:
    """`column` is one of `values`."""
    return column.in_(filled_up(values)) if values else false()


def among(column: Column[Any], name: str) -> ColumnElement[bool]:
    """`column` is one of the values given as `name` when the statement runs, by `filled_up`. For statements that are
    made once and kept: making one takes SQLAlchemy longer than the database takes to answer it."""
    return column.in_(bindparam(name, expanding=True))


def filled_up(values: Collection[Id]) -> list[Id]:
    """The values, filled up to a power of two by repeating the last: PostgreSQL plans each length anew, and there are
    few of these."""
    listed = sorted(set(values))
    size = 1 << (len(listed) - 1).bit_length() if listed else 0
    return listed + listed[-1:] * (size - len(listed))


def inserting(work: UnitOfWork, table: Table) -> Insert:
    """An INSERT that can say what to do ON CONFLICT, in the dialect of the database at hand."""
    return sqlite.insert(table) if work.connection.dialect.name == "sqlite" else postgresql.insert(table)


def or_kept(table: Table, statement: Insert, columns: Sequence[str]) -> dict[str, Any]:
    """For ON CONFLICT DO UPDATE: the new value of each column, or where that is NULL the one that stands."""
    return {name: func.coalesce(statement.excluded[name], table.c[name]) for name in columns}
