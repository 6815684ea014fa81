"""Campaigns beside each other: which they are, and the deals that came of their calls."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from sqlalchemy import func, select

from crm_core.db.reports.asking import Asking, amounts_of
from crm_core.db.tables import calls, campaigns, deals, stages
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.visibility import visible_campaigns
from crm_core.domain.calling import CampaignDeals
from crm_core.domain.sales import StageKind


async def campaign_names(work: UnitOfWork, asking: Asking) -> dict[int, str]:
    query = select(campaigns.c.id, campaigns.c.name).where(visible_campaigns(asking.actor))
    if asking.ask.campaign_id is not None:
        query = query.where(campaigns.c.id == asking.ask.campaign_id)
    return {row.id: row.name for row in await work.all(query)}


async def campaign_deals(work: UnitOfWork, asking: Asking) -> dict[int, CampaignDeals]:
    """Deals made in the span out of a campaign's calls, and what of them stands in a won stage by now."""
    query = (
        select(
            calls.c.campaign_id,
            stages.c.kind,
            deals.c.currency,
            func.count().label("deals"),
            func.sum(deals.c.amount).label("amount"),
        )
        .select_from(deals.join(calls, calls.c.id == deals.c.call_id).join(stages, stages.c.id == deals.c.stage_id))
        .where(*asking.deals(asking.ask.pipeline_id), asking.within(deals.c.created_at))
        .where(calls.c.campaign_id.is_not(None))
        .group_by(calls.c.campaign_id, stages.c.kind, deals.c.currency)
    )
    made: dict[int, int] = defaultdict(int)
    won: dict[int, int] = defaultdict(int)
    sums: dict[int, list[tuple[str | None, Decimal | None]]] = defaultdict(list)
    for row in await work.all(query):
        made[row.campaign_id] += row.deals
        if row.kind == StageKind.WON:
            won[row.campaign_id] += row.deals
            sums[row.campaign_id].append((row.currency, row.amount))
    return {key: CampaignDeals(count, won[key], amounts_of(sums[key])) for key, count in made.items()}
