"""One attempt in the hand-off: answered, concluded, opted out. And the reception of incoming calls."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

from sqlalchemy import delete

from crm_core.db.do_not_call import BlockKind, list_blocks
from crm_core.db.engine import Database
from crm_core.db.site import put_calendar
from crm_core.db.tables import attempts, calls
from crm_core.domain.attempts import Outcome, Verdict
from crm_core.domain.work_calendar import DEFAULT_CALENDAR, WorkCalendar
from crm_core.events import CallMissed, LeadClosed
from crm_core.handlers.attempt_book import DatabaseAttemptBook
from crm_core.handlers.call_book import DatabaseCallBook
from crm_core.handlers.hopper import DatabaseHopper
from crm_core.handlers.reception import DatabaseReception
from crm_core.ports import IncomingCall
from tests.crm_core.dialing import (
    NOW,
    TRUNK,
    add_campaign,
    after,
    attempts_for,
    incoming,
    lead_row,
    outgoing,
    published,
    rows_of,
)


async def test_first_answer_stays(database: Database) -> None:
    campaign = await add_campaign(database)
    hopper, book = DatabaseHopper(database, lambda: NOW), DatabaseAttemptBook(database)
    (attempt,) = await hopper.lease(await attempts_for(database, campaign), TRUNK, NOW)
    answered = await book.answered(attempt.id, Verdict.HUMAN, "HUMAN-1-2", after(5))
    assert answered is not None
    noted, its_campaign = answered
    assert its_campaign == campaign
    assert noted == replace(attempt, answered_at=after(5), verdict=Verdict.HUMAN, verdict_cause="HUMAN-1-2")
    again = await book.answered(attempt.id, Verdict.UNSURE, "RETRY", after(6))
    assert again == answered


async def test_channel_that_is_no_attempt_is_unknown(database: Database) -> None:
    assert await DatabaseAttemptBook(database).answered("1.1", Verdict.HUMAN, "", NOW) is None


async def test_first_conclusion_stays(database: Database) -> None:
    campaign = await add_campaign(database)
    hopper, book = DatabaseHopper(database, lambda: NOW), DatabaseAttemptBook(database)
    (attempt,) = await hopper.lease(await attempts_for(database, campaign), TRUNK, NOW)
    await book.conclude(attempt.id, Outcome.MACHINE, after(5))
    await book.conclude(attempt.id, Outcome.ABANDONED, after(6))
    (row,) = await rows_of(database, attempts)
    assert (row.outcome, row.ended_at) == ("machine", None)
    await DatabaseCallBook(database, lambda: NOW).record_calls([outgoing(attempt, ended_at=after(7))])
    await book.conclude(attempt.id, Outcome.ABANDONED, after(8))
    (row,) = await rows_of(database, attempts)
    assert (row.outcome, row.ended_at) == ("machine", after(7))


async def test_who_opts_out_is_never_called_again(database: Database) -> None:
    campaign = await add_campaign(database)
    hopper, book = DatabaseHopper(database, lambda: NOW), DatabaseAttemptBook(database)
    (attempt,) = await hopper.lease(await attempts_for(database, campaign), TRUNK, NOW)
    await book.opted_out(attempt.id, after(9))
    await book.opted_out(attempt.id, after(10))
    await book.opted_out("1.1", after(10))  # no attempt: nothing to close
    async with database.reading() as work:
        (block,) = await list_blocks(work)
    assert (block.kind, block.value, block.campaign_id) == (BlockKind.NUMBER, attempt.number, 0)
    lead = await lead_row(database, campaign, attempt.lead_id)
    assert (lead.state, lead.close_reason, lead.open_attempt) == ("closed", "opted_out", attempt.id)
    assert len(await published(database, LeadClosed)) == 1


async def test_reception_knows_the_firms_hours(database: Database) -> None:
    reception = DatabaseReception(database)
    assert await reception.calendar() == DEFAULT_CALENDAR
    own = WorkCalendar("Europe/Berlin", {0: (time(8), time(16, 30))})
    async with database.work() as work:
        await put_calendar(work, own)
    assert await reception.calendar() == own


async def test_note_of_an_incoming_call_may_come_first_or_last(database: Database) -> None:
    book, reception = DatabaseCallBook(database, lambda: NOW), DatabaseReception(database)
    noted = IncomingCall("1700000000.1", "PJSIP/network-00000001", "+998712000000", "+998901299999")
    for note_first in (True, False):
        if note_first:
            await reception.note_incoming(noted, True, NOW)
        await book.record_calls([incoming()])
        await reception.note_incoming(noted, True, NOW)
        await book.record_calls([incoming(ended_at=after(20))])
        (call,) = await rows_of(database, calls)
        assert (call.direction, call.number, call.node) == ("incoming", "+998901299999", "pbx")
        (_, told) = (await published(database, CallMissed))[-1]
        assert told["after_hours"] is True  # as the reception said, whatever the calendar says
        async with database.work() as work:
            await work.run(delete(calls))
