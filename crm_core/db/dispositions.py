"""What an agent concluded, written to the call, the attempt, the lead and the number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, select, update

from crm_core.db.batches import inserting
from crm_core.db.tables import attempts, calls, campaign_leads, dispositions, leads, phones
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.dispositions import DEFAULT_DISPOSITIONS, Disposition, LeadEffect
from crm_core.domain.leads import LeadState


@dataclass(frozen=True, slots=True)
class DisposedCall:
    """The call a result is written for, as far as anybody has reported it. `before`: the result it had."""

    call_id: str
    attempt_id: str | None
    campaign_id: int | None
    lead_id: int | None
    contact_id: int | None
    number: str | None
    before: str | None


@dataclass(frozen=True, slots=True)
class LeadChange:
    """What a result makes of the lead."""

    state: LeadState
    close_reason: str | None = None
    next_attempt_at: datetime | None = None
    callback_at: datetime | None = None
    callback_agent_id: int | None = None


async def add_default_dispositions(work: UnitOfWork) -> int:
    """Store those of the shipped ones whose codes are not there, unless the site has its own; how many."""
    if await work.first(select(dispositions.c.code).limit(1)) is not None:
        return 0
    rows = [_row(d, position) for position, d in enumerate(DEFAULT_DISPOSITIONS)]
    return await work.upsert(dispositions, rows, ["code"], keep=[c for c in rows[0] if c != "code"])


def _row(d: Disposition, position: int) -> dict[str, Any]:
    return {
        "code": d.code,
        "label": d.label,
        "effect": d.effect.value,
        "key": d.key,
        "retry_after_seconds": None if d.retry_after is None else int(d.retry_after.total_seconds()),
        "do_not_call": d.do_not_call,
        "makes_deal": d.makes_deal,
        "position": position,
    }


async def all_dispositions(work: UnitOfWork) -> dict[str, Disposition]:
    """The site's dispositions by code, in order; the shipped ones while it has none."""
    rows = await work.all(select(dispositions).order_by(dispositions.c.position, dispositions.c.code))
    if not rows:
        return {d.code: d for d in DEFAULT_DISPOSITIONS}
    return {
        r.code: Disposition(
            r.code,
            r.label,
            LeadEffect(r.effect),
            r.key,
            None if r.retry_after_seconds is None else timedelta(seconds=r.retry_after_seconds),
            r.do_not_call,
            r.makes_deal,
        )
        for r in rows
    }


async def call_to_dispose(work: UnitOfWork, call_id: str) -> DisposedCall:
    """What is known of the call, from its row and its attempt (an outgoing call of ours bears the attempt's id)."""
    query = select(calls).where(calls.c.id == call_id).with_for_update()
    call = await work.first(query)
    attempt_id = (call.attempt_id if call else None) or call_id
    columns = (attempts.c.id, attempts.c.campaign_id, attempts.c.lead_id, attempts.c.number, leads.c.contact_id)
    joined = attempts.join(leads, leads.c.id == attempts.c.lead_id)
    attempt = await work.first(select(*columns).select_from(joined).where(attempts.c.id == attempt_id))
    if call is None and attempt is None:
        return DisposedCall(call_id, None, None, None, None, None, None)
    first, second = call or attempt, attempt or call

    def known(name: str) -> Any:
        found = getattr(first, name)
        return getattr(second, name) if found is None else found

    facts = {name: known(name) for name in ("campaign_id", "lead_id", "contact_id", "number")}
    return DisposedCall(call_id, attempt.id if attempt else None, before=call.disposition if call else None, **facts)


async def write_result(work: UnitOfWork, call: DisposedCall, code: str, note: str, agent_id: int | None) -> None:
    """Put the result on the call (its row may not be there yet) and on its attempt."""
    row = {
        "id": call.call_id,
        "direction": "outgoing",
        "attempt_id": call.attempt_id,
        "campaign_id": call.campaign_id,
        "lead_id": call.lead_id,
        "contact_id": call.contact_id,
        "known": call.contact_id is not None,
        "number": call.number,
        "agent_id": agent_id,
        "disposition": code,
        "note": note,
    }
    writing = inserting(work, calls).values(node="", **row)
    changed = {"disposition": code, "note": note, "agent_id": func.coalesce(calls.c.agent_id, agent_id)}
    await work.run(writing.on_conflict_do_update(index_elements=["id"], set_=changed))
    if call.attempt_id is not None:
        await work.run(update(attempts).where(attempts.c.id == call.attempt_id).values(disposition=code))


async def change_lead(work: UnitOfWork, campaign_id: int, lead_id: int, change: LeadChange) -> bool:
    """Put the lead where the result says; True if that closed it just now."""
    same = and_(campaign_leads.c.campaign_id == campaign_id, campaign_leads.c.lead_id == lead_id)
    before = await work.scalar(select(campaign_leads.c.state).where(same).with_for_update())
    await work.run(
        update(campaign_leads)
        .where(same)
        .values(
            state=change.state.value,
            close_reason=change.close_reason,
            next_attempt_at=change.next_attempt_at,
            callback_at=change.callback_at,
            callback_agent_id=change.callback_agent_id,
        )
    )
    return before == LeadState.OPEN.value and change.state is LeadState.CLOSED


async def set_number_dead(work: UnitOfWork, contact_id: int, number: str, *, dead: bool) -> None:
    """Never dial this number of the contact again, or do."""
    same = and_(phones.c.contact_id == contact_id, phones.c.e164 == number)
    await work.run(update(phones).where(same, phones.c.dead.is_not(dead)).values(dead=dead))


async def has_live_number(work: UnitOfWork, contact_id: int) -> bool:
    """Whether the contact has a number that is not dead."""
    query = select(phones.c.id).where(phones.c.contact_id == contact_id, phones.c.dead.is_(False))
    return await work.first(query.limit(1)) is not None
