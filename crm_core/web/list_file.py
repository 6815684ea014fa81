"""A list as a download, for API and pages: .csv as it is read, .xlsx when it is whole; either in constant memory."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from aiohttp import web

from crm_core.errors import BadInput
from crm_core.handlers.list_files import ListFile
from crm_core.handlers.report_files import Format
from crm_core.imports.table_file import Cell, XlsxFile, csv_text
from crm_core.web.report_file import MEDIA_TYPES

#: Rows of a sheet, the titles' among them: Excel's own limit.
MOST_ROWS = 1_048_576
_PIECE = 1 << 18  # bytes


async def list_file(request: web.Request, found: ListFile, form: Format, now: datetime) -> web.StreamResponse:
    """Send the list. Raises BadInput where a spreadsheet cannot hold it.

    A fault half way breaks the connection off: the browser says that the file is not whole.
    """
    headers = {
        "Content-Type": MEDIA_TYPES[form] + ("; charset=utf-8" if form == "csv" else ""),
        "Content-Disposition": f'attachment; filename="{found.noun}-{now:%Y-%m-%d}.{form}"',
        "Cache-Control": "no-store",
    }
    answer = web.StreamResponse(headers=headers)
    return await (_send_csv if form == "csv" else _send_xlsx)(request, found, answer)


async def _send_csv(request: web.Request, found: ListFile, answer: web.StreamResponse) -> web.StreamResponse:
    await answer.prepare(request)
    await answer.write(csv_text([found.titles], begins=True))
    async for rows in found.rows:
        await answer.write(csv_text(rows))
    await answer.write_eof()
    return answer


async def _send_xlsx(request: web.Request, found: ListFile, answer: web.StreamResponse) -> web.StreamResponse:
    with tempfile.TemporaryDirectory(prefix="trunkline-list-") as folder:
        path = Path(folder) / "list.xlsx"
        file = XlsxFile(path, found.noun)
        try:
            await _write(file, found)
        finally:
            await asyncio.to_thread(file.close)
        answer.content_length = path.stat().st_size
        await answer.prepare(request)
        with path.open("rb") as whole:
            while piece := await asyncio.to_thread(whole.read, _PIECE):
                await answer.write(piece)
        await answer.write_eof()
    return answer


async def _write(file: XlsxFile, found: ListFile) -> None:
    file.write(found.titles)
    count = 1
    async for rows in found.rows:
        count += len(rows)
        if count > MOST_ROWS:
            raise BadInput("form", f"there are more than {MOST_ROWS - 1} rows, and a sheet holds no more", "Take csv")
        await asyncio.to_thread(_write_rows, file, rows)


def _write_rows(file: XlsxFile, rows: Sequence[Sequence[Cell]]) -> None:
    for row in rows:
        file.write(row)
