"""Open the database: SQLite out of the box, PostgreSQL by its URL."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    DisconnectionError,
)
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from crm_core.db.faults import CONNECT_WITHIN, POOL_WITHIN, translated, unavailable
from crm_core.db.folded import SQLITE_FUNCTION
from crm_core.db.sqlite_driver import CHECKPOINT_AT, InLoopConnection, checkpoint
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.folding import fold
from crm_core.errors import BadSetting, Conflict, Unavailable

log = logging.getLogger(__name__)

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
_CHECKPOINT_EVERY = 2.0  # seconds
_STATEMENT_WITHIN = timedelta(seconds=30)
#: Connecting fails in the driver's own words: SQLAlchemy wraps errors of statements only.
_NO_CONNECTION = (DBAPIError, PoolExhausted, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


class Database:
    """An open database. `work()` is the only door to it: one use case, one unit of work, one commit."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        #: Set after each commit that published something; the outbox relay waits for it.
        self.on_publish = asyncio.Event()
        # SQLite has one writer. Waiting in line here is fair and quick; SQLite's own busy wait sleeps and starves.
        self._writer: asyncio.Lock | None = asyncio.Lock() if self.is_sqlite else None

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @asynccontextmanager
    async def work(self, *, at_once: bool = False) -> AsyncIterator[UnitOfWork]:
        """A unit of work that may write: commits when left cleanly, rolls back on any error.

        `at_once` lets nobody else run first: for what a person on the line waits for.
        Raises Unavailable when the database does not answer, and Conflict when another transaction was first.
        """
        if not at_once:
            await self._turn()
        line: AbstractAsyncContextManager[Any] = self._writer if self._writer is not None else nullcontext()
        async with line, self._connected() as connection:
            with translated():
                async with connection.begin():
                    work = UnitOfWork(connection)
                    yield work
                    await work.flush_events()
        if work.has_published:
            self.on_publish.set()

    @asynccontextmanager
    async def single(self) -> AsyncIterator[UnitOfWork]:
        """A unit of work of one statement that commits itself, for what a person on the line waits for: on PostgreSQL
        one round trip instead of three. It may publish nothing. Raises Unavailable and Conflict."""
        if self.is_sqlite:
            async with self.work(at_once=True) as work:
                yield work
            return
        async with self._connected() as connection:
            with translated():
                yield UnitOfWork(await connection.execution_options(isolation_level="AUTOCOMMIT"))

    @asynccontextmanager
    async def rebuilding(self) -> AsyncIterator[UnitOfWork]:
        """A unit of work that changes tables. SQLite alters one by copying it, and with its foreign keys enforced would
        not let the old one go; they are checked as a whole before the commit. Raises Unavailable and Conflict.

        https://www.sqlite.org/lang_altertable.html#otheralter
        """
        if self._writer is None:
            async with self.work() as work:
                yield work
            return
        async with self._writer, self._connected() as connection:
            await connection.run_sync(_enforce_foreign_keys, False)
            try:
                with translated():
                    async with connection.begin():
                        yield UnitOfWork(connection)
                        broken = (await connection.exec_driver_sql("PRAGMA foreign_key_check")).all()
                        if broken:
                            raise Conflict(f"rows of {broken[0][0]} would point to nothing: nothing was changed")
            finally:
                await connection.run_sync(_enforce_foreign_keys, True)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[UnitOfWork]:
        """A unit of work that only reads: does not wait for the writer. Raises Unavailable."""
        await self._turn()
        async with self._connected() as connection:
            with translated():
                yield UnitOfWork(await connection.execution_options(reading=True))

    async def keep_checkpointed(self) -> None:
        """SQLite: copy its log over now and then, in a thread, until cancelled; another database sees to that itself.

        Only a service needs it: a short command leaves it to the last connection that closes.
        """
        path = str(self.engine.url.database)
        while self.is_sqlite:
            await asyncio.sleep(_CHECKPOINT_EVERY)
            try:
                await asyncio.to_thread(checkpoint, path)
            except sqlite3.Error as error:  # a full disk, say: the commits will tell
                log.warning("checkpoint failed", extra={"error": str(error)})

    async def _turn(self) -> None:
        """Let other tasks run first. SQLite never waits for anything, so a loop over units of work would keep the event
        loop to itself."""
        if self._writer is not None:
            await asyncio.sleep(0)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncConnection]:
        async with AsyncExitStack() as stack:
            try:
                connection = await stack.enter_async_context(self.engine.connect())
            except _NO_CONNECTION as error:
                raise unavailable(error) from error
            yield connection


def _enforce_foreign_keys(connection: Connection, wanted: bool) -> None:
    """Outside of a transaction: inside of one SQLite passes over it."""
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA foreign_keys={'ON' if wanted else 'OFF'}")
    cursor.close()


def async_url(url: str) -> str:
    """`url` with the driver we use; raises BadSetting for a database we do not know."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:  # the address may carry a password: it is not repeated
        raise BadSetting("DATABASE_URL", "not a database address", "Write sqlite:///file or postgresql://…") from error
    backend = parsed.drivername.split("+")[0]
    if backend not in _DRIVERS:
        raise BadSetting("DATABASE_URL", f"{backend!r} is not supported", "Use sqlite or postgresql")
    if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise BadSetting("DATABASE_URL", "SQLite needs a file", "Write sqlite:////folder/trunkline.db")
    return parsed.set(drivername=_DRIVERS[backend]).render_as_string(hide_password=False)


@asynccontextmanager
async def opened_database(url: str, statement_within: timedelta | None = _STATEMENT_WITHIN) -> AsyncIterator[Database]:
    """Open the database at `url` (sqlite:///path or postgresql://user@host/name) and dispose of it afterwards.

    On PostgreSQL no statement takes longer than `statement_within`. Nothing is connected before the first use.
    """
    address = make_url(async_url(url))
    is_sqlite = address.drivername.startswith("sqlite")
    engine = _sqlite_engine(address) if is_sqlite else _postgres_engine(address, statement_within)
    try:
        yield Database(engine)
    finally:
        await engine.dispose()


def _sqlite_engine(address: URL) -> AsyncEngine:
    """WAL (readers do not wait for the writer), and BEGIN IMMEDIATE so that no transaction fails on upgrade.

    The way is SQLAlchemy's own: https://docs.sqlalchemy.org/en/21/dialects/sqlite.html#pysqlite-serializable
    """
    folder = Path(str(address.database)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadSetting("DATABASE_URL", f"cannot make the folder {folder}: {error.strerror}") from error

    async def connect() -> InLoopConnection:
        # Setting `isolation_level` later goes through aiosqlite's thread, which this connection does not have.
        return await InLoopConnection(lambda: sqlite3.connect(str(address.database), timeout=0, isolation_level=None))

    engine = create_async_engine(address, async_creator=connect, pool_size=8, max_overflow=8, pool_timeout=POOL_WITHIN)

    @event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.create_function(SQLITE_FUNCTION, 1, fold, deterministic=True)
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            f"wal_autocheckpoint={CHECKPOINT_AT}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get("reading") else "BEGIN IMMEDIATE")

    return engine


def _postgres_engine(address: URL, statement_within: timedelta | None) -> AsyncEngine:
    seconds = statement_within.total_seconds() if statement_within is not None else None
    engine = create_async_engine(
        address,
        pool_size=8,
        max_overflow=12,
        pool_timeout=POOL_WITHIN,
        connect_args={
            "timeout": CONNECT_WITHIN,
            "command_timeout": seconds,
            "server_settings": {"application_name": "trunkline", "jit": "off"},
        },
    )

    @event.listens_for(engine.sync_engine, "checkout")
    def _checkout(_connection: Any, record: Any, _proxy: Any) -> None:
        # The driver knows at once when its socket was closed; asking the server instead costs a round trip each time.
        if record.driver_connection.is_closed():
            raise DisconnectionError("the server closed this connection")

    @event.listens_for(engine.sync_engine, "handle_error")
    def _handle_error(context: Any) -> None:
        if isinstance(context.original_exception, TimeoutError):
            raise Unavailable(f"the database did not answer a statement within {seconds} s") from None

    return engine
