"""`trunkline db`: bring the database to this version, or say how it stands."""

from __future__ import annotations

import argparse
from typing import Any

from crm_core.db import migrate
from crm_core.db.engine import opened_database
from crm_core.db.seed import seed
from crm_core.domain.rules import DEFAULT_RULES
from crm_core.settings import Settings


def add_db_commands(subparsers: Any) -> None:
    """Add `db upgrade` and `db status` to the command line."""
    db = subparsers.add_parser("db", help="the database: bring it to this version, or say how it stands")
    commands = db.add_subparsers(title="commands", metavar="COMMAND", required=True)
    upgrading = commands.add_parser("upgrade", help="make or change the tables; may be repeated")
    upgrading.set_defaults(run=upgrade)
    asking = commands.add_parser("status", help="say whether the database is at this version; exit 1 if not")
    asking.set_defaults(run=status)


async def upgrade(_args: argparse.Namespace, settings: Settings) -> int:
    """Run the missing revisions, then add the shipped defaults where nothing stands yet."""
    async with opened_database(settings.database_url, statement_within=None) as database:
        before = await migrate.revision_of(database)
        await migrate.upgrade_database(database)
        async with database.work() as work:
            await seed(work, DEFAULT_RULES)
        after = await migrate.revision_of(database)
    print(f"the database is at revision {after}" + ("" if before == after else f" (was: {before or 'empty'})"))  # noqa: T201
    return 0


async def status(_args: argparse.Namespace, settings: Settings) -> int:
    """Say which revision the database is at and which one this version needs; 1 when they differ."""
    async with opened_database(settings.database_url) as database:
        found = await migrate.revision_of(database)
    wanted = migrate.newest()
    if found == wanted:
        print(f"the database is at revision {found}, as this version needs")  # noqa: T201
        return 0
    print(f"the database is at revision {found or 'none'}, this version needs {wanted}: run `trunkline db upgrade`")  # noqa: T201
    return 1
