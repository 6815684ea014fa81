"""Spreadsheets (xlsx, xls, xlsb, ods) through calamine. Only for a process with a memory limit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetVisibleEnum

from crm_core.errors import BadInput
from crm_core.imports.limits import ReadLimits

#: What files that calamine may read begin with: zip (xlsx, xlsb, ods) and OLE (xls, and xlsx under a password).
MAGICS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")


def first_sheet(path: Path, limits: ReadLimits) -> CalamineSheet | None:
    """The first visible sheet with anything in it, None if all are empty.

    Raises BadInput for what is no spreadsheet, or under a password, or larger than the limits.
    """
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        shown = [s.name for s in workbook.sheets_metadata if s.visible is SheetVisibleEnum.Visible]
        sheet = next((s for s in map(workbook.get_sheet_by_name, shown) if s.start is not None), None)
    except PasswordError as error:
        raise BadInput(path.name, "the file is under a password", "Take the password off and save it again") from error
    except CalamineError as error:
        raise BadInput(
            path.name, f"this is no spreadsheet we can read ({error})", "Open it and save it as .xlsx or CSV UTF-8"
        ) from error
    if sheet is None:
        return None
    height, width = sheet_size(sheet)
    where = f"{path.name} sheet {sheet.name!r}"
    if height > (limit := limits.rows + 10):
        do = "Delete the rows that are not needed, also those that look empty"
        raise BadInput(where, f"{height:,} rows, more than {limit:,}", do)
    if width > (limit := limits.columns + 2):
        do = "Delete the columns that are not needed, also those that look empty"
        raise BadInput(where, f"{width:,} columns, more than {limit:,}", do)
    return sheet


def sheet_size(sheet: CalamineSheet) -> tuple[int, int]:
    """Rows and columns from the sheet's corner to its last filled cell (calamine's total_height is one less)."""
    row, column = sheet.end or (-1, -1)
    return row + 1, column + 1


def sheet_records(sheet: CalamineSheet, where: str, limits: ReadLimits) -> Iterator[list[str]]:
    """Rows as texts, from the sheet's first row on; raises BadInput for a cell that is too long."""
    for number, row in enumerate(sheet.iter_rows(), 1):
        record = [value if isinstance(value, str) else cell_text(value) for value in row]
        if max(map(len, record), default=0) > limits.cell_characters:
            raise BadInput(f"{where} row {number}", f"a cell is longer than {limits.cell_characters:,} characters")
        yield record


def cell_text(value: object) -> str:
    """A cell that is not text, as text. Whole numbers lose the point a spreadsheet keeps: 998901234567.0."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)
