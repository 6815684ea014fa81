"""What one call of the bot left behind, read from every table that has something of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, select

from crm_core.db import conversations as talks
from crm_core.db.do_not_call import WHOLE_SYSTEM
from crm_core.db.tables import (
    attempts,
    campaign_leads,
    conversations,
    deal_stages,
    deals,
    do_not_call,
    messages,
    stages,
    tasks,
)
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.call_outcomes import CallOutcome
from crm_core.domain.conversations import Ending


async def call_outcome(work: UnitOfWork, number: str) -> CallOutcome | None:
    """What came of the latest attempt at this number; None if the bot has not talked in it (yet)."""
    latest = select(attempts).where(attempts.c.number == number).order_by(attempts.c.created_at.desc())
    attempt = await work.first(latest.limit(1))
    if attempt is None:
        return None
    talk = await work.first(select(conversations).where(conversations.c.call_id == attempt.id))
    if talk is None:
        return None
    by = f"bot: {talk.script}"
    lead = (campaign_leads.c.campaign_id == attempt.campaign_id, campaign_leads.c.lead_id == attempt.lead_id)
    made = select(tasks.c.title).where(tasks.c.call_id == attempt.id, tasks.c.by == by).order_by(tasks.c.id)
    queued = select(messages.c.template).where(messages.c.call_id == attempt.id).order_by(messages.c.id)
    return CallOutcome(
        call_id=attempt.id,
        ending=Ending(talk.ending),
        last_node=talk.last_node,
        language=talk.language,
        turns=tuple(await talks.transcript(work, attempt.id)),
        answers=tuple(await talks.answers_of(work, attempt.id)),
        disposition=attempt.disposition,
        callback_at=await work.scalar(select(campaign_leads.c.callback_at).where(*lead)),
        deals=tuple([_deal(row) for row in await work.all(_deals_of(attempt.id, by))]),
        tasks=tuple([row.title for row in await work.all(made)]),
        messages=tuple([row.template for row in await work.all(queued)]),
        refused=await _refused(work, number, attempt.id),
    )


async def settled_numbers(work: UnitOfWork, campaign_id: int) -> set[str]:
    """Numbers whose attempts are over, with all that the dialer makes of them."""
    rows = await work.all(
        select(attempts.c.number).where(attempts.c.campaign_id == campaign_id, attempts.c.settled_at.is_not(None))
    )
    return {row.number for row in rows}


def _deals_of(call_id: str, by: str) -> Any:
    columns = (deals.c.title, stages.c.name.label("stage"), deals.c.amount, deals.c.currency)
    joined = deals.join(deal_stages, and_(deal_stages.c.deal_id == deals.c.id, deal_stages.c.by == by))
    joined = joined.join(stages, stages.c.id == deal_stages.c.stage_id)
    return select(*columns).select_from(joined).where(deals.c.call_id == call_id).order_by(deals.c.id)


def _deal(row: Any) -> Mapping[str, str]:
    amount = None if row.amount is None else format(row.amount.normalize(), "f")
    given = {"title": row.title, "stage": row.stage, "amount": amount, "currency": row.currency}
    return {name: value for name, value in given.items() if value}


async def _refused(work: UnitOfWork, number: str, call_id: str) -> str | None:
    by_word = and_(do_not_call.c.value == number, do_not_call.c.reason == f"asked the bot in call {call_id}")
    row = await work.first(select(do_not_call.c.campaign_id).where(by_word))
    if row is None:
        return None
    return "all" if row.campaign_id == WHOLE_SYSTEM else "campaign"
