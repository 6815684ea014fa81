"""Asterisk's own call records, read from its CSV file from where we left off.

AMI has no replay: what happened while the link was down stands here alone. The columns are those of
asterisk_conf/pbx/cdr_custom.conf.
"""

from __future__ import annotations

import csv
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from crm_core.errors import CrmError
from crm_core.ports import Cdr

log = logging.getLogger(__name__)

#: Read at once; a row has some 200 bytes, so one reading is about 2,500 rows.
CHUNK_BYTES = 500_000
_COLUMNS = 16


class BadCdr(CrmError):
    """A row of the CDR file cannot be read."""


@dataclass(frozen=True, slots=True)
class CdrChunk:
    """Rows read, the offset in bytes up to which they go, how many were bad, and whether there is more to read now."""

    rows: tuple[Cdr, ...]
    offset: int
    bad: int
    more: bool


def read_cdrs(file: Path, offset: int, node: str, chunk_bytes: int = CHUNK_BYTES) -> CdrChunk:
    """Read whole rows from `offset`; a last row still being written is left for next time.

    A file that is shorter than `offset`, or whose byte before `offset` ends no row, has been rotated: it is read from
    its start. A file that is not there has no rows. Raises OSError for one that cannot be read.
    """
    try:
        with file.open("rb") as stream:
            start = offset
            if offset:
                stream.seek(offset - 1)
                if stream.read(1) != b"\n":
                    log.info("the CDR file was begun anew", extra={"file": str(file), "offset": offset})
                    start = 0
            stream.seek(start)
            text = stream.read(chunk_bytes)
            more = len(text) == chunk_bytes
            text += stream.readline() if more else b""
    except FileNotFoundError:
        return CdrChunk((), offset, 0, False)
    whole = text[: text.rfind(b"\n") + 1]
    rows, bad = _parse_rows(whole, node, file)
    return CdrChunk(tuple(rows), start + len(whole), bad, more and bool(whole))


def _parse_rows(text: bytes, node: str, file: Path) -> tuple[list[Cdr], int]:
    rows, bad = [], 0
    for line in text.decode("utf-8", "replace").split("\n"):
        if not line:
            continue
        try:
            rows.append(parse_cdr(line, node))
        except BadCdr as error:
            bad += 1
            log.warning("bad CDR row", extra={"file": str(file), "why": str(error), "row": line[:500]})
    return rows, bad


def parse_cdr(line: str, node: str) -> Cdr:
    """Return the record in one CSV line. Raises BadCdr."""
    try:
        columns = next(csv.reader([line], strict=True), [])
        if len(columns) != _COLUMNS:
            raise BadCdr(f"{len(columns)} columns instead of {_COLUMNS}: see asterisk_conf/pbx/cdr_custom.conf")
        start, answer, end, uniqueid, linkedid, channel, _, src, dst, context, disposition, _, _, cause, _, seq = (
            columns
        )
        started_at, ended_at = _instant(start), _instant(end)
        if started_at is None or ended_at is None or not uniqueid:
            raise BadCdr("start, end or uniqueid is empty")
        return Cdr(
            node=node,
            uniqueid=uniqueid,
            linkedid=linkedid,
            sequence=int(seq),
            channel=channel,
            disposition=disposition,
            started_at=started_at,
            answered_at=_instant(answer),
            ended_at=ended_at,
            cause=int(cause) if cause else None,
            src=src,
            dst=dst,
            context=context,
        )
    except (csv.Error, ValueError, OverflowError) as error:
        raise BadCdr(str(error)) from None


def _instant(text: str) -> datetime | None:
    """Seconds since 1970 with microseconds; Asterisk writes 0.000000, or nothing, for what did not happen."""
    seconds = float(text) if text else 0.0
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
