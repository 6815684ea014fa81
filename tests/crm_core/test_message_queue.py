"""What a conversation promised: a message in the same commit, or a task that says why not."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, update

from crm_core.db.do_not_call import Blocked, BlockKind, add_blocks
from crm_core.db.engine import Database
from crm_core.db.messages import opt_out, put_templates
from crm_core.db.tables import contacts, conversations, leads, messages, phones, tasks
from crm_core.domain.attempts import Attempt
from crm_core.domain.campaigns import Campaign, DialMode
from crm_core.domain.conversations import Conversation, Ending, WantedMessage
from crm_core.domain.messages import MessageChannel, Template
from crm_core.errors import BadInput
from crm_core.handlers.conversations import DatabaseConversationBook
from crm_core.handlers.hopper import DatabaseHopper
from crm_core.handlers.message_queue import MessageOrder, Person, queue_or_task
from tests.crm_core.dialing import NOW, TRUNK, add_campaign, after, attempts_for, rows_of

SMS, EMAIL, TELEGRAM = MessageChannel.SMS, MessageChannel.EMAIL, MessageChannel.TELEGRAM
OFFER = {"offer": "tea", "price": "9 000"}
TEMPLATES = (
    Template("offer", SMS, "en", "Here it is: {offer}, {price}"),
    Template("offer", SMS, "uz", "Mana: {offer}, {price}"),
    Template("offer", EMAIL, "en", "Dear guest, {offer} for {price}", "{offer}"),
    Template("offer", TELEGRAM, "en", "{offer}"),
)


async def leased(database: Database) -> tuple[Campaign, Attempt]:
    """A person on the line with the bot, and the templates a site has."""
    campaign = await add_campaign(database, mode=DialMode.BOT, script="offer")
    async with database.work() as work:
        await put_templates(work, TEMPLATES, NOW, keep=False)
    wanted = await attempts_for(database, campaign)
    (attempt,) = await DatabaseHopper(database, lambda: NOW).lease(wanted, TRUNK, NOW)
    return campaign, attempt


def spoken(attempt: Attempt, *wanted: WantedMessage, **changes: Any) -> Conversation:
    told: dict[str, Any] = {"language": "en", "ending": Ending.FINISHED, "last_node": "bye"} | changes
    return Conversation(attempt.id, "offer", began_at=after(5), ended_at=after(30), messages=wanted, **told)


async def record(database: Database, conversation: Conversation) -> tuple[list[Any], list[Any]]:
    """Record it; the messages and tasks that stand then."""
    await DatabaseConversationBook(database).record(conversation, after(31))
    queued = sorted(await rows_of(database, messages), key=lambda row: int(row.id))
    return queued, await rows_of(database, tasks)


async def test_a_promised_message_stands_with_its_words_in_the_language_spoken(database: Database) -> None:
    campaign, attempt = await leased(database)
    (message,), made = await record(database, spoken(attempt, WantedMessage("offer", SMS, OFFER), language="uz"))
    assert (message.channel, message.to, message.state) == ("sms", attempt.number, "queued")
    assert (message.body, message.subject, message.template) == ("Mana: tea, 9 000", "", "offer")
    assert (message.call_id, message.campaign_id, message.number) == (attempt.id, campaign.id, attempt.number)
    assert message.contact_id is not None
    assert (message.due_at, message.created_at, message.attempts) == (after(31), after(31), 0)
    assert len(message.token) == 32
    assert made == []


async def test_told_again_nothing_is_queued_twice(database: Database) -> None:
    _, attempt = await leased(database)
    told = spoken(attempt, WantedMessage("offer", SMS, OFFER))
    first, _ = await record(database, told)
    again, made = await record(database, told)
    assert again == first
    assert made == []
    async with database.work() as work:  # even if the call's record is lost meanwhile
        await work.run(conversations.delete())
    assert (await record(database, told))[0] == first


async def test_of_two_alike_in_one_call_the_last_is_sent(database: Database) -> None:
    _, attempt = await leased(database)
    two = [WantedMessage("offer", SMS, {"offer": offer, "price": "1"}) for offer in ("tea", "bread")]
    (message,), _ = await record(database, spoken(attempt, *two))
    assert message.body == "Here it is: bread, 1"


async def test_when_the_result_cannot_be_written_neither_is_the_message(seeded_database: Database) -> None:
    database = seeded_database
    _, attempt = await leased(database)
    with pytest.raises(BadInput, match="delighted"):
        await record(database, spoken(attempt, WantedMessage("offer", SMS, OFFER), disposition="delighted"))
    assert await rows_of(database, messages) == []
    assert await rows_of(database, conversations) == []


@pytest.mark.parametrize(
    ("wanted", "language", "title"),
    [
        (
            WantedMessage("map", SMS, {"branch": "centre"}),
            "en",
            "Send map by sms: there is no such template in en (branch: centre)",
        ),
        (
            WantedMessage("offer", SMS, {"offer": "tea"}),
            "ru",
            "Send offer by sms: there is no such template in ru, only in en, uz (offer: tea)",
        ),
        (
            WantedMessage("offer", SMS, {"offer": "tea", "price": ""}),
            "en",
            "Send offer by sms: nothing is known for price (offer: tea)",
        ),
        (
            WantedMessage("offer", EMAIL, {**OFFER, "to": "at the gate"}),
            "en",
            "Send offer by email: 'at the gate' is no e-mail address (offer: tea; price: 9 000; to: at the gate)",
        ),
    ],
)
async def test_what_cannot_be_queued_is_a_task_that_says_why(
    database: Database, wanted: WantedMessage, language: str, title: str
) -> None:
    _, attempt = await leased(database)
    queued, (task,) = await record(database, spoken(attempt, wanted, language=language))
    assert queued == []
    assert (task.title, task.number, task.call_id) == (title, attempt.number, attempt.id)
    assert (task.by, task.kind) == ("bot: offer", "follow_up")
    assert task.due_at >= after(31)


@pytest.mark.parametrize(
    ("channel", "why"), [(EMAIL, "no e-mail address is known"), (TELEGRAM, "no Telegram chat is known")]
)
async def test_without_an_address_the_message_is_kept_and_a_person_told(
    database: Database, channel: MessageChannel, why: str
) -> None:
    _, attempt = await leased(database)
    told = spoken(attempt, WantedMessage("offer", channel, OFFER))
    (message,), (task,) = await record(database, told)
    assert (message.to, message.state, message.last_error) == ("", "refused", why)
    assert task.title == f"Send offer by {channel}: {why} (offer: tea; price: 9 000)"


async def test_a_call_without_a_number_has_no_address_for_an_sms(database: Database) -> None:
    async with database.work() as work:
        await put_templates(work, TEMPLATES, NOW, keep=False)
    told = Conversation(
        "1.1", "night", "en", NOW, NOW, Ending.FINISHED, "bye", messages=(WantedMessage("offer", SMS, OFFER),)
    )
    (message,), (task,) = await record(database, told)
    assert (message.state, message.last_error) == ("refused", "no number is known")
    assert task.title.startswith("Send offer by sms: no number is known")


async def test_addresses_come_from_the_contact_and_the_lead(database: Database) -> None:
    _, attempt = await leased(database)
    async with database.work() as work:
        await work.run(update(contacts).values(email="Ann@Example.com", fields={"telegram": 1}))
        await work.run(update(leads).values(fields={"email": "other@example.com", "telegram": 123456}))
    both = [WantedMessage("offer", channel, OFFER) for channel in (EMAIL, TELEGRAM)]
    queued, made = await record(database, spoken(attempt, *both))
    assert {(one.channel, one.to) for one in queued} == {("email", "ann@example.com"), ("telegram", "123456")}
    assert {one.subject for one in queued} == {"tea", ""}
    assert made == []


async def test_a_leads_own_e_mail_field_will_do(database: Database) -> None:
    _, attempt = await leased(database)
    async with database.work() as work:
        await work.run(update(leads).values(fields={"email": "ann@example.com"}))
    (message,), _ = await record(database, spoken(attempt, WantedMessage("offer", EMAIL, OFFER)))
    assert message.to == "ann@example.com"


@pytest.mark.parametrize("scope", ["all", "campaign"])
async def test_who_asks_in_the_same_call_not_to_be_called_gets_no_message(database: Database, scope: str) -> None:
    _, attempt = await leased(database)
    async with database.work() as work:
        await work.run(update(contacts).values(email="ann@example.com"))
    wanted = [WantedMessage("offer", channel, OFFER) for channel in (SMS, EMAIL)]
    queued, made = await record(database, spoken(attempt, *wanted, do_not_call=scope))
    assert [one.state for one in queued] == ["refused", "refused"]
    assert queued[0].last_error == f"on the do-not-call list: asked the bot in call {attempt.id}"
    assert made == []


async def test_a_prefix_on_the_do_not_call_list_holds_for_messages(database: Database) -> None:
    _, attempt = await leased(database)
    async with database.work() as work:
        await add_blocks(work, [Blocked(BlockKind.PREFIX, attempt.number[:6], reason="theirs")], NOW)
    (message,), _ = await record(database, spoken(attempt, WantedMessage("offer", SMS, OFFER)))
    assert (message.state, message.last_error) == ("refused", "on the do-not-call list: theirs")


async def test_another_campaigns_do_not_call_list_is_none_of_this_ones(database: Database) -> None:
    campaign, attempt = await leased(database)
    async with database.work() as work:
        await add_blocks(work, [Blocked(BlockKind.NUMBER, attempt.number, campaign.id + 1, "theirs")], NOW)
    (message,), _ = await record(database, spoken(attempt, WantedMessage("offer", SMS, OFFER)))
    assert message.state == "queued"


async def test_who_has_opted_out_gets_none_and_nobody_is_troubled(database: Database) -> None:
    _, attempt = await leased(database)
    async with database.work() as work:
        await opt_out(work, attempt.number, "wrote stop", NOW)
    (message,), made = await record(database, spoken(attempt, WantedMessage("offer", SMS, OFFER)))
    assert (message.state, message.last_error, made) == ("refused", "opted out: wrote stop", [])


async def test_a_message_to_somebody_else_does_not_ask_what_the_person_wants(database: Database) -> None:
    _, attempt = await leased(database)
    fields = {**OFFER, "to": "Office@Example.com"}
    told = spoken(attempt, WantedMessage("offer", EMAIL, fields), do_not_call="all")
    (message,), _ = await record(database, told)
    assert (message.to, message.state, message.number) == ("office@example.com", "queued", None)


async def test_a_message_may_be_ordered_without_a_call(database: Database) -> None:
    async with database.work() as work:
        await put_templates(work, TEMPLATES, NOW, keep=False)
        row = {"name": "Ann", "email": "ann@example.com", "fields": {}, "created_at": NOW}
        contact_id = await work.scalar(insert(contacts).values(row).returning(contacts.c.id))
        phone = {"contact_id": contact_id, "e164": "+998901234567", "raw": ""}
        await work.run(insert(phones).values(phone))
        order = MessageOrder("visit 7", "offer", EMAIL, "en", "visits", Person(contact_id=contact_id), OFFER)
        await queue_or_task(work, order, NOW)
        await queue_or_task(work, order, NOW)
    (message,) = await rows_of(database, messages)
    assert (message.key, message.to, message.call_id) == ("visit 7", "ann@example.com", None)
