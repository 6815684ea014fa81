"""Write the next revision from what crm_core/db/tables.py says and the revisions so far do not.

Usage: .venv/bin/python scripts/new_revision.py "what changes". Read what it wrote before you commit it.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from crm_core.db import migrate
from crm_core.db.engine import opened_database

_VERSIONS = Path(migrate.__file__).parent / "migrations" / "versions"


async def write_revision(message: str) -> Path:
    """Upgrade a new SQLite file, compare it with the tables, write the difference down."""
    number = f"{len(list(_VERSIONS.glob('0*.py'))) + 1:04d}"
    with tempfile.TemporaryDirectory() as folder:
        async with opened_database(f"sqlite:///{folder}/scratch.db") as database:
            if number != "0001":
                await migrate.upgrade_database(database)
            async with database.work() as work:
                await work.connection.run_sync(migrate.new_revision, message, number)
    (written,) = _VERSIONS.glob(f"{number}_*.py")
    return written


def tidy(revision: Path) -> None:
    """Take Alembic's own chatter out; ruff does the rest."""
    revision.write_text(re.sub(r"^ *# ###.*\n", "", revision.read_text(), flags=re.MULTILINE))
    ruff = str(Path(sys.executable).with_name("ruff"))
    subprocess.run([ruff, "format", "-q", str(revision)], check=True)
    subprocess.run([ruff, "check", "-q", "--fix", str(revision)], check=True)


if __name__ == "__main__":
    tidy(asyncio.run(write_revision(sys.argv[1])))
