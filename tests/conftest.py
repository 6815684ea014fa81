"""Fixtures for all tests: servers of our own, and an empty database for each test, on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import text

from crm_core.db.engine import Database, opened_database
from crm_core.db.migrate import stamp
from crm_core.db.seed import seed
from crm_core.db.tables import metadata
from tests.servers import PostgresServer, RedisServer

# No test may depend on how fast the machine is today.
settings.register_profile("trunkline", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("trunkline")

#: One question instead of one per table: which tables hold rows?
_DIRTY = text(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in metadata.tables))
_COUNT_FROM_1 = text(
    "SELECT setval(format('%I.%I', schemaname, sequencename), 1, false) FROM pg_sequences WHERE last_value IS NOT NULL"
)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL of our own, for tests that stop and start it; leave it running."""
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
async def postgres_url(postgres_server: PostgresServer) -> str:
    """The address of a migrated database `site`, empty at first and nobody else's: whoever writes into it shares it."""
    url = postgres_server.create_database("site")
    await _make_tables(url)
    return url


@pytest.fixture(scope="session")
async def postgres_scratch(postgres_server: PostgresServer) -> AsyncIterator[Database]:
    """The database behind `database`: one pool for all tests (connecting costs 20 ms), emptied before each."""
    url = postgres_server.create_database("scratch")
    await _make_tables(url)
    async with opened_database(url) as opened:
        yield opened


@pytest.fixture(scope="session")
async def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file. Copy it (`sqlite_url`): what is written into it, every later test finds."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    await _make_tables(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a migrated, empty SQLite database of the test's own."""
    return f"sqlite:///{shutil.copyfile(sqlite_template, tmp_path / 'trunkline.db')}"


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis of our own, for tests that stop and start it; leave it running."""
    server = RedisServer()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def redis_url(redis_server: RedisServer) -> str:
    """The address of a running Redis. It is shared: use a stream name of your own."""
    return redis_server.url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """The kind of database a test runs on: each in turn. PostgreSQL is started when first asked for."""
    return str(request.param)


@pytest.fixture
def database_url(database_kind: str, request: pytest.FixtureRequest) -> str:
    """The address of the database behind `database`."""
    if database_kind == "postgresql":
        scratch: Database = request.getfixturevalue("postgres_scratch")
        return scratch.engine.url.render_as_string(hide_password=False).replace("+asyncpg", "")
    return str(request.getfixturevalue("sqlite_url"))


@pytest.fixture
def scratch(database_kind: str, database_url: str, request: pytest.FixtureRequest) -> Database | None:
    """The pool shared by the tests on PostgreSQL; none on SQLite, where each test has a file of its own."""
    return request.getfixturevalue("postgres_scratch") if database_kind == "postgresql" else None


@pytest.fixture
async def database(database_url: str, scratch: Database | None) -> AsyncIterator[Database]:
    """A `Database` with all tables and no rows."""
    if scratch is not None:
        opened = Database(scratch.engine)
        await _empty(opened)
        yield opened
        return
    async with opened_database(database_url) as opened:
        yield opened


@pytest.fixture
async def seeded_database(database: Database) -> Database:
    """`database` with what Trunkline is shipped with, the automation rules aside."""
    async with database.work() as work:
        await seed(work)
    return database


async def _make_tables(url: str) -> None:
    async with opened_database(url) as opened, opened.engine.begin() as connection:
        # Quicker than the revisions; tests/crm_core/test_migrations.py proves that both come to the same.
        await connection.run_sync(metadata.create_all)
        await connection.run_sync(stamp)


async def _empty(opened: Database) -> None:
    """Take all rows away and count from 1 again. A transaction left open by another test fails here, not for ever.

    DELETE: 10 ms; TRUNCATE takes 100, a copy of the database more.
    """
    async with opened.work() as work:
        await work.run(text("SET LOCAL lock_timeout = '10s'"))
        await work.run(text("SET LOCAL session_replication_role = replica"))  # no foreign keys: any order will do
        for (name,) in await work.all(_DIRTY):
            await work.run(text(f"DELETE FROM {name}"))
        await work.run(_COUNT_FROM_1)
