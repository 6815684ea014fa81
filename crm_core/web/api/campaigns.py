"""Campaigns: made, changed, started and stopped."""

from __future__ import annotations

from crm_core.domain.access import Right
from crm_core.domain.campaign_orders import Order
from crm_core.handlers import campaign_acts, campaign_desk
from crm_core.web.api.campaign_shapes import (
    Attached,
    CampaignOut,
    CampaignQuery,
    DialingOut,
    ListIn,
    NewCampaignIn,
    Ordered,
    PolicyIn,
    PolicyOut,
    Reason,
    TeamsIn,
    campaign_out,
    policy_out,
)
from crm_core.web.api.cursors import packed, unpacked
from crm_core.web.api.routing import Asked, Created, Page, Routes
from crm_core.web.campaign_tools import scripts_of

routes = Routes("campaigns")


@routes("GET", "/campaigns", right=Right.SEE_CAMPAIGNS)
async def list_campaigns(asked: Asked, query: CampaignQuery) -> Page[CampaignOut]:
    """Campaigns, the newest first."""
    before = unpacked("campaigns", query.cursor, (int,))[0] if query.cursor else None
    assert before is None or isinstance(before, int)
    found = await campaign_desk.list_campaigns(
        asked.actor,
        asked.database,
        asked.now,
        states=query.state,
        name=query.name.replace("\x00", ""),
        before=before,
        limit=query.limit + 1,
    )
    cards = found.cards[: query.limit]
    following = packed("campaigns", cards[-1].campaign.id) if len(found.cards) > query.limit else None
    return Page(items=[campaign_out(card) for card in cards], next=following)


@routes("POST", "/campaigns", right=Right.CHANGE_CAMPAIGNS, errors=(409,))
async def create_campaign(asked: Asked, body: NewCampaignIn) -> Created[CampaignOut]:
    """Make a campaign; it is a draft until it is started."""
    new = campaign_acts.NewCampaign(body.name, body.policy, body.lists, body.team_ids)
    card = await campaign_acts.create_campaign(asked.actor, new, scripts_of(asked.request), asked.database, asked.now)
    return Created(campaign_out(card), f"/campaigns/{card.campaign.id}")


@routes("GET", "/campaigns/{campaign_id}", right=Right.SEE_CAMPAIGNS)
async def one_campaign(asked: Asked, campaign_id: int) -> CampaignOut:
    """One campaign."""
    return campaign_out(await campaign_desk.one_campaign(asked.actor, campaign_id, asked.database, asked.now))


@routes("GET", "/campaigns/{campaign_id}/policy", right=Right.SEE_CAMPAIGNS)
async def campaign_policy(asked: Asked, campaign_id: int) -> PolicyOut:
    """All its rules, and what they mean in sentences."""
    return policy_out(await campaign_desk.one_campaign(asked.actor, campaign_id, asked.database, asked.now))


@routes("PUT", "/campaigns/{campaign_id}/policy", right=Right.CHANGE_CAMPAIGNS)
async def change_campaign_policy(asked: Asked, campaign_id: int, seen: int, body: PolicyIn) -> PolicyOut:
    """Give it other rules; they hold from the dialer's next look on."""
    card = await campaign_acts.change_policy(
        asked.actor, campaign_id, body.policy, seen, scripts_of(asked.request), asked.database, asked.now
    )
    return policy_out(card)


@routes("PUT", "/campaigns/{campaign_id}/teams", right=Right.CHANGE_CAMPAIGNS)
async def set_campaign_teams(asked: Asked, campaign_id: int, body: TeamsIn) -> CampaignOut:
    """Which teams see it, besides those who see all."""
    card = await campaign_acts.show_to_teams(asked.actor, campaign_id, body.team_ids, asked.database, asked.now)
    return campaign_out(card)


@routes("POST", "/campaigns/{campaign_id}/lists", right=Right.CHANGE_CAMPAIGNS)
async def attach_list(asked: Asked, campaign_id: int, body: ListIn) -> Attached:
    """Give it the leads of a list."""
    _card, added = await campaign_acts.attach_list(asked.actor, campaign_id, body.list_id, asked.database, asked.now)
    return Attached(added=added)


@routes("POST", "/campaigns/{campaign_id}/start", right=Right.CHANGE_CAMPAIGNS)
async def start_campaign(asked: Asked, campaign_id: int) -> Ordered:
    """Let it dial. With the infobot this may take minutes the first time: its prompts are made ready."""
    return await _ordered(asked, campaign_id, Order.START)


@routes("POST", "/campaigns/{campaign_id}/pause", right=Right.CHANGE_CAMPAIGNS)
async def pause_campaign(asked: Asked, campaign_id: int) -> Ordered:
    """Dial no more for now; talks go on."""
    return await _ordered(asked, campaign_id, Order.PAUSE)


@routes("POST", "/campaigns/{campaign_id}/stop", right=Right.CHANGE_CAMPAIGNS)
async def stop_campaign(asked: Asked, campaign_id: int) -> Ordered:
    """Dial no more; talks go on."""
    return await _ordered(asked, campaign_id, Order.STOP)


@routes("POST", "/campaigns/{campaign_id}/finish", right=Right.CHANGE_CAMPAIGNS)
async def finish_campaign(asked: Asked, campaign_id: int) -> Ordered:
    """Finish it for good."""
    return await _ordered(asked, campaign_id, Order.FINISH)


@routes("POST", "/campaigns/{campaign_id}/approve", right=Right.CHANGE_CAMPAIGNS)
async def approve_campaign(asked: Asked, campaign_id: int) -> Ordered:
    """Let it go on after its pilot."""
    card, warnings = await campaign_acts.approve_campaign(asked.actor, campaign_id, asked.database, asked.now)
    return Ordered(campaign=campaign_out(card), warnings=list(warnings))


async def _ordered(asked: Asked, campaign_id: int, order: Order) -> Ordered:
    card, warnings = await campaign_acts.order_campaign(
        asked.actor, campaign_id, order, scripts_of(asked.request), asked.database, asked.now
    )
    return Ordered(campaign=campaign_out(card), warnings=list(warnings))


# --- all dialing --------------------------------------------------------------------------------------------
@routes("GET", "/dialing", right=Right.SEE_CAMPAIGNS)
async def dialing(asked: Asked) -> DialingOut:
    """Whether somebody has stopped all dialing."""
    found = await campaign_desk.list_campaigns(asked.actor, asked.database, asked.now, limit=1)
    return DialingOut(stopped=None if found.stopped is None else dict(found.stopped))


@routes("POST", "/dialing/stop", right=Right.CHANGE_CAMPAIGNS)
async def stop_dialing(asked: Asked, body: Reason) -> None:
    """Stop all dialing at once, in every campaign; calls under way go on."""
    await campaign_acts.stop_dialing(asked.actor, body.why, asked.database, asked.now)


@routes("POST", "/dialing/resume", right=Right.CHANGE_CAMPAIGNS)
async def resume_dialing(asked: Asked, body: Reason) -> None:
    """Let campaigns that run dial again."""
    await campaign_acts.resume_dialing(asked.actor, body.why, asked.database, asked.now)
