"""Pilots: the first calls of a campaign are dialed, then it waits for somebody to say go on."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

from crm_core.db import attempts, campaigns
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.attempts import Attempt
from crm_core.domain.campaigns import Campaign, CampaignState
from crm_core.domain.pilots import PILOT_OVER, pilot_room
from crm_core.events import CampaignStateChanged

log = logging.getLogger(__name__)


async def within_pilots(work: UnitOfWork, wanted: Sequence[Attempt], running: Mapping[int, Campaign]) -> list[Attempt]:
    """The first of `wanted` that pilots leave room for."""
    room = await _room(work, running)
    kept = []
    for attempt in wanted:
        left = room.get(attempt.campaign_id)
        if left is None or left > 0:
            kept.append(attempt)
            if left is not None:
                room[attempt.campaign_id] = left - 1
    return kept


async def end_pilots(
    work: UnitOfWork, leased: Sequence[Attempt], running: Mapping[int, Campaign], now: datetime
) -> None:
    """Pause the campaigns whose last pilot call is among `leased`; calls under way go on."""
    mine = {campaign_id: running[campaign_id] for campaign_id in {a.campaign_id for a in leased}}
    for campaign_id, left in sorted((await _room(work, mine)).items()):
        if left == 0:
            await campaigns.set_state(work, campaign_id, CampaignState.PAUSED)
            work.publish(CampaignStateChanged(campaign_id, CampaignState.PAUSED, now, PILOT_OVER))
            fields = {"campaign_id": campaign_id, "calls": mine[campaign_id].policy.pilot}
            log.warning("campaign paused: its pilot is over and waits for approval", extra=fields)


async def _room(work: UnitOfWork, running: Mapping[int, Campaign]) -> dict[int, int]:
    """How many calls are left to the campaigns that a pilot holds."""
    held = {i: campaign for i, campaign in running.items() if pilot_room(campaign, 0) is not None}
    dialed = await attempts.dialed(work, held) if held else {}
    return {i: pilot_room(campaign, dialed.get(i, 0)) or 0 for i, campaign in held.items()}
