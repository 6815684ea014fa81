"""Conversations as a table file: one row for each, with what its lead came with and what was answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from pathlib import Path

from crm_core.db.engine import Database
from crm_core.domain.surveys import Talk
from crm_core.errors import BadInput
from crm_core.handlers.surveys import Columns, Which, columns, talks
from crm_core.imports.table_file import WRITE_FAULTS, Cell, CsvFile, TableFile, XlsxFile
from crm_core.imports.titles import unique_titles

#: What is said of every conversation, before and after the columns of its list.
_BEFORE = ("name", "number")
_AFTER = ("call", "language", "began at", "ended at", "ending", "result", "ended in", "recording")
#: What is said of every question.
_OF_QUESTION = ("{}", "{}: words", "{}: second")
_MOST_COLUMNS = {".csv": 1_000_000, ".xlsx": 16_384}  # Excel's own limit
_MOST_DIGITS = 15  # a spreadsheet keeps no more


async def export_talks(
    campaign: str,
    database: Database,
    path: Path,
    which: Which,
    recordings: Path | None,
    shown: Callable[[Talk], Talk] = lambda talk: talk,
) -> int:
    """Write the conversations to `path` (.csv or .xlsx); returns how many. `recordings` is the folder of the audio
    (None: what a talk names is written as it stands), `shown` what the reader is to have of each.

    The file is put in place when it is whole. Raises NotFound, and BadInput for a name that is neither, for what
    cannot be written, and for conversations there are none of."""
    ending = path.suffix.lower()
    if ending not in _MOST_COLUMNS:
        raise BadInput(str(path), "this is neither .csv nor .xlsx", "Write a name such as answers.xlsx")
    if not path.parent.is_dir():
        raise BadInput(str(path), "its folder does not exist", "Make it first")
    shape = await columns(campaign, database, which)
    titles = _titles(shape)
    if len(titles) > _MOST_COLUMNS[ending]:
        raise BadInput(str(path), f"{len(titles)} columns are more than a spreadsheet has", "Export to .csv")
    part = path.with_name(path.name + ".part")
    try:
        file = CsvFile(part) if ending == ".csv" else XlsxFile(part, "conversations")
        try:
            count = await _write(file, titles, shape, _read(campaign, database, which, shown), recordings)
        finally:
            file.close()
        if not count:
            raise BadInput(campaign, "there are no such conversations to write", "See `trunkline survey results`")
        part.replace(path)
    except WRITE_FAULTS as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise BadInput(str(path), f"it cannot be written: {why}") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return count


async def _read(
    campaign: str, database: Database, which: Which, shown: Callable[[Talk], Talk]
) -> AsyncIterator[list[Talk]]:
    async for some in talks(campaign, database, which):
        yield [shown(talk) for talk in some]


async def _write(
    file: TableFile,
    titles: Sequence[str],
    shape: Columns,
    read: AsyncIterator[list[Talk]],
    recordings: Path | None,
) -> int:
    count = 0
    file.write(titles)
    async for some in read:
        await asyncio.to_thread(_write_rows, file, [_row(talk, shape, recordings) for talk in some])
        count += len(some)
    return count


def _write_rows(file: TableFile, rows: Sequence[Sequence[Cell]]) -> None:
    for row in rows:
        file.write(row)


def _titles(shape: Columns) -> list[str]:
    zoned = [f"{title} ({shape.zone.key})" if title.endswith(" at") else title for title in _AFTER]
    asked = [form.format(question) for question in shape.questions for form in _OF_QUESTION]
    titles = [*_BEFORE, *shape.fields, *zoned, *asked]
    return unique_titles(titles, len(titles))


def _row(talk: Talk, shape: Columns, recordings: Path | None) -> list[Cell]:
    row: list[Cell] = [talk.name, talk.number, *(talk.fields.get(name, "") for name in shape.fields)]
    row += [talk.call_id, talk.language, *(at.astimezone(shape.zone) for at in (talk.began_at, talk.ended_at))]
    row += [talk.ending.value, talk.disposition, talk.last_node]
    where = talk.recording
    row.append(str(recordings / where) if where is not None and recordings is not None else where)
    for question in shape.questions:
        given = talk.answers.get(question)
        row += (None, None, None) if given is None else (_value(given.value), given.raw, given.second)
    return row


def _value(text: str) -> Cell:
    """A plain number as one, so that a spreadsheet can reckon with it."""
    if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS and str(int(text)) == text:
        return int(text)
    return text
