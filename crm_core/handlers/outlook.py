"""What of a campaign would be dialed now and what not, and why: counted, and the leads behind each count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crm_core.db import agents, campaign_desk, campaigns, lead_lists
from crm_core.db.engine import Database
from crm_core.db.lead_lists import ListedLead
from crm_core.domain.access import Actor, Right
from crm_core.domain.agents import AgentState
from crm_core.domain.campaigns import Campaign, CampaignState, Trunk
from crm_core.domain.leads import WhyNot
from crm_core.domain.outlook import StartSummary, Tally
from crm_core.handlers.leads import campaign_leads
from crm_core.ports import Screened, Screening

#: Of a rare reason so many leads are looked through at a time; the next page goes on from there.
_LOOKED_THROUGH = 20_000


@dataclass(frozen=True, slots=True)
class Room:
    """What screening asks besides the lead, as it stands at one moment: the campaign is taken to be running."""

    campaign: Campaign
    trunk: Trunk | None
    free: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WaitingLead:
    """A lead that is dialed now (`why` None), at `until`, or not at all."""

    lead: ListedLead
    why: WhyNot | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class WaitingPage:
    """Some of the leads behind a count. `next`: look on after this lead's id; None: all have been looked through."""

    leads: tuple[WaitingLead, ...]
    next: int | None


async def outlook(
    actor: Actor,
    campaign_id: int,
    screening: Screening,
    database: Database,
    now: datetime,
    told: Callable[[int, int], None] = lambda done, whole: None,
) -> StartSummary:
    """Screen every lead as if the campaign were started now. `told` hears how many of how many are done.

    Raises Forbidden, NotFound. It reads in short transactions and holds no lead in memory.
    """
    room, whole = await _room(actor, campaign_id, database)
    tally = Tally()
    async for batch in campaign_leads(database, room.campaign, now):
        for lead in batch:
            answer = screening(lead, room.campaign, room.trunk, now, room.free)
            tally.add(answer.why, answer.until)
        told(tally.total, max(whole, tally.total))
    return tally.summary()


async def waiting_leads(
    actor: Actor,
    campaign_id: int,
    why: WhyNot | None,
    screening: Screening,
    database: Database,
    now: datetime,
    *,
    after: int = 0,
    limit: int = 50,
) -> WaitingPage:
    """Leads that are not dialed now for the reason `why`; None: those that are. Only those whose contacts he sees.

    Raises Forbidden, NotFound.
    """
    room, _whole = await _room(actor, campaign_id, database)
    found: dict[int, Screened] = {}
    looked, last = 0, after
    async for batch in campaign_leads(database, room.campaign, now, after):
        for lead in batch:
            looked, last = looked + 1, lead.id
            answer = screening(lead, room.campaign, room.trunk, now, room.free)
            if answer.why is why:
                found[lead.id] = answer
                if len(found) == limit:
                    break
        if len(found) == limit or looked >= _LOOKED_THROUGH:
            return WaitingPage(await _shown(actor, found, database), last)
    return WaitingPage(await _shown(actor, found, database), None)


async def _shown(actor: Actor, found: dict[int, Screened], database: Database) -> tuple[WaitingLead, ...]:
    async with database.reading() as work:
        shown: Sequence[ListedLead] = await lead_lists.shown_leads(work, actor, found)
    return tuple(WaitingLead(lead, found[lead.id].why, found[lead.id].until) for lead in shown)


async def _room(actor: Actor, campaign_id: int, database: Database) -> tuple[Room, int]:
    actor.require(Right.SEE_CAMPAIGNS)
    async with database.reading() as work:
        campaign = (await campaign_desk.visible_campaign(work, actor, campaign_id)).campaign
        trunk = (await campaigns.every_trunk(work)).get(campaign.policy.trunk)
        free = tuple(a.id for a in await agents.every_agent(work) if a.state is AgentState.AVAILABLE)
        whole = await campaigns.lead_count(work, campaign_id)
    return Room(replace(campaign, state=CampaignState.RUNNING), trunk, free), whole
