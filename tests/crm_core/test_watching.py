"""What the pacing sees of a campaign and writes of it: the floor by name, lines given up, calls abandoned."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from crm_core.db.engine import Database
from crm_core.db.pacing import abandon_record, abandon_records_of
from crm_core.db.tables import abandon_records, agent_log, attempts, calls, day_counts
from crm_core.domain.agents import AgentState
from crm_core.domain.attempts import Attempt, Outcome, Verdict
from crm_core.domain.campaigns import Campaign, DialMode
from crm_core.domain.floor_watch import PastLine, WatchedLine
from crm_core.domain.leads import LeadState
from crm_core.domain.pacing_records import AbandonRecord, PacingRecord
from crm_core.handlers.attempt_book import DatabaseAttemptBook
from crm_core.handlers.call_book import DatabaseCallBook
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
    rows_of,
)

RECORD = PacingRecord(NOW, "fcc", 2, 0, 3, 1, 0, 4, 0, 120, 3, 2, 0, "risk", 0.031, 0.05)


@pytest.fixture
def hopper(database: Database) -> DatabaseHopper:
    return DatabaseHopper(database, lambda: after(100))


@pytest.fixture
def book(database: Database) -> DatabaseCallBook:
    return DatabaseCallBook(database, lambda: after(100))


async def dialed(database: Database, hopper: DatabaseHopper, leads: int = 1) -> tuple[Campaign, list[Attempt]]:
    campaign = await add_campaign(database, leads_wanted=leads, mode=DialMode.PREDICTIVE)
    wanted = [replace(one, paced=RECORD) for one in await attempts_for(database, campaign)]
    return campaign, await hopper.lease(wanted, TRUNK, NOW)


async def outcomes(database: Database) -> dict[str, str | None]:
    return {row.id: row.outcome for row in await rows_of(database, attempts)}


# --- looking
async def test_lines_are_told_by_name_and_since_when_they_ring(
    database: Database, hopper: DatabaseHopper, book: DatabaseCallBook
) -> None:
    campaign, (rings, busy, longer) = await dialed(database, hopper, 3)
    await book.record_calls([outgoing(rings, ringing_at=after(1.5))])
    await book.record_calls([outgoing(busy, ended_at=after(3), outcome=Outcome.BUSY)])
    await book.record_calls([outgoing(longer, ended_at=after(8), outcome=Outcome.NO_ANSWER)])
    watched = await hopper.watch(campaign, after(9), after(5))
    assert {line.id: line for line in watched.lines} == {
        rings.id: WatchedLine(rings.id, NOW, ringing_at=after(1.5)),
        longer.id: WatchedLine(longer.id, NOW, ended_at=after(8), outcome=Outcome.NO_ANSWER),
    }
    assert (watched.floor.ringing_since, watched.floor.open_lines) == ((NOW,), 1)
    assert [line.id for line in (await hopper.watch(campaign, after(9), None)).lines] == [rings.id]


async def test_agents_are_told_since_when_they_are_busy(database: Database, hopper: DatabaseHopper) -> None:
    campaign, _ = await dialed(database, hopper)
    talks = await add_agent(database, "op1", AgentState.ON_CALL, campaign, after(-50))
    wraps = await add_agent(database, "op2", AgentState.WRAP_UP, campaign, after(-7))
    await add_agent(database, "op3", AgentState.LOGGED_OUT, campaign)
    watched = await hopper.watch(campaign, NOW, None)
    assert {(one.id, one.since) for one in watched.agents} == {(talks.id, after(-50)), (wraps.id, after(-7))}
    assert (watched.floor.talking_since, watched.floor.wrapping_since) == ((after(-50),), (after(-7),))


async def test_the_rest_of_todays_calling_hours_is_reckoned_in_the_firms_zone(
    database: Database, hopper: DatabaseHopper
) -> None:
    campaign, _ = await dialed(database, hopper)
    floor = (await hopper.watch(campaign, NOW, None)).floor  # 12:00 in Tashkent; people are called until 20:00
    assert floor.seconds_left == 8 * 3600


async def test_a_person_lost_counts_at_once_and_not_twice(
    database: Database, hopper: DatabaseHopper, book: DatabaseCallBook
) -> None:
    campaign, (attempt,) = await dialed(database, hopper)
    await DatabaseAttemptBook(database).answered(attempt.id, Verdict.UNSURE, "", after(5))
    await DatabaseAttemptBook(database).conclude(attempt.id, Outcome.ABANDONED, after(7))
    seen = [await hopper.watch(campaign, after(8), after(0))]
    await book.record_calls([outgoing(attempt, answered_at=after(5), ended_at=after(12))])
    seen.append(await hopper.watch(campaign, after(13), after(3)))
    await hopper.settle([Settled(attempt.id, LeadState.OPEN, after(900), None, 0)], after(13))
    seen.append(await hopper.watch(campaign, after(14), after(4)))
    assert [(one.floor.people, one.floor.abandoned) for one in seen] == [(1, 1)] * 3


async def test_machine_verdicts_of_the_window_are_told(database: Database, hopper: DatabaseHopper) -> None:
    campaign, _ = await dialed(database, hopper)
    async with database.work() as work:
        await work.run(update(day_counts).values(machines=4))
    assert (await hopper.watch(campaign, NOW, None)).machines == 4


# --- giving up
async def test_the_first_that_may_be_given_up_are_noted(database: Database, hopper: DatabaseHopper) -> None:
    campaign, (held, answered, first, second, third) = await dialed(database, hopper, 5)
    async with database.work() as work:
        await work.run(update(attempts).where(attempts.c.id == held.id).values(guaranteed=True))
    await DatabaseAttemptBook(database).answered(answered.id, Verdict.UNSURE, "", after(16))
    order = [one.id for one in (held, answered, first, second, third)]
    assert await hopper.give_up(order, 2, 1, after(17)) == [first.id, second.id]
    assert await hopper.give_up(order, 0, 1, after(17)) == []
    floor = await hopper.floor(campaign, after(17))
    assert (len(floor.ringing_since), floor.open_lines) == (2, 5)
    rows = {row.id: (row.outcome, row.given_up_at, row.ended_at) for row in await rows_of(database, attempts)}
    assert rows[first.id] == rows[second.id] == ("given_up", after(17), None)
    assert rows[held.id] == rows[third.id] == (None, None, None)


async def test_a_number_is_given_up_only_so_often_a_day(
    database: Database, hopper: DatabaseHopper, book: DatabaseCallBook
) -> None:
    _campaign, (first,) = await dialed(database, hopper)
    assert await hopper.give_up([first.id], 5, 1, after(16)) == [first.id]
    await book.record_calls([outgoing(first, ended_at=after(16.1))])
    await hopper.settle([Settled(first.id, LeadState.OPEN, after(20), None, 0)], after(17))
    again, tomorrow = after(3600), after(24 * 3600)
    (second,) = await hopper.lease([replace(first, id="tl-2", created_at=again)], TRUNK, again)
    assert await hopper.give_up([second.id], 5, 1, again) == []
    assert await hopper.give_up([second.id], 5, 2, again) == [second.id]
    await book.record_calls([outgoing(second, ended_at=after(3610))])
    await hopper.settle([Settled(second.id, LeadState.OPEN, again, None, 0)], again)
    (third,) = await hopper.lease([replace(first, id="tl-3", created_at=tomorrow)], TRUNK, tomorrow)
    assert await hopper.give_up([third.id], 5, 1, tomorrow) == [third.id]


@pytest.mark.parametrize("said", [Outcome.GIVEN_UP, Outcome.NO_ANSWER, None])
async def test_a_line_given_up_settles_once_and_never_as_unanswered(
    said: Outcome | None, database: Database, hopper: DatabaseHopper, book: DatabaseCallBook
) -> None:
    """Whether the switch ended it for us, or the process died before it was told and the phone rang out."""
    _campaign, (attempt,) = await dialed(database, hopper)
    await hopper.give_up([attempt.id], 1, 1, after(16))
    if said is None:
        await hopper.lose([attempt.id], after(90))
    for _ in range(2):
        await book.record_calls([outgoing(attempt, ended_at=after(26), outcome=said)])
    (ended,) = await hopper.ended(10)
    assert ended.attempt.outcome is Outcome.GIVEN_UP
    told = Settled(attempt.id, LeadState.OPEN, after(900), None, 0)
    await hopper.settle([told], after(27))
    await hopper.settle([told], after(28))
    assert await hopper.ended(10) == []
    assert [row.outcome for row in await rows_of(database, calls)] in (["given_up"], [])
    assert {(row.dialed, row.people, row.abandoned) for row in await rows_of(database, day_counts)} == {(1, 0, 0)}


async def test_who_answers_while_his_line_is_being_given_up_is_abandoned(
    database: Database, hopper: DatabaseHopper, book: DatabaseCallBook
) -> None:
    _campaign, (asked, unasked) = await dialed(database, hopper, 2)
    await hopper.give_up([asked.id, unasked.id], 2, 1, after(16))
    known = await DatabaseAttemptBook(database).answered(asked.id, Verdict.UNSURE, "", after(16.02))
    assert known is not None
    assert known[0].outcome is Outcome.ABANDONED
    for one in (asked, unasked):  # the second one's dialplan was not reached any more
        await book.record_calls([outgoing(one, answered_at=after(16.01), ended_at=after(16.1))])
    assert await outcomes(database) == {asked.id: "abandoned", unasked.id: "abandoned"}
    assert {row.outcome for row in await rows_of(database, calls)} == {"abandoned"}


# --- records
async def test_what_dialed_a_lost_person_and_what_was_seen_last_is_kept_once(
    database: Database, hopper: DatabaseHopper
) -> None:
    campaign, (attempt,) = await dialed(database, hopper)
    last = replace(RECORD, at=after(6), available=0, why="budget_spent")
    record = AbandonRecord(attempt.id, campaign.id, after(7), None, last)
    await hopper.keep_abandons([record])
    await hopper.keep_abandons([replace(record, lost_at=after(9), last=None), replace(record, attempt_id="unknown")])
    async with database.reading() as work:
        assert await abandon_record(work, attempt.id) == replace(record, dialed=RECORD)
        ((listed, number),) = await abandon_records_of(work, campaign.id, 10)
    assert (listed.attempt_id, number) == (attempt.id, attempt.number)


async def test_only_abandoned_calls_keep_what_dialed_them(
    database: Database, hopper: DatabaseHopper, book: DatabaseCallBook
) -> None:
    _campaign, (lost, busy) = await dialed(database, hopper, 2)
    await book.record_calls([outgoing(lost, answered_at=after(5), ended_at=after(7), outcome=Outcome.ABANDONED)])
    await book.record_calls([outgoing(busy, ended_at=after(7), outcome=Outcome.BUSY)])
    both = [Settled(one.id, LeadState.OPEN, after(900), None, 0) for one in (lost, busy)]
    await hopper.settle(both, after(8))
    assert {row.id: row.paced is None for row in await rows_of(database, attempts)} == {lost.id: False, busy.id: True}


async def test_a_person_lost_while_nothing_paced_has_a_record_too(
    database: Database, hopper: DatabaseHopper, book: DatabaseCallBook
) -> None:
    campaign, (lost, talked) = await dialed(database, hopper, 2)
    await book.record_calls([outgoing(lost, answered_at=after(5), ended_at=after(7), outcome=Outcome.ABANDONED)])
    await book.record_calls([outgoing(talked, answered_at=after(5), ended_at=after(7), outcome=Outcome.ANSWERED)])
    for _ in range(2):
        await hopper.recover_abandons(campaign, after(60))
    (row,) = await rows_of(database, abandon_records)
    assert (row.attempt_id, row.lost_at, row.last) == (lost.id, after(7), None)
    async with database.reading() as work:
        record = await abandon_record(work, lost.id)
    assert record == AbandonRecord(lost.id, campaign.id, after(7), RECORD, None)


# --- the past
async def test_the_past_tells_how_lines_talks_and_wrap_ups_went(
    database: Database, hopper: DatabaseHopper, book: DatabaseCallBook
) -> None:
    campaign, (talked, rang_out, given_up, refused, _rings) = await dialed(database, hopper, 5)
    talk = {"answered_at": after(6), "bridged_at": after(7), "ended_at": after(67), "outcome": Outcome.ANSWERED}
    await hopper.give_up([given_up.id], 1, 1, after(16))
    await hopper.refused(refused.id, Outcome.GIVEN_UP, "not sent: stopping", after(1))
    await book.record_calls([outgoing(talked, **talk), outgoing(given_up, ended_at=after(16.2))])
    await book.record_calls([outgoing(rang_out, ended_at=after(25), outcome=Outcome.NO_ANSWER)])
    settled = [Settled(one.id, LeadState.OPEN, None, None, 0) for one in (talked, rang_out, given_up, refused)]
    await hopper.settle(settled, after(70))
    agent = await add_agent(database, campaign=campaign)
    states = [("wrap_up", 67), ("available", 80), ("wrap_up", 200), ("paused", 205), ("wrap_up", 300)]
    async with database.work() as work:
        rows = [{"agent_id": agent.id, "state": s, "campaign_id": campaign.id, "at": after(at)} for s, at in states]
        await work.run(insert(agent_log), rows)
    past = await hopper.past(campaign, after(400))
    assert sorted(past.lines, key=lambda line: line.seconds) == [
        PastLine(6, person=True),
        PastLine(16, person=False, given_up=True),
        PastLine(25, person=False),
    ]
    assert (past.talks, past.wrap_ups) == ((60,), (13,))
    assert (await hopper.past(campaign, NOW + timedelta(days=30))).lines == ()
