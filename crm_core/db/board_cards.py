"""Cards of the kanban: deals with whom they belong to, what is to be done next, and when there was a call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Subquery, func, select

from crm_core.db.tables import calls, contacts, deals, tasks, users
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.board import BoardStage, Card

#: When a deal came into its stage.
since = func.coalesce(deals.c.moved_at, deals.c.created_at)
#: What a card needs of its deal.
CARD = (
    *(deals.c.id, deals.c.version, deals.c.stage_id, deals.c.title, deals.c.amount, deals.c.currency),
    *(deals.c.contact_id, deals.c.owner_id, deals.c.created_at, since.label("since")),
)


async def cards_of(work: UnitOfWork, chosen: Subquery, by_id: Mapping[int, BoardStage], now: datetime) -> list[Card]:
    """The deals of the subquery `chosen` as cards, newest first."""
    joined = chosen.outerjoin(contacts, contacts.c.id == chosen.c.contact_id)
    joined = joined.outerjoin(users, users.c.id == chosen.c.owner_id)
    names = (contacts.c.name.label("contact"), users.c.name.label("owner"))
    query = select(chosen, *names).select_from(joined).order_by(chosen.c.id.desc())
    rows = await work.all(query)
    steps = await _next_steps(work, [row.id for row in rows])
    called = await _last_calls(work, {row.contact_id for row in rows if row.contact_id is not None})
    cards = []
    for row in rows:
        before = by_id[row.stage_id].stuck_before(now)
        step, at = steps.get(row.id, (None, None))
        stuck = before is not None and row.since < before
        cards.append(
            Card(**row._mapping, stuck=stuck, next_step=step, next_at=at, last_call_at=called.get(row.contact_id))
        )
    return cards


async def _next_steps(work: UnitOfWork, deal_ids: Sequence[int]) -> dict[int, tuple[str, datetime]]:
    """Of each deal the open task that is due first."""
    if not deal_ids:
        return {}
    query = select(tasks.c.deal_id, tasks.c.title, tasks.c.due_at)
    query = query.where(tasks.c.deal_id.in_(deal_ids), tasks.c.done_at.is_(None))
    found: dict[int, tuple[str, datetime]] = {}
    for row in await work.all(query.order_by(tasks.c.due_at.desc(), tasks.c.id.desc())):
        found[row.deal_id] = (row.title, row.due_at)
    return found


async def _last_calls(work: UnitOfWork, contact_ids: set[int]) -> dict[int | None, datetime]:
    """When each contact was last called, or called."""
    if not contact_ids:
        return {}
    last = func.max(calls.c.started_at).label("last")
    query = select(calls.c.contact_id, last).where(
        calls.c.contact_id.in_(sorted(contact_ids)), calls.c.started_at.is_not(None)
    )
    return {row.contact_id: row.last for row in await work.all(query.group_by(calls.c.contact_id))}
