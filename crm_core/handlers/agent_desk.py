"""The agent's own desk: his state, the person on the line, results, previews; always his own, never another's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from crm_core.commands import RecordDisposition
from crm_core.db import agent_desk as desk_rows
from crm_core.db import agents, campaigns, lead_moves
from crm_core.db import dispositions as book
from crm_core.db.do_not_call import blocks_for
from crm_core.db.engine import Database
from crm_core.db.leads import LeadKey, leads_of
from crm_core.db.site import calendar
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.access import Actor, Right
from crm_core.domain.agents import PAUSE_REASONS, Agent, Trigger
from crm_core.domain.calls import Direction
from crm_core.domain.campaigns import Campaign, CampaignState, DialMode
from crm_core.domain.desk import AgentDesk, Pop, spoken_script
from crm_core.errors import BadInput, NotFound
from crm_core.events import LeadDisposed
from crm_core.handlers import previews
from crm_core.handlers.commits import committed
from crm_core.handlers.dispositions import dispose
from crm_core.handlers.roster import move


@dataclass(frozen=True, slots=True)
class Result:
    """What came of the call. `callback_at` aware; `for_anyone`: the callback is not kept for this agent."""

    call_id: str
    disposition: str
    note: str = ""
    callback_at: datetime | None = None
    for_anyone: bool = False


async def desk(actor: Actor, database: Database, now: datetime) -> AgentDesk:
    """All the agent has before him. Raises Forbidden, and NotFound for a user without a phone."""
    actor.require(Right.TAKE_CALLS)
    async with database.reading() as work:
        me = await _me(work, actor)
        running = [c for c in await campaigns.every_campaign(work, CampaignState.RUNNING) if _takes_agents(c)]
        campaign = await campaigns.campaign(work, me.campaign_id) if me.campaign_id is not None else None
        pop = await _pop(work, actor, me)
        script = ""
        if campaign is not None and pop is not None:
            script = spoken_script(campaign.policy.agent_script, pop.fields, pop.name)
        elif campaign is not None:
            script = campaign.policy.agent_script
        known = await book.all_dispositions(work)
        zone = ZoneInfo((await calendar(work)).zone)
        midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        return AgentDesk(
            agent=me,
            campaign=campaign.name if campaign else None,
            is_preview=campaign is not None and campaign.policy.mode is DialMode.PREVIEW,
            pop=pop,
            script=script,
            results=tuple(d for d in known.values() if d.key),
            today=await desk_rows.own_day(work, actor.user_id, midnight),
            campaigns=tuple((c.id, c.name) for c in running),
        )


def _takes_agents(campaign: Campaign) -> bool:
    return campaign.policy.mode is not DialMode.BOT


async def _me(work: UnitOfWork, actor: Actor) -> Agent:
    me = next((one for one in await agents.every_agent(work) if one.id == actor.user_id), None)
    if me is None:
        do = "An administrator gives one under Settings, Users, or by `trunkline agent add`"
        raise NotFound("phone of", actor.name, do)
    return me


async def _pop(work: UnitOfWork, actor: Actor, me: Agent) -> Pop | None:
    pop: Pop | None = None
    if me.call_id is not None:
        pop = await desk_rows.pop_of_call(work, me.call_id)
        if pop is None:
            pop = Pop(me.call_id, Direction.INCOMING, None, None, "", None, None, {}, False, None, "", None, None)
    elif (shown := await lead_moves.preview_of(work, me.id)) is not None:
        pop = await _preview(work, shown)
    if pop is None:
        return None
    blocked = pop.number is not None and bool(await blocks_for(work, pop.number))
    told = replace(pop, do_not_call=blocked, robot=await desk_rows.robot_said(work, pop.contact_id, pop.call_id))
    if pop.contact_id is None:
        return told
    return replace(
        told,
        deals=await desk_rows.open_deals_of(work, actor, pop.contact_id),
        earlier=await desk_rows.earlier_calls(work, pop.contact_id, pop.call_id),
    )


async def _preview(work: UnitOfWork, shown: LeadKey) -> Pop:
    (lead,) = await leads_of(work, [shown])
    card = await desk_rows.contact_of_lead(work, lead.id)
    number = next((n for n in lead.numbers if not n.dead and n.block is None), None)
    return replace(card, number=number.e164 if number else None, zone=number.zone if number else None)


# --- his state ----------------------------------------------------------------------------------------------
async def start_shift(actor: Actor, campaign_id: int | None, database: Database, now: datetime) -> Agent:
    """Log in for a running campaign, or (None) for incoming calls only. A parked phone is called next.

    Raises NotFound, Forbidden, and IllegalTransition if he is logged in already.
    """
    actor.require(Right.TAKE_CALLS)

    async def act(work: UnitOfWork) -> Agent:
        if campaign_id is not None:
            campaign = await campaigns.campaign(work, campaign_id)
            if campaign is None or not _takes_agents(campaign):
                raise NotFound("campaign", campaign_id)
        me = await agents.agent(work, actor.user_id)
        return await move(work, replace(me, campaign_id=campaign_id), Trigger.LOG_IN, now)

    return await committed(database, act)


async def end_shift(actor: Actor, database: Database, now: datetime) -> Agent:
    """Log out; a card before him goes back. Raises IllegalTransition while he has a person."""
    actor.require(Right.TAKE_CALLS)

    async def act(work: UnitOfWork) -> Agent:
        me = await agents.agent(work, actor.user_id)
        await lead_moves.drop_previews(work, me.id)
        return await move(work, me, Trigger.LOG_OUT, now)

    return await committed(database, act)


async def pause(actor: Actor, reason: str, database: Database, now: datetime) -> Agent:
    """Ask for no calls. Raises BadInput, and IllegalTransition while he has a person."""
    actor.require(Right.TAKE_CALLS)
    if not reason.strip() or len(reason) > 40:
        raise BadInput("reason", "it is empty or longer than 40 characters", f"Such as {', '.join(PAUSE_REASONS)}")

    async def act(work: UnitOfWork) -> Agent:
        me = await agents.agent(work, actor.user_id)
        await lead_moves.drop_previews(work, me.id)
        return await move(work, me, Trigger.PAUSE, now, reason.strip())

    return await committed(database, act)


async def resume(actor: Actor, database: Database, now: datetime) -> Agent:
    """Ask for calls again."""
    actor.require(Right.TAKE_CALLS)

    async def act(work: UnitOfWork) -> Agent:
        return await move(work, await agents.agent(work, actor.user_id), Trigger.RESUME, now)

    return await committed(database, act)


# --- results ------------------------------------------------------------------------------------------------
async def give_result(actor: Actor, result: Result, database: Database, now: datetime) -> LeadDisposed:
    """Write what came of a call of his own. Raises BadInput, and NotFound for a call that is not his."""
    actor.require(Right.TAKE_CALLS)
    if result.callback_at is not None and result.callback_at < now - timedelta(minutes=1):
        raise BadInput("callback_at", "the time to call back is over", "Choose a later one")
    command = RecordDisposition(
        call_id=result.call_id,
        disposition=result.disposition,
        agent_id=actor.user_id,
        callback_at=result.callback_at,
        note=result.note.strip(),
        callback_for_anyone=result.for_anyone,
    )

    async def act(work: UnitOfWork) -> LeadDisposed:
        me = await agents.agent(work, actor.user_id)
        if me.call_id != result.call_id and not await desk_rows.took_call(work, result.call_id, actor.user_id):
            raise NotFound("call", result.call_id)
        return await dispose(command, work, now)

    return await committed(database, act)


# --- previews -----------------------------------------------------------------------------------------------
async def next_card(actor: Actor, database: Database, now: datetime) -> bool:
    """Ask for the next card of a preview campaign; False when nothing is due. Raises BadInput."""
    actor.require(Right.TAKE_CALLS)
    return await previews.next_preview(database, actor.user_id, now) is not None


async def dial_card(actor: Actor, database: Database, now: datetime) -> None:
    """Dial the lead whose card he has. Raises Conflict if there is none any more."""
    actor.require(Right.TAKE_CALLS)
    await previews.dial_preview(database, actor.user_id, now)


async def skip_card(actor: Actor, database: Database, now: datetime) -> None:
    """Let the lead rest for an hour."""
    actor.require(Right.TAKE_CALLS)
    await previews.skip_preview(database, actor.user_id, now)
