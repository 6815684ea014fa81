"""The calls of a pilot, each with what came of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from crm_core.db.batches import one_of
from crm_core.db.tables import attempts, calls, contacts, conversations, leads, recordings
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.visibility import visible_contacts, visible_recordings
from crm_core.domain.access import Actor


@dataclass(frozen=True, slots=True)
class PilotCall:
    """`outcome` and `ending` None: not yet, or there was no conversation; `recording` below the recordings folder,
    `recording_id` its row. `number` "": not for whoever asks."""

    call_id: str
    at: datetime
    number: str
    name: str
    outcome: str | None
    ending: str | None
    disposition: str | None
    recording: str | None
    recording_id: int | None = None
    seconds: float = 0.0


async def pilot_calls(work: UnitOfWork, campaign_id: int, limit: int) -> list[PilotCall]:
    """The first `limit` calls of the campaign, in order of time."""
    recording = select(func.min(recordings.c.path)).where(recordings.c.call_id == attempts.c.id).scalar_subquery()
    joined = attempts.join(leads, leads.c.id == attempts.c.lead_id).join(contacts, contacts.c.id == leads.c.contact_id)
    joined = joined.outerjoin(conversations, conversations.c.call_id == attempts.c.id)
    joined = joined.outerjoin(calls, calls.c.id == attempts.c.id)
    columns = (attempts.c.id, attempts.c.created_at, attempts.c.number, contacts.c.name, attempts.c.outcome)
    results = (conversations.c.ending, calls.c.disposition, recording.label("recording"))
    found = select(*columns, *results).select_from(joined).where(attempts.c.campaign_id == campaign_id)
    rows = await work.all(found.order_by(attempts.c.created_at, attempts.c.id).limit(limit))
    return [
        PilotCall(r.id, r.created_at, r.number, r.name, r.outcome, r.ending, r.disposition, r.recording) for r in rows
    ]


async def visible_pilot_calls(work: UnitOfWork, actor: Actor, campaign_id: int, limit: int) -> list[PilotCall]:
    """The same as `actor` may see them: without name and number where the person is not his, and without recordings
    that he may not hear."""
    found = await pilot_calls(work, campaign_id, limit)
    ids = [call.call_id for call in found]
    joined = attempts.join(leads, leads.c.id == attempts.c.lead_id).join(contacts, contacts.c.id == leads.c.contact_id)
    seen = await work.all(
        select(attempts.c.id).select_from(joined).where(one_of(attempts.c.id, ids), visible_contacts(actor))
    )
    known = {row.id for row in seen}
    heard = await work.all(select(recordings).where(one_of(recordings.c.call_id, ids), visible_recordings(actor)))
    by_call = {row.call_id: row for row in sorted(heard, key=lambda row: row.id, reverse=True)}
    return [_as_seen(call, call.call_id in known, by_call.get(call.call_id)) for call in found]


def _as_seen(call: PilotCall, is_known: bool, recording: Row[Any] | None) -> PilotCall:
    call = call if is_known else replace(call, name="", number="")
    if recording is None:
        return replace(call, recording=None)
    return replace(call, recording=recording.path, recording_id=recording.id, seconds=recording.seconds)
