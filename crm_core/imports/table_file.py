"""Table files as we write them: CSV that spreadsheets and our own import read back unchanged, and XLSX."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Protocol

import xlsxwriter  # type: ignore[import-untyped]

from crm_core.imports.guards import guarded

#: What a cell may hold; an instant is written as the local time it carries, None leaves the cell empty.
Cell = str | float | datetime | None
#: What fails when a file cannot be written.
WRITE_FAULTS = (OSError, xlsxwriter.exceptions.XlsxWriterException)
_TIME = "%Y-%m-%d %H:%M:%S"
#: Longest text of an Excel cell.
_LONGEST = 32_767


class TableFile(Protocol):
    """A table written row by row; all methods block."""

    def write(self, cells: Sequence[Cell]) -> None: ...
    def close(self) -> None: ...


class CsvFile:
    """UTF-8 with BOM, so that Excel takes it for that; all cells quoted, so that the delimiter is beyond doubt."""

    def __init__(self, path: Path, delimiter: str = ",") -> None:
        self._file: TextIOWrapper = path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file, delimiter=delimiter, quoting=csv.QUOTE_ALL)

    def write(self, cells: Sequence[Cell]) -> None:
        self._writer.writerow([guarded(_text(cell)) for cell in cells])

    def close(self) -> None:
        self._file.close()


def csv_text(rows: Iterable[Sequence[Cell]], *, begins: bool = False) -> bytes:
    """Rows of the same kind of file, for whoever sends it as it is made; `begins`: they are its first."""
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([guarded(_text(cell)) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig" if begins else "utf-8")


class XlsxFile:
    """Texts are strings, so that no formula runs and no number loses digits: nothing needs a guard. Rows are written
    through: memory does not grow with them."""

    def __init__(self, path: Path, sheet: str) -> None:
        self._book: Any = xlsxwriter.Workbook(str(path), {"constant_memory": True})
        self._sheet: Any = self._book.add_worksheet(sheet)
        self._time: Any = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._next = 0

    def write(self, cells: Sequence[Cell]) -> None:
        for column, cell in enumerate(cells):
            if isinstance(cell, str):
                if cell:
                    self._sheet.write_string(self._next, column, cell[:_LONGEST])
            elif isinstance(cell, datetime):
                self._sheet.write_datetime(self._next, column, cell.replace(tzinfo=None, microsecond=0), self._time)
            elif cell is not None:
                self._sheet.write_number(self._next, column, cell)
        self._next += 1

    def close(self) -> None:
        self._book.close()


def _text(cell: Cell) -> str:
    if cell is None or isinstance(cell, str):
        return cell or ""
    return cell.strftime(_TIME) if isinstance(cell, datetime) else f"{cell:.15g}"
