"""Answers kept by the key a client gave, so that a POST repeated is not done twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from crm_core.db.tables import idempotency_keys
from crm_core.db.unit_of_work import UnitOfWork

_TABLE = idempotency_keys


@dataclass(frozen=True, slots=True)
class Kept:
    """What was asked (a hash) and answered; `status` None: it is still being worked on, or its process died."""

    request: str
    status: int | None
    body: str | None
    headers: Mapping[str, str]
    at: datetime


async def begin(work: UnitOfWork, user_id: int, key: str, request: str, at: datetime) -> Kept | None:
    """Keep the key; None if it is new, what is kept if it is not."""
    row: dict[str, Any] = {"user_id": user_id, "key": key, "request": request, "at": at}
    if await work.upsert(_TABLE, [row], ["user_id", "key"], keep=["request", "at"]):
        return None
    found = await work.first(select(_TABLE).where(_TABLE.c.user_id == user_id, _TABLE.c.key == key))
    if found is None:  # deleted between the two statements: it was older than a day
        return await begin(work, user_id, key, request, at)
    return Kept(found.request, found.status, found.body, found.headers or {}, found.at)


async def finish(
    work: UnitOfWork, user_id: int, key: str, status: int, body: str | None, headers: Mapping[str, str]
) -> None:
    mine = (_TABLE.c.user_id == user_id, _TABLE.c.key == key)
    await work.run(update(_TABLE).where(*mine).values(status=status, body=body, headers=dict(headers)))


async def forget(work: UnitOfWork, user_id: int, key: str) -> None:
    """The request failed and changed nothing: it may be tried again with the same key."""
    await work.run(delete(_TABLE).where(_TABLE.c.user_id == user_id, _TABLE.c.key == key))


async def forget_before(work: UnitOfWork, at: datetime) -> None:
    await work.run(delete(_TABLE).where(_TABLE.c.at < at))
