"""A table of a report as a file: .csv, or .xlsx for spreadsheets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal

from crm_core.domain.reports import Cell, Column, Report, ReportTable, Unit
from crm_core.errors import BadInput, NotFound
from crm_core.imports.table_file import WRITE_FAULTS, CsvFile, TableFile, XlsxFile
from crm_core.imports.table_file import Cell as FileCell
from crm_core.imports.titles import unique_titles

Format = Literal["csv", "xlsx"]
_MONDAY = date(2024, 1, 1)
_SHEET = 31  # characters of a sheet's name, by Excel's own limit
_NOT_IN_SHEET = str.maketrans(dict.fromkeys("[]:*?/\\", " "))


def table_of(report: Report, name: str | None) -> ReportTable:
    """The table of that name, the first without one. Raises NotFound."""
    table = report.table(name)
    if table is None:
        raise NotFound("table", name, f"There is: {', '.join(one.name for one in report.tables)}")
    return table


def file_name(report: Report, table: ReportTable, form: Format) -> str:
    """What the file is called when it is downloaded."""
    return f"{report.name}-{table.name}-{report.since}-{report.until}.{form}"


@dataclass(frozen=True, slots=True)
class Words:
    """How a file says what the table does not: titles in the reader's language, weekdays (Monday 0)."""

    say: Callable[[str], str] = str
    weekday: Callable[[int], str] = lambda number: f"{_MONDAY + timedelta(days=number):%A}"


async def export_table(table: ReportTable, form: Format, path: Path, words: Words) -> None:
    """Write the table to `path`. Raises BadInput where it cannot be written."""
    try:
        await asyncio.to_thread(_write, table, form, path, words)
    except WRITE_FAULTS as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise BadInput(str(path), f"it cannot be written: {why}") from error


def _write(table: ReportTable, form: Format, path: Path, words: Words) -> None:
    file: TableFile = CsvFile(path) if form == "csv" else XlsxFile(path, _sheet(words.say(table.title)))
    try:
        titles = [_title(column, words.say) for column in table.columns]
        file.write(unique_titles(titles, len(titles)))
        for row in table.rows:
            file.write(_cells(table.columns, row, words.weekday))
    finally:
        file.close()


def _sheet(title: str) -> str:
    return title.translate(_NOT_IN_SHEET).strip(" '")[:_SHEET] or "report"


def _title(column: Column, say: Callable[[str], str]) -> str:
    title = say(column.title)
    if column.of:
        title += f", {column.of}"
    unit = {Unit.SECONDS: say("seconds"), Unit.DAYS: say("days")}.get(column.unit)
    return f"{title} ({unit})" if unit else title


def _cells(columns: Sequence[Column], row: Sequence[Cell], weekday: Callable[[int], str]) -> list[FileCell]:
    found: list[FileCell] = []
    for column, cell in zip(columns, row, strict=True):
        if column.unit is Unit.WEEKDAY and isinstance(cell, int):
            found.append(weekday(cell))
        elif isinstance(cell, Decimal):
            found.append(float(cell))  # a spreadsheet's own numbers; sums keep their cents up to 15 digits
        elif isinstance(cell, float):
            found.append(round(cell, 6))
        else:
            found.append(cell)
    return found
