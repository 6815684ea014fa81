"""Attempts: leased, answered, ended, settled."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, Row, Select, bindparam, case, func, insert, null, or_, select, update

from crm_core.db.batches import among, filled_up, one_of
from crm_core.db.campaigns import policy_of
from crm_core.db.codec import to_json
from crm_core.db.tables import attempts, campaign_leads, campaigns, conversations, leads
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.attempts import Attempt, Outcome, Verdict
from crm_core.domain.campaigns import Campaign, CampaignState

#: Outcomes in which a person answered (a machine did not).
PEOPLE = (Outcome.ANSWERED, Outcome.ABANDONED, Outcome.HUNG_UP)


@dataclass(frozen=True, slots=True)
class Placed:
    """An attempt and whose it is. `unanswered`: the lead's attempts in a row without an answer, before this one."""

    attempt: Attempt
    contact_id: int
    unanswered: int
    lead_state: str | None
    settled_at: datetime | None


# --- reading ------------------------------------------------------------------------------------------------
def _placed(*conditions: ColumnElement[bool]) -> Select[Any]:
    unanswered = func.coalesce(campaign_leads.c.unanswered, 0).label("unanswered")
    columns = (leads.c.contact_id, unanswered, campaign_leads.c.state.label("lead_state"))
    of_lead = (campaign_leads.c.campaign_id == attempts.c.campaign_id) & (
        campaign_leads.c.lead_id == attempts.c.lead_id
    )
    joined = select(attempts, *columns).join(leads, leads.c.id == attempts.c.lead_id)
    return joined.outerjoin(campaign_leads, of_lead).where(*conditions)


#: The bot writes its conversation down when the call ends, a moment before or after the switch has told of the end;
#: what becomes of the lead depends on it. After this long it is not waited for any more.
_TOLD_WITHIN = timedelta(seconds=30)
_OF_BOT = (
    select(campaigns.c.id)
    .where(campaigns.c.id == attempts.c.campaign_id, campaigns.c.policy["script"].as_string().is_not(None))
    .exists()
)
_TOLD = or_(
    attempts.c.outcome != Outcome.ANSWERED.value,
    attempts.c.outcome.is_(None),
    attempts.c.ended_at <= bindparam("told_by", type_=attempts.c.ended_at.type),
    ~_OF_BOT,
    select(conversations.c.call_id).where(conversations.c.call_id == attempts.c.id).exists(),
)
_UNSETTLED = (
    _placed(attempts.c.settled_at.is_(None), attempts.c.ended_at.is_not(None), _TOLD)
    .order_by(attempts.c.ended_at)
    .limit(bindparam("most", type_=Integer))
)
_LOCKED = _placed(among(attempts.c.id, "ids")).order_by(attempts.c.id).with_for_update(of=attempts)


async def locked(work: UnitOfWork, attempt_ids: Collection[str]) -> dict[str, Placed]:
    """The attempts of these ids, held until the commit."""
    rows = await work.connection.execute(_LOCKED, {"ids": filled_up(attempt_ids)})
    return {row.id: _of_row(row) for row in rows}


async def existing(work: UnitOfWork, ids: Collection[str]) -> set[str]:
    """Which of these ids are attempts."""
    return {row.id for row in await work.all(select(attempts.c.id).where(one_of(attempts.c.id, ids)))}


async def dialed(work: UnitOfWork, campaign_ids: Collection[int]) -> dict[int, int]:
    """How many attempts each of the campaigns has made in all; those that have made none are left out."""
    counted = select(attempts.c.campaign_id, func.count().label("n")).where(
        one_of(attempts.c.campaign_id, campaign_ids)
    )
    return {row.campaign_id: row.n for row in await work.all(counted.group_by(attempts.c.campaign_id))}


async def unsettled(work: UnitOfWork, limit: int, now: datetime) -> list[Placed]:
    """Attempts that ended and whose lead has not been told, oldest first; the bot's talks once it has told of them."""
    values = {"most": limit, "told_by": now - _TOLD_WITHIN}
    return [_of_row(row) for row in await work.all(_UNSETTLED, values)]


async def overdue(work: UnitOfWork, now: datetime) -> list[Attempt]:
    """Open attempts whose lease has run out."""
    late = select(attempts).where(attempts.c.ended_at.is_(None), attempts.c.leased_until < now)
    return [attempt_of(row) for row in await work.all(late.order_by(attempts.c.leased_until))]


async def open_numbers(work: UnitOfWork, numbers: Collection[str]) -> set[str]:
    """Which of the numbers are being dialed now, in whatever campaign."""
    under_way = select(attempts.c.number).where(one_of(attempts.c.number, numbers), attempts.c.ended_at.is_(None))
    return {row.number for row in await work.all(under_way)}


# --- writing ------------------------------------------------------------------------------------------------
async def add(work: UnitOfWork, leased: Sequence[Attempt]) -> None:
    rows = [
        {
            "id": a.id,
            "campaign_id": a.campaign_id,
            "lead_id": a.lead_id,
            "number": a.number,
            "trunk": a.trunk,
            "caller_id": a.caller_id,
            "agent_id": a.agent_id,
            "guaranteed": a.guaranteed,
            "created_at": a.created_at,
            "leased_until": a.leased_until,
            "paced": None if a.paced is None else to_json(a.paced),
        }
        for a in leased
    ]
    await work.run(insert(attempts), rows)


def _of_campaign(name: str) -> ColumnElement[Any]:
    column = select(campaigns.c[name]).where(campaigns.c.id == attempts.c.campaign_id).correlate(attempts)
    return column.scalar_subquery().label(f"campaign_{name}")


_ANSWERED = (
    update(attempts)
    .where(attempts.c.id == bindparam("of"))
    .values(
        answered_at=func.coalesce(attempts.c.answered_at, bindparam("at", type_=attempts.c.answered_at.type)),
        verdict=func.coalesce(attempts.c.verdict, bindparam("says", type_=attempts.c.verdict.type)),
        verdict_cause=func.coalesce(attempts.c.verdict_cause, bindparam("why", type_=attempts.c.verdict_cause.type)),
        # Given up, and answered before the switch had ended the ringing: the person is lost, and counts as such.
        outcome=case((attempts.c.outcome == Outcome.GIVEN_UP.value, Outcome.ABANDONED.value), else_=attempts.c.outcome),
    )
    .returning(attempts, *(_of_campaign(name) for name in ("name", "state", "policy")))
)


async def note_answered(
    work: UnitOfWork, attempt_id: str, verdict: Verdict, verdict_cause: str, now: datetime
) -> tuple[Attempt, Campaign] | None:
    """Note the answer and the verdict, the first of each; the attempt as it then stands, and its campaign.

    One statement, for a person waits for it."""
    values = {"of": attempt_id, "at": now, "says": verdict.value, "why": verdict_cause[:60]}
    row = (await work.connection.execute(_ANSWERED, values)).first()
    if row is None:
        return None
    state = CampaignState(row.campaign_state)
    return attempt_of(row), Campaign(row.campaign_id, row.campaign_name, state, policy_of(row.campaign_policy))


async def conclude(work: UnitOfWork, attempt_id: str, outcome: Outcome) -> None:
    """Write the outcome before the end; the first one stays."""
    open_attempt = (attempts.c.id == attempt_id, attempts.c.ended_at.is_(None), attempts.c.outcome.is_(None))
    await work.run(update(attempts).where(*open_attempt).values(outcome=outcome.value))


_SWITCH = ("agent_id", "answered_at", "bridged_at", "ended_at", "outcome", "cause", "sip_status")
_SAVE = update(attempts).where(attempts.c.id == bindparam("of")).values({n: bindparam(f"new_{n}") for n in _SWITCH})


async def save(work: UnitOfWork, changed: Collection[Attempt]) -> None:
    """Write what the switch says of these attempts."""
    rows = [{"of": a.id} | {f"new_{n}": getattr(a, n) for n in _SWITCH} for a in changed]
    if rows:
        await work.run(_SAVE, sorted(rows, key=lambda row: row["of"]))


async def end(
    work: UnitOfWork, attempt_ids: Collection[str], outcome: Outcome, now: datetime, why: str | None = None
) -> None:
    """End open attempts; an outcome concluded before stays. `why` is kept where a SIP status would stand."""
    ended = update(attempts).where(one_of(attempts.c.id, attempt_ids), attempts.c.ended_at.is_(None))
    values: dict[str, Any] = {"ended_at": now, "outcome": func.coalesce(attempts.c.outcome, outcome.value)}
    if why is not None:
        values["sip_status"] = why[:60]
    await work.run(ended.values(values))


async def extend(work: UnitOfWork, attempt_ids: Collection[str], until: datetime) -> None:
    still_open = (one_of(attempts.c.id, attempt_ids), attempts.c.ended_at.is_(None))
    await work.run(update(attempts).where(*still_open).values(leased_until=until))


async def mark_settled(work: UnitOfWork, attempt_ids: Collection[str], now: datetime) -> None:
    """Note that the leads were told; what dialed them is kept of abandoned calls only."""
    paced = case((attempts.c.outcome == Outcome.ABANDONED.value, attempts.c.paced), else_=null())
    await work.run(update(attempts).where(one_of(attempts.c.id, attempt_ids)).values(settled_at=now, paced=paced))


# --- rows to values -----------------------------------------------------------------------------------------
def attempt_of(row: Row[Any]) -> Attempt:
    return Attempt(
        id=row.id,
        campaign_id=row.campaign_id,
        lead_id=row.lead_id,
        number=row.number,
        trunk=row.trunk,
        caller_id=row.caller_id,
        created_at=row.created_at,
        leased_until=row.leased_until,
        agent_id=row.agent_id,
        guaranteed=row.guaranteed,
        answered_at=row.answered_at,
        bridged_at=row.bridged_at,
        ended_at=row.ended_at,
        outcome=None if row.outcome is None else Outcome(row.outcome),
        cause=row.cause,
        sip_status=row.sip_status,
        verdict=None if row.verdict is None else Verdict(row.verdict),
        verdict_cause=row.verdict_cause,
        disposition=row.disposition,
        given_up_at=row.given_up_at,
    )


def _of_row(row: Row[Any]) -> Placed:
    return Placed(attempt_of(row), row.contact_id, row.unanswered, row.lead_state, row.settled_at)


def talk_seconds(attempt: Attempt) -> float:
    """How long the person and the agent heard each other."""
    if attempt.bridged_at is None or attempt.ended_at is None:
        return 0.0
    return max(0.0, (attempt.ended_at - attempt.bridged_at) / timedelta(seconds=1))


def line_seconds(attempt: Attempt) -> int:
    """How long the line was up: from the answer to the end, which is what a carrier bills."""
    if attempt.answered_at is None or attempt.ended_at is None:
        return 0
    return max(0, round((attempt.ended_at - attempt.answered_at) / timedelta(seconds=1)))
