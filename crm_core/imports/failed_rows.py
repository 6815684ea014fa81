"""The file of rows that were not imported, or not wholly: the user's own columns, with row number and reason in front.

It can be mended and imported again: the two columns in front are left out then. A row that was imported without its
second number stands here too; mended and imported with --duplicates add, the number comes to the same person.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Protocol

import xlsxwriter  # type: ignore[import-untyped]

from crm_core.domain.lead_files import LeadRow
from crm_core.errors import BadInput
from crm_core.imports.guards import guarded
from crm_core.imports.text_file import DELIMITERS
from crm_core.imports.titles import REASON_TITLE, ROW_TITLE, Column


class _Sink(Protocol):
    def write(self, cells: Sequence[str]) -> None: ...
    def close(self) -> None: ...


class _Csv:
    """UTF-8 with BOM, so that Excel takes it for that; all cells quoted, so that the delimiter is beyond doubt."""

    def __init__(self, path: Path, delimiter: str) -> None:
        self._file: TextIOWrapper = path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file, delimiter=delimiter, quoting=csv.QUOTE_ALL)

    def write(self, cells: Sequence[str]) -> None:
        self._writer.writerow([guarded(cell) for cell in cells])

    def close(self) -> None:
        self._file.close()


class _Xlsx:
    """Every cell a string: no formula runs and no number loses digits, so nothing needs a guard."""

    def __init__(self, path: Path) -> None:
        self._book: Any = xlsxwriter.Workbook(str(path), {"constant_memory": True})
        self._sheet: Any = self._book.add_worksheet("failed rows")
        self._next = 0

    def write(self, cells: Sequence[str]) -> None:
        for column, cell in enumerate(cells):
            if cell:
                self._sheet.write_string(self._next, column, cell)
        self._next += 1

    def close(self) -> None:
        self._book.close()


class FailedRows:
    """Collects failed rows in `path`.part; `finish` puts the file in place, `discard` takes it away.

    Made with the first row: an import without failures leaves no file. All methods block: call them in a thread.
    """

    def __init__(self, path: Path, columns: Sequence[Column], delimiter: str | None) -> None:
        self.path = path
        self.count = 0
        self._part = path.with_name(path.name + ".part")
        self._columns, self._delimiter = columns, delimiter
        own = (ROW_TITLE, REASON_TITLE)
        self._kept = [index for index, column in enumerate(columns) if column.title not in own]
        self._sink: _Sink | None = None

    def write(self, rows: Sequence[tuple[LeadRow, str]]) -> None:
        """Add rows with their reasons; raises BadInput when the file cannot be written."""
        if not rows:
            return
        try:
            sink = self._sink or self._start()
            for row, reason in rows:
                own = [row.cells[index] for index in self._kept if index < len(row.cells)]
                sink.write([str(row.number), reason, *own, *row.cells[len(self._columns) :]])
            self.count += len(rows)
        except OSError as error:
            raise self._refused(error) from error

    def _start(self) -> _Sink:
        sink: _Sink = (
            _Xlsx(self._part) if self.path.suffix.lower() == ".xlsx" else _Csv(self._part, self._csv_delimiter())
        )
        self._sink = sink
        sink.write([ROW_TITLE, REASON_TITLE, *(self._columns[index].title for index in self._kept)])
        return sink

    def _csv_delimiter(self) -> str:
        """The lead file's own, for the spreadsheet at hand expects it; a rare one would not be recognised again."""
        return self._delimiter if self._delimiter is not None and self._delimiter in DELIMITERS else ","

    def finish(self) -> Path | None:
        """Put the file in place; None if no row failed."""
        if self._sink is None:
            return None
        try:
            self._sink.close()
            self._part.replace(self.path)
        except (OSError, xlsxwriter.exceptions.XlsxWriterException) as error:
            raise self._refused(error) from error
        self._sink = None
        return self.path

    def discard(self) -> None:
        """Forget everything written and not finished."""
        if self._sink is not None:
            with suppress(OSError, xlsxwriter.exceptions.XlsxWriterException):
                self._sink.close()
            self._sink = None
        with suppress(OSError):
            self._part.unlink(missing_ok=True)

    def _refused(self, error: Exception) -> BadInput:
        why = error.strerror if isinstance(error, OSError) else str(error)
        return BadInput(str(self.path), f"the failed rows cannot be written: {why}", "Say another place with --errors")


def failed_rows_path(lead_file: Path, said: Path | None, is_sheet: bool) -> Path:
    """Where failed rows go: `said`, or beside the lead file as NAME.failed.csv (.xlsx if it was a spreadsheet).

    Raises BadInput if that is the lead file itself or lies in a folder that is not there.
    """
    path = said or lead_file.with_name(f"{lead_file.stem}.failed{'.xlsx' if is_sheet else '.csv'}")
    if path.resolve() == lead_file.resolve():
        raise BadInput("--errors", "this is the lead file itself", "Say another name")
    if path.is_dir() or not path.parent.is_dir():
        raise BadInput("--errors", f"{path} cannot be written", "Say a file in a folder that exists")
    return path
