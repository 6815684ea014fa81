"""The bot's conversations: the briefing, what is written in one commit, and what a campaign's people answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from crm_core.db import sales
from crm_core.db.do_not_call import blocks_for
from crm_core.db.engine import Database
from crm_core.db.tables import attempts, calls, contacts, deals, leads, stages, tasks
from crm_core.domain.attempts import Attempt
from crm_core.domain.campaigns import Campaign, DialMode
from crm_core.domain.conversations import (
    Answer,
    Conversation,
    Ending,
    HandedOn,
    Party,
    Turn,
    WantedDeal,
    WantedTask,
)
from crm_core.domain.numbers import IncomingRule
from crm_core.domain.sales import TaskKind
from crm_core.errors import BadInput, NotFound
from crm_core.events import CallMissed, ConversationEnded, LeadDisposed
from crm_core.handlers.attempt_book import DatabaseAttemptBook
from crm_core.handlers.call_book import DatabaseCallBook
from crm_core.handlers.conversations import DatabaseConversationBook, transcript
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
    lead_ids,
    lead_row,
    number_of,
    outgoing,
    published,
    rows_of,
)

NIGHT = IncomingRule("night", {"company": "Lola"})


async def leased(database: Database, count: int = 1) -> tuple[Campaign, list[Attempt]]:
    fields = {"company": "Lola", "day": "today", "city": "Toshkent"}
    campaign = await add_campaign(
        database, leads_wanted=count, mode=DialMode.BOT, script="survey", script_fields=fields
    )
    wanted = await attempts_for(database, campaign)
    return campaign, await DatabaseHopper(database, lambda: NOW).lease(wanted, TRUNK, NOW)


def spoken(call_id: str, **changes: object) -> Conversation:
    said = (
        Turn(Party.BOT, "How was your visit?", "rating", after(5), after(7)),
        Turn(Party.PERSON, "eight", "rating", after(7.5), after(8), "whisper", 0.9),
    )
    answer = Answer("rating", "8", "eight", after(7.5))
    whole = Conversation(call_id, "survey", "en", after(5), after(30), Ending.FINISHED, "bye", said, (answer,))
    return replace(whole, **changes)  # type: ignore[arg-type]


async def test_the_bot_is_told_whom_it_talks_to_and_the_call_counts_as_answered(database: Database) -> None:
    campaign, (attempt,) = await leased(database)
    async with database.work() as work:
        await work.run(update(contacts).values(name="Dilnoza", language="uz"))
        await work.run(update(leads).values(zone="Asia/Samarkand", fields={"city": "Buxoro", "visits": 3, "day": ""}))
    briefing = await DatabaseConversationBook(database).begin(attempt.id)
    assert briefing is not None
    assert (briefing.script, briefing.number, briefing.campaign_id) == ("survey", attempt.number, campaign.id)
    assert (briefing.language, briefing.zone) == ("uz", "Asia/Samarkand")
    assert briefing.fields == {"name": "Dilnoza", "city": "Buxoro", "visits": "3", "company": "Lola", "day": "today"}
    await DatabaseCallBook(database, lambda: NOW).record_calls(
        [outgoing(attempt, answered_at=after(4), ended_at=after(31))]
    )
    (row,) = await rows_of(database, attempts)
    assert row.outcome == "answered"


async def test_before_a_lead_is_dialed_the_bot_is_told_the_same_and_nothing_counts(database: Database) -> None:
    campaign, (attempt, *_) = await leased(database)
    async with database.work() as work:
        await work.run(update(contacts).values(name="Dilnoza", language="uz"))
        await work.run(update(leads).values(zone="Asia/Samarkand", fields={"city": "Buxoro", "visits": 3, "day": ""}))
    book = DatabaseConversationBook(database)
    foreseen = await book.foresee(campaign.id, attempt.lead_id)
    assert (await rows_of(database, attempts))[0].outcome is None
    told = await book.begin(attempt.id)
    assert foreseen is not None
    assert told == replace(foreseen, call_id=attempt.id, number=attempt.number)
    assert await book.foresee(campaign.id, attempt.lead_id + 1000) is None
    operators = await add_campaign(database, name="operators")
    (lead_id, *_) = await lead_ids(database, operators)
    assert await book.foresee(operators.id, lead_id) is None


async def test_a_call_of_operators_is_none_of_the_bots(database: Database) -> None:
    campaign = await add_campaign(database)
    (attempt,) = await DatabaseHopper(database, lambda: NOW).lease(await attempts_for(database, campaign), TRUNK, NOW)
    book = DatabaseConversationBook(database)
    assert await book.begin(attempt.id) is None
    assert await book.begin("1700000000.1") is None
    (row,) = await rows_of(database, attempts)
    assert row.outcome is None


async def test_outside_hours_the_bot_takes_a_call_which_is_then_not_missed(database: Database) -> None:
    reception, book = DatabaseReception(database), DatabaseConversationBook(database, NIGHT)
    call_book = DatabaseCallBook(database, lambda: NOW)
    for call, late in (("1.1", True), ("1.2", False)):
        await reception.note_incoming(IncomingCall(call, "PJSIP/x-1", "+998712000000", None), late, NOW)
        await call_book.record_calls([incoming(call)])
    briefing = await book.begin("1.1")
    assert briefing is not None
    assert (briefing.script, briefing.number) == ("night", "+998901299999")
    assert briefing.fields == {"name": "", "company": "Lola"}
    assert await book.begin("1.2") is None
    assert await DatabaseConversationBook(database).begin("1.1") is None
    await call_book.record_calls([incoming(call, answered_at=NOW, ended_at=after(30)) for call in ("1.1", "1.2")])
    assert [payload["call_id"] for _, payload in await published(database, CallMissed)] == ["1.2"]
    (night,) = await rows_of(database, calls, calls.c.id == "1.1")
    assert night.outcome == "answered"


async def test_a_night_caller_who_is_known_is_greeted_by_name(database: Database) -> None:
    campaign = await add_campaign(database)
    caller = number_of(0)
    await DatabaseReception(database).note_incoming(IncomingCall("1.1", "PJSIP/x-1", "+998", caller), True, NOW)
    await DatabaseCallBook(database, lambda: NOW).record_calls([incoming("1.1", number=caller)])
    briefing = await DatabaseConversationBook(database, NIGHT).begin("1.1")
    assert briefing is not None
    assert briefing.fields == {"name": "person 0", "company": "Lola"}
    assert campaign.policy.script is None


async def test_words_and_answers_are_kept_in_order(database: Database) -> None:
    _, (attempt,) = await leased(database)
    told = spoken(attempt.id)
    await DatabaseConversationBook(database).record(told, after(31))
    assert await transcript(attempt.id, database) == (list(told.turns), list(told.answers))


async def test_a_call_without_a_conversation_is_said_to_have_none(database: Database) -> None:
    with pytest.raises(NotFound, match="conversation"):
        await transcript("t-nothing", database)


async def test_all_that_follows_stands_in_one_commit(seeded_database: Database) -> None:
    database = seeded_database
    campaign, (attempt,) = await leased(database)
    whole = spoken(
        attempt.id,
        disposition="interested",
        do_not_call="all",
        deals=(WantedDeal("Sanatorium", "New", Decimal("1500000"), "UZS"),),
        tasks=(WantedTask("Bad rating: call her", TaskKind.CALLBACK), WantedTask("Send the price", due_at=after(60))),
    )
    await DatabaseConversationBook(database).record(whole, after(31))
    (call,) = await rows_of(database, calls)
    assert (call.disposition, call.note) == ("interested", "rating: 8")
    lead = await lead_row(database, campaign, attempt.lead_id)
    assert (lead.state, lead.close_reason) == ("closed", "interested")
    (deal,) = await rows_of(database, deals)
    (stage,) = await rows_of(database, stages, stages.c.id == deal.stage_id)
    assert (deal.title, deal.amount, deal.currency, stage.name) == ("Sanatorium", Decimal("1500000"), "UZS", "New")
    made = sorted(await rows_of(database, tasks), key=lambda task: task.title)
    assert [(task.kind, task.number, task.by) for task in made] == [
        ("callback", attempt.number, "bot: survey"),
        ("follow_up", attempt.number, "bot: survey"),
    ]
    assert made[1].due_at == after(60)
    assert made[0].due_at >= after(31)
    async with database.reading() as work:
        assert await blocks_for(work, attempt.number)
    assert [name for name, _ in await published(database, LeadDisposed, ConversationEnded)] == [
        "LeadDisposed",
        "ConversationEnded",
    ]


async def test_who_refuses_this_campaign_may_be_called_by_another(database: Database) -> None:
    campaign, (attempt,) = await leased(database)
    await DatabaseConversationBook(database).record(spoken(attempt.id, do_not_call="campaign"), after(31))
    async with database.reading() as work:
        assert [block.campaign_id for block in await blocks_for(work, attempt.number, campaign.id)] == [campaign.id]
        assert await blocks_for(work, attempt.number) == []


async def test_told_again_only_the_words_are_replaced(seeded_database: Database) -> None:
    database = seeded_database
    _, (attempt,) = await leased(database)
    book = DatabaseConversationBook(database)
    first = spoken(attempt.id, tasks=(WantedTask("Call her"),), disposition="later")
    await book.record(first, after(31))
    better = replace(first, answers=(Answer("rating", "9", "nine", after(7)),), turns=first.turns[:1])
    await book.record(better, after(40))
    assert await transcript(attempt.id, database) == (list(better.turns), list(better.answers))
    assert len(await rows_of(database, tasks)) == 1
    assert len(await published(database, ConversationEnded, LeadDisposed)) == 2


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda c: replace(c, disposition="delighted"), "delighted"),
        (lambda c: replace(c, disposition="callback"), "callback_at"),
        (lambda c: replace(c, deals=(WantedDeal("A deal", "Nowhere"),)), "Nowhere"),
        (lambda c: replace(c, deals=(WantedDeal("A deal", None, Decimal(5), None),)), "currency"),
    ],
)
async def test_what_the_site_does_not_have_is_refused_and_nothing_is_written(
    seeded_database: Database, broken: Callable[[Conversation], Conversation], said: str
) -> None:
    database = seeded_database
    _, (attempt,) = await leased(database)
    with pytest.raises(BadInput, match=said):
        await DatabaseConversationBook(database).record(broken(spoken(attempt.id)), after(31))
    with pytest.raises(NotFound):
        await transcript(attempt.id, database)
    assert await rows_of(database, deals) == []
    assert await published(database, ConversationEnded) == []


async def test_without_a_pipeline_a_deal_says_what_to_do(database: Database) -> None:
    _, (attempt,) = await leased(database)
    async with database.reading() as work:
        assert await sales.default_stages(work) == []
    with pytest.raises(BadInput, match="rules install"):
        await DatabaseConversationBook(database).record(spoken(attempt.id, deals=(WantedDeal("A deal"),)), after(31))


async def test_whom_the_bot_hands_on_is_known_and_gets_one_task_if_nobody_takes_over(database: Database) -> None:
    _, (first, second) = await leased(database, 2)
    book, desk = DatabaseConversationBook(database), DatabaseAttemptBook(database)
    handed = {"ending": Ending.TRANSFERRED, "summary": "wants the price", "announcement": "announcements/1"}
    await book.record(spoken(first.id, **handed), after(31))
    await book.record(spoken(second.id), after(31))
    assert await desk.handed_on(first.id) == HandedOn("wants the price", "announcements/1")
    assert await desk.handed_on(second.id) is None
    assert await desk.handed_on("1.1") is None
    for call in (first.id, first.id, second.id):
        await desk.nobody_took_over(call, after(50))
    (task,) = await rows_of(database, tasks)
    assert (task.kind, task.title, task.number) == (
        "callback",
        "The bot promised a colleague: wants the price",
        first.number,
    )
    assert task.due_at >= after(50)


async def test_the_calls_contact_owns_its_conversation(database: Database) -> None:
    _, (attempt,) = await leased(database)
    await DatabaseConversationBook(database).record(spoken(attempt.id), after(31))
    async with database.reading() as work:
        contact_id = await work.scalar(select(contacts.c.id))
    (payload,) = [payload for _, payload in await published(database, ConversationEnded)]
    assert (payload["contact_id"], payload["ending"]) == (contact_id, "finished")
