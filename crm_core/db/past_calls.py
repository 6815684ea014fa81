"""Past calls as rehearsals learn from them: the latest attempts and what agents did, read in bounded pieces."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, func, or_, select

from crm_core.db.tables import agent_log, attempts, campaigns, dispositions, leads, lists, phones
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.attempts import Outcome
from crm_core.domain.dispositions import LeadEffect
from crm_core.domain.past_calls import AgentSpan, Part, PastDial


@dataclass(frozen=True, slots=True)
class Mark:
    """Where the next, older piece begins."""

    at: datetime
    id: str


async def past_dials(
    work: UnitOfWork,
    campaign_ids: Collection[int],
    own: int,
    since: datetime,
    before: Mark | None,
    limit: int,
    zone: str,
) -> tuple[list[PastDial], Mark | None]:
    """The latest settled attempts of the campaigns, then older ones from `before` on; `own`: the campaign looked at.

    `zone`: of leads whose zone is not known. The mark is None when there are no more.
    """
    of = attempts.c
    earlier = attempts.alias("earlier")
    nth = (
        select(func.count())
        .select_from(earlier)
        # "+ 0" keeps SQLite from walking all earlier attempts of the campaign: those of one lead are few.
        .where(earlier.c.lead_id == of.lead_id, earlier.c.campaign_id + 0 == of.campaign_id)
        .where(earlier.c.created_at <= of.created_at)
        .scalar_subquery()
        .label("nth")
    )
    phone_zone = select(func.min(phones.c.zone)).where(
        phones.c.contact_id == leads.c.contact_id, phones.c.e164 == of.number
    )
    joined = (
        attempts.join(leads, leads.c.id == of.lead_id)
        .join(lists, lists.c.id == leads.c.list_id)
        .outerjoin(dispositions, dispositions.c.code == of.disposition)
    )
    query = (
        select(
            of.id,
            of.campaign_id,
            of.created_at,
            of.answered_at,
            of.bridged_at,
            of.ended_at,
            of.outcome,
            lists.c.name.label("list_name"),
            func.coalesce(leads.c.zone, phone_zone.scalar_subquery()).label("zone"),
            dispositions.c.effect,
            nth,
        )
        .select_from(joined)
        .where(of.campaign_id.in_(campaign_ids), of.created_at >= since, of.ended_at.is_not(None))
        .where(of.outcome.is_not(None))
        .order_by(of.created_at.desc(), of.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(or_(of.created_at < before.at, and_(of.created_at == before.at, of.id < before.id)))
    rows = await work.all(query)
    mark = Mark(rows[-1].created_at, rows[-1].id) if len(rows) == limit else None
    return [_dial(row, own, zone) for row in rows], mark


def _dial(row: Row[Any], own: int, zone: str) -> PastDial:
    answered = row.answered_at or row.ended_at
    has_result = row.bridged_at is not None
    return PastDial(
        at=row.created_at,
        part=Part(row.list_name, row.zone or zone),
        nth=int(row.nth),
        outcome=Outcome(row.outcome),
        rang=max(0.0, (answered - row.created_at).total_seconds()),
        talked=max(0.0, (row.ended_at - row.bridged_at).total_seconds()) if has_result else None,
        called_back=has_result and row.effect == LeadEffect.CALLBACK.value,
        again=has_result and row.effect == LeadEffect.RETRY.value,
        own=row.campaign_id == own,
    )


async def agent_spans(work: UnitOfWork, campaign_ids: Collection[int], since: datetime, limit: int) -> list[AgentSpan]:
    """What agents did in these campaigns: each state with its length, from the latest `limit` changes of all."""
    latest = select(agent_log).where(agent_log.c.at >= since).order_by(agent_log.c.id.desc()).limit(limit).subquery()
    log = latest.c
    ends = func.lead(log.at, type_=log.at.type).over(partition_by=log.agent_id, order_by=(log.at, log.id))
    spans = select(log.state, log.campaign_id, log.at, ends.label("ends")).subquery()
    rows = await work.all(
        select(spans.c.state, spans.c.at, spans.c.ends).where(
            spans.c.campaign_id.in_(campaign_ids), spans.c.ends.is_not(None)
        )
    )
    return [AgentSpan(row.state, max(0.0, (row.ends - row.at).total_seconds())) for row in rows]


async def campaigns_like(work: UnitOfWork, campaign_id: int, modes: Collection[str], since: datetime) -> list[int]:
    """Other campaigns that dialed since then in one of these modes, the latest first: their calls tell of its."""
    dialed = select(attempts.c.id).where(attempts.c.campaign_id == campaigns.c.id, attempts.c.created_at >= since)
    query = select(campaigns.c.id, campaigns.c.policy).where(campaigns.c.id != campaign_id, dialed.exists())
    rows = await work.all(query.order_by(campaigns.c.id.desc()).limit(50))
    return [row.id for row in rows if row.policy.get("mode") in modes]
