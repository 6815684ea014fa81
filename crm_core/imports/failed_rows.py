"""The file of rows that were not imported, or not wholly: the user's own columns, with row number and reason in front.

It can be mended and imported again: the two columns in front are left out then. A row that was imported without its
second number stands here too; mended and imported with --duplicates add, the number comes to the same person.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from crm_core.domain.lead_files import LeadRow
from crm_core.errors import BadInput
from crm_core.imports.table_file import WRITE_FAULTS, CsvFile, TableFile, XlsxFile
from crm_core.imports.text_file import DELIMITERS
from crm_core.imports.titles import REASON_TITLE, ROW_TITLE, Column


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
        self._sink: TableFile | None = None

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

    def _start(self) -> TableFile:
        sink: TableFile = (
            XlsxFile(self._part, "failed rows")
            if self.path.suffix.lower() == ".xlsx"
            else CsvFile(self._part, self._csv_delimiter())
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
        except WRITE_FAULTS as error:
            raise self._refused(error) from error
        self._sink = None
        return self.path

    def discard(self) -> None:
        """Forget everything written and not finished."""
        if self._sink is not None:
            with suppress(*WRITE_FAULTS):
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
