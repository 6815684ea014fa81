"""A lead file: what kind it is, where its header stands, and its rows. No database, no pipe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from crm_core.domain.lead_files import LeadRow
from crm_core.domain.phone import is_country
from crm_core.errors import BadInput
from crm_core.imports import sheet_file
from crm_core.imports.limits import ReadLimits
from crm_core.imports.rows import RowReader
from crm_core.imports.text_file import text_format, text_records
from crm_core.imports.titles import Column, Field, NoPhoneColumn, SitesFields, columns_of, guess, has_all, unique_titles

#: The header is looked for among so many rows: files begin with a title, a date, a blank row.
_HEADER_WITHIN = 10
_NOT_LEADS = (
    (b"%PDF", "a PDF"),
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
    (b"{\\rtf", "a text document"),
)


@dataclass(frozen=True, slots=True)
class Records:
    """The raw rows of a file. `delimiter` None: a spreadsheet; `count`: how many rows there are about, if known."""

    rows: Iterator[list[str]]
    delimiter: str | None
    form: str
    count: int | None


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file whose header has been understood. `rows` come one by one, blank ones too."""

    columns: tuple[Column, ...]
    delimiter: str | None
    form: str
    count: int | None
    rows: Iterator[LeadRow]


def open_leads(
    path: Path, country: str | None, said: Mapping[str, str], limits: ReadLimits, sites: SitesFields | None = None
) -> OpenedFile:
    """Open the file at `path`; raises BadInput, here or while the rows are read, with what to do about it."""
    if country is not None and not is_country(country):
        raise BadInput("--country", f"{country!r} is no country", "Write its ISO 3166 code, such as UZ")
    records = _records(path, limits)
    first = list(islice(records.rows, _HEADER_WITHIN))
    if not any(_is_filled(record) for record in first):
        raise BadInput(path.name, "the file is empty", "The first row must name the columns")
    at = _header_at(first, said)
    width = _last_filled(first[at]) if records.delimiter else len(first[at])
    titles = unique_titles(first[at], width)
    columns = columns_of(titles, said, sites)
    if all(column.field is not Field.PHONE for column in columns):
        raise NoPhoneColumn(path.name, columns)
    data = enumerate(chain(first[at + 1 :], records.rows), at + 2)
    rows = _rows(path, data, RowReader(columns, country, sites), limits)
    count = None if records.count is None else max(0, records.count - at - 1)
    return OpenedFile(columns, records.delimiter, records.form, count, rows)


def _records(path: Path, limits: ReadLimits) -> Records:
    try:
        with path.open("rb") as file:
            head = file.read(512)
        size = path.stat().st_size
    except OSError as error:
        raise BadInput(str(path), f"the file cannot be read: {error.strerror}", "Check name and rights") from error
    if size > limits.file_bytes:
        raise BadInput(
            path.name, f"the file has {size:,} bytes, more than {limits.file_bytes:,}", "Split it into several files"
        )
    if not head:
        raise BadInput(path.name, "the file is empty", "The first row must name the columns")
    for magic, what in _NOT_LEADS:
        if head.lstrip().lower().startswith(magic.lower()):
            raise BadInput(path.name, f"this is {what}, not a list", "Save the list as .xlsx or CSV UTF-8")
    return _sheet(path, limits) if head.startswith(sheet_file.MAGICS) else _text(path, limits)


def _sheet(path: Path, limits: ReadLimits) -> Records:
    sheet = sheet_file.first_sheet(path, limits)
    if sheet is None:
        raise BadInput(path.name, "the file is empty", "The first row must name the columns")
    rows = sheet_file.sheet_records(sheet, path.name, limits)
    return Records(rows, None, f"sheet {sheet.name!r}", sheet_file.sheet_size(sheet)[0])


def _text(path: Path, limits: ReadLimits) -> Records:
    form = text_format(path)
    named = {"\t": "tab"}.get(form.delimiter, form.delimiter)
    return Records(
        text_records(path, form, limits), form.delimiter, f"text in {form.encoding}, delimiter {named}", form.lines
    )


def _header_at(first: Sequence[Sequence[str]], said: Mapping[str, str]) -> int:
    """Which of the first rows names the columns: that with all columns said, or with a phone; else the first filled."""
    for index, record in enumerate(first):
        titles = unique_titles(record, len(record))
        has_phone = bool(said) or any(guess(title) is Field.PHONE for title in titles)
        if _is_filled(record) and has_phone and has_all(titles, said):
            return index
    return next(index for index, record in enumerate(first) if _is_filled(record))


def _is_filled(record: Sequence[str]) -> bool:
    return any(cell.strip() for cell in record)


def _last_filled(record: Sequence[str]) -> int:
    return max(index for index, cell in enumerate(record, 1) if cell.strip())


def _rows(
    path: Path,
    data: Iterator[tuple[int, list[str]]],
    reader: RowReader,
    limits: ReadLimits,
) -> Iterator[LeadRow]:
    for count, (number, record) in enumerate(data, 1):
        if count > limits.rows:
            raise BadInput(path.name, f"more than {limits.rows:,} rows", "Split it into several files")
        yield reader.row(number, record)
