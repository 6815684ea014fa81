"""What somebody does to campaigns: he makes and changes them, gives orders, stops all dialing. All of it is noted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from crm_core.db import audit, campaign_desk, lead_lists, site
from crm_core.db.codec import to_json
from crm_core.db.engine import Database
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.access import Actor, Right, Sees
from crm_core.domain.campaign_orders import Order
from crm_core.domain.campaigns import Campaign, CampaignPolicy
from crm_core.errors import BadInput, Stale
from crm_core.handlers import campaigns
from crm_core.handlers.campaign_desk import Card, card_in
from crm_core.handlers.commits import committed
from crm_core.handlers.policy_versions import policy_version
from crm_core.ports import BotScripts

_PAST = {Order.START: "started", Order.PAUSE: "paused", Order.STOP: "stopped", Order.FINISH: "finished"}
_LONGEST_REASON = 200
#: Told how many of how many prompts are ready.
Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class NewCampaign:
    """A campaign to be made. `lists`: names; `team_ids`: who sees it besides those who see all."""

    name: str
    policy: CampaignPolicy
    lists: tuple[str, ...] = ()
    team_ids: tuple[int, ...] = ()


async def create_campaign(
    actor: Actor, new: NewCampaign, scripts: BotScripts | None, database: Database, now: datetime
) -> Card:
    """Make a draft. Whoever sees only his team's campaigns makes one of his team's.

    Raises Forbidden, BadInput for what is wrong with name, policy, script or a list, Conflict for a name that is taken.
    """
    actor.require(Right.CHANGE_CAMPAIGNS)
    _check_script(new.policy, scripts)
    teams = set(new.team_ids)
    if actor.sees is not Sees.ALL and actor.team_id is not None:
        teams.add(actor.team_id)
    async with database.work() as work:
        made, _leads = await campaigns.create_in(work, " ".join(new.name.split()), new.policy, new.lists, now)
        await campaign_desk.set_teams(work, made.id, teams)
        details = {"name": made.name, "lists": list(new.lists)}
        await audit.record(work, actor, "campaign.created", "campaign", made.id, now, details=details)
        return await card_in(work, actor, made.id, now)


async def change_policy(
    actor: Actor,
    campaign_id: int,
    policy: CampaignPolicy,
    seen: int,
    scripts: BotScripts | None,
    database: Database,
    now: datetime,
) -> Card:
    """Give the campaign another policy; `seen` is the version of the one he changed.

    Raises Forbidden, NotFound, BadInput, and Stale when somebody else has changed it meanwhile.
    """
    actor.require(Right.CHANGE_CAMPAIGNS)
    _check_script(policy, scripts)
    async with database.work() as work:
        campaign = await _mine(work, actor, campaign_id)
        if policy_version(campaign.policy) != seen:
            raise Stale("policy of campaign", campaign.name, to_json(campaign.policy), to_json(policy))
        await campaigns.change_in(work, campaign, policy)
        changed = {n: v for n, v in to_json(policy).items() if to_json(campaign.policy).get(n) != v}
        await audit.record(work, actor, "campaign.policy_changed", "campaign", campaign_id, now, details=changed)
        return await card_in(work, actor, campaign_id, now)


async def show_to_teams(
    actor: Actor, campaign_id: int, team_ids: Collection[int], database: Database, now: datetime
) -> Card:
    """Let exactly these teams see the campaign. Whoever sees only his team's cannot give it away.

    Raises Forbidden, NotFound, BadInput."""
    actor.require(Right.CHANGE_CAMPAIGNS)
    if actor.sees is not Sees.ALL and actor.team_id is not None and actor.team_id not in team_ids:
        raise BadInput("teams", "your own team is not among them", "Keep it: you would not see the campaign any more")
    async with database.work() as work:
        await _mine(work, actor, campaign_id)
        await campaign_desk.set_teams(work, campaign_id, team_ids)
        details = {"teams": sorted(team_ids)}
        await audit.record(work, actor, "campaign.teams_changed", "campaign", campaign_id, now, details=details)
        return await card_in(work, actor, campaign_id, now)


async def attach_list(
    actor: Actor, campaign_id: int, list_id: int, database: Database, now: datetime
) -> tuple[Card, int]:
    """Add the leads of a list; returns how many are new to the campaign. Raises Forbidden, NotFound, BadInput."""
    actor.require(Right.CHANGE_CAMPAIGNS)
    async with database.work() as work:
        campaign = await _mine(work, actor, campaign_id)
        found = await lead_lists.list_row(work, actor, list_id)
        added = await campaigns.attach_in(work, campaign, found.name)
        details = {"list": found.name, "leads": added}
        await audit.record(work, actor, "campaign.list_attached", "campaign", campaign_id, now, details=details)
        return await card_in(work, actor, campaign_id, now), added


async def order_campaign(
    actor: Actor,
    campaign_id: int,
    order: Order,
    scripts: BotScripts | None,
    database: Database,
    now: datetime,
    told: Told = lambda done, whole: None,
) -> tuple[Card, tuple[str, ...]]:
    """Start, pause, stop or finish; returns also what will keep it from dialing all the same. A campaign of the bot
    starts once every prompt can be played, which may take minutes the first time; `told` hears of it.

    Raises Forbidden, NotFound, BadInput.
    """
    actor.require(Right.CHANGE_CAMPAIGNS)
    if order is Order.START:
        async with database.reading() as work:
            policy = (await _mine(work, actor, campaign_id, lock=False)).policy
        await _render(policy, scripts, told)
    return await _acted(
        actor,
        campaign_id,
        f"campaign.{_PAST[order]}",
        lambda work, campaign: campaigns.order_in(work, campaign, order, now),
        database,
        now,
    )


async def approve_campaign(
    actor: Actor, campaign_id: int, database: Database, now: datetime
) -> tuple[Card, tuple[str, ...]]:
    """After its pilot: go on. Raises Forbidden, NotFound, BadInput."""
    actor.require(Right.CHANGE_CAMPAIGNS)
    return await _acted(
        actor,
        campaign_id,
        "campaign.approved",
        lambda work, campaign: campaigns.approve_in(work, campaign, actor.name, now),
        database,
        now,
    )


async def _acted(
    actor: Actor,
    campaign_id: int,
    action: str,
    act: Callable[[UnitOfWork, Campaign], Awaitable[tuple[Campaign, tuple[str, ...]]]],
    database: Database,
    now: datetime,
) -> tuple[Card, tuple[str, ...]]:
    async with database.work() as work:
        _campaign, warnings = await act(work, await _mine(work, actor, campaign_id))
        await audit.record(work, actor, action, "campaign", campaign_id, now)
        return await card_in(work, actor, campaign_id, now), warnings


# --- all dialing --------------------------------------------------------------------------------------------
async def stop_dialing(actor: Actor, why: str, database: Database, now: datetime) -> None:
    """Lease no attempt from this commit on, in any campaign; calls under way go on. Raises Forbidden, BadInput."""
    actor.require(Right.CHANGE_CAMPAIGNS)
    why = _reason(why)

    async def act(work: UnitOfWork) -> None:
        await site.stop_dialing(work, actor.name, why, now)
        await audit.record(work, actor, "dialing.stopped", "site", "dialing", now, details={"why": why})

    await committed(database, act)


async def resume_dialing(actor: Actor, why: str, database: Database, now: datetime) -> bool:
    """Let campaigns that run dial again; False if dialing was not stopped. Raises Forbidden, BadInput."""
    actor.require(Right.CHANGE_CAMPAIGNS)
    why = _reason(why)

    async def act(work: UnitOfWork) -> bool:
        stopped = await site.dialing_stopped(work)
        await site.resume_dialing(work)
        await audit.record(work, actor, "dialing.resumed", "site", "dialing", now, details={"why": why})
        return stopped is not None

    return await committed(database, act)


def _reason(why: str) -> str:
    why = " ".join(why.split())
    if not why or len(why) > _LONGEST_REASON:
        raise BadInput("why", "no reason given, or a very long one", "Say in a sentence why: it is kept with your name")
    return why


# --- shared -------------------------------------------------------------------------------------------------
async def _mine(work: UnitOfWork, actor: Actor, campaign_id: int, *, lock: bool = True) -> Campaign:
    return (await campaign_desk.visible_campaign(work, actor, campaign_id, lock=lock)).campaign


def _check_script(policy: CampaignPolicy, scripts: BotScripts | None) -> None:
    """What is wrong with a script is better known before the first call."""
    if policy.script is not None and scripts is not None:
        scripts.check(policy.script)


async def _render(policy: CampaignPolicy, scripts: BotScripts | None, told: Told) -> None:
    """Nobody is called with a script of which a prompt cannot be played."""
    if policy.script is not None:
        if scripts is None:
            what = f"prompts of {policy.script} cannot be made ready here"
            raise BadInput("script", what, "Start it where the bot is installed: `trunkline campaign start`")
        await scripts.render(policy, told)
