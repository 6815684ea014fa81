"""Write the rules' desk back: what was made and changed, in a handful of statements; entries get their ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, bindparam, func, insert, literal, select, update

from crm_core.db.sales import entered
from crm_core.db.tables import calls, campaign_leads, contacts, deal_stages, deals, notes, phones, tasks, users
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.leads import LeadState
from crm_core.domain.phone import PhoneNumber, parse_phone
from crm_core.domain.rule_desk import Closing, ContactEntry, DealEntry, Desk, Entry, TaskEntry
from crm_core.errors import BadInput
from crm_core.events import DealChanged

#: tasks.done_by, and users.name is as long.
_SIGNATURE_CHARS = 120


async def write_desk(work: UnitOfWork, desk: Desk) -> list[Closing]:
    """Write all entries not written yet; returns the leads that were closed."""
    await _write_contacts(work, [c for c in desk.by_number.values() if c.id is None])
    await _write_deals(work, desk.deals)
    await _write_tasks(work, desk.tasks)
    notes_rows = [
        {
            "contact_id": _id(n.contact),
            "call_id": n.subject.call_id,
            "text": n.text,
            "by": n.subject.by,
            "at": n.subject.at,
        }
        for n in desk.notes
    ]
    await _make(work, notes, desk.notes, notes_rows)
    await _close_leads(work, desk.closings)
    return desk.closings


def _id(contact: ContactEntry | None) -> int | None:
    return contact.id if contact else None


async def _make(work: UnitOfWork, table: Table, entries: Sequence[Entry], rows: Sequence[dict[str, Any]]) -> None:
    """Insert a row for each entry and tell it its id."""
    if not rows:
        return
    # SQLite numbers rows in the order given, one writer at a time; asked for that order, SQLAlchemy would write them
    # one by one there.
    is_sqlite = work.connection.dialect.name == "sqlite"
    made = await work.run(insert(table).returning(table.c.id, sort_by_parameter_order=not is_sqlite), rows)
    ids = [row.id for row in made]
    for entry, made_id in zip(entries, sorted(ids) if is_sqlite else ids, strict=True):
        entry.id = made_id


async def _write_contacts(work: UnitOfWork, new: Sequence[ContactEntry]) -> None:
    """A contact is called by its number until somebody asks for the name; the call is his from now on."""
    born = [(entry, entry.number or "", entry.new_from) for entry in new]
    rows: list[dict[str, Any]] = [
        {"name": number, "owner_id": entry.owner_id, "fields": {}, "created_at": subject.at}
        for entry, number, subject in born
        if subject is not None
    ]
    await _make(work, contacts, new, rows)
    numbers = [(entry.id, _phone_number(number)) for entry, number, _ in born]
    phone_rows = [{"contact_id": i, "e164": n.e164, "raw": n.e164, "zone": n.zone, "dead": False} for i, n in numbers]
    if phone_rows:
        await work.run(insert(phones), phone_rows)
    given = [{"of": s.call_id, "contact": entry.id} for entry, _, s in born if s is not None and s.call_id]
    if given:
        nobodys = (calls.c.id == bindparam("of")) & calls.c.contact_id.is_(None)
        await work.run(update(calls).where(nobodys).values(contact_id=bindparam("contact")), given)


def _phone_number(number: str) -> PhoneNumber:
    try:
        return parse_phone(number)
    except BadInput:  # a carrier may show a number no plan knows; it called us all the same
        return PhoneNumber(number, "", None)


async def _write_deals(work: UnitOfWork, entries: Sequence[DealEntry]) -> None:
    new = [d for d in entries if d.id is None]
    rows = [
        {
            "title": d.title,
            "pipeline_id": d.stage.pipeline_id,
            "stage_id": d.stage.id,
            "contact_id": _id(d.contact),
            "owner_id": d.owner_id,
            "call_id": d.call_id,
            "created_at": d.moves[0][1].at,
            **entered(d.stage.kind, d.moves[-1][1].at),
        }
        for d in new
    ]
    moved = [d for d in entries if d.id is not None and d.moves]
    await _make(work, deals, new, rows)
    if moved:
        await _move_deals(work, moved)
    if adopted := [{"of": d.id, "contact": _id(d.contact)} for d in entries if d.adopted]:
        adopting = update(deals).where(deals.c.id == bindparam("of")).values(contact_id=bindparam("contact"))
        await work.run(adopting, adopted)
    history = [
        {"deal_id": d.id, "stage_id": stage.id, "by": subject.by, "at": subject.at}
        for d in entries
        for stage, subject in d.moves
    ]
    if history:
        await work.run(insert(deal_stages), history)


async def _move_deals(work: UnitOfWork, moved: Sequence[DealEntry]) -> None:
    moving = update(deals).where(deals.c.id == bindparam("of"))
    moving = moving.values(
        stage_id=bindparam("stage"),
        pipeline_id=bindparam("pipeline"),
        version=deals.c.version + 1,
        moved_at=bindparam("moved"),
        closed_at=bindparam("closed"),
        lost_reason=None,
    )
    rows = []
    for deal in moved:
        assert deal.id is not None  # only what stands already moves
        subject = deal.moves[-1][1]
        place = {"of": deal.id, "stage": deal.stage.id, "pipeline": deal.stage.pipeline_id}
        closed_at = entered(deal.stage.kind, subject.at)["closed_at"]
        rows.append(place | {"moved": subject.at, "closed": closed_at})
        owner, contact = deal.owner_id, _id(deal.contact)
        work.publish(DealChanged(deal.id, deal.stage.name, owner, owner, contact, subject.by, subject.at))
    await work.run(moving, rows)


async def _write_tasks(work: UnitOfWork, entries: Sequence[TaskEntry]) -> None:
    new = [t for t in entries if t.id is None]
    changed = [t for t in entries if t.id is not None and t.changed]
    rows: list[dict[str, Any]] = [
        {
            "kind": t.kind.value,
            "title": t.title,
            "due_at": t.due_at,
            "responsible_id": t.responsible_id,
            "contact_id": _id(t.contact),
            "call_id": t.call_id,
            "number": t.number,
            "by": t.by,
            "created_at": t.created_at,
        }
        for t in new
    ]
    await _make(work, tasks, new, rows)
    if changed:
        changing = update(tasks).where(tasks.c.id == bindparam("of"))
        changing = changing.values(due_at=bindparam("due"), responsible_id=bindparam("responsible"))
        await work.run(changing, [{"of": t.id, "due": t.due_at, "responsible": t.responsible_id} for t in changed])
    await _end_tasks(work, entries)


async def _end_tasks(work: UnitOfWork, entries: Sequence[TaskEntry]) -> None:
    ended = [(t.id, t.done) for t in entries if t.done is not None]
    reached = [{"of": i, "at_": d.at, "agent": d.reached_by} for i, d in ended if d.by is None]
    others = [{"of": i, "at_": d.at, "by_": d.by} for i, d in ended if d.by is not None]
    ending = update(tasks).where(tasks.c.id == bindparam("of"))
    if reached:
        agent = select(users.c.name).where(users.c.id == bindparam("agent")).scalar_subquery()
        by = func.substr(literal("reached by ") + func.coalesce(agent, "an agent"), 1, _SIGNATURE_CHARS)
        await work.run(ending.values(done_at=bindparam("at_"), done_by=by), reached)
    if others:
        await work.run(ending.values(done_at=bindparam("at_"), done_by=bindparam("by_")), others)


async def _close_leads(work: UnitOfWork, closings: Sequence[Closing]) -> None:
    if not closings:
        return
    same = (campaign_leads.c.campaign_id == bindparam("campaign")) & (campaign_leads.c.lead_id == bindparam("lead"))
    gone = {"next_attempt_at": None, "callback_at": None, "callback_agent_id": None}
    closing = update(campaign_leads).where(same)
    closing = closing.values(state=LeadState.CLOSED.value, close_reason=bindparam("why"), **gone)
    rows = [{"campaign": c.campaign_id, "lead": c.lead_id, "why": c.reason} for c in closings]
    await work.run(closing, rows)
