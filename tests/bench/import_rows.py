"""Import of a large spreadsheet by the command itself: how long, and how much memory with its child."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from pathlib import Path
from random import Random

import psutil
import xlsxwriter  # type: ignore[import-untyped]

from tests.bench.rows import Row, under
from tests.bench.site import KINDS, Say, empty_database

ROWS = 100_000
#: Of a hundred rows so many repeat the number of an earlier one, and so many hold none.
_REPEATED, _BAD = 10, 1
_LOOK = 0.02  # seconds between two looks at the memory


async def measure(folder: Path, say: Say) -> list[Row]:
    """`trunkline leads import` on an empty database of each kind."""
    say(f"import: writing {ROWS:,} rows")
    sheet = folder / "rows.xlsx"
    await asyncio.to_thread(_write, sheet)
    rows = []
    for kind in KINDS:
        say(f"import: {ROWS:,} rows into {kind}")
        async with empty_database(kind, folder) as url:
            seconds, megabytes = await _imported(sheet, url, folder)
        rows.append(under(f"import of {ROWS:,} XLSX rows, {kind}", seconds, "s", 30))
        rows.append(under(f"import of {ROWS:,} XLSX rows, {kind}: peak memory", megabytes, "MB", 400))
    return rows


def _write(path: Path) -> None:
    random = Random(1)
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ("Name", "Phone", "E-mail", "Company", "City", "Priority"))
    for row in range(1, ROWS + 1):
        fate = random.randrange(100)
        number = f"+99890{random.randrange(1, row + 1) if fate < _REPEATED else row:07}"
        if _REPEATED <= fate < _REPEATED + _BAD:
            number = "none"
        company = f"Firm {row % 5000}"
        sheet.write_row(row, 0, (f"Person {row}", number, f"p{row}@mail.example", company, "Tashkent", row % 5))
    book.close()


async def _imported(sheet: Path, url: str, folder: Path) -> tuple[float, float]:
    """Seconds from start to end of the command, and the most memory (MB, resident) it and its child held together."""
    env = {"PATH": os.environ["PATH"], "TRUNKLINE_HOME": str(folder), "DATABASE_URL": url}
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "crm_core", "leads", "import", str(sheet), "--list", "bench", "--country", "UZ"),
        *("--errors", str(folder / "failed.xlsx")),
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    watching = asyncio.create_task(_peak(psutil.Process(process.pid)), name="watch memory")
    said, _ = await process.communicate()
    seconds = time.monotonic() - began
    if process.returncode or "created" not in said.decode():
        raise RuntimeError(f"the import ended with {process.returncode}: {said.decode()[-500:]}")
    return seconds, await watching


async def _peak(process: psutil.Process) -> float:
    peak = 0
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        with contextlib.suppress(psutil.NoSuchProcess):
            peak = max(peak, sum(one.memory_info().rss for one in (process, *process.children(recursive=True))))
        await asyncio.sleep(_LOOK)
    return peak / 1e6
