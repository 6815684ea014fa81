"""After the link was cut: live channels and CDRs against open calls. Nothing stays open that has ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import select

from crm_core.db import cdrs as cdr_rows
from crm_core.db.engine import Database
from crm_core.db.tables import attempts, calls, cdrs
from crm_core.domain.agents import AgentState
from crm_core.domain.attempts import Attempt, Outcome, Verdict
from crm_core.domain.calls import Leg, LegRole
from crm_core.events import CallEnded, CallMissed
from crm_core.handlers.attempt_book import DatabaseAttemptBook
from crm_core.handlers.call_book import DatabaseCallBook
from crm_core.handlers.hopper import DatabaseHopper
from crm_core.handlers.roster import DatabaseRoster
from crm_core.ports import Cdr
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


def cdr(uniqueid: str, disposition: str = "ANSWERED", answered_at: datetime | None = None, **facts: object) -> Cdr:
    return replace(
        Cdr(
            node="pbx",
            uniqueid=uniqueid,
            linkedid=uniqueid,
            sequence=1,
            channel="PJSIP/network-00000001",
            disposition=disposition,
            started_at=NOW,
            answered_at=answered_at,
            ended_at=after(30),
            cause=16,
            src="998901299999",
            dst="+998712000000",
            context="hand-off",
        ),
        **facts,  # type: ignore[arg-type]
    )


async def leased(database: Database, count: int = 1) -> list[Attempt]:
    campaign = await add_campaign(database, leads_wanted=count)
    wanted = await attempts_for(database, campaign)
    assert await DatabaseHopper(database, lambda: NOW).lease(wanted, TRUNK, NOW) == wanted
    return wanted


@pytest.mark.parametrize(
    ("disposition", "outcome"),
    [
        ("ANSWERED", Outcome.ANSWERED),
        ("NO ANSWER", Outcome.NO_ANSWER),
        ("BUSY", Outcome.BUSY),
        ("FAILED", Outcome.FAILED),
        ("CONGESTION", Outcome.CONGESTION),
        ("SOMETHING NEW", Outcome.FAILED),
    ],
)
async def test_call_whose_channel_is_gone_ends_by_its_cdr(
    disposition: str, outcome: Outcome, database: Database, book: DatabaseCallBook
) -> None:
    (attempt,) = await leased(database)
    await book.record_calls([outgoing(attempt)])
    assert await book.close_lost("pbx", frozenset({"other"}), [cdr(attempt.id, disposition)], after(40)) == 1
    (call,) = await rows_of(database, calls)
    (row,) = await rows_of(database, attempts)
    assert (call.outcome, call.ended_at, call.cause) == (outcome.value, after(30), 16)
    assert (row.outcome, row.ended_at) == (outcome.value, after(30))
    assert await book.close_lost("pbx", frozenset(), [cdr(attempt.id, disposition)], after(41)) == 0
    assert len(await published(database, CallEnded)) == 1


async def test_call_that_nobody_knows_is_lost(database: Database, book: DatabaseCallBook) -> None:
    kept, gone, newer = await leased(database, 3)
    newer = replace(newer, created_at=after(41))
    await book.record_calls([outgoing(kept), outgoing(gone), outgoing(newer)])
    await book.record_calls([replace(incoming("other.1"), node="other")])
    assert await book.close_lost("pbx", frozenset({kept.id}), [], after(40)) == 1
    ended = {row.id: row.outcome for row in await rows_of(database, calls, calls.c.ended_at.is_not(None))}
    assert ended == {gone.id: "lost"}


async def test_cdr_read_before_ends_the_call_too(database: Database, book: DatabaseCallBook) -> None:
    (attempt,) = await leased(database)
    await book.record_calls([outgoing(attempt)])
    early = DatabaseCallBook(database, lambda: after(31))  # the CDR is one second old: the end may still be told
    await early.record_cdrs("pbx", [cdr(attempt.id, "BUSY")], 100)
    assert [row.ended_at for row in await rows_of(database, calls)] == [None]
    assert await book.close_lost("pbx", frozenset(), [], after(40)) == 1
    assert [row.outcome for row in await rows_of(database, calls)] == ["busy"]


async def test_attempt_whose_call_was_never_seen_ends_by_its_cdr(database: Database, book: DatabaseCallBook) -> None:
    unseen, live = await leased(database, 2)
    await book.close_lost("pbx", frozenset({live.id}), [cdr(unseen.id, "NO ANSWER"), cdr(live.id)], after(40))
    outcomes = {row.id: row.outcome for row in await rows_of(database, attempts)}
    assert outcomes == {unseen.id: "no_answer", live.id: None}
    (call,) = await rows_of(database, calls)
    assert (call.id, call.attempt_id, call.outcome) == (unseen.id, unseen.id, "no_answer")


async def test_agents_whose_legs_are_gone_are_logged_out(database: Database, book: DatabaseCallBook) -> None:
    gone = await add_agent(database, "gone")
    stays = await add_agent(database, "stays")
    (attempt,) = await leased(database)
    roster = DatabaseRoster(database)
    await roster.assign(attempt.id, None, gone.id, after(5))
    await book.record_calls([outgoing(attempt, answered_at=after(5), bridged_at=after(6), agent_leg="op-gone")])
    await book.close_lost("pbx", frozenset({"op-stays"}), [], after(40))
    now = await agent_now(database, gone.id)
    assert (now.state, now.leg) == (AgentState.LOGGED_OUT, None)
    assert await agent_now(database, stays.id) == stays


async def test_agent_whose_call_is_lost_wraps_up(database: Database, book: DatabaseCallBook) -> None:
    agent = await add_agent(database)
    (attempt,) = await leased(database)
    await DatabaseRoster(database).assign(attempt.id, None, None, after(5))
    await book.record_calls([outgoing(attempt, answered_at=after(5), bridged_at=after(6), agent_leg="op-op1")])
    await book.close_lost("pbx", frozenset({"op-op1"}), [cdr(attempt.id, answered_at=after(5))], after(40))
    assert (await agent_now(database, agent.id)).state is AgentState.WRAP_UP


async def test_conclusion_outlives_the_cdr(database: Database, book: DatabaseCallBook) -> None:
    (attempt,) = await leased(database)
    await DatabaseAttemptBook(database).answered(attempt.id, Verdict.HUMAN, "", after(5))
    await DatabaseAttemptBook(database).conclude(attempt.id, Outcome.ABANDONED, after(7))
    await book.record_cdrs("pbx", [cdr(attempt.id, answered_at=after(5))], 10)
    (call,) = await rows_of(database, calls)
    (row,) = await rows_of(database, attempts)
    assert (call.outcome, row.outcome) == ("abandoned", "abandoned")


async def test_cdr_is_tied_to_its_call(database: Database, book: DatabaseCallBook) -> None:
    (attempt,) = await leased(database)
    legs = (Leg(attempt.id, LegRole.CALLEE, "network", NOW), Leg("1700000000.9", LegRole.AGENT, "op1", after(6)))
    await book.record_calls([outgoing(attempt, legs=legs, ended_at=after(30))])
    own = cdr(attempt.id, linkedid="op-1-abc")  # a bridge with an older leg changed Asterisk's linkedid
    ringing = cdr("1700000000.9", linkedid="1700000000.8")
    other = cdr("1700000000.10", linkedid=attempt.id)
    parked = cdr("op-1-abc", context="operator-park")
    assert await book.record_cdrs("pbx", [own, ringing, other, parked], 400) == 0
    tied = {row.uniqueid: row.call_id for row in await rows_of(database, cdrs)}
    assert tied == {attempt.id: attempt.id, "1700000000.9": attempt.id, "1700000000.10": attempt.id, "op-1-abc": ""}
    assert await book.cdr_offset("pbx") == 400
    assert await book.cdr_offset("other") == 0
    assert await book.record_cdrs("pbx", [own], 500) == 0
    assert await book.cdr_offset("pbx") == 500
    async with database.reading() as work:
        assert await cdr_rows.unmatched(work) == 0


async def test_cdr_without_a_call_makes_one(database: Database, book: DatabaseCallBook) -> None:
    caller = cdr("1700000000.1", answered_at=after(2))
    second = cdr("1700000000.2", linkedid="1700000000.1", started_at=after(2))
    assert await book.record_cdrs("pbx", [second, caller], 100) == 1
    (call,) = await rows_of(database, calls)
    assert (call.id, call.direction, call.number, call.line) == (
        "1700000000.1",
        "incoming",
        "+998901299999",
        "+998712000000",
    )
    assert (call.answered_at, call.ended_at, call.outcome) == (after(2), after(30), "answered")
    assert [name for name, _ in await published(database, CallEnded, CallMissed)] == ["CallEnded", "CallMissed"]
    assert {row.call_id for row in await rows_of(database, cdrs)} == {"1700000000.1"}
    assert await book.record_cdrs("pbx", [second, caller], 100) == 0


async def test_cdr_of_an_attempt_ends_it(database: Database, book: DatabaseCallBook) -> None:
    (attempt,) = await leased(database)
    assert await book.record_cdrs("pbx", [cdr(attempt.id, "BUSY", cause=17)], 100) == 1
    (row,) = await rows_of(database, attempts)
    (call,) = await rows_of(database, calls)
    assert (row.outcome, row.ended_at, row.cause) == ("busy", after(30), 17)
    assert (call.direction, call.number, call.known) == ("outgoing", attempt.number, True)


@pytest.mark.parametrize(
    "own",
    [
        cdr("op-1-abc"),
        cdr("1700000000.5", context="operator-phone", channel="PJSIP/op9-00000001"),
        cdr("1700000000.6", channel="PJSIP/op1-0000000a"),
    ],
)
async def test_operators_own_leg_is_nobodys_call(own: Cdr, database: Database, book: DatabaseCallBook) -> None:
    await add_agent(database)
    assert await book.record_cdrs("pbx", [own], 100) == 0
    assert await rows_of(database, calls) == []
    assert [row.call_id for row in await rows_of(database, cdrs)] == [""]


async def test_open_call_whose_cdr_is_old_has_ended(database: Database, book: DatabaseCallBook) -> None:
    (attempt,) = await leased(database)
    await book.record_calls([outgoing(attempt, answered_at=after(5))])
    early = DatabaseCallBook(database, lambda: after(34))
    assert await early.record_cdrs("pbx", [cdr(attempt.id, answered_at=after(5))], 100) == 0
    assert [row.ended_at for row in await rows_of(database, calls)] == [None]
    assert await book.record_cdrs("pbx", [], 100) == 0
    assert [row.ended_at for row in await rows_of(database, calls)] == [after(30)]
    assert [row.outcome for row in await rows_of(database, attempts)] == ["answered"]


async def test_caller_with_no_number_makes_a_call_without_one(database: Database, book: DatabaseCallBook) -> None:
    assert await book.record_cdrs("pbx", [cdr("1700000000.1", src="anonymous")], 10) == 1
    async with database.reading() as work:
        assert await work.scalar(select(calls.c.number)) is None
