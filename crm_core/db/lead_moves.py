"""What becomes of leads in their campaigns: claimed for an attempt, put off, settled, closed, shown as a preview."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Boolean, Column, ColumnElement, Row, and_, bindparam, case, func, select, update

from crm_core.db.batches import one_of
from crm_core.db.leads import LeadKey
from crm_core.db.tables import attempts, campaign_leads, campaigns, phones
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.campaigns import CampaignState
from crm_core.domain.leads import LeadState
from crm_core.errors import Conflict

_cl = campaign_leads.c
_OPEN = LeadState.OPEN.value
_NO_PREVIEW: dict[Any, Any] = {
    _cl.preview_agent_id: None,
    _cl.preview_at: None,
    _cl.preview_dial: False,
    _cl.preview_phone_id: None,
}


def _this_lead() -> ColumnElement[bool]:
    return and_(_cl.campaign_id == bindparam("of_campaign"), _cl.lead_id == bindparam("of_lead"))


def _of(key: LeadKey) -> dict[str, Any]:
    return {"of_campaign": key.campaign_id, "of_lead": key.lead_id}


# --- dialing ------------------------------------------------------------------------------------------------
async def _held(work: UnitOfWork, keys: Collection[LeadKey], *, skip: bool) -> dict[LeadKey, Row[Any]]:
    """The leads, held until the commit. Found by their key alone: without statistics PostgreSQL would rather walk all
    open leads of the campaign."""
    query = select(_cl.campaign_id, _cl.lead_id, _cl.state, _cl.open_attempt).where(
        one_of(_cl.campaign_id, {key.campaign_id for key in keys}), one_of(_cl.lead_id, {key.lead_id for key in keys})
    )
    rows = await work.all(query.order_by(_cl.campaign_id, _cl.lead_id).with_for_update(skip_locked=skip))
    found = {LeadKey(row.campaign_id, row.lead_id): row for row in rows}
    return {key: row for key, row in found.items() if key in keys}


async def free(work: UnitOfWork, keys: Collection[LeadKey]) -> set[LeadKey]:
    """Which of the leads may be claimed, held until the commit; those somebody else is claiming are passed over."""
    held = await _held(work, set(keys), skip=True)
    return {key for key, row in held.items() if row.state == _OPEN and row.open_attempt is None}


async def claim(work: UnitOfWork, attempt_ids: Collection[str]) -> None:
    """Note the attempts, inserted before, on their leads, and count them. Raises Conflict if a lead is not free."""
    claimed = (
        update(campaign_leads)
        .where(
            one_of(attempts.c.id, attempt_ids),
            _cl.campaign_id == attempts.c.campaign_id,
            _cl.lead_id == attempts.c.lead_id,
            _cl.open_attempt.is_(None),
            _cl.state == _OPEN,
        )
        .values({_cl.open_attempt: attempts.c.id, _cl.attempts: _cl.attempts + 1, _cl.close_reason: None} | _NO_PREVIEW)
    )
    if (await work.run(claimed)).rowcount != len(set(attempt_ids)):
        raise Conflict("a lead was claimed by another attempt")


_PUT_OFF = (
    update(campaign_leads)
    .where(_this_lead())
    .values({_cl.next_attempt_at: bindparam("until"), _cl.close_reason: bindparam("reason")} | _NO_PREVIEW)
)


class Rest(NamedTuple):
    """Until when an open lead rests; `reason`: why, where it is to be kept."""

    until: datetime
    reason: str | None = None


async def put_off(work: UnitOfWork, rests: Mapping[LeadKey, Rest]) -> None:
    """Let open leads that are not being dialed rest until their times."""
    resting = await free(work, rests.keys()) if rests else set()
    if resting:
        rows = [_of(key) | {"until": rests[key].until, "reason": rests[key].reason} for key in sorted(resting)]
        await work.run(_PUT_OFF, rows)


_CLOSE = (
    update(campaign_leads)
    .where(_this_lead())
    .values(
        {
            _cl.state: LeadState.CLOSED.value,
            _cl.close_reason: bindparam("reason"),
            _cl.next_attempt_at: None,
            _cl.callback_at: None,
            _cl.callback_agent_id: None,
        }
        | _NO_PREVIEW
    )
)


async def close(work: UnitOfWork, reasons: Mapping[LeadKey, str]) -> set[LeadKey]:
    """Close open leads, also those being dialed; returns those that were open."""
    held = await _held(work, set(reasons), skip=False)
    closing = {key for key, row in held.items() if row.state == _OPEN}
    if closing:
        await work.run(_CLOSE, [_of(key) | {"reason": reasons[key][:60]} for key in sorted(closing)])
    return closing


# --- settling -----------------------------------------------------------------------------------------------
_SETTLE_COUNTS = (
    update(campaign_leads)
    .where(_this_lead(), _cl.open_attempt == bindparam("attempt"))
    .values(open_attempt=None, last_outcome=bindparam("outcome"), unanswered=bindparam("new_unanswered"))
)
_REACHED = bindparam("reached", type_=Boolean)


def _unless_closed(column: Column[Any], new: ColumnElement[Any]) -> ColumnElement[Any]:
    """Somebody who closed the lead meanwhile has decided it."""
    return case((_cl.state == LeadState.CLOSED.value, column), else_=new)


#: A promise of a callback is kept once a person has answered; a busy tone does not keep it.
_SETTLE = _SETTLE_COUNTS.values(
    state=_unless_closed(_cl.state, bindparam("new_state", type_=_cl.state.type)),
    next_attempt_at=_unless_closed(_cl.next_attempt_at, bindparam("until", type_=_cl.next_attempt_at.type)),
    close_reason=_unless_closed(_cl.close_reason, bindparam("reason", type_=_cl.close_reason.type)),
    callback_at=case((_REACHED, None), else_=_cl.callback_at),
    callback_agent_id=case((_REACHED, None), else_=_cl.callback_agent_id),
)


async def settle(work: UnitOfWork, rows: Sequence[Mapping[str, Any]], *, counts_only: bool) -> None:
    """Tell leads what came of their attempts. Rows: attempt, of_campaign, of_lead, outcome, new_unanswered; unless
    `counts_only` also new_state, until, reason, reached."""
    if rows:
        ordered = sorted(rows, key=lambda row: (row["of_campaign"], row["of_lead"]))
        await work.run(_SETTLE_COUNTS if counts_only else _SETTLE, ordered)


async def mark_dead(work: UnitOfWork, numbers: Collection[tuple[int, str]]) -> None:
    """Never dial these (contact, number) again."""
    if numbers:
        dead = update(phones).where(phones.c.contact_id == bindparam("contact"), phones.c.e164 == bindparam("number"))
        rows = [{"contact": contact, "number": number} for contact, number in sorted(numbers)]
        await work.run(dead.values(dead=True), rows)


class Standing(NamedTuple):
    """Where a lead stands in its campaign."""

    state: LeadState
    close_reason: str | None
    attempts: int


async def standing(work: UnitOfWork, key: LeadKey) -> Standing | None:
    """Where the lead stands, held until the commit."""
    mine = select(_cl.state, _cl.close_reason, _cl.attempts)
    mine = mine.where(_cl.campaign_id == key.campaign_id, _cl.lead_id == key.lead_id)
    row = await work.first(mine.with_for_update())
    return None if row is None else Standing(LeadState(row.state), row.close_reason, row.attempts)


# --- previews -----------------------------------------------------------------------------------------------
async def preview_of(work: UnitOfWork, agent_id: int) -> LeadKey | None:
    """The lead whose card the agent has before him."""
    row = await work.first(
        select(_cl.campaign_id, _cl.lead_id).where(_cl.preview_agent_id == agent_id, _cl.open_attempt.is_(None))
    )
    return None if row is None else LeadKey(row.campaign_id, row.lead_id)


async def reserve_preview(work: UnitOfWork, key: LeadKey, agent_id: int, now: datetime) -> bool:
    """Show the lead to the agent; False if somebody else was first."""
    free_lead = and_(_cl.campaign_id == key.campaign_id, _cl.lead_id == key.lead_id, _cl.state == _OPEN)
    nobody = and_(_cl.open_attempt.is_(None), _cl.preview_agent_id.is_(None))
    reserved = update(campaign_leads).where(free_lead, nobody)
    done = await work.run(reserved.values(preview_agent_id=agent_id, preview_at=now, preview_dial=False))
    return done.rowcount == 1


async def confirm_preview(work: UnitOfWork, agent_id: int, now: datetime) -> bool:
    """The agent asks to dial the lead before him; False if there is none."""
    shown = update(campaign_leads).where(_cl.preview_agent_id == agent_id, _cl.open_attempt.is_(None))
    return (await work.run(shown.values(preview_dial=True, preview_at=now))).rowcount > 0


async def drop_previews(work: UnitOfWork, agent_id: int | None = None, older_than: datetime | None = None) -> None:
    """End the agent's reservation, or those left alone since `older_than`."""
    which = _cl.preview_agent_id == agent_id if older_than is None else _cl.preview_at < older_than
    dropped = update(campaign_leads).where(_cl.preview_agent_id.is_not(None), which)
    await work.run(dropped.values(_NO_PREVIEW))


async def confirmed_previews(work: UnitOfWork) -> list[tuple[LeadKey, int]]:
    """Leads of running campaigns whose agents have asked to dial, longest waiting first."""
    query = select(_cl.campaign_id, _cl.lead_id, _cl.preview_agent_id).join(
        campaigns, campaigns.c.id == _cl.campaign_id
    )
    wanted = and_(_cl.preview_agent_id.is_not(None), _cl.preview_dial, _cl.open_attempt.is_(None), _cl.state == _OPEN)
    rows = await work.all(
        query.where(wanted, campaigns.c.state == CampaignState.RUNNING.value).order_by(_cl.preview_at)
    )
    return [(LeadKey(row.campaign_id, row.lead_id), row.preview_agent_id) for row in rows]


async def counts_by_state(work: UnitOfWork, campaign_id: int) -> dict[str, int]:
    """Leads of the campaign by state, the closed ones by their reason."""
    reason = func.coalesce(_cl.close_reason, _cl.state).label("reason")
    rows = await work.all(
        select(_cl.state, reason, func.count().label("n"))
        .where(_cl.campaign_id == campaign_id)
        .group_by(_cl.state, reason)
    )
    counts: dict[str, int] = {}
    for row in rows:
        name = row.state if row.state == _OPEN else f"closed: {row.reason}"
        counts[name] = counts.get(name, 0) + row.n
    return counts
