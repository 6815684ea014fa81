"""Which leads are due, what screening is told about them, and what becomes of them when an attempt has ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update

from crm_core.db import lead_moves, leads
from crm_core.db.do_not_call import Blocked, BlockKind, add_blocks
from crm_core.db.engine import Database
from crm_core.db.leads import LeadKey, leads_of
from crm_core.db.tables import attempts, campaign_leads, day_counts, phones
from crm_core.domain.attempts import Outcome
from crm_core.domain.campaigns import Campaign
from crm_core.domain.leads import Block, LeadState, WhyNot
from crm_core.events import AttemptEnded, LeadClosed
from crm_core.handlers.call_book import DatabaseCallBook
from crm_core.handlers.hopper import DatabaseHopper
from crm_core.handlers.leads import campaign_leads as leads_in
from crm_core.ports import PutOff, Settled
from dialer.screening import screened
from dialer.summary import explain
from tests.crm_core.dialing import (
    NOW,
    TRUNK,
    add_campaign,
    after,
    attempts_for,
    change_lead,
    lead_ids,
    lead_row,
    number_of,
    outgoing,
    published,
    rows_of,
)


@pytest.fixture
def hopper(database: Database) -> DatabaseHopper:
    return DatabaseHopper(database, lambda: NOW)


async def due_ids(hopper: DatabaseHopper, campaign: Campaign, limit: int = 50) -> list[int]:
    return [lead.id for lead in await hopper.due(campaign, NOW, limit)]


async def test_callbacks_come_first_then_priority_then_longest_due(database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database, leads_wanted=8)
    fresh, retry, older, urgent, promised, later, resting, closed = await lead_ids(database, campaign)
    changes: dict[int, dict[str, Any]] = {
        retry: {"next_attempt_at": after(-10)},
        older: {"next_attempt_at": after(-3600)},
        urgent: {"priority": 5, "next_attempt_at": after(-1)},
        promised: {"callback_at": after(-1), "priority": -3},
        later: {"callback_at": after(60), "priority": 9},
        resting: {"next_attempt_at": after(1), "priority": 9},
        closed: {"state": "closed", "priority": 9},
    }
    for lead_id, values in changes.items():
        await change_lead(database, campaign, lead_id, **values)
    assert await due_ids(hopper, campaign) == [promised, urgent, fresh, older, retry]
    assert await due_ids(hopper, campaign, 2) == [promised, urgent]
    assert await due_ids(hopper, campaign, 1) == [promised]


async def test_callback_that_was_busy_waits_for_its_retry(database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database)
    (lead_id,) = await lead_ids(database, campaign)
    await change_lead(database, campaign, lead_id, callback_at=after(-60), next_attempt_at=after(60))
    assert await due_ids(hopper, campaign) == []
    assert [lead.id for lead in await hopper.due(campaign, after(60), 5)] == [lead_id]


async def test_lead_in_progress_is_not_due(database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database, leads_wanted=2)
    wanted = await attempts_for(database, campaign)
    await hopper.lease(wanted[:1], TRUNK, NOW)
    assert await due_ids(hopper, campaign) == [wanted[1].lead_id]


async def test_leads_of_other_campaigns_are_not_due(database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database)
    await add_campaign(database, "winter", leads_wanted=3, first=10)
    assert await due_ids(hopper, campaign) == await lead_ids(database, campaign)


async def test_due_lead_carries_all_that_screening_asks(database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database)
    (attempt,) = await hopper.lease(await attempts_for(database, campaign), TRUNK, after(-3600))
    ended = outgoing(attempt, ended_at=after(-3500), answered_at=after(-3590), outcome=Outcome.ABANDONED)
    await DatabaseCallBook(database, lambda: NOW).record_calls([ended])
    await hopper.settle([Settled(attempt.id, LeadState.OPEN, NOW, None, 0)], NOW)
    (phone,) = await rows_of(database, phones)
    async with database.work() as work:
        second = {"contact_id": phone.contact_id, "e164": number_of(500), "raw": "", "dead": True}
        await work.run(insert(phones).values(second))
        await add_blocks(work, [Blocked(BlockKind.NUMBER, number_of(500), campaign.id)], NOW)
        old = {"id": "tl-old", "campaign_id": campaign.id, "lead_id": attempt.lead_id, "number": phone.e164}
        times = {"created_at": after(-3600 * 30), "leased_until": NOW, "ended_at": after(-3600 * 29)}
        await work.run(insert(attempts).values(old | times | {"trunk": "carrier", "caller_id": "", "settled_at": NOW}))
    (lead,) = await hopper.due(campaign, NOW, 5)
    assert (lead.contact_id, lead.attempts, lead.last_outcome) == (phone.contact_id, 1, Outcome.ABANDONED)
    first, other = lead.numbers
    assert (first.e164, first.zone, first.attempts, first.dead, first.block) == (
        phone.e164,
        "Asia/Tashkent",
        2,
        False,
        None,
    )
    assert first.recent_dials == (attempt.created_at,)  # within 24 h
    assert first.abandoned_at == after(-3500)
    assert (other.dead, other.block, other.recent_dials, other.abandoned_at) == (True, Block.CAMPAIGN, (), None)


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([Blocked(BlockKind.PREFIX, "+99890")], Block.PREFIX),
        ([Blocked(BlockKind.PREFIX, "+99890", 1), Blocked(BlockKind.NUMBER, number_of(0))], Block.SYSTEM),
        ([Blocked(BlockKind.NUMBER, number_of(0), 2)], None),
    ],
)
async def test_lead_says_which_list_its_number_stands_on(
    blocks: list[Blocked], expected: Block | None, database: Database, hopper: DatabaseHopper
) -> None:
    campaign = await add_campaign(database)
    async with database.work() as work:
        await add_blocks(work, blocks, NOW)
    (lead,) = await hopper.due(campaign, NOW, 5)
    assert lead.numbers[0].block is expected


async def test_put_off_leads_rest_or_are_closed(database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database, leads_wanted=3)
    resting, closing, dialed = await lead_ids(database, campaign)
    await hopper.lease((await attempts_for(database, campaign))[2:], TRUNK, NOW)
    await hopper.put_off(
        [
            PutOff(campaign.id, resting, WhyNot.OUTSIDE_WINDOW, after(600)),
            PutOff(campaign.id, closing, WhyNot.DO_NOT_CALL, None),
            PutOff(campaign.id, dialed, WhyNot.NOT_DUE, after(600)),
        ]
    )
    assert (await lead_row(database, campaign, resting)).next_attempt_at == after(600)
    row = await lead_row(database, campaign, closing)
    assert (row.state, row.close_reason) == ("closed", "do_not_call")
    assert (await lead_row(database, campaign, dialed)).next_attempt_at is None
    told = {"lead_id": closing, "campaign_id": campaign.id, "reason": "do_not_call"}
    ((_, payload),) = await published(database, LeadClosed)
    assert payload.items() >= told.items()
    await hopper.put_off([PutOff(campaign.id, closing, WhyNot.DO_NOT_CALL, None)])
    assert len(await published(database, LeadClosed)) == 1


async def test_why_a_leads_own_words_keep_it_waiting_is_kept_until_it_is_dialed(
    database: Database, hopper: DatabaseHopper
) -> None:
    campaign = await add_campaign(database, leads_wanted=2)
    mute, other = await lead_ids(database, campaign)
    await hopper.put_off(
        [
            PutOff(campaign.id, mute, WhyNot.WORDS_UNSAYABLE, after(600)),
            PutOff(campaign.id, other, WhyNot.OUTSIDE_WINDOW, after(600)),
        ]
    )
    lead, waiting = [lead async for batch in leads_in(database, campaign, NOW) for lead in batch]
    answer = screened(lead, campaign, TRUNK, NOW)
    assert (answer.why, answer.until) == (WhyNot.WORDS_UNSAYABLE, after(600))
    assert explain(lead, campaign, TRUNK, NOW).startswith(f"Lead {mute} is not dialed: nothing that can be said stands")
    assert screened(waiting, campaign, TRUNK, NOW).why is WhyNot.NOT_DUE
    async with database.reading() as work:
        assert await lead_moves.counts_by_state(work, campaign.id) == {"open": 2}
    (attempt,) = [one for one in await attempts_for(database, campaign) if one.lead_id == mute]
    assert await hopper.lease([attempt], TRUNK, NOW) == [attempt]
    assert (await lead_row(database, campaign, mute)).close_reason is None


async def _ended(database: Database, hopper: DatabaseHopper, campaign: Campaign, **facts: Any) -> str:
    (attempt,) = await hopper.lease(await attempts_for(database, campaign), TRUNK, NOW)
    call = outgoing(attempt, **{"ended_at": after(65.4)} | facts)
    await DatabaseCallBook(database, lambda: NOW).record_calls([call])
    return attempt.id


async def test_settled_lead_is_told_once(database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database)
    (lead_id,) = await lead_ids(database, campaign)
    talked = {"answered_at": after(5), "bridged_at": after(6), "outcome": Outcome.ANSWERED}
    attempt_id = await _ended(database, hopper, campaign, **talked)
    (ended,) = await hopper.ended(10)
    assert (ended.attempt.id, ended.unanswered, ended.lead.id) == (attempt_id, 0, lead_id)
    assert ended.lead.attempts == 1
    assert ended.talk_seconds == pytest.approx(59.4)
    settled = Settled(attempt_id, LeadState.CLOSED, None, "talked", 0)
    await hopper.settle([settled, settled], after(66))
    await hopper.settle([replace(settled, state=LeadState.OPEN)], after(67))
    row = await lead_row(database, campaign, lead_id)
    assert (row.state, row.close_reason, row.open_attempt, row.last_outcome) == ("closed", "talked", None, "answered")
    assert await hopper.ended(10) == []
    for count in await rows_of(database, day_counts):
        assert (count.dialed, count.people, count.abandoned, count.talk_seconds) == (1, 1, 0, 60)
    assert len(await published(database, AttemptEnded)) == 1
    assert len(await published(database, LeadClosed)) == 1
    floor = await hopper.floor(campaign, after(70))
    assert (floor.recent_dials, floor.recent_people, floor.people) == (1, 1, 1)


async def test_attempt_still_open_is_not_settled(database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database)
    (attempt,) = await hopper.lease(await attempts_for(database, campaign), TRUNK, NOW)
    await hopper.settle([Settled(attempt.id, LeadState.CLOSED, None, "talked", 0)], after(1))
    row = await lead_row(database, campaign, attempt.lead_id)
    assert (row.state, row.open_attempt) == ("open", attempt.id)


async def test_disposition_has_decided_the_lead(database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database)
    (lead_id,) = await lead_ids(database, campaign)
    attempt_id = await _ended(database, hopper, campaign, answered_at=after(5), outcome=Outcome.ANSWERED)
    async with database.work() as work:
        await work.run(update(attempts).values(disposition="callback"))
        await work.run(update(campaign_leads).values(callback_at=after(3600), next_attempt_at=after(3600)))
    await hopper.settle([Settled(attempt_id, LeadState.CLOSED, None, "talked", 0)], after(66))
    row = await lead_row(database, campaign, lead_id)
    assert (row.state, row.callback_at, row.open_attempt) == ("open", after(3600), None)
    assert row.last_outcome == "answered"
    assert await published(database, LeadClosed) == []


async def test_lead_closed_meanwhile_stays_closed(database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database)
    (lead_id,) = await lead_ids(database, campaign)
    attempt_id = await _ended(database, hopper, campaign, answered_at=after(5), outcome=Outcome.ABANDONED)
    await change_lead(database, campaign, lead_id, state="closed", close_reason="opted_out")
    await hopper.settle([Settled(attempt_id, LeadState.OPEN, after(900), None, 0)], after(66))
    row = await lead_row(database, campaign, lead_id)
    assert (row.state, row.close_reason, row.next_attempt_at, row.open_attempt) == ("closed", "opted_out", None, None)
    (count, _) = await rows_of(database, day_counts)
    assert (count.people, count.abandoned) == (1, 1)


@pytest.mark.parametrize(("outcome", "kept"), [(Outcome.BUSY, True), (Outcome.HUNG_UP, False)])
async def test_promise_of_a_callback_is_kept_by_a_person_only(
    outcome: Outcome, kept: bool, database: Database, hopper: DatabaseHopper
) -> None:
    campaign = await add_campaign(database)
    (lead_id,) = await lead_ids(database, campaign)
    await change_lead(database, campaign, lead_id, callback_at=after(-5), callback_agent_id=7)
    attempt_id = await _ended(database, hopper, campaign, outcome=outcome)
    await hopper.settle([Settled(attempt_id, LeadState.OPEN, after(900), None, 1)], after(66))
    row = await lead_row(database, campaign, lead_id)
    assert (row.callback_agent_id == 7, row.callback_at is not None, row.unanswered) == (kept, kept, 1)


async def test_dead_number_is_marked(database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database)
    attempt_id = await _ended(database, hopper, campaign, outcome=Outcome.NOT_IN_SERVICE)
    settled = Settled(attempt_id, LeadState.CLOSED, None, "no_number", 0, dead_number=True)
    await hopper.settle([settled], after(66))
    assert [phone.dead for phone in await rows_of(database, phones)] == [True]


async def test_machine_is_no_person(database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database)
    attempt_id = await _ended(database, hopper, campaign, answered_at=after(5), outcome=Outcome.MACHINE)
    await hopper.settle([Settled(attempt_id, LeadState.OPEN, after(900), None, 1)], after(66))
    for count in await rows_of(database, day_counts):
        assert (count.people, count.machines) == (0, 1)
    floor = await hopper.floor(campaign, after(70))
    assert (floor.recent_dials, floor.recent_people) == (1, 0)


async def test_abandoned_share_looks_back_over_the_policys_window(database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database)
    async with database.work() as work:
        for days, people in ((0, 3), (30, 5), (31, 100)):
            day = f"{NOW - timedelta(days=days):%Y-%m-%d}"
            row = {"scope": f"campaign:{campaign.id}", "day": day, "people": people, "abandoned": 1}
            await work.run(insert(day_counts).values(row))
    floor = await hopper.floor(campaign, NOW)
    assert (floor.people, floor.abandoned) == (8, 2)


async def test_policies_of_paused_campaigns_are_known(database: Database, hopper: DatabaseHopper) -> None:
    campaign = await add_campaign(database, max_lines=7)
    assert await hopper.policies([campaign.id, 99]) == {campaign.id: campaign.policy}
    assert await hopper.policies([]) == {}
    assert await hopper.trunks() == {"carrier": TRUNK}


async def test_due_leads_are_found_by_index(database: Database, hopper: DatabaseHopper) -> None:
    """A campaign of a million leads, nearly all of them resting, must cost no more than a small one."""
    campaign = await add_campaign(database, leads_wanted=1)
    async with database.work() as work:
        if not database.is_sqlite:
            await work.run(text("SET LOCAL enable_seqscan = off"))
        (fresh, due) = leads.due_of(campaign.id, 0, NOW, 50)
        for query in (fresh, due):
            compiled = str(query.compile(dialect=database.engine.dialect, compile_kwargs={"literal_binds": True}))
            explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
            plan = "\n".join(str(row[-1]) for row in await work.all(text(explain + compiled)))
            assert "ix_campaign_leads_hopper" in plan
            assert "Sort" not in plan
            assert "TEMP B-TREE" not in plan


async def test_leads_come_in_the_order_asked_for(database: Database) -> None:
    campaign = await add_campaign(database, leads_wanted=3)
    keys = [LeadKey(campaign.id, one) for one in reversed(await lead_ids(database, campaign))]
    async with database.reading() as work:
        found = await leads_of(work, [*keys, LeadKey(campaign.id, 999)])
        assert [LeadKey(lead.campaign_id, lead.id) for lead in found] == keys
        assert (await work.scalar(select(campaign_leads.c.state).limit(1))) == "open"
