"""Reads what an agent has before him, in a few small statements: somebody is on the line."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, String, and_, func, literal, select

from crm_core.db import conversations as talks
from crm_core.db.tables import (
    attempts,
    calls,
    companies,
    contacts,
    conversations,
    deals,
    leads,
    phones,
    stages,
)
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.visibility import visible_deals
from crm_core.domain.access import Actor
from crm_core.domain.calls import Direction
from crm_core.domain.desk import EarlierCall, KnownDeal, OwnDay, Pop, RobotSaid
from crm_core.errors import NotFound

_EARLIER = 5


async def pop_of_call(work: UnitOfWork, call_id: str) -> Pop | None:
    """Who is on this call, by the call's row or, before there is one, by its attempt; None while neither is known."""
    joined = (
        calls.outerjoin(contacts, contacts.c.id == calls.c.contact_id)
        .outerjoin(companies, companies.c.id == contacts.c.company_id)
        .outerjoin(leads, leads.c.id == calls.c.lead_id)
        .outerjoin(phones, and_(phones.c.contact_id == contacts.c.id, phones.c.e164 == calls.c.number))
    )
    query = select(*_PERSON, calls.c.direction, calls.c.number, calls.c.disposition, calls.c.note)
    query = query.add_columns(calls.c.bridged_at, calls.c.ended_at).select_from(joined)
    row = await work.first(query.where(calls.c.id == call_id))
    if row is not None:
        return _pop(call_id, row, Direction(row.direction), row)
    attempted = (
        attempts.join(leads, leads.c.id == attempts.c.lead_id)
        .join(contacts, contacts.c.id == leads.c.contact_id)
        .outerjoin(companies, companies.c.id == contacts.c.company_id)
        .outerjoin(phones, and_(phones.c.contact_id == contacts.c.id, phones.c.e164 == attempts.c.number))
    )
    dialed = select(*_PERSON, attempts.c.number).select_from(attempted).where(attempts.c.id == call_id)
    row = await work.first(dialed)
    return None if row is None else _pop(call_id, row, Direction.OUTGOING, None)


_PERSON = (
    contacts.c.id.label("contact_id"),
    contacts.c.name,
    companies.c.name.label("company"),
    leads.c.fields,
    phones.c.zone,
)


def _pop(call_id: str, row: Row[Any], direction: Direction, call: Row[Any] | None) -> Pop:
    return Pop(
        call_id=call_id,
        direction=direction,
        number=row.number,
        contact_id=row.contact_id,
        name=row.name or "",
        company=row.company,
        zone=row.zone,
        fields={key: str(value) for key, value in (row.fields or {}).items()},
        do_not_call=False,
        disposition=call.disposition if call is not None else None,
        note=call.note if call is not None else "",
        bridged_at=call.bridged_at if call is not None else None,
        ended_at=call.ended_at if call is not None else None,
    )


async def contact_of_lead(work: UnitOfWork, lead_id: int) -> Pop:
    """The person a lead stands for, before he is dialed; raises NotFound."""
    joined = leads.join(contacts, contacts.c.id == leads.c.contact_id)
    joined = joined.outerjoin(companies, companies.c.id == contacts.c.company_id)
    nothing = literal(None, String)
    query = select(*_PERSON[:-1], nothing.label("zone"), nothing.label("number")).select_from(joined)
    row = await work.first(query.where(leads.c.id == lead_id))
    if row is None:
        raise NotFound("lead", lead_id)
    return replace(_pop("", row, Direction.OUTGOING, None), call_id=None)


async def took_call(work: UnitOfWork, call_id: str, agent_id: int) -> bool:
    """Whether this agent talked in the call."""
    mine = select(calls.c.id).where(calls.c.id == call_id, calls.c.agent_id == agent_id)
    return await work.scalar(mine) is not None


async def open_deals_of(work: UnitOfWork, actor: Actor, contact_id: int) -> tuple[KnownDeal, ...]:
    """Deals with this person that go on, as far as the agent sees them."""
    query = select(deals.c.id, deals.c.title, stages.c.name, deals.c.amount, deals.c.currency)
    query = query.join(stages, stages.c.id == deals.c.stage_id).where(deals.c.contact_id == contact_id)
    going_on = (stages.c.kind.in_(("unsorted", "open")), visible_deals(actor))
    rows = await work.all(query.where(*going_on).order_by(deals.c.id.desc()).limit(_EARLIER))
    return tuple(KnownDeal(r.id, r.title, r.name, r.amount, r.currency) for r in rows)


async def earlier_calls(work: UnitOfWork, contact_id: int, but: str | None) -> tuple[EarlierCall, ...]:
    """The last calls with this person, this one left out."""
    mine = (calls.c.contact_id == contact_id, calls.c.id != (but or ""), calls.c.started_at.is_not(None))
    rows = await work.all(select(calls).where(*mine).order_by(calls.c.started_at.desc()).limit(_EARLIER))
    return tuple(
        EarlierCall(
            id=row.id,
            at=row.started_at,
            direction=Direction(row.direction),
            state=row.disposition or row.outcome or "",
            seconds=_seconds(row.bridged_at, row.ended_at),
        )
        for row in rows
    )


def _seconds(since: datetime | None, until: datetime | None) -> int | None:
    return None if since is None or until is None else round((until - since).total_seconds())


async def robot_said(work: UnitOfWork, contact_id: int | None, call_id: str | None) -> RobotSaid | None:
    """What the infobot heard from this person: in this call, else the last time."""
    whose = conversations.c.call_id == (call_id or "")
    if contact_id is not None:
        whose = whose | (conversations.c.contact_id == contact_id)
    query = select(conversations.c.call_id, conversations.c.summary, conversations.c.ended_at).where(whose)
    row = await work.first(query.order_by(conversations.c.ended_at.desc()).limit(1))
    if row is None:
        return None
    return RobotSaid(row.ended_at, row.summary, tuple(await talks.answers_of(work, row.call_id)))


async def own_day(work: UnitOfWork, agent_id: int, since: datetime) -> OwnDay:
    """The agent's figures since then."""
    talked = func.coalesce(func.sum(_talk_seconds(work)), 0)
    counts = select(func.count(), func.count(calls.c.bridged_at), talked)
    row = await work.first(counts.where(calls.c.agent_id == agent_id, calls.c.started_at >= since))
    made = select(func.count()).select_from(deals.join(calls, calls.c.id == deals.c.call_id))
    won = await work.scalar(made.where(calls.c.agent_id == agent_id, deals.c.created_at >= since))
    number, bridged, seconds = tuple(row) if row is not None else (0, 0, 0)
    return OwnDay(int(number), int(bridged), round(seconds), int(won))


def _talk_seconds(work: UnitOfWork) -> Any:
    if work.connection.dialect.name == "sqlite":
        return (func.julianday(calls.c.ended_at) - func.julianday(calls.c.bridged_at)) * 86_400
    return func.extract("epoch", calls.c.ended_at - calls.c.bridged_at)
