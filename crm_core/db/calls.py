"""Calls and their legs: one row per call, whoever reports first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.dialects import postgresql, sqlite

from crm_core.db.batches import Insert, among, filled_up, one_of, or_kept
from crm_core.db.tables import calls, cdrs, legs, phones
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.attempts import Outcome
from crm_core.domain.calls import CallSnapshot, Direction, Leg, LegRole


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it stands. `started_at` None: somebody wrote to it before the switch did."""

    id: str
    node: str
    direction: Direction
    attempt_id: str | None = None
    campaign_id: int | None = None
    lead_id: int | None = None
    contact_id: int | None = None
    known: bool = False
    agent_id: int | None = None
    number: str | None = None
    line: str | None = None
    started_at: datetime | None = None
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    bridged_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    cause: int | None = None
    sip_status: str | None = None
    disposition: str | None = None
    after_hours: bool | None = None

    @property
    def first_seen(self) -> datetime:
        """When the call began; only of calls the switch has reported."""
        if self.started_at is None:
            raise ValueError(f"call {self.id}: the switch has not reported it")
        return self.started_at


#: Written by agents and by the reception; what the switch says never touches them.
_OF_OTHERS = ("disposition", "after_hours")
_WRITTEN = tuple(f.name for f in fields(Call) if f.name not in _OF_OTHERS)
_READ = [calls.c[f.name] for f in fields(Call)]
_LONGEST_LINE = 20  # characters, as in the table
_LOCKED = select(*_READ).where(among(calls.c.id, "ids")).order_by(calls.c.id).with_for_update()


# --- reading ------------------------------------------------------------------------------------------------
async def locked(work: UnitOfWork, call_ids: Collection[str]) -> dict[str, Call]:
    """Calls of these ids, held until the commit."""
    rows = await work.connection.execute(_LOCKED, {"ids": filled_up(call_ids)})
    return {row.id: _call(row) for row in rows}


async def open_on(work: UnitOfWork, node: str) -> list[Call]:
    """Calls of this node that have not ended."""
    query = select(*_READ).where(calls.c.node == node, calls.c.ended_at.is_(None), calls.c.started_at.is_not(None))
    return [_call(row) for row in await work.all(query.order_by(calls.c.id))]


async def with_final_cdr(work: UnitOfWork, node: str, before: datetime) -> list[Call]:
    """Open calls whose own channel's CDR says that it ended before `before`."""
    ended = select(cdrs.c.uniqueid).where(cdrs.c.node == node, cdrs.c.uniqueid == calls.c.id, cdrs.c.ended_at < before)
    query = select(*_READ).where(calls.c.node == node, calls.c.ended_at.is_(None), ended.exists())
    return [_call(row) for row in await work.all(query.order_by(calls.c.id))]


async def ids_that_exist(work: UnitOfWork, call_ids: Collection[str]) -> set[str]:
    """Which of these are calls that the switch has reported."""
    known = select(calls.c.id).where(one_of(calls.c.id, call_ids), calls.c.started_at.is_not(None))
    return {row.id for row in await work.all(known)}


async def calls_of_legs(work: UnitOfWork, channels: Collection[str]) -> dict[str, str]:
    """The call of each channel that is a leg of one; the newest where an agent's parked leg took part in several."""
    query = select(legs.c.channel, legs.c.call_id).where(one_of(legs.c.channel, channels))
    return {row.channel: row.call_id for row in await work.all(query.order_by(legs.c.started_at))}


async def legs_of(work: UnitOfWork, call_ids: Collection[str]) -> dict[str, tuple[Leg, ...]]:
    rows = await work.all(select(legs).where(one_of(legs.c.call_id, call_ids)).order_by(legs.c.started_at))
    found: dict[str, list[Leg]] = defaultdict(list)
    for row in rows:
        found[row.call_id].append(
            Leg(
                channel=row.channel,
                role=LegRole(row.role),
                phone=row.phone,
                started_at=row.started_at,
                answered_at=row.answered_at,
                ended_at=row.ended_at,
                cause=row.cause,
                sip_status=row.sip_status,
            )
        )
    return {call_id: tuple(its) for call_id, its in found.items()}


async def contacts_of(work: UnitOfWork, numbers: Collection[str]) -> dict[str, int]:
    """The contact of each number that is known; the first one where several share it."""
    query = select(phones.c.e164, phones.c.contact_id).where(one_of(phones.c.e164, numbers))
    return {row.e164: row.contact_id for row in await work.all(query.order_by(phones.c.id.desc()))}


# --- writing ------------------------------------------------------------------------------------------------
async def save(work: UnitOfWork, changed: Collection[Call]) -> None:
    """Insert or update what the switch knows of these calls; disposition, note and a contact set by others stay."""
    if changed:
        rows = [{name: getattr(call, name) for name in _WRITTEN} for call in changed]
        await work.run(_save_calls(work.connection.dialect.name), sorted(rows, key=lambda row: row["id"]))


async def save_legs(work: UnitOfWork, snapshots: Sequence[CallSnapshot]) -> None:
    """Insert or update legs; an instant that is known is never blanked."""
    rows = {(s.id, leg.channel): _leg_row(s.id, leg) for s in snapshots for leg in s.legs}
    if rows:
        await work.run(_save_legs(work.connection.dialect.name), [rows[key] for key in sorted(rows)])


async def note_incoming(work: UnitOfWork, call_id: str, line: str, after_hours: bool) -> None:
    """Note which number was called and whether outside working time, also before the switch reports the call."""
    row = {
        "id": call_id,
        "direction": Direction.INCOMING.value,
        "line": line[:_LONGEST_LINE],
        "after_hours": after_hours,
    }
    await work.upsert(calls, [row], ["id"], keep=["direction"])


@cache
def _save_calls(dialect: str) -> Insert:
    statement: Insert = sqlite.insert(calls) if dialect == "sqlite" else postgresql.insert(calls)
    replaced: dict[str, Any] = {n: statement.excluded[n] for n in _WRITTEN if n != "id"}
    replaced["contact_id"] = func.coalesce(calls.c.contact_id, statement.excluded.contact_id)
    replaced["line"] = func.coalesce(statement.excluded.line, calls.c.line)  # a short number the switch cannot read
    return statement.on_conflict_do_update(index_elements=["id"], set_=replaced)


@cache
def _save_legs(dialect: str) -> Insert:
    statement: Insert = sqlite.insert(legs) if dialect == "sqlite" else postgresql.insert(legs)
    kept = ("role", "phone", "started_at", "answered_at", "ended_at", "cause", "sip_status")
    return statement.on_conflict_do_update(index_elements=["call_id", "channel"], set_=or_kept(legs, statement, kept))


def _leg_row(call_id: str, leg: Leg) -> dict[str, Any]:
    return {
        "call_id": call_id,
        "channel": leg.channel,
        "role": leg.role.value,
        "phone": leg.phone,
        "started_at": leg.started_at,
        "answered_at": leg.answered_at,
        "ended_at": leg.ended_at,
        "cause": leg.cause,
        "sip_status": leg.sip_status,
    }


def _call(row: Row[Any]) -> Call:
    values = dict(row._mapping)
    values["direction"] = Direction(row.direction)
    values["outcome"] = None if row.outcome is None else Outcome(row.outcome)
    return Call(**values)
