"""CSV files of any delimiter in UTF-8, UTF-16 or Windows-1251."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from crm_core.errors import BadInput
from crm_core.imports.guards import unguarded
from crm_core.imports.limits import ReadLimits

DELIMITERS = ",;\t|"
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
#: Text has none of these; a file that does is something else.
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f]")
_BLOCK = 1 << 20
_SAMPLE = 64 * 1024
_SAMPLE_RECORDS = 50
#: Excel writes and reads this first line: sep=;
_SEPARATOR_LINE = re.compile(r"sep=([^\w\s\"]|\t)\s*\Z", re.IGNORECASE)
_SAVE_AS = "Save it as CSV UTF-8 or as .xlsx"


@dataclass(frozen=True, slots=True)
class TextFormat:
    """How a text file is to be read; `lines` counts its line ends, which is about its rows."""

    encoding: str
    delimiter: str
    has_separator_line: bool
    lines: int


def text_format(path: Path) -> TextFormat:
    """Encoding (by BOM, then strict UTF-8, then Windows-1251) and delimiter; raises BadInput if it is no text."""
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
    candidates = [name for bom, name in _BOMS if head.startswith(bom)] or _guesses(head)
    for encoding in candidates:
        lines = _decodes(path, encoding)
        if lines is not None:
            return _with_delimiter(path, encoding, lines)
    raise BadInput(path.name, "this is no text in UTF-8, UTF-16 or Windows-1251, nor a spreadsheet", _SAVE_AS)


def _guesses(head: bytes) -> list[str]:
    """Encodings to try for a file without BOM. Zero bytes: UTF-16, where they stand says of which kind."""
    if 0 not in head:
        return ["utf-8", "cp1251"]
    return ["utf-16-le" if head[1::2].count(0) >= head[0::2].count(0) else "utf-16-be"]


def _decodes(path: Path, encoding: str) -> int | None:
    """The number of lines if the whole file is text in `encoding`, else None."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    lines = 0
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                text = decoder.decode(block)
                if _CONTROLS.search(text):
                    return None
                lines += text.count("\n") or text.count("\r")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return None
    return lines


def _with_delimiter(path: Path, encoding: str, lines: int) -> TextFormat:
    with path.open(encoding=encoding, newline="") as file:
        sample = file.read(_SAMPLE)
    first = sample.splitlines()[0] if sample.strip() else ""
    if said := _SEPARATOR_LINE.match(first):
        return TextFormat(encoding, said[1], has_separator_line=True, lines=lines)
    return TextFormat(encoding, _sniffed(sample), has_separator_line=False, lines=lines)


def _sniffed(sample: str) -> str:
    """The delimiter under which quoting is right, rows are of one width, and there are most columns."""
    return max(DELIMITERS, key=lambda delimiter: _fit(sample, delimiter))


def _fit(sample: str, delimiter: str) -> tuple[bool, bool, float, int]:
    widths: list[int] = []
    quoting_is_right = True
    try:
        for record in csv.reader(StringIO(sample, newline=""), delimiter=delimiter, strict=True):
            if record:
                widths.append(len(record))
            if len(widths) == _SAMPLE_RECORDS:
                break
    except csv.Error as error:
        quoting_is_right = "unexpected end of data" in str(error)  # there the sample was cut
        widths = widths or [1]
    if not widths:
        return (True, False, 0.0, 0)
    width, alike = Counter(widths).most_common(1)[0]  # not the first row's: that may be a title
    return (quoting_is_right, width > 1, alike / len(widths), width)


def text_records(path: Path, form: TextFormat, limits: ReadLimits) -> Iterator[list[str]]:
    """Record by record as a spreadsheet would show them, blank ones too; raises BadInput naming the row."""
    csv.field_size_limit(limits.cell_characters + 1)
    with path.open(encoding=form.encoding, newline="") as file:
        lines = _Lines(iter(file))
        number = 0
        try:
            for record in csv.reader(lines, delimiter=form.delimiter):
                number += 1
                if len(record) > limits.columns + 2:  # two more: our own file of failed rows can be read again
                    raise BadInput(
                        f"{path.name} row {number}",
                        f"{len(record)} columns, more than {limits.columns}",
                        "Remove the columns that are not needed",
                    )
                yield [unguarded(cell) for cell in record] if not (number == 1 and form.has_separator_line) else []
                lines.start_record()
        except csv.Error as error:
            raise _unreadable(path, number + 1, limits, str(error)) from error
        lines.check_quotes(path, number, form.delimiter)


class _Lines:
    """The file's lines, remembering those of the record at hand: at the end they show a quotation mark left open."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._of_record: list[str] = []
        self._last: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._of_record.append(line)
        return line

    def start_record(self) -> None:
        self._last, self._of_record = self._of_record, []

    def check_quotes(self, path: Path, number: int, delimiter: str) -> None:
        """Raise BadInput if the last record was ended by the end of the file and not by a closing quotation mark."""
        try:
            list(csv.reader(self._last, delimiter=delimiter, strict=True))
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                raise BadInput(
                    f"{path.name} row {number}",
                    "a quotation mark is opened and never closed",
                    "Close it, or write it twice if it belongs to the text",
                ) from error


def _unreadable(path: Path, number: int, limits: ReadLimits, why: str) -> BadInput:
    where = f"{path.name} row {number}"
    if "field larger" in why:
        return BadInput(
            where,
            f"a cell is longer than {limits.cell_characters:,} characters",
            "Shorten it; if no cell is that long, a quotation mark before it is not closed",
        )
    return BadInput(where, f"the row cannot be read: {why}", _SAVE_AS)
