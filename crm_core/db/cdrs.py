"""Asterisk's own call records, kept as read, each tied to the call it belongs to."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import func, select

from crm_core.db.batches import inserting, one_of, or_kept
from crm_core.db.tables import agents, cdrs, node_marks
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.ports import Cdr

#: The `call_id` of a record that belongs to no call: an operator's own leg.
NO_CALL = ""
_KEPT = ("linkedid", "call_id", "disposition", "started_at", "answered_at", "ended_at", "cause")


async def save(work: UnitOfWork, rows: Sequence[tuple[Cdr, str | None]]) -> None:
    """Keep records, each with its call's id (None: unmatched); read again, a record is tied but never untied."""
    if not rows:
        return
    statement = inserting(work, cdrs)
    statement = statement.on_conflict_do_update(
        index_elements=["node", "uniqueid", "sequence"], set_=or_kept(cdrs, statement, _KEPT)
    )
    values = [
        {"node": c.node, "uniqueid": c.uniqueid, "sequence": c.sequence, "call_id": call_id}
        | {name: getattr(c, name) for name in _KEPT if name != "call_id"}
        for c, call_id in rows
    ]
    await work.run(statement, values)


async def own_records(work: UnitOfWork, node: str, call_ids: Collection[str]) -> dict[str, Cdr]:
    """The last record of each call's own channel."""
    query = select(cdrs).where(cdrs.c.node == node, one_of(cdrs.c.uniqueid, call_ids)).order_by(cdrs.c.sequence)
    return {
        row.uniqueid: Cdr(
            node=row.node,
            uniqueid=row.uniqueid,
            linkedid=row.linkedid,
            sequence=row.sequence,
            channel="",
            disposition=row.disposition,
            started_at=row.started_at,
            answered_at=row.answered_at,
            ended_at=row.ended_at,
            cause=row.cause,
            src="",
            dst="",
            context="",
        )
        for row in await work.all(query)
    }


async def operator_phones(work: UnitOfWork) -> set[str]:
    return {row.phone for row in await work.all(select(agents.c.phone))}


async def offset(work: UnitOfWork, node: str) -> int:
    """How far the node's CDR file has been read, in bytes."""
    return int(await work.scalar(select(node_marks.c.cdr_offset).where(node_marks.c.node == node)) or 0)


async def set_offset(work: UnitOfWork, node: str, value: int) -> None:
    await work.upsert(node_marks, [{"node": node, "cdr_offset": value}], ["node"])


async def unmatched(work: UnitOfWork) -> int:
    """Records that belong to no call we know."""
    return int(await work.scalar(select(func.count()).select_from(cdrs).where(cdrs.c.call_id.is_(None))))
