"""Fill the rules' desk: all that a batch of events may ask about, in a handful of statements."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Select, and_, or_, select, tuple_

from crm_core.db.batches import one_of
from crm_core.db.tables import calls, campaign_leads, contacts, deal_stages, deals, phones, stages, tasks
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.leads import LeadState
from crm_core.domain.rule_desk import ContactEntry, DealEntry, Desk, Subject, TaskEntry
from crm_core.domain.rule_plans import CloseLead, CloseTasks, MakeDeal, MakeTask, Step
from crm_core.domain.sales import Stage, StageKind, TaskKind

Key = TypeVar("Key")
Planned = Sequence[tuple[Subject, Sequence[Step]]]
_OPEN_KINDS = (StageKind.UNSORTED.value, StageKind.OPEN.value)


async def read_desk(work: UnitOfWork, planned: Planned, site_stages: Sequence[Stage]) -> Desk:
    """The desk for these steps; what none of them asks about is not read."""
    desk = Desk(site_stages)
    await _read_contacts(work, desk, [subject for subject, _ in planned])
    await _read_deals(work, desk, _having(planned, MakeDeal))
    await _read_tasks(work, desk, _having(planned, MakeTask, CloseTasks))
    await _read_reached(
        work, desk, [s for s, steps in planned if any(isinstance(x, MakeTask) and x.once for x in steps)]
    )
    await _read_leads(work, desk, _having(planned, CloseLead))
    return desk


async def known_by_now(work: UnitOfWork, subjects: dict[Key, Subject]) -> dict[Key, Subject]:
    """The subjects, with number and contact from the call where the event had neither: it may have been told before
    the switch told of its call."""
    nameless = {s.call_id for s in subjects.values() if _is_nameless(s) and s.call_id is not None}
    if not nameless:
        return subjects
    query = select(calls.c.id, calls.c.number, calls.c.contact_id).where(one_of(calls.c.id, nameless))
    told = {row.id: row for row in await work.all(query)}
    return {
        key: replace(s, number=row.number, contact_id=row.contact_id)
        if _is_nameless(s) and (row := told.get(s.call_id)) is not None
        else s
        for key, s in subjects.items()
    }


def _is_nameless(subject: Subject) -> bool:
    return subject.number is None and subject.contact_id is None


def _having(planned: Planned, *kinds: type) -> list[Subject]:
    return [subject for subject, steps in planned if any(isinstance(step, kinds) for step in steps)]


def _present(values: Collection[Any]) -> set[Any]:
    return {value for value in values if value is not None}


async def _read_contacts(work: UnitOfWork, desk: Desk, subjects: Sequence[Subject]) -> None:
    columns = (contacts.c.id, contacts.c.owner_id)
    if ids := _present([s.contact_id for s in subjects]):
        for row in await work.all(select(*columns).where(one_of(contacts.c.id, ids))):
            desk.contacts[row.id] = ContactEntry(row.id, row.owner_id)
    if numbers := _present([s.number for s in subjects if s.contact_id not in desk.contacts]):
        query = select(*columns, phones.c.e164).join(phones, phones.c.contact_id == contacts.c.id)
        # Of several contacts that share a number the one who had it first, as in contact_by_number.
        for row in await work.all(query.where(one_of(phones.c.e164, numbers)).order_by(phones.c.id + 0)):
            entry = desk.contacts.setdefault(row.id, ContactEntry(row.id, row.owner_id))
            desk.by_number.setdefault(row.e164, entry)


async def _read_deals(work: UnitOfWork, desk: Desk, subjects: Sequence[Subject]) -> None:
    mine: set[int] = {c.id for s in subjects if (c := desk.contact_of(s)) is not None and c.id is not None}
    call_ids = _present([s.call_id for s in subjects])
    if mine:
        made_or_open = or_(stages.c.kind.in_(_OPEN_KINDS), one_of(deals.c.call_id, call_ids))
        await _add_deals(work, desk, _deals().where(one_of(deals.c.contact_id, mine), made_or_open))
    if call_ids:  # made by calls whose number was withheld, or not known yet; few have no contact
        await _add_deals(work, desk, _deals().where(deals.c.contact_id.is_(None), one_of(deals.c.call_id, call_ids)))


def _deals() -> Select[Any]:
    last = deal_stages.alias()
    moved_by = select(last.c.by).where(last.c.deal_id == deals.c.id).order_by(last.c.id.desc()).limit(1)
    columns = (deals.c.id, deals.c.contact_id, deals.c.owner_id, deals.c.call_id)
    of_stage = (stages.c.pipeline_id, stages.c.name, stages.c.position, stages.c.kind)
    moved = moved_by.scalar_subquery().label("moved_by")
    query = select(*columns, moved, stages.c.id.label("stage_id"), *of_stage).join(
        stages, stages.c.id == deals.c.stage_id
    )
    return query.order_by(deals.c.id).with_for_update(of=deals)  # nobody moves them while we decide


async def _add_deals(work: UnitOfWork, desk: Desk, query: Select[Any]) -> None:
    for row in await work.all(query):
        stage = Stage(row.stage_id, row.pipeline_id, row.name, row.position, StageKind(row.kind))
        contact = desk.contacts.get(row.contact_id)
        entry = DealEntry(row.id, stage, contact, row.call_id, row.moved_by or "", owner_id=row.owner_id)
        desk.deals.append(entry)


async def _read_tasks(work: UnitOfWork, desk: Desk, subjects: Sequence[Subject]) -> None:
    wanted = []
    if numbers := _present([s.number for s in subjects]):
        wanted.append(one_of(tasks.c.number, numbers))
    if nameless := _present([s.call_id for s in subjects if s.number is None]):
        wanted.append(and_(tasks.c.number.is_(None), one_of(tasks.c.call_id, nameless)))
    if not wanted:
        return
    names = ("id", "kind", "number", "call_id", "created_at", "due_at", "responsible_id", "by")
    query = select(*(tasks.c[name] for name in names)).where(tasks.c.done_at.is_(None), or_(*wanted))
    for row in await work.all(query.order_by(tasks.c.id).with_for_update()):
        values = row._asdict()
        desk.tasks.append(TaskEntry(**{**values, "kind": TaskKind(values["kind"])}))


async def _read_reached(work: UnitOfWork, desk: Desk, subjects: Sequence[Subject]) -> None:
    numbers = _present([s.number for s in subjects])
    if not numbers:
        return
    oldest: datetime = min(s.at for s in subjects)
    query = select(calls.c.number, calls.c.id, calls.c.bridged_at)
    for row in await work.all(query.where(one_of(calls.c.number, numbers), calls.c.bridged_at > oldest)):
        desk.bridged.setdefault(row.number, []).append((row.id, row.bridged_at))


async def _read_leads(work: UnitOfWork, desk: Desk, subjects: Sequence[Subject]) -> None:
    leads = sorted({(s.campaign_id, s.lead_id) for s in subjects if None not in (s.campaign_id, s.lead_id)})
    if not leads:
        return
    key = (campaign_leads.c.campaign_id, campaign_leads.c.lead_id)
    query = select(*key).where(tuple_(*key).in_(leads), campaign_leads.c.state == LeadState.OPEN.value)
    rows = await work.all(query.order_by(*key).with_for_update())
    desk.open_leads = {(row.campaign_id, row.lead_id) for row in rows}
