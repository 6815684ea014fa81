"""What a rule runner needs of the database so that two runners, or the same event twice, have one effect."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from cattrs.errors import BaseValidationError
from sqlalchemy import bindparam, select, text, update

from crm_core.db.batches import inserting, one_of
from crm_core.db.codec import event_of
from crm_core.db.tables import outbox, rule_runs
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.events import Envelope, Event


async def lock_subjects(work: UnitOfWork, subjects: Iterable[str]) -> None:
    """Keep other runners off these numbers and contacts until the commit; on SQLite the one writer sees to it.

    "Is there an open task for this number? No: make one" would else be asked by two at once. Sorted, so that two
    runners never wait for each other in a ring.
    """
    if work.connection.dialect.name == "sqlite":
        return
    keys = sorted({int.from_bytes(hashlib.blake2b(s.encode(), digest_size=8).digest(), signed=True) for s in subjects})
    if keys:
        locking = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key")
        await work.connection.execute(locking, {"keys": keys})


async def begin_runs(work: UnitOfWork, pairs: Collection[tuple[int, int]], now: datetime) -> set[tuple[int, int]]:
    """Claim runs (rule id, event id): those not run before, by anybody. Insert first, act afterwards."""
    if not pairs:
        return set()
    ordered = sorted(pairs, key=lambda pair: (pair[1], pair[0]))  # two runners claim in one order: no deadlock
    rows = [{"rule_id": rule_id, "event_id": event_id, "effects": {}, "at": now} for rule_id, event_id in ordered]
    claiming = inserting(work, rule_runs).on_conflict_do_nothing(index_elements=["rule_id", "event_id"])
    claimed = await work.run(claiming.returning(rule_runs.c.rule_id, rule_runs.c.event_id), rows)
    return {(row.rule_id, row.event_id) for row in claimed}


async def record_effects(work: UnitOfWork, effects: Mapping[tuple[int, int], dict[str, Any]]) -> None:
    """Write down what the runs did."""
    if not effects:
        return
    same = (rule_runs.c.rule_id == bindparam("of_rule")) & (rule_runs.c.event_id == bindparam("of_event"))
    rows = [{"of_rule": rule, "of_event": event, "did": did} for (rule, event), did in effects.items()]
    await work.run(update(rule_runs).where(same).values(effects=bindparam("did")), rows)


async def already_done(work: UnitOfWork, event_ids: Collection[int]) -> set[int]:
    """Of these events, the ones for which the rules have run."""
    query = select(outbox.c.id).where(one_of(outbox.c.id, event_ids), outbox.c.done_at.is_not(None))
    return {row.id for row in await work.all(query)}


async def mark_done(work: UnitOfWork, event_ids: Collection[int], now: datetime) -> None:
    """The rules have run for these events."""
    mine = one_of(outbox.c.id, event_ids)
    # Locked in order first: the relay marks the same rows as published, and two orders would be a deadlock.
    await work.all(select(outbox.c.id).where(mine).order_by(outbox.c.id).with_for_update())
    await work.run(update(outbox).where(mine, outbox.c.done_at.is_(None)).values(done_at=now))


async def undone_events(
    work: UnitOfWork, older_than: datetime, after: int, limit: int
) -> tuple[list[Envelope], list[int]]:
    """Events that no runner has taken though they are older than that; and ids of those this version cannot read."""
    query = select(outbox.c.id, outbox.c.type, outbox.c.payload).where(outbox.c.done_at.is_(None))
    query = query.where(outbox.c.at < older_than, outbox.c.id > after)
    return _envelopes(await work.all(query.order_by(outbox.c.id).limit(limit)))


async def past_events(work: UnitOfWork, kind: str, limit: int) -> list[Envelope]:
    """The newest events of one kind, oldest of them first: what a dry run is tried on."""
    query = select(outbox.c.id, outbox.c.type, outbox.c.payload).where(outbox.c.type == kind)
    found, _ = _envelopes(await work.all(query.order_by(outbox.c.id.desc()).limit(limit)))
    return found[::-1]


def _envelopes(rows: Iterable[Any]) -> tuple[list[Envelope], list[int]]:
    found: list[Envelope] = []
    unknown: list[int] = []
    for row in rows:
        event = _read(row.type, row.payload)
        if event is None:
            unknown.append(row.id)
        else:
            found.append(Envelope(row.id, event))
    return found, unknown


def _read(kind: str, payload: Any) -> Event | None:
    try:
        return event_of(kind, payload)
    except (KeyError, BaseValidationError):  # written by a newer version, or by an older one with other fields
        return None
