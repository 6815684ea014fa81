"""Import of lead files: all of a file or nothing, in short transactions.

First the whole file is read and every row decided; what is to be written is kept in chunks beside the base, and
nobody sees it. Then one commit makes the list and says that the import will be carried through; then chunk after chunk
is written, each in a transaction of some milliseconds, so that on SQLite the dialer never waits long for the writer.
The list's counts are set last: until then no campaign takes it. A crash before that commit leaves nothing but chunks,
which are thrown away; after it, the next import or service start carries on (`finish_imports`).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from crm_core.db import import_rows
from crm_core.db.custom_fields import own_fields
from crm_core.db.engine import Database
from crm_core.domain.lead_files import Decider, Decision, Duplicates, LeadChange, LeadRow, RowFate
from crm_core.errors import BadInput
from crm_core.handlers.import_writing import finish_imports, write_import
from crm_core.imports.failed_rows import FailedRows, failed_rows_path
from crm_core.imports.lead_file import LeadFile, opened_lead_file
from crm_core.imports.titles import SitesFields

_LIST_NAME_LENGTH = 120
#: Changes written in one transaction. On SQLite everybody waits for it, so it is short.
_CHUNK_SQLITE, _CHUNK_POSTGRES = 250, 2_000

#: Told how many rows are done of how many (None: not known yet). Reading a row is one half of it, writing the other.
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class ImportLeads:
    """Import the file at `path` as a new list. `columns`: title → field, for those guessed wrongly; `errors`: where
    failed rows go, None: beside the file. A dry run writes nothing, but failed rows if `errors` is said."""

    path: Path
    list_name: str
    country: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    duplicates: Duplicates = Duplicates.SKIP
    dry_run: bool = False
    errors: Path | None = None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of the file: rows = created + updated + duplicate + invalid + skipped.

    `incomplete`: imported rows of which something was left out, such as a second number that is none; they stand among
    the failed rows too. `do_not_call`: imported rows with a number on the system's do-not-call list, never dialed.
    `resumed`: this file's import had been interrupted and has now been carried through; it was not read again.
    """

    list_name: str
    list_id: int | None
    rows: int
    created: int
    updated: int
    duplicate: int
    invalid: int
    skipped: int
    incomplete: int
    do_not_call: int
    failed_rows: Path | None = None
    dry_run: bool = False
    resumed: bool = False


async def import_leads(
    command: ImportLeads, database: Database, now: datetime, progress: Progress | None = None
) -> ImportReport:
    """Import a lead file; raises BadInput, with nothing written, when the file or the command is wrong."""
    name = _list_name(command.list_name)
    digest = await asyncio.to_thread(_digest, command.path)
    for done in [] if command.dry_run else await finish_imports(database, now):
        if (done.list_name, done.digest) == (name, digest):
            return _report(name, done.list_id, done.counts, resumed=True)
    async with database.reading() as work:
        await import_rows.check_list_name(work, name)
    sites = await sites_fields(database)
    async with opened_lead_file(command.path, command.country, command.columns, sites=sites) as file:
        where = failed_rows_path(command.path, command.errors, is_sheet=file.delimiter is None)
        failed = FailedRows(where, file.columns, file.delimiter) if command.errors or not command.dry_run else None
        try:
            under_way = _Import(command, name, digest, database, now, progress or (lambda done, whole: None))
            return await under_way.run(file, failed)
        finally:
            if failed is not None:
                await asyncio.to_thread(failed.discard)


async def sites_fields(database: Database) -> SitesFields:
    """The fields of the site's own that a file can fill."""
    async with database.reading() as work:
        lead, company = await own_fields(work, "lead"), await own_fields(work, "company")
    return SitesFields(tuple(lead), tuple(company))


class _Import:
    """One import under way."""

    def __init__(
        self, command: ImportLeads, name: str, digest: str, database: Database, now: datetime, progress: Progress
    ) -> None:
        self._command, self._name, self._digest = command, name, digest
        self._database, self._now, self._progress = database, now, progress
        self._decider = Decider(command.duplicates)
        self._counts: Counter[str] = Counter()
        self._import_id: int | None = None
        self._chunk_size = _CHUNK_SQLITE if database.is_sqlite else _CHUNK_POSTGRES
        self._changes: list[LeadChange] = []
        self._chunks = 0

    async def run(self, file: LeadFile, failed: FailedRows | None) -> ImportReport:
        if self._command.dry_run:
            return _report(self._name, None, self._counts, await self._read(file, failed), dry_run=True)
        async with self._database.work() as work:
            self._import_id = await import_rows.begin_import(
                work, self._name, self._command.path.name, self._digest, self._now
            )
        list_id = None
        try:
            place = await self._read(file, failed)
            async with self._database.work() as work:
                list_id = await import_rows.commit_import(work, self._import_id, dict(self._counts), self._now)
        finally:
            if list_id is None:
                async with self._database.work() as work:
                    await import_rows.discard_import(work, self._import_id)
        rows = self._counts["rows"]
        await write_import(
            self._database,
            self._import_id,
            list_id,
            dict(self._counts),
            self._now,
            lambda left: self._progress(rows - (rows * left) // (2 * max(1, self._chunks)), rows),
        )
        return _report(self._name, list_id, self._counts, place)

    async def _read(self, file: LeadFile, failed: FailedRows | None) -> Path | None:
        """Decide every row and keep what is to be written; returns where the failed rows are."""
        async for rows in file.batches():
            decisions = await self._decide(rows)
            if self._import_id is not None:
                self._changes += [d.change for d in decisions if d.change is not None]
                await self._keep(self._import_id, at_least=self._chunk_size)
            if failed is not None:
                named = [(row, d.reason) for row, d in zip(rows, decisions, strict=True) if d.reason]
                await asyncio.to_thread(failed.write, named)
            done = self._counts["rows"]
            whole = None if file.count is None else max(file.count, done)
            self._progress(done if self._command.dry_run else done // 2, whole)
        if self._import_id is not None:
            await self._keep(self._import_id, at_least=1)
        return await asyncio.to_thread(failed.finish) if failed else None

    async def _decide(self, rows: Sequence[LeadRow]) -> list[Decision]:
        numbers = {phone.e164 for row in rows for phone in row.phones}
        async with self._database.reading() as work:
            base = await import_rows.owners_of(work, numbers)
            blocked = await import_rows.blocked_among(work, numbers)
        decisions = [self._decider.decide(row, base) for row in rows]
        for row, decision in zip(rows, decisions, strict=True):
            self._counts["rows"] += 1
            self._counts[decision.fate.value] += 1
            if decision.change is not None:
                self._counts["incomplete"] += bool(decision.reason)
                self._counts["do_not_call"] += any(phone.e164 in blocked for phone in row.phones)
        return decisions

    async def _keep(self, import_id: int, at_least: int) -> None:
        """Keep what has been decided in chunks; less than `at_least` waits for more."""
        while len(self._changes) >= at_least:
            now, self._changes = self._changes[: self._chunk_size], self._changes[self._chunk_size :]
            async with self._database.work() as work:
                await import_rows.keep_chunk(work, import_id, self._chunks, now)
            self._chunks += 1


def _list_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > _LIST_NAME_LENGTH:
        raise BadInput("--list", "the list needs a name", f"Choose one of at most {_LIST_NAME_LENGTH} characters")
    return name


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadInput(str(path), f"the file cannot be read: {error.strerror}", "Check name and rights") from error


def _report(
    name: str,
    list_id: int | None,
    counts: Mapping[str, int],
    failed_rows: Path | None = None,
    *,
    dry_run: bool = False,
    resumed: bool = False,
) -> ImportReport:
    fates = {fate.value: counts.get(fate.value, 0) for fate in RowFate}
    return ImportReport(
        list_name=name,
        list_id=list_id,
        rows=counts.get("rows", 0),
        **fates,
        incomplete=counts.get("incomplete", 0),
        do_not_call=counts.get("do_not_call", 0),
        failed_rows=failed_rows,
        dry_run=dry_run,
        resumed=resumed,
    )
