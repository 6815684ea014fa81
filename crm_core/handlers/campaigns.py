"""Campaigns: made, given leads, started, paused, stopped, reported on."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from crm_core.db import agents, campaigns
from crm_core.db.campaign_figures import CampaignFigures, campaign_figures
from crm_core.db.engine import Database
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.agents import AgentState
from crm_core.domain.campaigns import Campaign, CampaignPolicy, CampaignState, DialMode, Trunk
from crm_core.errors import BadInput, Conflict, NotFound
from crm_core.events import CampaignStateChanged
from crm_core.handlers.policy_checks import check_policy

log = logging.getLogger(__name__)


class Order(StrEnum):
    """What may be asked of a campaign."""

    START = "start"
    PAUSE = "pause"
    STOP = "stop"
    FINISH = "finish"


_S, _O = CampaignState, Order
_NEXT: Mapping[tuple[CampaignState, Order], CampaignState] = {
    (_S.DRAFT, _O.START): _S.RUNNING,
    (_S.PAUSED, _O.START): _S.RUNNING,
    (_S.STOPPED, _O.START): _S.RUNNING,
    (_S.RUNNING, _O.PAUSE): _S.PAUSED,
    (_S.RUNNING, _O.STOP): _S.STOPPED,
    (_S.PAUSED, _O.STOP): _S.STOPPED,
    **{(state, _O.FINISH): _S.FINISHED for state in (_S.DRAFT, _S.RUNNING, _S.PAUSED, _S.STOPPED)},
}


async def create_campaign(
    database: Database, name: str, policy: CampaignPolicy, lists: Sequence[str], now: datetime
) -> tuple[Campaign, int]:
    """Make a draft with the leads of `lists`; returns it and how many leads it has.

    Raises BadInput naming what is wrong with the name, the policy or a list; nothing is written then.
    """
    async with database.work() as work:
        check_policy(policy, await campaigns.every_trunk(work))
        await _check_name(work, name)
        campaign_id = await campaigns.add_campaign(work, name, policy, now)
        for list_name in lists:
            await _attach(work, campaign_id, list_name)
        leads = await campaigns.lead_count(work, campaign_id)
    return Campaign(campaign_id, name, CampaignState.DRAFT, policy), leads


async def change_policy(database: Database, name: str, policy: CampaignPolicy) -> Campaign:
    """Give the campaign another policy; it holds from the dialer's next look on."""
    async with database.work() as work:
        campaign = await named(work, name)
        check_policy(policy, await campaigns.every_trunk(work))
        await campaigns.set_policy(work, campaign.id, policy)
    return Campaign(campaign.id, campaign.name, campaign.state, policy)


async def attach_list(database: Database, name: str, list_name: str) -> int:
    """Add the leads of a list; returns how many are new to the campaign."""
    async with database.work() as work:
        campaign = await named(work, name)
        return await _attach(work, campaign.id, list_name)


async def order_campaign(
    database: Database, name: str, order: Order, now: datetime
) -> tuple[Campaign, tuple[str, ...]]:
    """Start, pause, stop or finish a campaign; returns it, and what will keep it from dialing all the same.

    Raises BadInput when its state does not allow the order, and when there is nothing to dial.
    """
    async with database.work() as work:
        campaign = await named(work, name)
        state = _state_after(campaign, order)
        warnings = await _check_start(work, campaign) if order is Order.START else ()
        await campaigns.set_state(work, campaign.id, state)
        work.publish(CampaignStateChanged(campaign.id, state, now))
    log.info("campaign state changed", extra={"campaign_id": campaign.id, "state": state})
    return Campaign(campaign.id, campaign.name, state, campaign.policy), warnings


def _state_after(campaign: Campaign, order: Order) -> CampaignState:
    state = _NEXT.get((campaign.state, order))
    if state is None:
        allowed = [o.value for s, o in _NEXT if s is campaign.state]
        do = f"It allows {', '.join(allowed)}" if allowed else "Make a new campaign"
        raise BadInput(f"campaign {campaign.name}", f"it is {campaign.state}: no {order} now", do)
    return state


async def _check_start(work: UnitOfWork, campaign: Campaign) -> tuple[str, ...]:
    check_policy(campaign.policy, await campaigns.every_trunk(work))
    if not await campaigns.lead_count(work, campaign.id):
        do = f"Attach a list: `trunkline campaign attach {campaign.name} LIST`"
        raise BadInput(f"campaign {campaign.name}", "it has no leads", do)
    if campaign.policy.mode is DialMode.BOT:
        return ()
    by_state = await agents.counts_by_state(work, campaign.id)
    if sum(count for state, count in by_state.items() if state is not AgentState.LOGGED_OUT):
        return ()
    return ("nobody is logged in: it dials as soon as an agent is (`trunkline agent login`)",)


async def every_campaign(database: Database) -> list[Campaign]:
    async with database.reading() as work:
        return await campaigns.every_campaign(work)


async def campaign_report(database: Database, name: str) -> tuple[Campaign, CampaignFigures]:
    """What came of the campaign so far; raises NotFound."""
    async with database.reading() as work:
        campaign = await named(work, name)
        return campaign, await campaign_figures(work, campaign.id)


async def put_trunk(database: Database, trunk: Trunk) -> None:
    """Add a trunk, or change the one of its name. Raises BadInput for prefixes and caller ids that are not E.164."""
    for where, values in (("prefixes", trunk.prefixes), ("caller ids", trunk.caller_ids)):
        for value in values:
            if not (value.startswith("+") and value[1:].isdecimal()):
                raise BadInput(f"trunk {trunk.name}: {where}", f"{value!r} is not E.164", "Write +country and digits")
    async with database.work() as work:
        await campaigns.put_trunk(work, trunk)


async def every_trunk(database: Database) -> list[Trunk]:
    async with database.reading() as work:
        return list((await campaigns.every_trunk(work)).values())


async def named(work: UnitOfWork, name: str) -> Campaign:
    """The campaign of this name; raises NotFound."""
    campaign = await campaigns.campaign_named(work, name)
    if campaign is None:
        raise NotFound("campaign", name, "See `trunkline campaign list`")
    return campaign


async def _check_name(work: UnitOfWork, name: str) -> None:
    if not name.strip() or len(name) > 120:
        raise BadInput("campaign name", "it is empty or longer than 120 characters")
    if await campaigns.campaign_named(work, name) is not None:
        raise Conflict(f"there is a campaign {name!r} already: choose another name")


async def _attach(work: UnitOfWork, campaign_id: int, list_name: str) -> int:
    found = await campaigns.list_named(work, list_name)
    if found is None:
        known = ", ".join(await campaigns.list_names(work)) or "none: import one with `trunkline leads import`"
        raise BadInput("list", f"there is no list {list_name!r}", f"There are: {known}")
    list_id, is_finished = found
    if not is_finished:
        do = "Wait until it is, or import the file again: that carries an interrupted import through"
        raise BadInput("list", f"the import of {list_name!r} is not finished", do)
    return await campaigns.attach_list(work, campaign_id, list_id)
