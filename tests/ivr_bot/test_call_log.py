"""What a call leaves behind: turns in order, answers with their place, and what the script wants done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from crm_core.domain.conversations import Ending, Party, Turn, WantedDeal, WantedMessage, WantedTask
from crm_core.domain.messages import MessageChannel
from crm_core.domain.sales import TaskKind
from ivr_bot.call_log import CallLog, without_effects
from ivr_bot.dialog.actions import (
    Answered,
    CallBack,
    CreateDeal,
    CreateTask,
    DoNotCall,
    HangUp,
    SendMessage,
    SetDisposition,
    SetLanguage,
    Transfer,
)

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
TASHKENT = timezone(timedelta(hours=5))


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def a_log() -> CallLog:
    return CallLog("t-1", "survey", "en", NOON)


def test_turns_are_told_in_the_order_in_which_they_began() -> None:
    log = a_log()
    log.heard(Turn(Party.PERSON, "eight", "rating", at(4), at(5), "whisper", 0.9))
    log.said("How was it?", "rating", at(1), at(3.5))
    whole = log.conversation(Ending.FINISHED, "bye", at(9))
    assert [(turn.party, turn.text) for turn in whole.turns] == [
        (Party.BOT, "How was it?"),
        (Party.PERSON, "eight"),
    ]
    assert (whole.call_id, whole.began_at, whole.ended_at, whole.last_node) == ("t-1", NOON, at(9), "bye")


def test_an_answer_is_found_where_it_was_said() -> None:
    log = a_log()
    log.heard(Turn(Party.PERSON, "eight", "rating", at(4), at(5), "whisper", 0.9))
    log.wanted(Answered("rating", "8", "eight"))
    (answer,) = log.conversation(Ending.FINISHED, "bye", at(9)).answers
    assert (answer.question, answer.value, answer.at) == ("rating", "8", at(4))


def test_what_the_script_wants_is_kept_in_utc() -> None:
    log = a_log()
    local = datetime(2026, 11, 26, 17, 0, tzinfo=TASHKENT)
    for action in (
        SetDisposition("callback"),
        CallBack(local),
        DoNotCall("campaign"),
        CreateTask("call_back", "Call her", local, {"topic": "price"}),
        CreateTask("complaint", "Look into it", local, {}),
        SetLanguage("ru"),
        Transfer("sales", "wants the price", "en"),
        HangUp(),
    ):
        log.wanted(action)
    whole = log.conversation(Ending.TRANSFERRED, "any.operator", at(9))
    assert (whole.disposition, whole.do_not_call, whole.language) == ("callback", "campaign", "ru")
    assert whole.summary == "wants the price"
    assert whole.callback_at == local.astimezone(UTC)
    assert whole.callback_at.tzinfo is UTC
    assert whole.tasks == (
        WantedTask("Call her (topic: price)", TaskKind.CALLBACK, local.astimezone(UTC)),
        WantedTask("Look into it", TaskKind.FOLLOW_UP, local.astimezone(UTC)),
    )


def test_a_deal_has_money_only_with_its_currency() -> None:
    log = a_log()
    log.wanted(CreateDeal({"title": "Trip", "stage": "New", "amount": "1500000", "currency": "UZS", "people": "3"}))
    log.wanted(CreateDeal({"amount": "5"}))
    log.wanted(CreateDeal({"title": "Odd", "amount": "much", "currency": "UZS"}))
    assert log.deals == [
        WantedDeal("Trip (people: 3)", "New", Decimal("1500000.00"), "UZS"),
        WantedDeal("Deal from a call of the bot"),
        WantedDeal("Odd"),
    ]


def test_messages_go_with_the_conversation() -> None:
    log = a_log()
    log.wanted(SendMessage("address", "sms", {"branch": "centre"}))
    whole = log.conversation(Ending.FINISHED, "bye", at(9))
    assert whole.messages == (WantedMessage("address", MessageChannel.SMS, {"branch": "centre"}),)
    assert whole.tasks == ()


def test_what_cannot_be_done_is_handed_to_a_person_with_the_words_kept() -> None:
    log = a_log()
    log.wanted(SetDisposition("delighted"))
    log.wanted(CreateDeal({"title": "Trip"}))
    log.said("Hello", "start", NOON, at(1))
    kept = without_effects(log.conversation(Ending.FINISHED, "bye", at(9)), "no such result")
    assert (kept.disposition, kept.deals, len(kept.turns)) == (None, (), 1)
    assert kept.tasks == (WantedTask("After the bot's call, by hand: delighted, Trip (no such result)"),)
