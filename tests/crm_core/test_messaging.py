"""The sender: each message once, again after faults that pass, and a task when it is given up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from crm_core.db.do_not_call import Blocked, BlockKind, add_blocks
from crm_core.db.engine import Database
from crm_core.db.messages import NewMessage, claim, opt_out, queue
from crm_core.db.tables import messages, tasks
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.messages import FaultKind, MessageChannel, NotSent, Rendered, RetrySchedule
from crm_core.errors import Unavailable
from crm_core.handlers.messaging import MessageSender, SendingSettings
from tests.crm_core.dialing import NOW, after, number_of, rows_of
from tests.crm_core.until import until
from tests.fakes.message_gateway import FakeGateway

SMS, EMAIL = MessageChannel.SMS, MessageChannel.EMAIL
BUSY = NotSent(FaultKind.TEMPORARY, "429 slow down")
REFUSED = NotSent(FaultKind.PERMANENT, "400 no such number")
UNHEARD = NotSent(FaultKind.UNCERTAIN, "no answer in time")


class Clock:
    """The time, which stands until the test moves it."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def queued(database: Database, count: int = 1, channel: MessageChannel = SMS, at: datetime = NOW) -> None:
    async with database.work() as work:
        for index in range(count):
            to = number_of(index) if channel is SMS else f"p{index}@example.com"
            words = Rendered("", f"text {index}")
            new = NewMessage(f"{channel} {index}", channel, to, "offer", words, at, number=number_of(index))
            assert await queue(work, new)


async def rounds(sender: MessageSender) -> int:
    """Send what is due until nothing is; how many were sent."""
    total = 0
    while started := await sender.send_due():
        total += started
        await sender.settled()
    return total


async def in_order(database: Database) -> list[Any]:
    return sorted(await rows_of(database, messages), key=lambda row: int(row.id))


async def states(database: Database) -> list[str]:
    return [row.state for row in await in_order(database)]


def sender_of(database: Database, clock: Clock, **settings: Any) -> Callable[..., MessageSender]:
    return lambda **gateways: MessageSender(
        database, {MessageChannel(name): one for name, one in gateways.items()}, clock, SendingSettings(**settings)
    )


async def test_what_is_due_is_sent_once_longest_due_first(database: Database, clock: Clock) -> None:
    await queued(database, 3)
    await queued(database, 1, EMAIL, after(60))
    sms, email = FakeGateway(), FakeGateway()
    sender = sender_of(database, clock)(sms=sms, email=email)
    assert await rounds(sender) == 3
    assert [message.body for message in sms.sent] == ["text 0", "text 1", "text 2"]
    assert email.sent == []
    first = (await in_order(database))[0]
    assert (first.state, first.sent_at, first.provider_id, first.attempts) == ("sent", NOW, "p1", 1)
    assert (first.leased_until, first.last_error) == (None, None)
    clock.move(minutes=2)
    assert await rounds(sender) == 1
    assert await rows_of(database, tasks) == []


async def test_a_fault_that_passes_is_tried_again_when_its_time_comes(database: Database, clock: Clock) -> None:
    await queued(database)
    gateway = FakeGateway(BUSY, NotSent(FaultKind.TEMPORARY, "503", timedelta(minutes=20)))
    sender = sender_of(database, clock)(sms=gateway)
    assert await rounds(sender) == 1
    (message,) = await in_order(database)
    assert (message.state, message.due_at, message.last_error) == ("queued", after(60), "429 slow down")
    clock.move(seconds=59)
    assert await rounds(sender) == 0
    clock.move(seconds=1)
    assert await rounds(sender) == 1
    (message,) = await in_order(database)
    assert message.due_at == clock.at + timedelta(minutes=20)  # as the provider asked
    clock.move(minutes=20)
    assert await rounds(sender) == 1
    (message,) = await in_order(database)
    assert (message.state, message.attempts, message.last_error) == ("sent", 3, None)
    assert len({message.token for message in gateway.sent}) == 1
    assert await rows_of(database, tasks) == []


async def test_after_the_last_try_a_person_has_a_task(database: Database, clock: Clock) -> None:
    await queued(database)
    sender = sender_of(database, clock, schedule=RetrySchedule(attempts=2))(sms=FakeGateway(BUSY, BUSY))
    for _ in range(3):
        await rounds(sender)
        clock.move(hours=1)
    (message,) = await in_order(database)
    assert (message.state, message.attempts, message.last_error) == ("failed", 2, "429 slow down")
    (task,) = await rows_of(database, tasks)
    assert task.title == f"Message {message.id} not sent, offer by sms to {message.to}: 429 slow down"
    assert (task.number, task.by, task.kind) == (message.number, "messages", "follow_up")


async def test_what_can_never_go_out_fails_at_once_in_the_providers_words(database: Database, clock: Clock) -> None:
    await queued(database, 2)
    sender = sender_of(database, clock)(sms=FakeGateway(REFUSED))
    assert await rounds(sender) == 2
    first, second = await in_order(database)
    assert (first.state, first.last_error, second.state) == ("failed", "400 no such number", "sent")
    assert len(await rows_of(database, tasks)) == 1


@pytest.mark.parametrize(("repeatable", "state", "made"), [(True, "queued", 0), (False, "failed", 1)])
async def test_what_may_have_gone_out_is_not_sent_again_unless_that_does_no_harm(
    database: Database, clock: Clock, repeatable: bool, state: str, made: int
) -> None:
    await queued(database)
    await rounds(sender_of(database, clock)(sms=FakeGateway(UNHEARD, is_repeatable=repeatable)))
    assert await states(database) == [state]
    assert len(await rows_of(database, tasks)) == made


async def test_a_channel_without_a_way_out_makes_tasks_at_once(database: Database, clock: Clock) -> None:
    await queued(database, 2)
    await queued(database, 1, EMAIL)
    email = FakeGateway()
    sender = sender_of(database, clock)(email=email)
    assert await rounds(sender) == 1
    assert await states(database) == ["failed", "failed", "sent"]
    made = await rows_of(database, tasks)
    assert len(made) == 2
    assert made[0].title.endswith(": no way to send sms is set up")


async def test_whoever_opts_out_before_it_is_sent_does_not_get_it(database: Database, clock: Clock) -> None:
    await queued(database, 3)
    async with database.work() as work:
        await opt_out(work, number_of(0), "wrote stop", NOW)
        await add_blocks(work, [Blocked(BlockKind.NUMBER, number_of(1), reason="asked an operator")], NOW)
    gateway = FakeGateway()
    await rounds(sender_of(database, clock)(sms=gateway))
    assert [message.to for message in gateway.sent] == [number_of(2)]
    one, two, _ = await in_order(database)
    assert (one.state, one.last_error) == ("refused", "opted out: wrote stop")
    assert (two.state, two.last_error) == ("refused", "on the do-not-call list: asked an operator")
    assert await rows_of(database, tasks) == []


async def test_the_do_not_call_list_holds_for_e_mail_to_that_person(database: Database, clock: Clock) -> None:
    await queued(database, 1, EMAIL)
    async with database.work() as work:
        await add_blocks(work, [Blocked(BlockKind.NUMBER, number_of(0), reason="asked")], NOW)
    gateway = FakeGateway()
    await rounds(sender_of(database, clock)(email=gateway))
    assert gateway.sent == []
    assert await states(database) == ["refused"]


async def test_two_senders_never_send_one_message_twice(database: Database, clock: Clock) -> None:
    await queued(database, 60)
    gateway = FakeGateway()
    senders = [sender_of(database, clock, at_once=5)(sms=gateway) for _ in range(2)]
    while "queued" in await states(database):
        await asyncio.gather(*(rounds(sender) for sender in senders))
    assert sorted(message.to for message in gateway.sent) == [number_of(index) for index in range(60)]
    assert set(await states(database)) == {"sent"}


@pytest.mark.parametrize(("repeatable", "state", "made"), [(True, "sent", 0), (False, "failed", 1)])
async def test_a_message_whose_sender_died_is_settled_when_its_lease_has_run_out(
    database: Database, clock: Clock, repeatable: bool, state: str, made: int
) -> None:
    await queued(database)
    async with database.work() as work:  # claimed, and then nothing more was heard
        assert len(await claim(work, SMS, NOW, after(180), 10)) == 1
    gateway = FakeGateway(is_repeatable=repeatable)
    sender = sender_of(database, clock)(sms=gateway)
    clock.move(seconds=179)
    assert await rounds(sender) == 0
    assert await states(database) == ["sending"]
    clock.move(seconds=1)
    await rounds(sender)
    clock.move(minutes=1)
    await rounds(sender)
    assert await states(database) == [state]
    titles = [task.title for task in await rows_of(database, tasks)]
    assert len(titles) == made
    assert all("the sender stopped in the middle" in title for title in titles)
    assert len(gateway.sent) == (1 if repeatable else 0)


async def test_an_answer_that_comes_after_the_lease_changes_nothing(
    database: Database, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    await queued(database)
    slow = FakeGateway()
    slow.gate.clear()
    late = sender_of(database, clock)(sms=slow)
    assert await late.send_due() == 1
    clock.move(minutes=4)
    await rounds(sender_of(database, clock)(sms=FakeGateway()))
    assert await states(database) == ["failed"]
    slow.gate.set()
    await late.settled()
    assert await states(database) == ["failed"]
    assert "a message went out after its lease had run out" in caplog.messages


async def test_a_slow_provider_holds_up_his_own_messages_only(database: Database, clock: Clock) -> None:
    await queued(database, 10)
    await queued(database, 2, EMAIL)
    sms, email = FakeGateway(), FakeGateway()
    sms.gate.clear()
    sender = sender_of(database, clock, at_once=4)(sms=sms, email=email)
    assert await sender.send_due() == 6
    await until(lambda: len(email.sent) == 2 and sms.under_way == 4)
    assert await sender.send_due() == 0  # no room
    sms.gate.set()
    await sender.settled()
    await rounds(sender)
    assert (len(sms.sent), sms.most_at_once) == (10, 4)


async def test_a_gateway_that_never_answers_is_left(database: Database, clock: Clock) -> None:
    await queued(database)
    gateway = FakeGateway()
    gateway.gate.clear()
    await rounds(sender_of(database, clock, within=timedelta(milliseconds=20))(sms=gateway))
    (message,) = await in_order(database)
    assert message.state == "failed"
    assert message.last_error == "it is not known whether it went out: no end within 0.02 s"


async def test_a_gateway_that_breaks_takes_nobody_down(database: Database, clock: Clock) -> None:
    await queued(database, 2)
    await rounds(sender_of(database, clock)(sms=FakeGateway(KeyError("id"))))
    first, second = await in_order(database)
    assert (first.state, second.state) == ("failed", "sent")
    assert first.last_error == "it is not known whether it went out: KeyError"


async def test_stopped_it_lets_those_under_way_end_and_leaves_those_that_hang(database: Database, clock: Clock) -> None:
    await queued(database)
    await queued(database, 1, EMAIL)
    sms, email = FakeGateway(), FakeGateway()
    sms.gate.clear()
    email.gate.clear()
    sender = sender_of(database, clock, drain=timedelta(seconds=0.5))(sms=sms, email=email)
    running = asyncio.create_task(sender.run())
    await until(lambda: bool(sms.under_way and email.under_way))
    running.cancel()
    sms.gate.set()
    await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()
    assert await states(database) == ["sent", "sending"]  # the second's lease will run out
    assert email.under_way == 0


async def test_running_it_sends_what_is_queued_later(database: Database, clock: Clock) -> None:
    gateway = FakeGateway()
    sender = sender_of(database, clock, look_every=timedelta(milliseconds=10))(sms=gateway)

    async def all_sent() -> bool:
        return await states(database) == ["sent"] * 20

    running = asyncio.create_task(sender.run())
    try:
        await queued(database, 20)
        await until(all_sent)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert len(gateway.sent) == 20


class Shaky(Database):
    """A database that does not answer as often as `down` says."""

    down = 0

    @asynccontextmanager
    async def work(self, *, at_once: bool = False) -> AsyncIterator[UnitOfWork]:
        if self.down:
            self.down -= 1
            raise Unavailable("the database does not answer")
        async with super().work(at_once=at_once) as work:
            yield work


async def test_what_came_of_a_message_is_written_down_when_the_database_is_back(
    database: Database, clock: Clock
) -> None:
    await queued(database)
    shaky = Shaky(database.engine)
    gateway = FakeGateway()
    gateway.gate.clear()
    sender = sender_of(shaky, clock)(sms=gateway)
    assert await sender.send_due() == 1
    shaky.down = 1
    gateway.gate.set()
    await sender.settled()
    assert shaky.down == 0
    assert await states(database) == ["sent"]


async def test_without_a_database_the_sender_waits_for_it(
    database: Database, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    await queued(database)
    shaky = Shaky(database.engine)
    shaky.down = 1
    gateway = FakeGateway()
    running = asyncio.create_task(sender_of(shaky, clock, look_every=timedelta(0))(sms=gateway).run())
    try:
        await until(lambda: bool(gateway.sent))
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert "messages wait" in caplog.messages
