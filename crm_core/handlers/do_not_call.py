"""The do-not-call lists: entries added, removed, listed, and taken from a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crm_core.db.do_not_call import WHOLE_SYSTEM, Blocked, BlockKind, add_blocks, list_blocks, remove_block
from crm_core.db.engine import Database
from crm_core.domain.phone import parse_phone
from crm_core.errors import BadInput

_ENCODINGS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
#: A list of ten million numbers is smaller.
_LARGEST_FILE = 200 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is neither number nor prefix; `line` counts from 1."""

    line: int
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file: entries = added + standing + bad."""

    added: int
    standing: int
    bad: tuple[BadLine, ...]


def parse_block(text: str, reason: str, campaign_id: int = WHOLE_SYSTEM, default_country: str | None = None) -> Blocked:
    """An entry from what a person writes: a number, or a prefix that ends in `*` ("+99890*"). Raises BadInput."""
    written = text.strip()
    if not reason.strip():
        raise BadInput("reason", "no reason given", "Say why the number must not be called")
    if not written.endswith("*"):
        number = parse_phone(written, default_country).e164
        return Blocked(BlockKind.NUMBER, number, campaign_id, reason.strip())
    prefix = "".join(c for c in written[:-1] if c not in " -()")
    digits = prefix.removeprefix("+")
    if not prefix.startswith("+") or not (digits.isascii() and digits.isdecimal()) or not 1 <= len(digits) <= 15:
        raise BadInput("prefix", f"{written!r} is no prefix", "Write it with country code and star, such as +99890*")
    return Blocked(BlockKind.PREFIX, prefix, campaign_id, reason.strip())


async def add_block(block: Blocked, database: Database, now: datetime) -> bool:
    """Put one entry on the list; False if it stands there."""
    async with database.work() as work:
        return bool(await add_blocks(work, [block], now))


async def drop_block(block: Blocked, database: Database) -> bool:
    """Take one entry off the list; False if it does not stand there."""
    async with database.work() as work:
        return await remove_block(work, block)


async def blocks(
    database: Database, campaign_id: int | None = None, starts_with: str = "", limit: int = 200
) -> list[Blocked]:
    """Entries by value."""
    async with database.reading() as work:
        return await list_blocks(work, campaign_id, starts_with, limit)


async def import_blocks(
    path: Path,
    reason: str,
    database: Database,
    now: datetime,
    *,
    campaign_id: int = WHOLE_SYSTEM,
    default_country: str | None = None,
) -> Imported:
    """Add a file of numbers and prefixes, one a line ("number" or "number,reason"), in one commit.

    A heading, empty lines and lines that begin with # are passed over. A line that cannot be read is answered with its
    reason and stops nothing: a number too many on the list does no harm, one too few does. Raises BadInput for a file
    that is no text.
    """
    good, bad = _parsed(_lines_of(path), reason, campaign_id, default_country)
    async with database.work() as work:
        added = await add_blocks(work, good, now)
    return Imported(added, len(good) - added, tuple(bad))


def _lines_of(path: Path) -> list[str]:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise BadInput(str(path), "the file is larger than 200 MB", "Split it")
        content = path.read_bytes()
        return content.decode(_ENCODINGS.get(content[:3], _ENCODINGS.get(content[:2], "utf-8"))).splitlines()
    except OSError as error:
        raise BadInput(str(path), f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(str(path), "is no text file", "Save it as CSV or text in UTF-8") from error


def _parsed(
    lines: Iterable[str], reason: str, campaign_id: int, default_country: str | None
) -> tuple[list[Blocked], list[BadLine]]:
    good: list[Blocked] = []
    bad: list[BadLine] = []
    for line, text in enumerate(lines, start=1):
        value, _, own_reason = text.replace(";", ",").replace("\t", ",").partition(",")
        value = value.strip().strip('"').strip()
        is_heading = line == 1 and not any(c.isdigit() for c in value)
        if not value or value.startswith("#") or is_heading:
            continue
        try:
            good.append(parse_block(value, own_reason.strip().strip('"') or reason, campaign_id, default_country))
        except BadInput as error:
            bad.append(BadLine(line, text.strip()[:60], error.what))
    return good, bad
