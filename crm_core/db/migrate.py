"""Bring a database to the schema of this version, and say which version it is at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from crm_core.db.engine import Database, opened_database

#: One upgrade at a time on PostgreSQL; any number that nobody else locks will do. SQLite has one writer anyway.
_ADVISORY_LOCK = 7_305_140_021


async def upgrade(url: str) -> str:
    """Run all revisions the database at `url` lacks, in one transaction; returns the revision it is at then.

    Raises Unavailable when the database does not answer.
    """
    async with opened_database(url, statement_within=None) as database:
        await upgrade_database(database)
    return newest()


async def upgrade_database(database: Database, to: str = "head") -> None:
    """The same for a database that is open already, up to the revision `to`."""
    async with database.rebuilding() as work:
        if not database.is_sqlite:
            await work.run(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
        await work.connection.run_sync(_upgrade, to)


async def current(url: str) -> str | None:
    """The revision the database at `url` is at; None for one without tables of ours."""
    async with opened_database(url) as database:
        return await revision_of(database)


async def revision_of(database: Database) -> str | None:
    """The same for a database that is open already."""
    async with database.reading() as work:
        return await work.connection.run_sync(_revision)


async def is_current(database: Database) -> bool:
    """Whether the database has the schema of this version; raises Unavailable when it does not answer."""
    return await revision_of(database) == newest()


def newest() -> str:
    """The revision that this version of the program works with."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "the package has lost its revisions"
    return head


def stamp(connection: Connection) -> None:
    """Write down that a schema made from the tables' own description is the newest."""
    command.stamp(_config(connection), "head")


def new_revision(connection: Connection, message: str, number: str) -> Any:
    """Write a revision that turns the database behind `connection` into the tables of this version; for developers."""
    return command.revision(_config(connection), message, autogenerate=True, rev_id=number)


def _upgrade(connection: Connection, to: str) -> None:
    command.upgrade(_config(connection), to)


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    if connection is not None:
        config.attributes["connection"] = connection
    return config
