"""The calls of a pilot, each with what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from crm_core.db.tables import attempts, calls, contacts, conversations, leads, recordings
from crm_core.db.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class PilotCall:
    """`outcome` and `ending` None: not yet, or there was no conversation; `recording` below the recordings folder."""

    call_id: str
    at: datetime
    number: str
    name: str
    outcome: str | None
    ending: str | None
    disposition: str | None
    recording: str | None


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
