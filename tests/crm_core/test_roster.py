"""The roster: an agent is given to one person, and none is left behind."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import event, insert, update

from crm_core.db.engine import Database, opened_database
from crm_core.db.tables import agent_log, agents, calls
from crm_core.domain.agents import AgentState, HandOffMode, Trigger
from crm_core.errors import IllegalTransition, NotFound
from crm_core.events import AgentStateChanged
from crm_core.handlers.call_book import DatabaseCallBook
from crm_core.handlers.hopper import DatabaseHopper
from crm_core.handlers.roster import DatabaseRoster
from tests.crm_core.dialing import (
    NOW,
    TRUNK,
    add_agent,
    add_campaign,
    after,
    agent_now,
    attempts_for,
    incoming,
    published,
    rows_of,
)


@pytest.fixture
def roster(database: Database) -> DatabaseRoster:
    return DatabaseRoster(database)


async def test_agent_available_longest_is_given(database: Database, roster: DatabaseRoster) -> None:
    campaign = await add_campaign(database)
    await add_agent(database, "new", campaign=campaign, since=after(-5))
    longest = await add_agent(database, "old", campaign=campaign, since=after(-60))
    await add_agent(database, "elsewhere", since=after(-600))
    given = await roster.assign("tl-1", campaign.id, None, NOW)
    assert given is not None
    assert (given.id, given.name, given.state, given.call_id, given.since) == (
        longest.id,
        "old",
        AgentState.RINGING,
        "tl-1",
        NOW,
    )
    assert given.leg_name == "PJSIP/old-00000001"
    (line,) = await rows_of(database, agent_log)
    assert (line.state, line.call_id, line.campaign_id) == ("ringing", "tl-1", campaign.id)
    ((_, told),) = await published(database, AgentStateChanged)
    assert (told["agent_id"], told["state"]) == (longest.id, "ringing")


async def test_asked_again_the_same_agent_is_answered(database: Database, roster: DatabaseRoster) -> None:
    for name in ("op1", "op2"):
        await add_agent(database, name)
    first = await roster.assign("tl-1", None, None, NOW)
    assert first is not None
    assert await roster.assign("tl-1", None, None, after(1)) == first
    assert await roster.assign("tl-2", None, None, after(1)) != first
    assert await roster.assign("tl-3", None, None, after(1)) is None


async def test_incoming_call_takes_any_agent(database: Database, roster: DatabaseRoster) -> None:
    campaign = await add_campaign(database)
    busy = await add_agent(database, campaign=campaign)
    given = await roster.assign("1.1", None, None, NOW)
    assert given is not None
    assert given.id == busy.id


async def test_callback_takes_its_own_agent_or_nobody(database: Database, roster: DatabaseRoster) -> None:
    campaign = await add_campaign(database)
    mine = await add_agent(database, "mine", campaign=campaign)
    await add_agent(database, "other", campaign=campaign, since=after(-60))
    given = await roster.assign("tl-1", campaign.id, mine.id, NOW)
    assert given is not None
    assert given.id == mine.id
    assert await roster.assign("tl-2", campaign.id, mine.id, NOW) is None


@pytest.mark.parametrize("state", [s for s in AgentState if s is not AgentState.AVAILABLE])
async def test_only_available_agents_are_given(state: AgentState, database: Database, roster: DatabaseRoster) -> None:
    await add_agent(database, state=state)
    assert await roster.assign("tl-1", None, None, NOW) is None


async def test_parked_agent_without_a_leg_is_not_given(database: Database, roster: DatabaseRoster) -> None:
    await add_agent(database, "parked")
    async with database.work() as work:
        await work.run(update(agents).values(leg=None))
    assert await roster.assign("tl-1", None, None, NOW) is None
    ringing = await add_agent(database, "ring", mode=HandOffMode.RING)
    given = await roster.assign("tl-1", None, None, NOW)
    assert given is not None
    assert given.id == ringing.id


async def test_nobody_is_given_a_call_that_has_ended(database: Database, roster: DatabaseRoster) -> None:
    await add_agent(database)
    await DatabaseCallBook(database, lambda: NOW).record_calls([incoming("1.1", ended_at=after(1))])
    assert await roster.assign("1.1", None, None, after(2)) is None


async def test_no_agent_is_given_twice_by_two_processes(database: Database, database_url: str) -> None:
    for number in range(12):
        await add_agent(database, f"op{number}")
    async with opened_database(database_url) as other:
        rosters = [DatabaseRoster(database), DatabaseRoster(other)]
        asked = [rosters[n % 2].assign(f"tl-{n}", None, None, NOW) for n in range(16)]
        given = [agent for agent in await asyncio.gather(*asked) if agent is not None]
    assert len({agent.id for agent in given}) == len(given) == 12


async def test_assigning_costs_three_statements(database: Database, roster: DatabaseRoster) -> None:
    await add_agent(database)
    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", count)
    assert await roster.assign("tl-1", None, None, NOW) is not None
    event.remove(database.engine.sync_engine, "before_cursor_execute", count)
    assert len(statements) <= 3


async def test_agent_taken_back_is_free_or_logged_out(database: Database, roster: DatabaseRoster) -> None:
    agent = await add_agent(database)
    await roster.assign("tl-1", None, None, NOW)
    await roster.take_back("tl-1", after(1), gone=False)
    assert (await agent_now(database, agent.id)).state is AgentState.AVAILABLE
    await roster.take_back("tl-1", after(1), gone=True)  # nobody holds it any more
    await roster.assign("tl-2", None, None, after(2))
    await roster.take_back("tl-2", after(3), gone=True)
    now = await agent_now(database, agent.id)
    assert (now.state, now.leg, now.call_id) == (AgentState.LOGGED_OUT, None, None)


async def test_agent_who_talks_cannot_pause(database: Database, roster: DatabaseRoster) -> None:
    agent = await add_agent(database, state=AgentState.ON_CALL)
    with pytest.raises(IllegalTransition):
        await roster.move(agent.id, Trigger.PAUSE, NOW, "lunch")
    assert (await agent_now(database, agent.id)).state is AgentState.ON_CALL
    with pytest.raises(NotFound):
        await roster.move(99, Trigger.PAUSE, NOW)


async def test_pause_keeps_its_reason_until_resumed(database: Database, roster: DatabaseRoster) -> None:
    agent = await add_agent(database)
    paused = await roster.move(agent.id, Trigger.PAUSE, after(1), "lunch")
    assert (paused.state, paused.pause_reason, paused.since) == (AgentState.PAUSED, "lunch", after(1))
    (line,) = await rows_of(database, agent_log)
    assert line.reason == "lunch"
    resumed = await roster.move(agent.id, Trigger.RESUME, after(2))
    assert (resumed.state, resumed.pause_reason) == (AgentState.AVAILABLE, None)
    assert await agent_now(database, agent.id) == resumed


async def test_late_result_changes_nothing(database: Database, roster: DatabaseRoster) -> None:
    agent = await add_agent(database)
    assert await roster.move(agent.id, Trigger.DISPOSED, after(9)) == agent
    assert await rows_of(database, agent_log) == []


async def test_phone_is_called_once_in_thirty_seconds(database: Database, roster: DatabaseRoster) -> None:
    agent = await add_agent(database, state=AgentState.LOGGED_OUT)
    await add_agent(database, "ring", AgentState.LOGGED_OUT, mode=HandOffMode.RING)
    await roster.move(agent.id, Trigger.LOG_IN, NOW)
    assert [wanted.id for wanted in await roster.legs_wanted(NOW)] == [agent.id]
    assert await roster.legs_wanted(after(29)) == []
    assert [wanted.id for wanted in await roster.legs_wanted(after(30))] == [agent.id]
    await roster.move(agent.id, Trigger.LOG_OUT, after(31))
    await roster.move(agent.id, Trigger.LOG_IN, after(32))
    assert [wanted.id for wanted in await roster.legs_wanted(after(33))] == [agent.id]


async def test_agent_in_ring_mode_is_available_at_log_in(database: Database, roster: DatabaseRoster) -> None:
    agent = await add_agent(database, state=AgentState.LOGGED_OUT, mode=HandOffMode.RING)
    assert (await roster.move(agent.id, Trigger.LOG_IN, NOW)).state is AgentState.AVAILABLE
    assert [line.state for line in await rows_of(database, agent_log)] == ["connecting", "available"]
    assert await roster.legs_wanted(NOW) == []


async def test_leg_of_one_who_logged_out_stays_noted_until_it_is_down(
    database: Database, roster: DatabaseRoster
) -> None:
    agent = await add_agent(database)
    out = await roster.move(agent.id, Trigger.LOG_OUT, NOW)
    assert (out.state, out.leg) == (AgentState.LOGGED_OUT, "op-op1")
    assert await roster.agents() == [out]


async def test_wrap_up_has_an_end(database: Database, roster: DatabaseRoster) -> None:
    agents_there = [await add_agent(database, f"op{n}", AgentState.WRAP_UP) for n in range(2)]
    async with database.work() as work:
        for agent, until in zip(agents_there, (after(0), after(1)), strict=True):
            await work.run(update(agents).where(agents.c.id == agent.id).values(wrap_up_until=until, call_id="x"))
    assert await roster.wrap_ups_over(NOW) == 1
    assert await roster.wrap_ups_over(NOW) == 0
    now = await agent_now(database, agents_there[0].id)
    assert (now.state, now.call_id, now.wrap_up_until) == (AgentState.AVAILABLE, None, None)


async def test_agent_given_a_call_that_is_over_is_freed(database: Database, roster: DatabaseRoster) -> None:
    waiting = await add_agent(database, "waiting")
    talking = await add_agent(database, "talking")
    for call_id in ("1.1", "1.2"):
        assert await roster.assign(call_id, None, None, NOW) is not None
    await roster.move(talking.id, Trigger.BRIDGED, NOW)
    async with database.work() as work:
        rows = [{"id": call_id, "ended_at": NOW, "started_at": NOW} for call_id in ("1.1", "1.2")]
        await work.run(insert(calls), rows)
    assert await roster.wrap_ups_over(after(1)) == 0
    assert (await agent_now(database, waiting.id)).state is AgentState.AVAILABLE
    assert (await agent_now(database, talking.id)).state is AgentState.WRAP_UP


async def test_agent_of_an_attempt_that_was_lost_is_freed(database: Database, roster: DatabaseRoster) -> None:
    campaign = await add_campaign(database)
    agent = await add_agent(database, campaign=campaign)
    hopper = DatabaseHopper(database, lambda: NOW)
    (attempt,) = await hopper.lease(await attempts_for(database, campaign), TRUNK, NOW)
    await hopper.lose([attempt.id], after(1))
    await roster.assign(attempt.id, campaign.id, None, after(2))
    await roster.wrap_ups_over(after(3))
    assert (await agent_now(database, agent.id)).state is AgentState.AVAILABLE
