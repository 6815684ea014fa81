"""Lead files to import in tests."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import xlsxwriter  # type: ignore[import-untyped]

from crm_core.domain.lead_files import LeadRow
from crm_core.imports.limits import ReadLimits
from crm_core.imports.reader import open_leads

Cell = str | int | float | bool | None


def csv_file(
    path: Path, rows: Sequence[Sequence[str]], delimiter: str = ",", encoding: str = "utf-8", quoting: int = 0
) -> Path:
    """A CSV file; `encoding` utf-8-sig and utf-16 bring a BOM with them."""
    text = StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def xlsx_file(path: Path, rows: Sequence[Sequence[Cell]], first_row: int = 0) -> Path:
    """A spreadsheet with numbers as numbers."""
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_numbers": False})
    sheet = book.add_worksheet()
    for number, row in enumerate(rows, first_row):
        for column, cell in enumerate(row):
            if cell is not None and cell != "":
                sheet.write(number, column, cell)
    book.close()
    return path


def rows_of(
    path: Path, country: str | None = "UZ", said: dict[str, str] | None = None, limits: ReadLimits | None = None
) -> list[LeadRow]:
    """All rows of a file, read in this process."""
    return list(open_leads(path, country, said or {}, limits or ReadLimits()).rows)
