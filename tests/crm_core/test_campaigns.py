"""Campaigns: what is refused at the door, what each order makes of a state, and the report."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from crm_core.db.engine import Database
from crm_core.db.tables import campaign_leads, leads, lists
from crm_core.domain.agents import AgentState
from crm_core.domain.attempts import Outcome
from crm_core.domain.campaigns import (
    CampaignPolicy,
    CampaignState,
    DialMode,
    Quota,
    RetryPolicy,
    Trunk,
    Unfinished,
    Window,
)
from crm_core.domain.leads import LeadState
from crm_core.errors import BadInput, Conflict, NotFound
from crm_core.events import CampaignStateChanged
from crm_core.handlers.call_book import DatabaseCallBook
from crm_core.handlers.campaigns import (
    Order,
    attach_list,
    campaign_report,
    change_policy,
    create_campaign,
    every_campaign,
    every_trunk,
    order_campaign,
    put_trunk,
)
from crm_core.handlers.hopper import DatabaseHopper
from crm_core.ports import Settled
from tests.crm_core.dialing import (
    NOW,
    TRUNK,
    add_agent,
    add_campaign,
    after,
    attempts_for,
    outgoing,
    published,
    rows_of,
)

BOT: dict[str, Any] = {"mode": DialMode.BOT, "script": "satisfaction_survey"}
HOUR = timedelta(hours=1)
POLICY = CampaignPolicy("carrier", caller_ids=("+998712000000",))


async def test_draft_has_the_leads_of_its_lists(database: Database) -> None:
    await add_campaign(database, "autumn", leads_wanted=3)
    await add_campaign(database, "winter", leads_wanted=2, first=50)
    campaign, count = await create_campaign(database, "both", POLICY, ["autumn-list", "winter-list"], NOW)
    assert (campaign.state, count) == (CampaignState.DRAFT, 5)
    assert campaign in await every_campaign(database)
    assert await attach_list(database, "both", "autumn-list") == 0
    rows = await rows_of(database, campaign_leads, campaign_leads.c.campaign_id == campaign.id)
    assert {(row.state, row.attempts, row.preview_dial) for row in rows} == {("open", 0, False)}


async def test_leads_added_to_a_list_later_come_with_the_next_attach(database: Database) -> None:
    await add_campaign(database, "autumn")
    await add_campaign(database, "winter", first=50)
    (lead, other) = await rows_of(database, leads)
    async with database.work() as work:
        await work.run(insert(leads).values(list_id=lead.list_id, contact_id=other.contact_id, fields={}))
    assert await attach_list(database, "autumn", "autumn-list") == 1


@pytest.mark.parametrize(
    ("changed", "where", "hint"),
    [
        ({"trunk": "nowhere"}, "trunk", "carrier"),
        ({"caller_ids": ("+15551234567",)}, "caller_ids", "+998712000000"),
        ({"windows": ()}, "windows", "at least one"),
        ({"windows": (Window(frozenset(), time(9), time(18)),)}, "windows, number 1", "no day"),
        ({"windows": (Window(frozenset({0}), time(18), time(9)),)}, "windows, number 1", "Monday, 18:00 to 09:00"),
        ({"windows": (Window(frozenset({7}), time(9), time(18)),)}, "windows, number 1", "Monday is 0"),
        ({"abandon_limit": 3.0}, "abandon_limit", "0.03"),
        ({"abandon_limit": -0.1}, "abandon_limit", "0.03"),
        ({"lines_per_agent": 0.5}, "lines_per_agent", "1 or more"),
        ({"ring_for": timedelta(seconds=10)}, "ring_for", "15 or more"),
        ({"calls_per_second": 0.0}, "calls_per_second", "more than 0"),
        ({"max_occupancy": 95.0}, "max_occupancy", "0.95"),
        ({"max_occupancy": 0.4}, "max_occupancy", "0.95"),
        ({"given_up_per_day": -1}, "given_up_per_day", "0 or more"),
        ({"max_lines": 0}, "max_lines", "1 or more"),
        ({"daily_calls": -1}, "daily_calls", "0 or more"),
        ({"retry": RetryPolicy(max_attempts=0)}, "retry.max_attempts", "1 or more"),
        ({"opt_out_key": "x"}, "opt_out_key", "0-9"),
        ({"ring_agent_for": timedelta(0)}, "ring_agent_for", "1 or more"),
        ({"mode": DialMode.BOT}, "script", "bot list"),
        ({"script": "survey"}, "script", "bot"),
        ({"pilot": 0}, "pilot", "1 or more"),
        ({"quotas": (Quota("city", "Tashkent", 5),)}, "quotas", "mode bot"),
        (BOT | {"quotas": (Quota("city", " ", 5),)}, "quotas", "city=Tashkent"),
        (BOT | {"quotas": (Quota("city", "A", -1),)}, "quotas", "0 or more"),
        (BOT | {"quotas": (Quota("city", "A", 1), Quota("city", " a", 2))}, "quotas", "twice"),
        (BOT | {"quotas": tuple(Quota(f"f{n}", "A", 1) for n in range(6))}, "quotas", "5 fields"),
        (BOT | {"counts_as_complete": ("surveyd",)}, "counts_as_complete", "surveyed"),
        ({"retry": RetryPolicy(unfinished=Unfinished(HOUR))}, "retry.unfinished", "mode bot"),
        (BOT | {"retry": RetryPolicy(unfinished=Unfinished(timedelta(0)))}, "retry.unfinished.after", "7200"),
        (BOT | {"retry": RetryPolicy(unfinished=Unfinished(HOUR, 0))}, "retry.unfinished.times", "1 or more"),
    ],
)
async def test_policy_that_cannot_work_is_refused_by_field(
    changed: dict[str, Any], where: str, hint: str, database: Database
) -> None:
    await put_trunk(database, TRUNK)
    with pytest.raises(BadInput) as refusal:
        await create_campaign(database, "autumn", replace(POLICY, **changed), [], NOW)
    assert refusal.value.where == where
    assert hint in str(refusal.value)
    assert await every_campaign(database) == []


async def test_unknown_list_is_refused_with_those_there_are(database: Database) -> None:
    await add_campaign(database, "autumn")
    with pytest.raises(BadInput, match="There are: autumn-list"):
        await create_campaign(database, "winter", POLICY, ["autumn-list", "wintr-list"], NOW)
    assert [campaign.name for campaign in await every_campaign(database)] == ["autumn"]


async def test_a_list_whose_import_is_not_finished_is_refused(database: Database) -> None:
    await add_campaign(database, "autumn")
    async with database.work() as work:
        await work.run(update(lists).values(counts={}))
    with pytest.raises(BadInput, match="not finished"):
        await create_campaign(database, "winter", POLICY, ["autumn-list"], NOW)
    assert [campaign.name for campaign in await every_campaign(database)] == ["autumn"]


async def test_name_is_taken_once(database: Database) -> None:
    await add_campaign(database, "autumn")
    with pytest.raises(Conflict, match="another name"):
        await create_campaign(database, "autumn", POLICY, [], NOW)
    with pytest.raises(BadInput):
        await create_campaign(database, "  ", POLICY, [], NOW)


async def test_policy_may_change_later(database: Database) -> None:
    campaign = await add_campaign(database)
    changed = replace(campaign.policy, max_lines=3)
    assert (await change_policy(database, "autumn", changed)).policy == changed
    assert (await every_campaign(database))[0].policy == changed
    with pytest.raises(BadInput):
        await change_policy(database, "autumn", replace(changed, trunk="nowhere"))


async def test_orders_follow_one_another(database: Database) -> None:
    await add_campaign(database, "source")
    await create_campaign(database, "autumn", POLICY, ["source-list"], NOW)
    orders = [Order.START, Order.PAUSE, Order.START, Order.STOP, Order.START, Order.FINISH]
    states = [(await order_campaign(database, "autumn", order, NOW))[0].state for order in orders]
    assert [state.value for state in states] == ["running", "paused", "running", "stopped", "running", "finished"]
    told = [payload["state"] for _, payload in await published(database, CampaignStateChanged)]
    assert told == [state.value for state in states]


@pytest.mark.parametrize(
    ("done", "order", "allowed"),
    [
        ([], Order.PAUSE, "start, finish"),
        ([Order.START], Order.START, "pause, stop, finish"),
        ([Order.FINISH], Order.START, "new campaign"),
    ],
)
async def test_order_that_the_state_does_not_allow_names_those_it_does(
    done: list[Order], order: Order, allowed: str, database: Database
) -> None:
    await add_campaign(database, "source")
    await create_campaign(database, "autumn", POLICY, ["source-list"], NOW)
    for earlier in done:
        await order_campaign(database, "autumn", earlier, NOW)
    with pytest.raises(BadInput, match=allowed):
        await order_campaign(database, "autumn", order, NOW)


async def test_campaign_without_leads_does_not_start(database: Database) -> None:
    await put_trunk(database, TRUNK)
    await create_campaign(database, "autumn", POLICY, [], NOW)
    with pytest.raises(BadInput, match="no leads"):
        await order_campaign(database, "autumn", Order.START, NOW)
    assert (await every_campaign(database))[0].state is CampaignState.DRAFT


async def test_start_without_agents_warns(database: Database) -> None:
    await add_campaign(database, "source")
    campaign, _ = await create_campaign(database, "autumn", POLICY, ["source-list"], NOW)
    agent = await add_agent(database, state=AgentState.LOGGED_OUT, campaign=campaign)
    _, warnings = await order_campaign(database, "autumn", Order.START, NOW)
    assert "nobody is logged in" in warnings[0]
    await order_campaign(database, "autumn", Order.PAUSE, NOW)
    await add_agent(database, "op2", AgentState.CONNECTING, campaign)
    assert (await order_campaign(database, "autumn", Order.START, NOW))[1] == ()
    assert agent.state is AgentState.LOGGED_OUT


async def test_start_of_the_bot_needs_no_agents(database: Database) -> None:
    await add_campaign(database, "source")
    policy = replace(POLICY, mode=DialMode.BOT, script="survey")
    await create_campaign(database, "autumn", policy, ["source-list"], NOW)
    assert (await order_campaign(database, "autumn", Order.START, NOW))[1] == ()


async def test_unknown_campaign_is_not_found(database: Database) -> None:
    with pytest.raises(NotFound, match="campaign list"):
        await order_campaign(database, "autumn", Order.START, NOW)


async def test_report_counts_what_came_of_a_campaign(database: Database) -> None:
    campaign = await add_campaign(database, leads_wanted=5)
    await add_agent(database, campaign=campaign)
    hopper = DatabaseHopper(database, lambda: NOW)
    placed = await hopper.lease((await attempts_for(database, campaign))[:4], TRUNK, NOW)
    talked = outgoing(placed[0], answered_at=after(5), bridged_at=after(6), ended_at=after(36.5))
    abandoned = outgoing(placed[1], answered_at=after(5), ended_at=after(9), outcome=Outcome.ABANDONED)
    busy = outgoing(placed[2], ended_at=after(3), outcome=Outcome.BUSY)
    await DatabaseCallBook(database, lambda: NOW).record_calls([talked, abandoned, busy])
    await hopper.settle([Settled(placed[0].id, LeadState.CLOSED, None, "talked", 0)], NOW)
    found, figures = await campaign_report(database, "autumn")
    assert found.id == campaign.id
    assert figures.attempts == {"answered": 1, "abandoned": 1, "busy": 1, "open": 1}
    assert (figures.people, figures.bridged, figures.abandoned, figures.abandoned_share) == (2, 1, 1, 0.5)
    assert figures.talk_seconds == pytest.approx(30.5, abs=0.01)
    assert figures.leads == {"open": 4, "closed: talked": 1}
    assert figures.agents == {AgentState.AVAILABLE: 1}


async def test_report_of_a_campaign_that_never_dialed_is_empty(database: Database) -> None:
    await add_campaign(database)
    _, figures = await campaign_report(database, "autumn")
    assert (figures.attempts, figures.people, figures.abandoned_share, figures.talk_seconds) == ({}, 0, 0.0, 0.0)


async def test_trunk_is_added_and_changed(database: Database) -> None:
    await put_trunk(database, TRUNK)
    changed = Trunk("carrier", "other", ("+7", "+998"), 2.5, 10, 1000, 600, ("+998712000001",))
    await put_trunk(database, changed)
    assert await every_trunk(database) == [changed]


@pytest.mark.parametrize("wrong", [replace(TRUNK, prefixes=("998",)), replace(TRUNK, caller_ids=("+99 8",))])
async def test_trunk_with_numbers_that_are_not_e164_is_refused(wrong: Trunk, database: Database) -> None:
    with pytest.raises(BadInput, match="trunk carrier"):
        await put_trunk(database, wrong)
