"""Millions of rows into a site at once: COPY on PostgreSQL, with indexes and foreign keys made again afterwards.

An index that grows row by row costs ten times what it costs to make over all rows; so do foreign keys. All of it is one
transaction: whoever reads waits or sees the site as it was, and a failure leaves nothing behind.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import JSON, Table, func, insert, select, text
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from crm_core.db.engine import Database
from crm_core.db.tables import contacts, metadata
from crm_core.db.unit_of_work import UnitOfWork

Row = tuple[Any, ...]
#: So much memory may PostgreSQL take to sort an index; it has one at a time.
_SORT_MEMORY = "256MB"
_INDEXES = text(
    "SELECT i.relname AS name, pg_get_indexdef(x.indexrelid) AS made FROM pg_index x JOIN pg_class i ON i.oid = "
    "x.indexrelid JOIN pg_class t ON t.oid = x.indrelid LEFT JOIN pg_constraint c ON c.conindid = x.indexrelid "
    "WHERE t.relname = ANY(:tables) AND pg_table_is_visible(t.oid) AND c.oid IS NULL ORDER BY 1"
)
_FOREIGN_KEYS = text(
    "SELECT c.conname AS name, t.relname AS table, pg_get_constraintdef(c.oid) AS made FROM pg_constraint c JOIN "
    "pg_class t ON t.oid = c.conrelid WHERE c.contype = 'f' AND t.relname = ANY(:tables) "
    "AND pg_table_is_visible(t.oid) ORDER BY 1"
)


async def people_in(work: UnitOfWork) -> int:
    """How many contacts there are, counted up to a thousand."""
    return int(await work.scalar(select(func.count()).select_from(select(contacts.c.id).limit(1000).subquery())))


async def next_id(work: UnitOfWork, table: str) -> int:
    """The first id that no row of the table has, nor any above it."""
    return int(await work.scalar(select(func.coalesce(func.max(metadata.tables[table].c.id), 0)))) + 1


class Filling:
    """One filling of a site, within one unit of work: `loosen`, `write` as often as you like, `tighten`."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._on_postgres = work.connection.dialect.name == "postgresql"
        self._to_make: list[tuple[str, str]] = []
        self._written: set[str] = set()

    async def loosen(self, tables: Sequence[str]) -> None:
        """Take indexes and foreign keys off; SQLite keeps them: it has thousands of rows, not millions."""
        if not self._on_postgres:
            return
        for key in (await self._work.connection.execute(_FOREIGN_KEYS, {"tables": list(tables)})).all():
            await self._work.run(text(f'ALTER TABLE {key.table} DROP CONSTRAINT "{key.name}"'))
            self._to_make.append((key.name, f'ALTER TABLE {key.table} ADD CONSTRAINT "{key.name}" {key.made}'))
        indexes = (await self._work.connection.execute(_INDEXES, {"tables": list(tables)})).all()
        for index in indexes:
            await self._work.run(text(f'DROP INDEX "{index.name}"'))
        self._to_make = [(index.name, index.made) for index in indexes] + self._to_make

    async def write(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Add rows; values of `columns` in their order. Columns not named take the default of the database."""
        self._written.add(table)
        if not self._on_postgres:
            await self._work.run(insert(metadata.tables[table]), [dict(zip(columns, row, strict=True)) for row in rows])
            return
        raw = await self._work.connection.get_raw_connection()
        driver: Any = raw.driver_connection
        names, records = _for_copy(metadata.tables[table], columns, rows)
        await driver.copy_records_to_table(table, records=records, columns=names)

    async def tighten(self, say: Callable[[str], None]) -> None:
        """Make again what `loosen` took off, and let ids count on; `say` is told each name."""
        if not self._on_postgres:
            return
        await self._work.run(text(f"SET LOCAL maintenance_work_mem = '{_SORT_MEMORY}'"))
        for name, made in self._to_make:
            say(name)
            await self._work.run(text(made.replace(":", "\\:")))
        for table in sorted(self._written):
            if "id" in metadata.tables[table].c and metadata.tables[table].c.id.autoincrement is True:
                last = f"(SELECT coalesce(max(id), 1) FROM {table})"
                await self._work.run(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {last})"))


def _for_copy(table: Table, columns: Sequence[str], rows: Sequence[Row]) -> tuple[list[str], Iterable[Row]]:
    """COPY bypasses SQLAlchemy, and with it what makes JSON of values and what gives columns not named a value."""
    defaults = {c.name: c.default for c in table.c if c.name not in columns and c.default and not c.server_default}
    # What is no scalar makes an empty object.
    added = tuple(one.arg if isinstance(one, ScalarElementColumnDefault) else "{}" for one in defaults.values())
    at = [index for index, name in enumerate(columns) if isinstance(table.c[name].type, JSON)]
    names = [*columns, *defaults]
    if not at:
        return names, ((*row, *added) for row in rows)
    (index,) = at  # no table that is filled has two
    return names, ((*row[:index], json.dumps(row[index]), *row[index + 1 :], *added) for row in rows)


async def settle(database: Database, tables: Sequence[str]) -> None:
    """Let the database look at what has been written: without it the first queries go the wrong way."""
    async with database.single() as work:
        for table in tables:
            await work.run(text(f"ANALYZE {table}" if database.is_sqlite else f"VACUUM (ANALYZE) {table}"))
