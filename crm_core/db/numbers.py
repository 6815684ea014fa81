"""Numbers of ours that a script answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, select

from crm_core.db.tables import calls, numbers
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.calls import Direction
from crm_core.domain.numbers import OwnNumber


@dataclass(frozen=True, slots=True)
class Called:
    """One of our numbers as it was called: `after_hours`, and the rule it has, if any."""

    line: str | None
    after_hours: bool
    own: OwnNumber | None


async def put(work: UnitOfWork, own: OwnNumber) -> None:
    """Store a number's rule; one that stands is replaced."""
    row = {
        "number": own.number,
        "day_script": own.day_script,
        "night_script": own.night_script,
        "fields": dict(own.fields),
        "notify": own.notify,
    }
    await work.upsert(numbers, [row], ["number"])


async def remove(work: UnitOfWork, number: str) -> bool:
    """False if the number had no rule."""
    return bool((await work.run(delete(numbers).where(numbers.c.number == number))).rowcount)


async def every_number(work: UnitOfWork) -> list[OwnNumber]:
    return [_own(row) for row in await work.all(select(numbers).order_by(numbers.c.number))]


async def own_number(work: UnitOfWork, number: str) -> OwnNumber | None:
    """The rule of a number; None: it has none."""
    row = await work.first(select(numbers).where(numbers.c.number == number))
    return None if row is None else _own(row)


async def called(work: UnitOfWork, call_id: str) -> Called | None:
    """What number was called in this call and what holds for it; None if nobody called us in it."""
    incoming = (calls.c.id == call_id, calls.c.direction == Direction.INCOMING.value)
    joined = calls.outerjoin(numbers, numbers.c.number == calls.c.line)
    row = await work.first(select(calls.c.line, calls.c.after_hours, numbers).select_from(joined).where(*incoming))
    if row is None:
        return None
    return Called(row.line, bool(row.after_hours), None if row.number is None else _own(row))


def _own(row: Row[Any]) -> OwnNumber:
    return OwnNumber(row.number, row.day_script, row.night_script, row.fields, row.notify)
