"""A table of a report as a download, for API and pages."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

from crm_core.domain.reports import Report
from crm_core.handlers.report_files import Format, Words, export_table, file_name, table_of

MEDIA_TYPES: Mapping[Format, str] = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


async def report_file(found: Report, table: str | None, form: Format, words: Words) -> web.Response:
    """The report's table of that name, the first without one. Raises NotFound.

    Reports are some hundreds of rows: the file is made whole, then sent."""
    chosen = table_of(found, table)
    with tempfile.TemporaryDirectory(prefix="trunkline-report-") as folder:
        path = Path(folder) / f"report.{form}"
        await export_table(chosen, form, path, words)
        body = path.read_bytes()
    name = file_name(found, chosen, form)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return web.Response(body=body, content_type=MEDIA_TYPES[form], headers=headers)
