"""Campaigns: made, given leads, started, paused, stopped, reported on."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from crm_core.db import attempts, campaigns, quotas
from crm_core.db.campaign_figures import CampaignFigures, campaign_figures
from crm_core.db.engine import Database
from crm_core.db.pacing import abandon_records_of
from crm_core.db.pilots import PilotCall, pilot_calls
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.campaign_orders import Order as Order
from crm_core.domain.campaign_orders import state_after
from crm_core.domain.campaigns import Campaign, CampaignPolicy, CampaignState, Trunk
from crm_core.domain.pacing_records import AbandonRecord
from crm_core.domain.pilots import is_pilot_over
from crm_core.domain.quotas import QuotaState
from crm_core.errors import BadInput, Conflict, NotFound
from crm_core.events import CampaignStateChanged
from crm_core.handlers.quotas import regroup
from crm_core.handlers.rehearsal_compare import keep_when_ended
from crm_core.handlers.start_checks import check_start, check_stored

log = logging.getLogger(__name__)


async def create_campaign(
    database: Database, name: str, policy: CampaignPolicy, lists: Sequence[str], now: datetime
) -> tuple[Campaign, int]:
    """Make a draft with the leads of `lists`; returns it and how many leads it has.

    Raises BadInput naming what is wrong with the name, the policy or a list; nothing is written then.
    """
    async with database.work() as work:
        return await create_in(work, name, policy, lists, now)


async def create_in(
    work: UnitOfWork, name: str, policy: CampaignPolicy, lists: Sequence[str], now: datetime
) -> tuple[Campaign, int]:
    """The same within a unit of work."""
    await check_stored(work, policy)
    await _check_name(work, name)
    campaign_id = await campaigns.add_campaign(work, name, policy, now)
    for list_name in lists:
        await _attach(work, campaign_id, list_name)
    await regroup(work, campaign_id, policy, None)
    leads = await campaigns.lead_count(work, campaign_id)
    return Campaign(campaign_id, name, CampaignState.DRAFT, policy), leads


async def change_policy(database: Database, name: str, policy: CampaignPolicy) -> Campaign:
    """Give the campaign another policy; it holds from the dialer's next look on. Another pilot wants approval anew."""
    async with database.work() as work:
        return await change_in(work, await named(work, name), policy)


async def change_in(work: UnitOfWork, campaign: Campaign, policy: CampaignPolicy) -> Campaign:
    """The same within a unit of work."""
    await check_stored(work, policy)
    await campaigns.set_policy(work, campaign.id, policy)
    await regroup(work, campaign.id, policy, campaign.policy)
    if policy.pilot != campaign.policy.pilot:
        dialed = (await attempts.dialed(work, [campaign.id])).get(campaign.id, 0)
        if policy.pilot is not None and policy.pilot <= dialed:
            do = f"A pilot counts from the first call on: write more than {dialed}"
            raise BadInput("pilot", f"{campaign.name} has made {dialed} calls already", do)
        await campaigns.set_approval(work, campaign.id, None, None)
        campaign = replace(campaign, approved_at=None)
    return replace(campaign, policy=policy)


async def attach_list(database: Database, name: str, list_name: str) -> int:
    """Add the leads of a list; returns how many are new to the campaign."""
    async with database.work() as work:
        return await attach_in(work, await named(work, name), list_name)


async def attach_in(work: UnitOfWork, campaign: Campaign, list_name: str) -> int:
    """The same within a unit of work."""
    added = await _attach(work, campaign.id, list_name)
    if campaign.policy.quotas:
        await quotas.put_cells(work, campaign.id, campaign.policy.quotas, only_new=True)
    return added


async def order_campaign(
    database: Database, name: str, order: Order, now: datetime
) -> tuple[Campaign, tuple[str, ...]]:
    """Start, pause, stop or finish a campaign; returns it, and what will keep it from dialing all the same.

    Raises BadInput when its state does not allow the order, and when there is nothing to dial.
    """
    async with database.work() as work:
        return await order_in(work, await named(work, name), order, now)


async def order_in(
    work: UnitOfWork, campaign: Campaign, order: Order, now: datetime
) -> tuple[Campaign, tuple[str, ...]]:
    """The same within a unit of work."""
    state = state_after(campaign, order)
    warnings = await check_start(work, campaign) if order is Order.START else ()
    await _move(work, campaign, state, now)
    if state is CampaignState.FINISHED:
        await keep_when_ended(work, campaign, now)
    return replace(campaign, state=state), warnings


async def approve_campaign(database: Database, name: str, by: str, now: datetime) -> tuple[Campaign, tuple[str, ...]]:
    """Somebody has looked at the pilot and says go on: a campaign that waits for that runs; returns it, and what will
    keep it from dialing all the same.

    Raises BadInput when it has no pilot, has dialed nothing yet, or was approved before.
    """
    async with database.work() as work:
        return await approve_in(work, await named(work, name), by, now)


async def approve_in(work: UnitOfWork, campaign: Campaign, by: str, now: datetime) -> tuple[Campaign, tuple[str, ...]]:
    """The same within a unit of work."""
    dialed = (await attempts.dialed(work, [campaign.id])).get(campaign.id, 0)
    _check_approval(campaign, dialed)
    await campaigns.set_approval(work, campaign.id, now, by[:120])
    campaign = replace(campaign, approved_at=now)
    warnings: tuple[str, ...] = ()
    if campaign.state is CampaignState.PAUSED:
        warnings = await check_start(work, campaign)
        await _move(work, campaign, CampaignState.RUNNING, now)
        campaign = replace(campaign, state=CampaignState.RUNNING)
    log.info("pilot approved", extra={"campaign_id": campaign.id, "by": by, "calls": dialed})
    return campaign, warnings


def _check_approval(campaign: Campaign, dialed: int) -> None:
    where = f"campaign {campaign.name}"
    if campaign.policy.pilot is None:
        raise BadInput(where, "it has no pilot to approve", f"`trunkline campaign start {campaign.name}` lets it dial")
    if campaign.approved_at is not None:
        raise BadInput(where, f"its pilot was approved on {campaign.approved_at:%Y-%m-%d %H:%M} UTC", "It goes on")
    if not dialed:
        raise BadInput(where, "its pilot has not begun: there is nothing to approve", "Start it first")


async def _move(work: UnitOfWork, campaign: Campaign, state: CampaignState, now: datetime) -> None:
    await campaigns.set_state(work, campaign.id, state)
    work.publish(CampaignStateChanged(campaign.id, state, now))
    log.info("campaign state changed", extra={"campaign_id": campaign.id, "state": state})


async def every_campaign(database: Database) -> list[Campaign]:
    async with database.reading() as work:
        return await campaigns.every_campaign(work)


async def pilots_over(database: Database, found: Sequence[Campaign]) -> set[int]:
    """Which of these campaigns wait for their pilot's approval."""
    async with database.reading() as work:
        dialed = await attempts.dialed(work, [campaign.id for campaign in found if campaign.policy.pilot is not None])
    return {campaign.id for campaign in found if is_pilot_over(campaign, dialed.get(campaign.id, 0))}


async def campaign_report(database: Database, name: str) -> tuple[Campaign, CampaignFigures]:
    """What came of the campaign so far; raises NotFound."""
    async with database.reading() as work:
        campaign = await named(work, name)
        return campaign, await campaign_figures(work, campaign.id)


async def abandoned_calls(database: Database, name: str, limit: int) -> list[tuple[AbandonRecord, str]]:
    """The campaign's last abandoned calls, latest first: what the pacing saw and decided, and the numbers called.
    Raises NotFound."""
    async with database.reading() as work:
        campaign = await named(work, name)
        return await abandon_records_of(work, campaign.id, limit)


async def first_calls(database: Database, campaign: Campaign, limit: int) -> list[PilotCall]:
    """The first calls of the campaign, each with what came of it."""
    async with database.reading() as work:
        return await pilot_calls(work, campaign.id, limit)


async def quotas_of(database: Database, campaign: Campaign) -> tuple[QuotaState, ...]:
    """How the campaign's quotas stand."""
    async with database.reading() as work:
        return await quotas.quota_states(work, campaign)


async def put_trunk(database: Database, trunk: Trunk) -> None:
    """Add a trunk, or change the one of its name. Raises BadInput."""
    check_trunk(trunk)
    async with database.work() as work:
        await campaigns.put_trunk(work, trunk)


def check_trunk(trunk: Trunk) -> None:
    """Raise BadInput for prefixes and caller ids that are not E.164."""
    for where, values in (("prefixes", trunk.prefixes), ("caller ids", trunk.caller_ids)):
        for value in values:
            if not (value.startswith("+") and value[1:].isdecimal()):
                raise BadInput(f"trunk {trunk.name}: {where}", f"{value!r} is not E.164", "Write +country and digits")


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
