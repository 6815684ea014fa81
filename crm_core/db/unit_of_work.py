"""The unit of work: one connection, one transaction, and the events that go out with its commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Executable, Row, Table, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.db.codec import event_payload
from crm_core.db.tables import outbox
from crm_core.events import Event


class UnitOfWork:
    """What repositories work with. They never commit: whoever opened the unit of work leaves it."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.has_published = False
        self._events: list[Event] = []

    def publish(self, event: Event) -> None:
        """Let `event` go out with the commit of this unit of work."""
        self._events.append(event)

    async def flush_events(self) -> None:
        """Write published events into the outbox; called once, just before the commit."""
        if self._events:
            self.has_published = True
            rows = [
                {"type": type(e).__name__, "payload": event_payload(e), "at": datetime.now(UTC)} for e in self._events
            ]
            await self.connection.execute(insert(outbox), rows)
            self._events.clear()

    async def run(self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None) -> CursorResult[Any]:
        """Execute; with `rows` (not empty), once for each of them."""
        if rows is not None and not rows:
            raise ValueError("no rows given: the statement would run once, without values")
        return await self.connection.execute(statement, list(rows) if rows is not None else None)

    async def all(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        return (await self.connection.execute(statement, values)).all()

    async def first(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Row[Any] | None:
        return (await self.connection.execute(statement, values)).first()

    async def scalar(self, statement: Executable) -> Any:
        return (await self.connection.execute(statement)).scalar()

    async def upsert(
        self, table: Table, rows: Sequence[Mapping[str, Any]], keys: Sequence[str], keep: Sequence[str] = ()
    ) -> int:
        """Insert `rows` (all of one shape); where `keys` stand already, replace all other columns given but `keep`.

        With every other column in `keep`, a row that stands already is left as it is. Returns rows written.
        """
        if not rows:
            return 0
        make = sqlite.insert if self.connection.dialect.name == "sqlite" else postgresql.insert
        changed = [c for c in rows[0] if c not in keys and c not in keep]
        statement = make(table)
        if changed:
            statement = statement.on_conflict_do_update(
                index_elements=list(keys), set_={c: statement.excluded[c] for c in changed}
            )
        else:
            statement = statement.on_conflict_do_nothing(index_elements=list(keys))
        # RETURNING makes SQLAlchemy write many rows with one prepared statement (0.05 ms a row; VALUES lists: 0.5 ms).
        written = await self.connection.execute(statement.returning(table.c[keys[0]]), _merged(rows, keys, changed))
        return len(written.all())


def _merged(rows: Sequence[Mapping[str, Any]], keys: Sequence[str], changed: Sequence[str]) -> list[dict[str, Any]]:
    """One row per key, as if they had come one after the other: PostgreSQL refuses to touch a row twice at once."""
    merged: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        key = tuple(row[name] for name in keys)
        if key in merged:
            merged[key].update((name, row[name]) for name in changed)
        else:
            merged[key] = dict(row)
    return list(merged.values())
