"""Preview dialing: an agent sees a lead's card, then dials or skips."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from crm_core.db import agents, campaigns, contacts, lead_moves, leads
from crm_core.db.engine import Database
from crm_core.db.leads import LeadKey
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.agents import Agent, AgentState
from crm_core.domain.campaigns import CampaignState, DialMode
from crm_core.domain.leads import Lead
from crm_core.errors import BadInput, Conflict
from crm_core.handlers.commits import committed

#: A card left alone goes back to the others after this long.
_KEPT_FOR = timedelta(minutes=10)
#: A lead skipped is shown to nobody for this long.
_SKIPPED_FOR = timedelta(hours=1)
#: So many due leads are looked at for one that can be shown.
_LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class PreviewCard:
    """What the agent sees of a lead before he dials."""

    lead: Lead
    contact_name: str


async def next_preview(database: Database, agent_id: int, now: datetime) -> PreviewCard | None:
    """Reserve a due lead for the agent and show it; asked again, the same one. None: nothing is due.

    Raises BadInput unless he is available in a running preview campaign.
    """

    async def act(work: UnitOfWork) -> PreviewCard | None:
        campaign_id = await _preview_campaign(work, await agents.agent(work, agent_id))
        await lead_moves.drop_previews(work, older_than=now - _KEPT_FOR)
        shown = await lead_moves.preview_of(work, agent_id)
        if shown is not None:
            return await _card(work, shown)
        ids = await leads.due_ids(work, campaign_id, now, _LOOKED_AT)
        for lead in await leads.leads_of(work, [LeadKey(campaign_id, one) for one in ids]):
            key = LeadKey(campaign_id, lead.id)
            if _may_show(lead, agent_id) and await lead_moves.reserve_preview(work, key, agent_id, now):
                return await _card(work, key)
        return None

    return await committed(database, act)


async def dial_preview(database: Database, agent_id: int, now: datetime) -> None:
    """Ask the dialer to dial the lead before the agent. Raises Conflict if there is none (any more)."""

    async def act(work: UnitOfWork) -> None:
        if not await lead_moves.confirm_preview(work, agent_id, now):
            raise Conflict("there is no card before this agent: ask for the next one")

    await committed(database, act)


async def skip_preview(database: Database, agent_id: int, now: datetime) -> None:
    """Let the lead rest for an hour; skipping without a card is no error."""

    async def act(work: UnitOfWork) -> None:
        shown = await lead_moves.preview_of(work, agent_id)
        if shown is not None:
            await lead_moves.put_off(work, {shown: lead_moves.Rest(now + _SKIPPED_FOR)})

    await committed(database, act)


async def _preview_campaign(work: UnitOfWork, agent: Agent) -> int:
    if agent.state is not AgentState.AVAILABLE or agent.campaign_id is None:
        raise BadInput(f"agent {agent.name}", f"he is {agent.state}, in no state to dial", "Log in to a campaign")
    campaign = await campaigns.campaign(work, agent.campaign_id)
    if campaign is None or campaign.state is not CampaignState.RUNNING or campaign.policy.mode is not DialMode.PREVIEW:
        raise BadInput(f"agent {agent.name}", "his campaign is no running preview campaign")
    return campaign.id


def _may_show(lead: Lead, agent_id: int) -> bool:
    mine = lead.callback_agent_id in (None, agent_id)
    return mine and any(not number.dead and number.block is None for number in lead.numbers)


async def _card(work: UnitOfWork, key: LeadKey) -> PreviewCard:
    (lead,) = await leads.leads_of(work, [key])
    return PreviewCard(lead, (await contacts.contact_by_id(work, lead.contact_id)).name)
