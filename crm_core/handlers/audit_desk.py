"""The audit log: read and taken out by whoever may; that it was taken out stands in it, too."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from crm_core.db import audit, audit_log
from crm_core.db.audit_log import AuditLine, AuditWanted
from crm_core.db.engine import Database
from crm_core.domain.access import Actor, Right, masked_number, masked_text

COLUMNS = ("at", "by", "action", "noun", "key", "address", "details")
#: A cell that begins so would be a formula to a spreadsheet (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


async def list_audit(
    actor: Actor, wanted: AuditWanted, after: str | None, limit: int, database: Database
) -> tuple[list[AuditLine], str | None]:
    """A page, newest first. Raises Forbidden, and BadInput for a cursor that is none."""
    actor.require(Right.SEE_AUDIT)
    async with database.reading() as work:
        lines, following = await audit_log.page(work, wanted, after, limit)
    return [_for(actor, line) for line in lines], following


async def begin_export(actor: Actor, wanted: AuditWanted, database: Database, now: datetime) -> None:
    """Note that the log is taken out. Raises Forbidden."""
    actor.require(Right.SEE_AUDIT)
    chosen = {name: str(getattr(wanted, name)) for name in AuditWanted.__dataclass_fields__ if getattr(wanted, name)}
    async with database.work() as work:
        await audit.record(work, actor, "audit.exported", "audit", "log", now, details=chosen)


async def exported(actor: Actor, wanted: AuditWanted, database: Database) -> AsyncIterator[bytes]:
    """The lines as CSV (UTF-8), newest first, some at a time; after `begin_export`. Raises Forbidden."""
    actor.require(Right.SEE_AUDIT)
    yield _csv([COLUMNS])
    async for lines in audit_log.every(database, wanted):
        yield _csv([_row(_for(actor, line)) for line in lines])


def _row(line: AuditLine) -> tuple[str, ...]:
    details = json.dumps(line.details, ensure_ascii=False) if line.details else ""
    cells = (line.at.isoformat(), line.by, line.action, line.noun, line.key, line.address, details)
    return tuple(f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells)


def _csv(rows: list[tuple[str, ...]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def _for(actor: Actor, line: AuditLine) -> AuditLine:
    """Without digits for whoever is masked."""
    if not actor.masked:
        return line
    return replace(line, key=masked_text(line.key), by=masked_text(line.by), details=_without_numbers(line.details))


def _without_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_numbers(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_without_numbers(one) for one in value]
    if isinstance(value, str):
        return masked_number(value) if value.startswith("+") and value[1:].isdecimal() else masked_text(value)
    return value
