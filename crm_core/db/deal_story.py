"""What happened around one deal, and two deals made one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, delete, func, insert, literal, select, union_all, update

from crm_core.db.batches import one_of
from crm_core.db.deal_desk import DealSeen
from crm_core.db.tables import calls, deal_stages, deals, notes, stages, tasks
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.visibility import visible_calls, visible_tasks
from crm_core.domain.access import Actor
from crm_core.domain.contacts import Moment, MomentKind

_SHOWN = 50


async def timeline(
    work: UnitOfWork, actor: Actor, deal: DealSeen, before: datetime | None = None, limit: int = _SHOWN
) -> tuple[Moment, ...]:
    """Moves through stages, tasks, calls with its contact and notes, latest first; `before` asks for older ones.

    Calls and tasks are those that the actor sees.
    """
    call_at = func.coalesce(calls.c.started_at, calls.c.answered_at, calls.c.ended_at)
    call_state = func.coalesce(calls.c.disposition, calls.c.outcome, "")
    made_by = await _calls_named(work, deal)
    call = _part(MomentKind.CALL, calls.c.id, call_at, calls.c.direction, call_state).where(visible_calls(actor))
    # Two parts, a walk along an index each: with OR between them all calls there are would be read.
    of_contact, others = call.where(calls.c.contact_id == deal.contact_id), call.where(one_of(calls.c.id, made_by))
    if deal.contact_id is not None:
        others = others.where(calls.c.contact_id.is_distinct_from(deal.contact_id))
    done_by = func.coalesce(tasks.c.done_by, "open")
    moved = deal_stages.join(stages, stages.c.id == deal_stages.c.stage_id)
    parts = [
        of_contact,
        others,
        _part(MomentKind.TASK, tasks.c.id, tasks.c.created_at, tasks.c.title, done_by).where(
            tasks.c.deal_id == deal.id, visible_tasks(actor)
        ),
        _part(MomentKind.DEAL, deal_stages.c.id, deal_stages.c.at, stages.c.name, deal_stages.c.by)
        .select_from(moved)
        .where(deal_stages.c.deal_id == deal.id),
        _part(MomentKind.NOTE, notes.c.id, notes.c.at, notes.c.text, notes.c.by).where(notes.c.deal_id == deal.id),
    ]
    cut = []
    for part in parts:
        at = part.selected_columns.at
        here = part.where(at.is_not(None)) if before is None else part.where(at < before)
        cut.append(here.order_by(at.desc()).limit(limit).subquery())
    every = union_all(*(select(part) for part in cut)).subquery()
    query = select(every).order_by(every.c.at.desc(), every.c.kind, every.c.number.desc()).limit(limit)
    return tuple(Moment(row.at, MomentKind(row.kind), row.key, row.text, row.state) for row in await work.all(query))


async def _calls_named(work: UnitOfWork, deal: DealSeen) -> list[str]:
    """The call that made it, and those that made the deals that were joined to it."""
    named = select(notes.c.call_id).where(notes.c.deal_id == deal.id, notes.c.call_id.is_not(None))
    found = [row.call_id for row in await work.all(named)]
    return found + ([deal.call_id] if deal.call_id else [])


def _part(kind: MomentKind, key: Any, at: Any, text: Any, state: Any) -> Any:
    # Of moves made at one time the last is the latest: numbers are compared as numbers.
    number = literal(0) if kind is MomentKind.CALL else key
    return select(
        at.label("at"),
        literal(kind.value).label("kind"),
        cast(key, String).label("key"),
        text.label("text"),
        state.label("state"),
        number.label("number"),
    )


async def join_into(work: UnitOfWork, gone: DealSeen, kept: DealSeen, by: str, at: datetime) -> None:
    """All that hangs on `gone` comes to `kept`, with a note that says so and names the call that made it; `gone` is
    no more. What `kept` has already stays as it is."""
    for table in (tasks, notes):
        await work.run(update(table).where(table.c.deal_id == gone.id).values(deal_id=kept.id))
    row: dict[str, Any] = {"deal_id": kept.id, "contact_id": kept.contact_id or gone.contact_id}
    row |= {"text": gone.title, "call_id": gone.call_id, "by": by[:120], "at": at}
    await work.run(insert(notes).values(**row))
    await work.run(delete(deal_stages).where(deal_stages.c.deal_id == gone.id))
    await work.run(delete(deals).where(deals.c.id == gone.id))
