"""Calls as people look at them: lists by filters, one with its recordings and what was said, as far as one sees."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, or_, select, update

from crm_core.db.tables import calls, campaigns, contacts, recordings, users
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.visibility import reached_person, visible_calls, visible_recordings
from crm_core.domain.access import Actor, Right
from crm_core.errors import NotFound


@dataclass(frozen=True, slots=True)
class CallSeen:
    """A call as a list shows it. `answered_by`: the agent's name; None where nobody, or the infobot, took it.

    `is_reached`: whether whoever asks may know the person; if not, neither name nor number nor note is here."""

    id: str
    direction: str
    started_at: datetime | None
    answered_at: datetime | None
    bridged_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    disposition: str | None
    note: str
    number: str | None
    contact_id: int | None
    contact: str | None
    agent_id: int | None
    answered_by: str | None
    campaign_id: int | None
    campaign: str | None
    is_reached: bool = True


@dataclass(frozen=True, slots=True)
class Recording:
    """`path` is below the recordings folder."""

    id: int
    call_id: str
    path: str
    seconds: float
    channels: int
    bytes: int
    at: datetime
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class CallsWanted:
    """Which calls; None is any."""

    agent_id: int | None = None
    campaign_id: int | None = None
    contact_id: int | None = None
    direction: str | None = None
    outcome: str | None = None
    disposition: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Before:
    """Where a page begins: before the call that started then with this id."""

    started_at: datetime
    id: str


def _seen(actor: Actor) -> Select[Any]:
    joined = (
        calls.outerjoin(contacts, contacts.c.id == calls.c.contact_id)
        .outerjoin(users, users.c.id == calls.c.agent_id)
        .outerjoin(campaigns, campaigns.c.id == calls.c.campaign_id)
    )
    names = (contacts.c.name.label("contact"), users.c.name.label("answered_by"), campaigns.c.name.label("campaign"))
    return select(calls, *names, reached_person(actor).label("is_reached")).select_from(joined)


def _matching(wanted: CallsWanted) -> list[ColumnElement[bool]]:
    equal = ("agent_id", "campaign_id", "contact_id", "direction", "outcome", "disposition")
    found = [calls.c[name] == value for name in equal if (value := getattr(wanted, name)) is not None]
    if wanted.since is not None:
        found.append(calls.c.started_at >= wanted.since)
    if wanted.until is not None:
        found.append(calls.c.started_at < wanted.until)
    return found


async def seen(
    work: UnitOfWork, actor: Actor, wanted: CallsWanted, before: Before | None, limit: int
) -> list[CallSeen]:
    """Calls that began, latest first."""
    query = _seen(actor).where(visible_calls(actor), calls.c.started_at.is_not(None), *_matching(wanted))
    if wanted.contact_id is not None:  # asked for by their person, they would tell who he is
        query = query.where(reached_person(actor))
    if before is not None:
        earlier = and_(calls.c.started_at == before.started_at, calls.c.id < before.id)
        # The first condition says no more than the second, but an index can begin there: the second is looked at row
        # by row, which took a quarter of a second a million calls into the list.
        query = query.where(calls.c.started_at <= before.started_at)
        query = query.where(or_(calls.c.started_at < before.started_at, earlier))
    rows = await work.all(query.order_by(calls.c.started_at.desc(), calls.c.id.desc()).limit(limit))
    return [_call(actor, row) for row in rows]


async def one(work: UnitOfWork, actor: Actor, call_id: str) -> CallSeen:
    """One call; raises NotFound, also for one the actor does not see."""
    row = await work.first(_seen(actor).where(calls.c.id == call_id, visible_calls(actor)))
    if row is None:
        raise NotFound("call", call_id)
    return _call(actor, row)


_RECORDING = [recordings.c[name] for name in Recording.__dataclass_fields__]


async def recordings_of(work: UnitOfWork, actor: Actor, call_id: str) -> list[Recording]:
    """The recordings of a call that the actor may listen to, those deleted too."""
    mine = (recordings.c.call_id == call_id, visible_recordings(actor))
    rows = await work.all(select(*_RECORDING).where(*mine).order_by(recordings.c.id))
    return [Recording(**row._mapping) for row in rows]


async def recording(work: UnitOfWork, actor: Actor, recording_id: int) -> Recording:
    """One that is there; raises NotFound for one deleted, and for one the actor may not listen to."""
    mine = (recordings.c.id == recording_id, recordings.c.deleted_at.is_(None), visible_recordings(actor))
    row = await work.first(select(*_RECORDING).where(*mine))
    if row is None:
        raise NotFound("recording", recording_id)
    return Recording(**row._mapping)


async def mark_deleted(work: UnitOfWork, recording_id: int, by: str, at: datetime) -> None:
    await work.run(update(recordings).where(recordings.c.id == recording_id).values(deleted_at=at, deleted_by=by[:120]))


def _call(actor: Actor, row: Row[Any]) -> CallSeen:
    whole = CallSeen(**{name: getattr(row, name) for name in CallSeen.__dataclass_fields__})
    if not whole.is_reached:
        return replace(whole, is_reached=False, contact_id=None, contact=None, number=None, note="")
    # Whoever may see no people at all is still told the number of his own calls: it is the call's.
    return whole if actor.may(Right.SEE_CONTACTS) else replace(whole, contact_id=None, contact=None)
