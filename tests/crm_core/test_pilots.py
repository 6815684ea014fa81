"""Pilots: never a call more than asked for, then a pause until somebody says go on."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from crm_core.db.engine import Database, opened_database
from crm_core.db.tables import attempts, campaigns
from crm_core.domain.attempts import Outcome
from crm_core.domain.campaigns import CampaignState
from crm_core.domain.pilots import PILOT_OVER, is_pilot_over, pilot_room
from crm_core.errors import BadInput
from crm_core.events import CampaignStateChanged
from crm_core.handlers.campaigns import Order, approve_campaign, change_policy, order_campaign, pilots_over
from crm_core.handlers.hopper import DatabaseHopper
from tests.crm_core.dialing import NOW, TRUNK, add_campaign, after, attempts_for, published, rows_of
from tests.crm_core.shell import Shell
from tests.crm_core.talks import bot_campaign, campaign_now, dial, end_call, settle, talked
from tests.dialer.scene import campaign as pure_campaign


def test_a_pilot_leaves_room_until_it_is_over_and_none_holds_an_approved_campaign() -> None:
    piloted = pure_campaign(pilot=10)
    assert [pilot_room(piloted, dialed) for dialed in (0, 9, 10, 11)] == [10, 1, 0, 0]
    assert is_pilot_over(piloted, 10)
    assert not is_pilot_over(piloted, 9)
    assert pilot_room(replace(piloted, approved_at=NOW), 10) is None
    assert pilot_room(pure_campaign(), 10) is None


async def test_the_first_calls_are_dialed_then_the_campaign_pauses_itself(database: Database) -> None:
    campaign = await bot_campaign(database, ["Tashkent"] * 8, pilot=3)
    assert len(await dial(database, campaign, 2)) == 2
    assert (await campaign_now(database, campaign)).state is CampaignState.RUNNING
    assert len(await dial(database, campaign, 5)) == 1
    assert (await campaign_now(database, campaign)).state is CampaignState.PAUSED
    assert await dial(database, campaign, 5) == []
    ((_, told),) = await published(database, CampaignStateChanged)
    assert (told["state"], told["reason"]) == ("paused", PILOT_OVER)
    assert await pilots_over(database, [await campaign_now(database, campaign)]) == {campaign.id}


async def test_retries_are_calls_of_the_pilot_too(database: Database) -> None:
    campaign = await bot_campaign(database, pilot=2)
    for minutes in (0, 60):
        (attempt,) = await dial(database, campaign, 5, after(minutes * 60))
        await end_call(database, attempt, Outcome.BUSY, after(minutes * 60 + 20))
        await settle(database, after(minutes * 60 + 21))
    assert await dial(database, campaign, 5, after(7200)) == []
    assert (await campaign_now(database, campaign)).state is CampaignState.PAUSED


async def test_two_dialers_at_once_do_not_dial_a_call_more(database: Database, database_url: str) -> None:
    campaign = await add_campaign(database, leads_wanted=40, pilot=7)
    wanted = await attempts_for(database, campaign)
    async with opened_database(database_url) as other:
        hoppers = [DatabaseHopper(database, lambda: NOW), DatabaseHopper(other, lambda: NOW)]
        batches = [wanted[start : start + 4] for start in range(0, 40, 4)]
        leased = await asyncio.gather(
            *(hoppers[place % 2].lease(batch, TRUNK, NOW) for place, batch in enumerate(batches))
        )
    assert sum(map(len, leased)) == 7
    async with database.reading() as work:
        assert await work.scalar(select(func.count()).select_from(attempts)) == 7
    assert (await campaign_now(database, campaign)).state is CampaignState.PAUSED
    assert len(await published(database, CampaignStateChanged)) == 1


async def test_other_campaigns_of_the_same_lease_are_not_held(database: Database) -> None:
    piloted = await add_campaign(database, leads_wanted=3, pilot=1)
    free = await add_campaign(database, "winter", leads_wanted=3, first=50)
    both = [*await attempts_for(database, piloted), *await attempts_for(database, free, first=50)]
    leased = await DatabaseHopper(database, lambda: NOW).lease(both, TRUNK, NOW)
    assert [attempt.campaign_id for attempt in leased] == [piloted.id, free.id, free.id, free.id]


async def test_it_is_not_started_again_without_approval(database: Database) -> None:
    campaign = await bot_campaign(database, ["Tashkent"] * 3, pilot=1)
    await dial(database, campaign, 5)
    with pytest.raises(BadInput, match=r"pilot of 1 calls is over and nobody has approved it.*campaign approve autumn"):
        await order_campaign(database, "autumn", Order.START, NOW)
    approved, _ = await approve_campaign(database, "autumn", "Ada", after(60))
    assert (approved.state, approved.approved_at) == (CampaignState.RUNNING, after(60))
    assert len(await dial(database, approved, 5, after(61))) == 2
    (row,) = await rows_of(database, campaigns)
    assert (row.approved_by, row.approved_at) == ("Ada", after(60))
    assert [payload["state"] for _, payload in await published(database, CampaignStateChanged)] == ["paused", "running"]
    with pytest.raises(BadInput, match="was approved on"):
        await approve_campaign(database, "autumn", "Ada", after(70))


async def test_what_has_no_pilot_or_has_not_begun_cannot_be_approved(database: Database) -> None:
    await bot_campaign(database)
    with pytest.raises(BadInput, match="no pilot"):
        await approve_campaign(database, "autumn", "Ada", NOW)
    await bot_campaign(database, name="winter", pilot=1)
    with pytest.raises(BadInput, match="not begun"):
        await approve_campaign(database, "winter", "Ada", NOW)


async def test_an_approval_in_good_time_spares_the_pause_and_a_stopped_campaign_stays_stopped(
    database: Database,
) -> None:
    campaign = await bot_campaign(database, ["Tashkent"] * 4, pilot=2)
    await dial(database, campaign, 1)
    approved, _ = await approve_campaign(database, "autumn", "Ada", after(1))
    assert approved.state is CampaignState.RUNNING
    assert len(await dial(database, campaign, 5)) == 3
    stopped = await bot_campaign(database, ["Tashkent"], "winter", 50, pilot=1)
    await dial(database, stopped, 1)
    await order_campaign(database, "winter", Order.STOP, NOW)
    assert (await approve_campaign(database, "winter", "Ada", after(1)))[0].state is CampaignState.STOPPED
    assert (await order_campaign(database, "winter", Order.START, NOW))[0].state is CampaignState.RUNNING


async def test_a_larger_pilot_may_be_asked_for_and_wants_approval_anew(database: Database) -> None:
    campaign = await bot_campaign(database, ["Tashkent"] * 9, pilot=2)
    await dial(database, campaign, 5)
    with pytest.raises(BadInput, match="has made 2 calls already"):
        await change_policy(database, "autumn", replace(campaign.policy, pilot=1))
    changed = await change_policy(database, "autumn", replace(campaign.policy, pilot=5))
    await order_campaign(database, "autumn", Order.START, NOW)
    assert len(await dial(database, changed, 9)) == 3
    assert (await campaign_now(database, campaign)).state is CampaignState.PAUSED
    await approve_campaign(database, "autumn", "Ada", after(1))
    again = await change_policy(database, "autumn", replace(campaign.policy, pilot=6))
    assert again.approved_at is None
    assert len(await dial(database, again, 9)) == 1


async def test_the_command_line_shows_the_calls_of_a_pilot_and_lets_it_go_on(shell: Shell, database: Database) -> None:
    campaign = await bot_campaign(database, ["Tashkent"] * 3, pilot=2)
    first, second = await dial(database, campaign, 5)
    await talked(database, first, {"rating": "9"})
    await end_call(database, second, Outcome.BUSY, after(20))
    assert "pilot of 2 calls over: trunkline campaign approve autumn" in await shell("campaign", "list")
    told = await shell("campaign", "report", "autumn")
    assert "pilot │ all 2 calls made, waits for approval" in told
    assert "answered │ finished │ surveyed" in told
    assert "1 are complete (100%)" in told
    assert "rating (average 9.00)" in told
    assert "trunkline campaign approve autumn" in told
    assert "the campaign is running" in await shell("campaign", "approve", "autumn")
    assert "pilot │ approved on" in await shell("campaign", "report", "autumn")
