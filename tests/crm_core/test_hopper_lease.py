"""The lease: what may be dialed, decided in the commit that promises it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from crm_core.db import campaigns
from crm_core.db.campaigns import add_counts, campaign_scope, counts_of_day, trunk_scope
from crm_core.db.do_not_call import Blocked, BlockKind, add_blocks
from crm_core.db.engine import Database, opened_database
from crm_core.db.tables import attempts
from crm_core.domain.agents import AgentState
from crm_core.domain.attempts import Attempt, Outcome
from crm_core.domain.campaigns import Campaign, CampaignState
from crm_core.domain.leads import LeadState
from crm_core.handlers.hopper import DatabaseHopper
from crm_core.handlers.kill_switch import dialing_stopped, resume_dialing, stop_dialing
from crm_core.handlers.roster import DatabaseRoster
from crm_core.ports import Settled
from tests.crm_core.dialing import (
    NOW,
    TRUNK,
    add_agent,
    add_campaign,
    after,
    agent_now,
    attempt_for,
    attempts_for,
    change_lead,
    lead_ids,
    lead_row,
    number_of,
    rows_of,
)


@pytest.fixture
def hopper(database: Database) -> DatabaseHopper:
    return DatabaseHopper(database, lambda: NOW)


async def test_leased_attempts_are_committed_and_counted(database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database, leads_wanted=3)
    wanted = await attempts_for(database, campaign)
    assert await hopper.lease(wanted, TRUNK, NOW) == wanted
    assert {row.id for row in await rows_of(database, attempts)} == {a.id for a in wanted}
    lead = await lead_row(database, campaign, wanted[0].lead_id)
    assert (lead.open_attempt, lead.attempts) == (wanted[0].id, 1)
    async with database.reading() as work:
        scopes = [trunk_scope("carrier"), campaign_scope(campaign.id)]
        counts = await counts_of_day(work, scopes, "2026-11-18")
    assert counts == dict.fromkeys(scopes, (3, 0))
    assert await hopper.line_counts() == ({"carrier": 3}, {campaign.id: 3})


async def test_lead_in_progress_is_refused(database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database, leads_wanted=2)
    first, second = await attempts_for(database, campaign)
    assert await hopper.lease([first], TRUNK, NOW) == [first]
    again = replace(first, id="tl-again", number=number_of(77))
    assert await hopper.lease([again, second], TRUNK, after(1)) == [second]
    assert (await lead_row(database, campaign, first.lead_id)).open_attempt == first.id


async def test_lead_asked_for_twice_in_a_batch_is_given_once(database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database)
    (one,) = await attempts_for(database, campaign)
    twin = replace(one, id="tl-twin", number=number_of(77))
    assert await hopper.lease([one, twin], TRUNK, NOW) == [one]


async def test_number_under_way_in_another_campaign_is_refused(database: Database, hopper: DatabaseHopper) -> None:
    autumn = await add_campaign(database)
    winter = await add_campaign(database, "winter")
    (one,), (other,) = await attempts_for(database, autumn), await attempts_for(database, winter)
    assert one.number == other.number
    assert await hopper.lease([one, other], TRUNK, NOW) == [one]
    assert await hopper.lease([other], TRUNK, after(1)) == []
    await hopper.lose([one.id], after(2))
    assert await hopper.lease([other], TRUNK, after(3)) == [other]


@pytest.mark.parametrize(
    "block",
    [
        Blocked(BlockKind.NUMBER, number_of(0)),
        Blocked(BlockKind.NUMBER, number_of(0), campaign_id=1),
        Blocked(BlockKind.PREFIX, "+9989"),
        Blocked(BlockKind.PREFIX, "+9989", campaign_id=1),
    ],
)
async def test_number_on_a_list_is_refused(block: Blocked, database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database)
    assert campaign.id == 1
    async with database.work() as work:
        await add_blocks(work, [block], NOW)
    assert await hopper.lease(await attempts_for(database, campaign), TRUNK, NOW) == []


@pytest.mark.parametrize(
    "block",
    [
        Blocked(BlockKind.NUMBER, number_of(1)),
        Blocked(BlockKind.NUMBER, number_of(0), campaign_id=2),
        Blocked(BlockKind.PREFIX, "+99891"),
        Blocked(BlockKind.NUMBER, "+9989"),
    ],
)
async def test_list_of_others_does_not_matter(block: Blocked, database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database)
    async with database.work() as work:
        await add_blocks(work, [block], NOW)
    wanted = await attempts_for(database, campaign)
    assert await hopper.lease(wanted, TRUNK, NOW) == wanted


@pytest.mark.parametrize("state", [CampaignState.PAUSED, CampaignState.STOPPED, CampaignState.FINISHED])
async def test_campaign_that_does_not_run_gets_nothing(
    state: CampaignState, database: Database, hopper: DatabaseHopper
) -> None:
    campaign = await add_campaign(database)
    async with database.work() as work:
        await campaigns.set_state(work, campaign.id, state)
    assert await hopper.lease(await attempts_for(database, campaign), TRUNK, NOW) == []
    assert await hopper.running() == []


async def test_closed_lead_is_refused(database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database)
    (wanted,) = await attempts_for(database, campaign)
    await change_lead(database, campaign, wanted.lead_id, state="closed")
    assert await hopper.lease([wanted], TRUNK, NOW) == []


async def test_kill_switch_stops_leases_at_once(database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database)
    wanted = await attempts_for(database, campaign)
    await stop_dialing(database, "ada", "complaints", NOW)
    assert await hopper.running() == []
    assert await hopper.lease(wanted, TRUNK, NOW) == []
    assert await dialing_stopped(database) == {"by": "ada", "why": "complaints", "at": NOW.isoformat()}
    assert await resume_dialing(database, "ada", "sorted out")
    assert not await resume_dialing(database, "ada", "once more")
    assert await dialing_stopped(database) is None
    assert await hopper.running() == [campaign]
    assert await hopper.lease(wanted, TRUNK, NOW) == wanted


async def test_daily_calls_of_trunk_and_campaign_are_a_hard_stop(database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database, leads_wanted=6, daily_calls=4)
    wanted = await attempts_for(database, campaign)
    capped = replace(TRUNK, daily_calls=3)
    assert await hopper.lease(wanted[:2], capped, NOW) == wanted[:2]
    assert await hopper.lease(wanted[2:], capped, NOW) == wanted[2:3]
    assert await hopper.lease(wanted[3:], capped, NOW) == []
    assert await hopper.lease(wanted[3:], TRUNK, NOW) == wanted[3:4]  # the campaign's own cap
    tomorrow = NOW + timedelta(days=1)
    assert await hopper.lease(wanted[4:], capped, tomorrow) == wanted[4:]


async def test_daily_minutes_are_a_hard_stop(database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database)
    wanted = await attempts_for(database, campaign)
    capped = replace(TRUNK, daily_minutes=10)
    async with database.work() as work:
        await add_counts(work, {(trunk_scope("carrier"), "2026-11-18"): {"talk_seconds": 600}})
    assert await hopper.lease(wanted, capped, NOW) == []
    assert await hopper.lease(wanted, replace(capped, daily_minutes=11), NOW) == wanted


async def test_batch_costs_as_many_statements_as_one_lease(database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database, leads_wanted=40, daily_calls=1000)
    wanted = await attempts_for(database, campaign)
    await hopper.lease(wanted[:1], TRUNK, NOW)  # makes the switch's row
    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", count)
    assert await hopper.lease(wanted[1:2], TRUNK, NOW)
    for_one = len(statements)
    assert len(await hopper.lease(wanted[2:], TRUNK, NOW)) == 38
    assert len(statements) - for_one == for_one <= 10  # SQLite's BEGIN is one of them
    event.remove(database.engine.sync_engine, "before_cursor_execute", count)


async def _race(url: str, wanted: list[list[Attempt]], rounds: int) -> list[Attempt]:
    """Two processes lease at once, `rounds` times; all that was leased."""
    leased: list[Attempt] = []
    async with opened_database(url) as one, opened_database(url) as other:
        hoppers = [DatabaseHopper(one, lambda: NOW), DatabaseHopper(other, lambda: NOW)]
        for round_ in range(rounds):
            batches = [[a for a in mine if a.lead_id % rounds == round_] for mine in wanted]
            given = await asyncio.gather(
                *(h.lease(batch, TRUNK, NOW) for h, batch in zip(hoppers, batches, strict=True))
            )
            leased += [attempt for batch in given for attempt in batch]
    return leased


async def test_two_dialers_never_lease_one_lead(database: Database, database_url: str) -> None:
    campaign = await add_campaign(database, leads_wanted=60)
    wanted = await attempts_for(database, campaign)
    twins = [replace(a, id=f"{a.id}-b") for a in reversed(wanted)]
    leased = await _race(database_url, [wanted, twins], rounds=6)
    assert sorted(a.lead_id for a in leased) == sorted(a.lead_id for a in wanted)
    assert len(await rows_of(database, attempts)) == 60


async def test_two_dialers_never_dial_one_number(database: Database, database_url: str) -> None:
    autumn = await add_campaign(database, leads_wanted=40)
    winter = await add_campaign(database, "winter", leads_wanted=40)
    wanted = [await attempts_for(database, autumn), await attempts_for(database, winter)]
    leased = await _race(database_url, wanted, rounds=5)
    numbers = [a.number for a in leased]
    assert len(set(numbers)) == len(numbers)


async def test_stop_waits_for_the_lease_and_nothing_follows(database: Database, database_url: str) -> None:
    campaign = await add_campaign(database, leads_wanted=30)
    wanted = await attempts_for(database, campaign)
    async with opened_database(database_url) as other:
        hopper = DatabaseHopper(database, lambda: NOW)
        first = asyncio.create_task(hopper.lease(wanted[:15], TRUNK, NOW))
        await stop_dialing(other, "ada", "complaints", NOW)
        leased_before = len(await rows_of(other, attempts))
        assert await hopper.lease(wanted[15:], TRUNK, NOW) == []
        assert len(await first) in (0, 15)
        assert len(await rows_of(other, attempts)) == leased_before


async def test_refusal_of_the_switch_ends_the_attempt(database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database)
    agent = await add_agent(database, campaign=campaign)
    (attempt,) = await hopper.lease(await attempts_for(database, campaign), TRUNK, NOW)
    await DatabaseRoster(database).assign(attempt.id, campaign.id, agent.id, NOW)
    await hopper.refused(attempt.id, Outcome.FAILED, "Extension does not exist", after(1))
    (row,) = await rows_of(database, attempts)
    assert (row.outcome, row.ended_at, row.sip_status) == ("failed", after(1), "Extension does not exist")
    assert (await agent_now(database, agent.id)).state is AgentState.AVAILABLE
    assert await hopper.line_counts() == ({}, {})


async def test_lease_that_ran_out_is_extended_or_lost(database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database, leads_wanted=2)
    kept, gone = await hopper.lease(await attempts_for(database, campaign), TRUNK, NOW)
    assert await hopper.expired(after(30)) == []
    assert {a.id for a in await hopper.expired(after(41))} == {kept.id, gone.id}
    await hopper.extend([kept.id], after(100))
    assert [a.id for a in await hopper.expired(after(41))] == [gone.id]
    await hopper.lose([gone.id, "tl-nobody"], after(42))
    (ended,) = await hopper.ended(10)
    assert (ended.attempt.id, ended.attempt.outcome) == (gone.id, Outcome.LOST)


async def test_lead_may_be_dialed_again_once_settled(database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database)
    (lead_id,) = await lead_ids(database, campaign)
    (first,) = await hopper.lease([attempt_for(campaign, lead_id, number_of(0))], TRUNK, NOW)
    await hopper.lose([first.id], after(1))
    second = attempt_for(campaign, lead_id, number_of(0), name="tl-second")
    assert await hopper.lease([second], TRUNK, after(2)) == []
    await hopper.settle([Settled(first.id, LeadState.OPEN, after(2), None, 0)], after(2))
    assert await hopper.lease([second], TRUNK, after(3)) == [second]
    assert (await lead_row(database, campaign, lead_id)).attempts == 2


async def test_floor_counts_lines_and_agents(database: Database, hopper: DatabaseHopper) -> None:
    campaign: Campaign = await add_campaign(database, leads_wanted=3)
    free = await add_agent(database, campaign=campaign)
    await add_agent(database, "op2", AgentState.PAUSED, campaign)
    await add_agent(database, "op3", AgentState.AVAILABLE)  # of no campaign
    wanted = await attempts_for(database, campaign)
    wanted[2] = replace(wanted[2], guaranteed=True, agent_id=free.id)
    await hopper.lease(wanted, TRUNK, NOW)
    async with database.work() as work:
        for attempt in wanted[:2]:
            await work.run(attempts.update().where(attempts.c.id == attempt.id).values(answered_at=after(4)))
    await DatabaseRoster(database).assign(wanted[0].id, campaign.id, None, after(5))
    floor = await hopper.floor(campaign, after(6))
    assert (floor.agents_available, floor.agents_ringing, floor.agents_paused) == (0, 1, 1)
    assert (floor.open_lines, floor.ringing_since, floor.waiting, floor.guaranteed) == (3, (NOW,), 1, 1)
