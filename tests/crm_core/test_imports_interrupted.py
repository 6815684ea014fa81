"""A process killed in the middle of an import leaves no half list, and the next one puts it right."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import SIGKILL
from typing import Any

import pytest
from sqlalchemy import func, select

from crm_core.db import import_rows
from crm_core.db.engine import Database
from crm_core.db.tables import contacts, import_chunks, imports, leads, lists, phones
from crm_core.handlers.import_writing import finish_imports
from crm_core.handlers.imports import ImportLeads, import_leads
from tests.crm_core.import_files import csv_file

NOW = datetime(2026, 11, 18, 7, 0, tzinfo=UTC)
ROWS = [["name", "phone"], *([f"N{n}", f"90222{n:04d}"] for n in range(5_000)), ["N0", "902220000"], ["bad", "1"]]

_KILLED = """
import asyncio, os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from crm_core.db.engine import opened_database
from crm_core.handlers.imports import ImportLeads, import_leads

def progress(done, whole):
    if done >= int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    async with opened_database(sys.argv[1]) as database:
        now = datetime(2026, 11, 18, 7, 0, tzinfo=UTC)
        await import_leads(ImportLeads(Path(sys.argv[2]), "october", "UZ"), database, now, progress)

asyncio.run(main())
"""


async def _killed(database_url: str, path: Path, after_rows: int) -> None:
    """Import `path` in a process that is killed after so many rows; the second half of the rows are writes."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _KILLED, database_url, str(path), str(after_rows)
    )
    assert await process.wait() == -SIGKILL


async def _count(database: Database, table: Any) -> int:
    async with database.reading() as work:
        return int(await work.scalar(select(func.count()).select_from(table)))


async def _counts_of_lists(database: Database) -> list[dict[str, int]]:
    async with database.reading() as work:
        return [row.counts for row in await work.all(select(lists.c.counts).order_by(lists.c.id))]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return csv_file(tmp_path / "a.csv", ROWS)


async def test_killed_while_reading_nothing_stands_and_the_same_command_imports_all(
    database: Database, database_url: str, path: Path
) -> None:
    await _killed(database_url, path, 1_500)
    assert await _count(database, import_chunks) > 0
    assert [await _count(database, table) for table in (lists, contacts, leads)] == [0, 0, 0]
    report = await import_leads(ImportLeads(path, "october", "UZ"), database, NOW)
    assert (report.created, report.duplicate, report.invalid, report.resumed) == (5_000, 1, 1, False)
    await finish_imports(database, NOW + timedelta(days=2))
    assert await _count(database, imports) == await _count(database, import_chunks) == 0
    assert await _count(database, leads) == 5_000


async def test_killed_while_writing_the_list_is_not_open_and_the_same_command_completes_it(
    database: Database, database_url: str, path: Path
) -> None:
    await _killed(database_url, path, 3_300)
    assert await _counts_of_lists(database) == [{}]
    assert 0 < await _count(database, leads) < 5_000
    report = await import_leads(ImportLeads(path, "october", "UZ"), database, NOW)
    assert (report.created, report.duplicate, report.invalid, report.resumed) == (5_000, 1, 1, True)
    assert [await _count(database, table) for table in (leads, contacts, phones, imports)] == [5_000, 5_000, 5_000, 0]
    [counts] = await _counts_of_lists(database)
    assert (counts["rows"], counts["created"]) == (5_002, 5_000)


async def test_another_import_or_start_completes_it_too_even_two_at_once(
    database: Database, database_url: str, path: Path
) -> None:
    await _killed(database_url, path, 2_600)
    await asyncio.gather(finish_imports(database, NOW), finish_imports(database, NOW))
    assert [await _count(database, table) for table in (leads, contacts, imports)] == [5_000, 5_000, 0]
    assert [counts["created"] for counts in await _counts_of_lists(database)] == [5_000]


async def test_an_import_once_committed_is_never_thrown_away(database: Database, database_url: str, path: Path) -> None:
    """As when the answer to the commit is lost on the way."""
    await _killed(database_url, path, 2_600)
    async with database.work() as work:
        [unfinished] = await import_rows.unfinished_imports(work)
        await import_rows.discard_import(work, unfinished.id)
    assert [one.list_id for one in await finish_imports(database, NOW)] == [unfinished.list_id]
    assert await _count(database, leads) == 5_000
