"""The call book: whatever the order in which the switch, agents and files report, one call comes of it."""

from __future__ import annotations

import itertools
import logging
from dataclasses import replace

import pytest
from sqlalchemy import event, insert, update

from crm_core.db.engine import Database
from crm_core.db.tables import agent_log, agents, attempts, calls, contacts, legs, phones, recordings
from crm_core.domain.agents import Agent, AgentState
from crm_core.domain.attempts import Attempt, Outcome, Verdict
from crm_core.domain.calls import AgentLegChange, Direction, Leg, LegRole
from crm_core.domain.campaigns import Campaign
from crm_core.domain.recordings import RecordingFile
from crm_core.events import AgentStateChanged, CallAbandoned, CallBridged, CallEnded, CallMissed, RecordingLinked
from crm_core.handlers.attempt_book import DatabaseAttemptBook
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
    outgoing,
    published,
    rows_of,
)


@pytest.fixture
def book(database: Database) -> DatabaseCallBook:
    return DatabaseCallBook(database, lambda: after(60))


async def leased(database: Database, campaign: Campaign) -> list[Attempt]:
    wanted = await attempts_for(database, campaign)
    given = await DatabaseHopper(database, lambda: NOW).lease(wanted, TRUNK, NOW)
    assert given == wanted
    return given


async def bridging(database: Database) -> tuple[Campaign, Attempt, Agent]:
    """A campaign with one attempt whose person has just been given to the one agent."""
    campaign = await add_campaign(database)
    (attempt,) = await leased(database, campaign)
    agent = await add_agent(database, campaign=campaign)
    assert await DatabaseRoster(database).assign(attempt.id, campaign.id, None, after(5)) is not None
    return campaign, attempt, agent


async def test_call_of_an_attempt_knows_whose_it_is(database: Database, book: DatabaseCallBook) -> None:
    campaign = await add_campaign(database)
    (attempt,) = await leased(database, campaign)
    await book.record_calls([outgoing(attempt, answered_at=after(5))])
    (call,) = await rows_of(database, calls)
    (phone,) = await rows_of(database, phones)
    assert (call.attempt_id, call.campaign_id, call.lead_id) == (attempt.id, campaign.id, attempt.lead_id)
    assert (call.contact_id, call.known, call.number) == (phone.contact_id, True, attempt.number)
    (row,) = await rows_of(database, attempts)
    assert (row.answered_at, row.ended_at) == (after(5), None)


async def test_whole_call_moves_its_agent_and_is_told_once(database: Database, book: DatabaseCallBook) -> None:
    campaign, attempt, agent = await bridging(database)
    talking = outgoing(attempt, answered_at=after(5), bridged_at=after(6), agent_leg="op-op1", agent_phone="op1")
    await book.record_calls([talking])
    assert (await agent_now(database, agent.id)).state is AgentState.ON_CALL
    ended = replace(talking, ended_at=after(30), outcome=Outcome.ANSWERED, cause=16)
    await book.record_calls([ended])
    await book.record_calls([ended, talking])  # late and repeated
    now = await agent_now(database, agent.id)
    assert (now.state, now.call_id) == (AgentState.WRAP_UP, attempt.id)
    assert now.wrap_up_until == after(30) + campaign.policy.wrap_up
    assert [name for name, _ in await published(database, CallBridged, CallEnded)] == ["CallBridged", "CallEnded"]
    (row,) = await rows_of(database, attempts)
    assert (row.outcome, row.ended_at, row.bridged_at) == ("answered", after(30), after(6))
    assert row.agent_id == agent.id
    log = await rows_of(database, agent_log)
    assert [line.state for line in sorted(log, key=lambda line: line.id)] == ["ringing", "on_call", "wrap_up"]


async def test_batch_may_hold_a_whole_call(database: Database, book: DatabaseCallBook) -> None:
    _, attempt, agent = await bridging(database)
    up = outgoing(attempt, answered_at=after(5))
    talking = replace(up, bridged_at=after(6), agent_leg="op-op1")
    await book.record_calls([outgoing(attempt), up, talking, replace(talking, ended_at=after(9))])
    assert (await agent_now(database, agent.id)).state is AgentState.WRAP_UP
    (call,) = await rows_of(database, calls)
    assert (call.outcome, call.agent_id) == ("answered", agent.id)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_order_of_snapshots_does_not_matter(
    order: tuple[int, ...], database: Database, book: DatabaseCallBook
) -> None:
    _, attempt, agent = await bridging(database)
    first = outgoing(attempt, ringing_at=after(1))
    second = replace(first, answered_at=after(5), bridged_at=after(6), agent_leg="op-op1")
    third = replace(second, ended_at=after(30), outcome=Outcome.ANSWERED, cause=16)
    told = [first, second, third]
    for place in order:
        await book.record_calls([told[place]])
    (call,) = await rows_of(database, calls)
    assert (call.ringing_at, call.bridged_at, call.ended_at) == (after(1), after(6), after(30))
    assert (call.outcome, call.cause, call.agent_id) == ("answered", 16, agent.id)
    assert (await agent_now(database, agent.id)).state is AgentState.WRAP_UP
    assert len(await published(database, CallBridged)) == 1
    assert len(await published(database, CallEnded)) == 1


async def test_person_who_hangs_up_before_the_bridge_frees_the_agent(
    database: Database, book: DatabaseCallBook
) -> None:
    _, attempt, agent = await bridging(database)
    await book.record_calls([outgoing(attempt, answered_at=after(5), ended_at=after(5.1))])
    now = await agent_now(database, agent.id)
    assert (now.state, now.call_id, now.since) == (AgentState.AVAILABLE, None, after(5.1))
    (row,) = await rows_of(database, attempts)
    assert row.outcome == "hung_up"


async def test_result_written_while_talking_spares_the_wrap_up(database: Database, book: DatabaseCallBook) -> None:
    _, attempt, agent = await bridging(database)
    talking = outgoing(attempt, answered_at=after(5), bridged_at=after(6), agent_leg="op-op1")
    await book.record_calls([talking])
    async with database.work() as work:
        await work.run(update(calls).where(calls.c.id == attempt.id).values(disposition="sale", note="two boxes"))
    await book.record_calls([replace(talking, ended_at=after(30))])
    assert (await agent_now(database, agent.id)).state is AgentState.AVAILABLE
    (call,) = await rows_of(database, calls)
    assert (call.disposition, call.note) == ("sale", "two boxes")


async def test_result_may_come_before_the_call(database: Database, book: DatabaseCallBook) -> None:
    campaign = await add_campaign(database)
    (attempt,) = await leased(database, campaign)
    async with database.work() as work:
        await work.run(insert(calls).values(id=attempt.id, disposition="sale", note="early"))
    await book.record_calls([outgoing(attempt, answered_at=after(5))])
    (call,) = await rows_of(database, calls)
    assert (call.disposition, call.note, call.campaign_id, call.known) == ("sale", "early", campaign.id, True)
    assert call.node == "pbx"


async def test_outcome_concluded_before_the_end_stays(database: Database, book: DatabaseCallBook) -> None:
    campaign = await add_campaign(database)
    (attempt,) = await leased(database, campaign)
    await DatabaseAttemptBook(database).answered(attempt.id, Verdict.HUMAN, "", after(5))
    await DatabaseAttemptBook(database).conclude(attempt.id, Outcome.ABANDONED, after(7))
    await book.record_calls([outgoing(attempt, answered_at=after(5), ended_at=after(9), outcome=Outcome.HUNG_UP)])
    (row,) = await rows_of(database, attempts)
    (call,) = await rows_of(database, calls)
    assert (row.outcome, call.outcome) == ("abandoned", "abandoned")
    ((_, told),) = await published(database, CallAbandoned)
    assert (told["lead_id"], told["number"]) == (attempt.lead_id, attempt.number)


async def test_attempt_that_ended_does_not_open_again(database: Database, book: DatabaseCallBook) -> None:
    campaign = await add_campaign(database)
    (attempt,) = await leased(database, campaign)
    await DatabaseHopper(database, lambda: NOW).lose([attempt.id], after(60))
    await book.record_calls([outgoing(attempt, answered_at=after(5), ended_at=after(9), outcome=Outcome.ANSWERED)])
    (row,) = await rows_of(database, attempts)
    (call,) = await rows_of(database, calls)
    assert (row.outcome, row.ended_at, row.answered_at) == ("lost", after(60), after(5))
    assert call.outcome == "lost"


async def test_caller_unknown_at_first_stays_unknown(database: Database, book: DatabaseCallBook) -> None:
    caller = incoming()
    await book.record_calls([caller])
    async with database.work() as work:  # a rule makes a contact of him while he talks
        values = {"name": "caller", "fields": {}, "created_at": NOW}
        contact_id = await work.scalar(insert(contacts).values(values).returning(contacts.c.id))
        await work.run(insert(phones).values(contact_id=contact_id, e164=caller.number, raw=""))
        await work.run(update(calls).values(contact_id=contact_id))
    await book.record_calls([replace(caller, bridged_at=after(2), ended_at=after(30))])
    (call,) = await rows_of(database, calls)
    assert (call.known, call.contact_id, call.direction) == (False, contact_id, "incoming")
    ((_, told),) = await published(database, CallEnded)
    assert (told["known"], told["contact_id"], told["bridged"]) == (False, contact_id, True)


async def test_known_caller_who_reaches_nobody_is_missed(database: Database, book: DatabaseCallBook) -> None:
    await add_campaign(database)
    (phone,) = await rows_of(database, phones)
    await book.record_calls([incoming(number=phone.e164, ended_at=after(20))])
    ((_, told),) = await published(database, CallMissed)
    assert (told["contact_id"], told["after_hours"]) == (phone.contact_id, False)
    ((_, ended),) = await published(database, CallEnded)
    assert ended["known"] is True


async def test_call_missed_at_night_says_so(database: Database, book: DatabaseCallBook) -> None:
    night = NOW.replace(hour=20)
    await book.record_calls([replace(incoming(), started_at=night, ended_at=night)])
    ((_, told),) = await published(database, CallMissed)
    assert told["after_hours"] is True


async def test_parked_leg_is_no_call(database: Database, book: DatabaseCallBook) -> None:
    await book.record_calls([replace(incoming("op-1-x"), direction=Direction.INTERNAL)])
    assert await rows_of(database, calls) == []


async def test_move_the_table_does_not_know_is_logged(
    database: Database, book: DatabaseCallBook, caplog: pytest.LogCaptureFixture
) -> None:
    _, attempt, agent = await bridging(database)
    async with database.work() as work:
        await work.run(update(agents).values(state=AgentState.PAUSED.value, call_id=None))
    with caplog.at_level(logging.WARNING):
        await book.record_calls([outgoing(attempt, bridged_at=after(6), agent_leg="op-op1")])
    assert (await agent_now(database, agent.id)).state is AgentState.PAUSED
    assert "does not allow" in caplog.text


async def test_agent_taken_back_too_early_is_on_the_call_after_all(database: Database, book: DatabaseCallBook) -> None:
    _, attempt, agent = await bridging(database)
    await DatabaseRoster(database).take_back(attempt.id, after(5.5), gone=False)
    await book.record_calls([outgoing(attempt, answered_at=after(5), bridged_at=after(6), agent_leg="op-op1")])
    now = await agent_now(database, agent.id)
    assert (now.state, now.call_id) == (AgentState.ON_CALL, attempt.id)


async def test_late_news_of_an_old_call_leaves_the_next_one_alone(database: Database, book: DatabaseCallBook) -> None:
    _, attempt, agent = await bridging(database)
    over = outgoing(attempt, answered_at=after(5), bridged_at=after(6), agent_leg="op-op1", ended_at=after(9))
    await book.record_calls([replace(over, bridged_at=None, agent_leg=None)])
    assert await DatabaseRoster(database).assign("1700000000.7", None, None, after(10)) is not None
    await book.record_calls([over])
    now = await agent_now(database, agent.id)
    assert (now.state, now.call_id) == (AgentState.RINGING, "1700000000.7")


async def test_agent_in_ring_mode_is_found_by_his_phone(database: Database, book: DatabaseCallBook) -> None:
    agent = await add_agent(database)
    caller = incoming()
    await DatabaseRoster(database).assign(caller.id, None, None, NOW)
    await book.record_calls([replace(caller, bridged_at=after(3), agent_phone="op1")])
    await book.record_calls([replace(caller, ended_at=after(30))])
    now = await agent_now(database, agent.id)
    assert now.state is AgentState.WRAP_UP
    assert now.wrap_up_until == after(60)  # no campaign: 30 s


async def test_legs_are_kept_and_never_blanked(database: Database, book: DatabaseCallBook) -> None:
    agent_leg = Leg("op-op1", LegRole.AGENT, "op1", after(6), answered_at=after(6), ended_at=after(9))
    await book.record_calls([incoming(legs=(agent_leg,))])
    await book.record_calls([incoming(legs=(replace(agent_leg, ended_at=None),))])
    (leg,) = await rows_of(database, legs)
    assert (leg.call_id, leg.channel, leg.role, leg.ended_at) == (incoming().id, "op-op1", "agent", after(9))


async def test_open_calls_come_back_with_their_legs(database: Database, book: DatabaseCallBook) -> None:
    caller = Leg("1700000000.1", LegRole.CALLER, "network", NOW)
    agent_leg = Leg("op-op1", LegRole.AGENT, "op1", after(6))
    call = incoming(legs=(caller, agent_leg), answered_at=after(1), bridged_at=after(6))
    over = replace(incoming("1700000000.2"), ended_at=after(2))
    await book.record_calls([call, over, replace(incoming("9.9"), node="other")])
    assert await book.open_calls("pbx") == [replace(call, agent_leg="op-op1", agent_phone="op1")]


async def test_leg_that_comes_up_makes_the_agent_available(database: Database, book: DatabaseCallBook) -> None:
    agent = await add_agent(database, state=AgentState.CONNECTING)
    up = AgentLegChange("pbx", "op1", "op-1-x", "PJSIP/op1-00000001", up=True, at=after(1))
    await book.record_agent_legs([up])
    now = await agent_now(database, agent.id)
    assert (now.state, now.leg, now.leg_name, now.node) == (AgentState.AVAILABLE, "op-1-x", up.channel_name, "pbx")
    await book.record_agent_legs([replace(up, channel="op-1-old", up=False)])
    assert (await agent_now(database, agent.id)).state is AgentState.AVAILABLE
    await book.record_agent_legs([replace(up, up=False, at=after(9))])
    now = await agent_now(database, agent.id)
    assert (now.state, now.leg, now.since) == (AgentState.LOGGED_OUT, None, after(9))
    states = [payload["state"] for _, payload in await published(database, AgentStateChanged)]
    assert states == ["available", "logged_out"]


async def test_agent_whose_leg_drops_in_a_call_is_logged_out(database: Database, book: DatabaseCallBook) -> None:
    _, attempt, agent = await bridging(database)
    await book.record_calls([outgoing(attempt, answered_at=after(5), bridged_at=after(6), agent_leg="op-op1")])
    await book.record_agent_legs([AgentLegChange("pbx", "op1", "op-op1", "", up=False, at=after(8))])
    await book.record_calls([outgoing(attempt, ended_at=after(8))])
    assert (await agent_now(database, agent.id)).state is AgentState.LOGGED_OUT


async def test_leg_of_nobodys_phone_is_logged(
    database: Database, book: DatabaseCallBook, caplog: pytest.LogCaptureFixture
) -> None:
    await book.record_agent_legs([AgentLegChange("pbx", "ghost", "op-9-x", "", up=True, at=NOW)])
    assert "nobody's phone" in caplog.text


@pytest.mark.parametrize("file_first", [True, False])
async def test_recording_is_linked_whichever_comes_first(
    file_first: bool, database: Database, book: DatabaseCallBook
) -> None:
    file = RecordingFile("1700000000.1", "2026/11/18/1700000000.1.wav", 64044, 4.0, "ab" * 32, 2, -20.0, -21.5)
    if not file_first:
        await book.record_calls([incoming()])
    await book.link_recording(file, after(60))
    await book.link_recording(replace(file, seconds=4.1), after(61))
    await book.record_calls([incoming(ended_at=after(50))])
    (row,) = await rows_of(database, recordings)
    assert (row.call_id, row.seconds, row.at) == ("1700000000.1", 4.1, after(60))
    assert len(await published(database, RecordingLinked)) == 1


async def test_batch_costs_as_many_statements_as_one_call(database: Database, book: DatabaseCallBook) -> None:
    campaign = await add_campaign(database, leads_wanted=40)
    placed = await leased(database, campaign)
    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", count)
    await book.record_calls([outgoing(placed[0], answered_at=after(5), ended_at=after(6))])
    for_one = len(statements)
    await book.record_calls([outgoing(a, answered_at=after(5), ended_at=after(6)) for a in placed[1:]])
    assert len(statements) - for_one == for_one <= 12
    event.remove(database.engine.sync_engine, "before_cursor_execute", count)
