"""SQLite in the event loop's own thread: what SQLAlchemy asks of aiosqlite, without its thread (ADR 0008).

A hop to a thread and back costs 0.15 ms and, while the loop is busy, waits for the interpreter lock up to 5 ms each
way; a statement of ours takes 0.01 to 0.1 ms. Waiting for another process's lock does not block: SQLite's own busy
wait is off, and the statement is tried again.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, TypeVar

import aiosqlite

T = TypeVar("T")

#: Pages (4 kB) in the log at which a commit itself copies them over; long before that `checkpoint` has done it.
CHECKPOINT_AT = 20_000

#: For so long another process (the command line, mostly) may hold the write lock.
BUSY_SECONDS = 10.0
_TRY_AGAIN = 0.002  # seconds


def checkpoint(path: str) -> None:
    """Copy the log into the database file and sync it, over a connection of its own; nobody who writes waits for it.

    A commit that does it keeps the event loop for as long as the disk takes: 50 ms and more.
    https://sqlite.org/wal.html#ckpt
    """
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise
    finally:
        connection.close()


class InLoopConnection(aiosqlite.Connection):
    """A connection whose statements run at once, in the caller's thread."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=64)

    def __await__(self) -> Generator[Any, None, InLoopConnection]:
        return self._opened().__await__()

    async def _opened(self) -> InLoopConnection:
        self._connection = self._connector()
        return self

    async def _execute(self, fn: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        give_up = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                return fn(*args, **kwargs)
            except sqlite3.OperationalError as error:
                # The primary code is the low byte: https://sqlite.org/rescode.html
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                    raise
            await asyncio.sleep(_TRY_AGAIN)

    async def close(self) -> None:
        """Close the connection; closing it again is no error."""
        connection, self._connection, self._running = self._connection, None, False
        if connection is not None:
            connection.close()

    def stop(self) -> None:
        """Close without a loop: SQLAlchemy calls it for a connection it has to give up."""
        connection, self._connection, self._running = self._connection, None, False
        if connection is not None:
            connection.close()

    def cursor(self) -> InLoopCursor:  # type: ignore[override]  # SQLAlchemy enters it, and asks for no more than this
        return InLoopCursor(self)

    async def at_once(self, work: Callable[[sqlite3.Cursor], object]) -> tuple[list[Any], Any, int, int | None]:
        """Run `work` with a new cursor: rows, description, rowcount, last row id."""

        def run() -> tuple[list[Any], Any, int, int | None]:
            cursor = self._conn.cursor()
            try:
                work(cursor)
                rows = cursor.fetchall() if cursor.description else []
                return rows, cursor.description, cursor.rowcount, cursor.lastrowid
            finally:
                cursor.close()

        return await self._execute(run)


class InLoopCursor:
    """What SQLAlchemy's adapter asks of a cursor; the rows are here when `execute` returns."""

    def __init__(self, connection: InLoopConnection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> InLoopCursor:
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> InLoopCursor:
        return await self._do(lambda cursor: cursor.execute(statement, parameters))

    async def executemany(self, statement: str, parameters: Iterable[Sequence[Any]]) -> InLoopCursor:
        rows = list(parameters)  # a statement tried again needs them again
        return await self._do(lambda cursor: cursor.executemany(statement, rows))

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        self._rows = []

    async def _do(self, work: Callable[[sqlite3.Cursor], object]) -> InLoopCursor:
        self._rows, self.description, self.rowcount, self.lastrowid = await self._connection.at_once(work)
        return self
