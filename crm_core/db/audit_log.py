"""The audit log as it is read: newest first, page by page, by who, what, whose and when."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, select

from crm_core.db.engine import Database
from crm_core.db.listing import By, page_of
from crm_core.db.tables import audit_log
from crm_core.db.unit_of_work import UnitOfWork

_A = audit_log.c
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class AuditWanted:
    """Which lines. `action`: one (recording.listened) or its first part (recording). `until` is not among them."""

    user_id: int | None = None
    action: str = ""
    noun: str = ""
    key: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Who (`by`) did what (`action`) to whom (`noun`, `key`); `address` is where he came from, empty if not known."""

    id: int
    at: datetime
    user_id: int | None
    by: str
    action: str
    noun: str
    key: str
    details: dict[str, Any] = field(default_factory=dict)
    address: str = ""


_LINE = [_A[name] for name in AuditLine.__dataclass_fields__]


async def page(
    work: UnitOfWork, wanted: AuditWanted, after: str | None, limit: int
) -> tuple[list[AuditLine], str | None]:
    """A page, and the cursor of the next. Raises BadInput for a cursor that is none."""
    query = select(*_LINE).where(*_matching(wanted))
    found = await page_of(work, query, [By("id", _A.id, descending=True)], after, limit)
    return [_line(row) for row in found.rows], found.after


async def every(database: Database, wanted: AuditWanted) -> AsyncIterator[list[AuditLine]]:
    """All of them, a thousand at a time, each in a unit of work of its own: a long download holds nothing up."""
    after: str | None = None
    while True:
        async with database.reading() as work:
            lines, after = await page(work, wanted, after, _AT_ONCE)
        yield lines
        if after is None:
            return


def _matching(wanted: AuditWanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.user_id is not None:
        found.append(_A.user_id == wanted.user_id)
    if wanted.action:
        is_whole = "." in wanted.action
        found.append(
            _A.action == wanted.action if is_whole else _A.action.startswith(f"{wanted.action}.", autoescape=True)
        )
    if wanted.noun:
        found.append(_A.noun == wanted.noun)
    if wanted.key:
        found.append(_A.key == wanted.key)
    if wanted.since is not None:
        found.append(_A.at >= wanted.since)
    if wanted.until is not None:
        found.append(_A.at < wanted.until)
    return found


def _line(row: Row[Any]) -> AuditLine:
    values = {name: getattr(row, name) for name in AuditLine.__dataclass_fields__}
    return AuditLine(**(values | {"details": dict(row.details or {})}))
