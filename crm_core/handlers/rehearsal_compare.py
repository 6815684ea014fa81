"""A campaign compared with its rehearsal: while it dials after each day, and for good when it has ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from crm_core.db import campaign_desk, rehearsals
from crm_core.db.engine import Database
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.access import Actor, Right
from crm_core.domain.campaigns import Campaign, CampaignState
from crm_core.domain.rehearsal import Comparison, Kept
from crm_core.domain.rehearsal_compare import at_the_end, day_over, shift_of, so_far


async def compared_as(actor: Actor, campaign_id: int, database: Database, now: datetime) -> Kept | None:
    """The same as `compared`, for somebody. Raises Forbidden, NotFound."""
    actor.require(Right.SEE_CAMPAIGNS)
    async with database.reading() as work:
        campaign = (await campaign_desk.visible_campaign(work, actor, campaign_id)).campaign
    return await compared(campaign, database, now)


async def compared(campaign: Campaign, database: Database, now: datetime) -> Kept | None:
    """The last rehearsal made before the first dial, with the comparison; None: there is no such rehearsal.

    `compared` in it is None while not a day of dialing is over. What is final is kept, and never reckoned again.
    """
    async with database.reading() as work:
        kept = await rehearsals.before_first_dial(work, campaign.id)
        if kept is None or (kept.compared is not None and kept.compared.is_final):
            return kept
        found = await _compare(work, campaign, kept, now)
    if found is not None and found.is_final:
        async with database.work() as work:
            await rehearsals.keep_comparison(work, kept.id, found)
    return replace(kept, compared=found)


async def keep_when_ended(work: UnitOfWork, campaign: Campaign, now: datetime) -> None:
    """The campaign ends with this unit of work: keep how it compares with its rehearsal, if there is one."""
    kept = await rehearsals.before_first_dial(work, campaign.id)
    if kept is None:
        return
    found = await _compare(work, replace(campaign, state=CampaignState.FINISHED), kept, now)
    if found is not None:
        await rehearsals.keep_comparison(work, kept.id, found)


async def _compare(work: UnitOfWork, campaign: Campaign, kept: Kept, now: datetime) -> Comparison | None:
    first = await rehearsals.first_dial(work, campaign.id)
    if first is None:
        return None
    whole = await rehearsals.happened(work, campaign.id, first, now)
    is_done = whole.open_leads == 0
    if whole.last is not None and (is_done or campaign.state is CampaignState.FINISHED):
        return at_the_end(kept.forecast, whole.figures, whole.reached, first, whole.last, done=is_done, now=now)
    day, shift = day_over(kept.forecast, first, now), shift_of(kept.forecast, first)
    if day is None:
        return None
    until_then = await rehearsals.happened(work, campaign.id, first, day.until + shift)
    return so_far(kept.forecast, day, shift, until_then.figures)
