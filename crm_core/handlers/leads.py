"""Leads of a campaign with all that screening asks, for those who want to know why one is dialed or not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

from crm_core.db.engine import Database
from crm_core.db.leads import LeadKey, Since, lead_ids_after, leads_of
from crm_core.db.quotas import quota_states
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.campaigns import Campaign
from crm_core.domain.law_names import LONGEST_REST
from crm_core.domain.leads import Lead
from crm_core.domain.quotas import Room, cell_of

_BATCH = 1000


async def campaign_leads(
    database: Database, campaign: Campaign, now: datetime, after: int = 0
) -> AsyncIterator[list[Lead]]:
    """Every lead of the campaign, those after the id `after`, in batches of a thousand by id: constant memory, no long
    transaction."""
    last = after
    while True:
        async with database.reading() as work:
            ids = await lead_ids_after(work, campaign.id, last, _BATCH)
            found = await leads_of(work, [LeadKey(campaign.id, lead_id) for lead_id in ids], _since(campaign, now))
            found = await _within_quotas(work, campaign, found)
        if not ids:
            return
        yield found
        last = ids[-1]


async def one_lead(database: Database, campaign: Campaign, lead_id: int, now: datetime) -> Lead | None:
    """The lead, or None if the campaign has it not."""
    async with database.reading() as work:
        found = await leads_of(work, [LeadKey(campaign.id, lead_id)], _since(campaign, now))
        found = await _within_quotas(work, campaign, found)
    return found[0] if found else None


async def _within_quotas(work: UnitOfWork, campaign: Campaign, found: list[Lead]) -> list[Lead]:
    """The leads, those of full quotas marked so."""
    quotas = campaign.policy.quotas
    if not quotas or not found:
        return found
    room = Room(await quota_states(work, campaign))
    full = [room.full(cell_of(lead.fields, quotas)) for lead in found]
    return [
        replace(lead, full_quota=None if state is None else str(state)) for lead, state in zip(found, full, strict=True)
    ]


def _since(campaign: Campaign, now: datetime) -> Since:
    return Since(now - campaign.policy.number_rest, now - max(campaign.policy.abandoned_rest, LONGEST_REST))
