"""A lead file as the importing process sees it: columns, then batches of rows, read by a process of its own."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from signal import SIGKILL, SIGXCPU
from typing import IO, Any

from crm_core.domain.lead_files import LeadRow
from crm_core.errors import BadInput
from crm_core.imports.limits import ReadLimits
from crm_core.imports.titles import Column, Field, NoPhoneColumn, SitesFields
from crm_core.imports.wire import LENGTH, ReadOrder, row_in

logger = logging.getLogger(__name__)

_LARGEST_FRAME = 256 * 1024 * 1024


class ReaderCrashed(RuntimeError):
    """The reading process ended with an error of ours."""


class LeadFile:
    """An open file. `count` says about how many rows it has, if that is known; `form` what was recognised."""

    def __init__(self, path: Path, process: asyncio.subprocess.Process, complaints: IO[bytes], limits: ReadLimits):
        self.path = path
        self.columns: tuple[Column, ...] = ()
        self.delimiter: str | None = None
        self.form = ""
        self.count: int | None = None
        self._process, self._complaints, self._limits = process, complaints, limits

    async def read_header(self) -> None:
        """Wait for the columns; raises BadInput if the file has none or cannot be read."""
        head = await self._message()
        self.columns = _columns(head)
        self.delimiter, self.form, self.count = head["delimiter"], head["form"], head["count"]

    async def batches(self) -> AsyncIterator[list[LeadRow]]:
        """All rows in order, some hundred at a time; raises BadInput when the rest cannot be read."""
        total = 0
        while "end" not in (message := await self._message()):
            rows = [row_in(row) for row in message["rows"]]
            total += len(rows)
            yield rows
        if total != message["end"]:
            raise ReaderCrashed(f"{message['end']} rows were read and {total} arrived")

    async def _message(self) -> Any:
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(self._limits.silent_seconds):
                (length,) = LENGTH.unpack(await self._process.stdout.readexactly(LENGTH.size))
                if length > _LARGEST_FRAME:
                    raise ReaderCrashed(f"a frame of {length} bytes")
                message = json.loads(await self._process.stdout.readexactly(length))
        except asyncio.IncompleteReadError:
            raise await self._why_ended() from None
        except TimeoutError:
            raise self._too_slow() from None
        if "no phone" in message:
            raise NoPhoneColumn(message["no phone"], _columns(message))
        if "error" in message:
            raise BadInput(*message["error"])
        if "memory" in message:
            raise self._too_large()
        return message

    async def _why_ended(self) -> Exception:
        """The error for a reading process that has ended amid its work."""
        code = await self._process.wait()
        if code in (-SIGXCPU, -SIGKILL):
            return self._too_slow()
        if code < 0:  # a library that gets no memory aborts
            return self._too_large()
        self._complaints.seek(0)
        said = self._complaints.read()[-4000:].decode(errors="replace")
        logger.error("lead file reader crashed", extra={"code": code, "stderr": said})
        return ReaderCrashed(f"the reading process ended with code {code}: {said.strip().splitlines()[-1:]}")

    def _too_large(self) -> BadInput:
        megabytes = self._limits.memory_bytes // 1_000_000
        return BadInput(
            self.path.name,
            f"reading it takes more than {megabytes:,} MB of memory",
            "Copy the rows that are used into a new sheet, or save it as CSV UTF-8",
        )

    def _too_slow(self) -> BadInput:
        return BadInput(
            self.path.name,
            "reading it takes too long",
            "Copy the rows that are used into a new sheet, or save it as CSV UTF-8",
        )


def _columns(message: Any) -> tuple[Column, ...]:
    return tuple(Column(c["title"], Field(c["field"]), c["own"]) for c in message["columns"])


@asynccontextmanager
async def opened_lead_file(
    path: Path,
    country: str | None = None,
    columns: Mapping[str, str] | None = None,
    most_rows: int | None = None,
    limits: ReadLimits | None = None,
    sites: SitesFields | None = None,
) -> AsyncIterator[LeadFile]:
    """Open `path` with its header read. `columns`: title → field (titles.Field), for those guessed wrongly.

    `country` is the ISO 3166 code for numbers without one; `sites` are the fields of the site's own. Raises BadInput
    for whatever is wrong with the file.
    """
    limits = limits or ReadLimits()
    order = ReadOrder(
        str(path), country, dict(columns or {}), most_rows, asdict(limits), asdict(sites or SitesFields())
    )
    with tempfile.TemporaryFile() as complaints:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "crm_core.imports.child", json.dumps(asdict(order))),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=complaints,
        )
        try:
            file = LeadFile(path, process, complaints, limits)
            await file.read_header()
            yield file
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()  # reads to the end, or the pipe stays open


@dataclass(frozen=True, slots=True)
class Preview:
    """The columns of a file with what they become, and its first rows as they would be imported."""

    columns: tuple[Column, ...]
    form: str
    rows: tuple[LeadRow, ...]


async def preview(
    path: Path,
    country: str | None,
    columns: Mapping[str, str],
    most_rows: int = 10,
    sites: SitesFields | None = None,
) -> Preview:
    """Read the beginning of a file; raises BadInput."""
    async with opened_lead_file(path, country, columns, most_rows, sites=sites) as file:
        rows = [row async for batch in file.batches() for row in batch]
        return Preview(file.columns, file.form, tuple(rows))
