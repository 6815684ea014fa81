"""The audit log: who did what to whom. Written in the commit of the deed itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert

from crm_core.db.tables import audit_log
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.access import Actor


async def record(
    work: UnitOfWork,
    actor: Actor,
    action: str,
    noun: str,
    key: object,
    at: datetime,
    *,
    details: Mapping[str, Any] | None = None,
    address: str = "",
) -> None:
    """Note that `actor` did `action` (noun and past tense: recording.listened) to the `noun` of id `key`."""
    await note(work, action, noun, key, at, by=actor.name, user_id=actor.user_id, details=details, address=address)


async def note(
    work: UnitOfWork,
    action: str,
    noun: str,
    key: object,
    at: datetime,
    *,
    by: str,
    user_id: int | None = None,
    details: Mapping[str, Any] | None = None,
    address: str = "",
) -> None:
    """The same where there is no actor: the command line, or somebody who could not log in."""
    row: dict[str, Any] = {"user_id": user_id, "by": by[:120], "action": action, "noun": noun, "key": str(key)[:120]}
    row |= {"details": dict(details or {}), "at": at, "address": address[:64]}
    await work.run(insert(audit_log).values(**row))
