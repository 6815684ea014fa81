"""The sender: takes messages that are due, hands each to its channel's gateway, and writes down what came of it.

A message is claimed under a lease in one commit, sent outside of any, and settled in another. Where the sender dies
between the two, nobody knows whether the message went out. It is then sent again only by a gateway to which a repeated
message does no harm; else it has failed, and a person, who can ask, has a task: twice is worse than late.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crm_core.db import messages
from crm_core.db.engine import Database
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.messages import (
    FaultKind,
    Message,
    MessageChannel,
    MessageState,
    NotSent,
    RetrySchedule,
    is_tried_again,
    next_try,
)
from crm_core.errors import Conflict, Unavailable
from crm_core.handlers.commits import committed
from crm_core.handlers.message_queue import Person, add_task, why_refused
from crm_core.ports import MessageGateway

log = logging.getLogger(__name__)

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 15.0  # seconds, while the database does not answer
#: Failed in one commit where a channel is not set up.
_UNSENDABLE_AT_ONCE = 100
#: Longest words of a provider that are kept.
_WORDS = 500


@dataclass(frozen=True, slots=True)
class SendingSettings:
    """`at_once` counts messages under way per channel, so that a slow provider holds up his own only. `lease` is
    longer than a message can take: `within`, then writing it down."""

    at_once: int = 8
    within: timedelta = timedelta(seconds=60)
    lease: timedelta = timedelta(minutes=3)
    look_every: timedelta = timedelta(seconds=1)
    drain: timedelta = timedelta(seconds=10)  # at the end, for those under way
    schedule: RetrySchedule = field(default_factory=RetrySchedule)


class MessageSender:
    """Sends what is due until stopped. Several may run, in one process or many: each message goes to one of them."""

    def __init__(
        self,
        database: Database,
        gateways: Mapping[MessageChannel, MessageGateway],
        now: Callable[[], datetime],
        settings: SendingSettings = SendingSettings(),
    ) -> None:
        self._database, self._gateways, self._now, self._settings = database, gateways, now, settings
        self._under_way: dict[asyncio.Task[None], MessageChannel] = {}

    async def run(self) -> None:
        """Run until cancelled; then those under way get a little time to end."""
        wait = _FIRST_WAIT
        try:
            while True:
                try:
                    await self.send_due()
                    wait = _FIRST_WAIT
                except (Unavailable, Conflict) as error:
                    log.warning("messages wait", extra={"fault": str(error), "wait_seconds": wait})
                    await asyncio.sleep(wait)
                    wait = min(wait * 2, _LONGEST_WAIT)
                await self._pause()
        finally:
            await self._leave()

    async def send_due(self) -> int:
        """Start sending what is due, as far as there is room; how many. Raises Unavailable and Conflict."""
        now = self._now()
        async with self._database.reading() as work:
            due = await messages.channels_due(work, now)
            has_lapsed = await messages.any_lapsed(work, now)
        if has_lapsed:
            await committed(self._database, lambda work: self._give_up_lapsed(work, now))
        due = {channel for channel in due if self._room(channel) > 0}
        if not due:
            return 0
        claimed = await committed(self._database, lambda work: self._claim(work, due, now))
        for message in claimed:
            task = asyncio.create_task(self._deliver(message), name=f"message {message.id}")
            self._under_way[task] = message.channel
            task.add_done_callback(self._ended)
        return len(claimed)

    async def settled(self) -> None:
        """Wait until nothing is under way."""
        while self._under_way:
            await asyncio.wait(list(self._under_way))

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        if not task.cancelled() and (error := task.exception()) is not None:  # its lease will run out
            log.error("a message was lost sight of", exc_info=error, extra={"task": task.get_name()})

    def _room(self, channel: MessageChannel) -> int:
        if channel not in self._gateways:
            return _UNSENDABLE_AT_ONCE
        return self._settings.at_once - Counter(self._under_way.values())[channel]

    async def _pause(self) -> None:
        """Until something may have changed: a message came to its end, or a little time has passed."""
        seconds = self._settings.look_every.total_seconds()
        if self._under_way:
            await asyncio.wait(list(self._under_way), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(seconds)

    async def _leave(self) -> None:
        if not self._under_way:
            return
        _, late = await asyncio.wait(list(self._under_way), timeout=self._settings.drain.total_seconds())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _claim(self, work: UnitOfWork, due: set[MessageChannel], now: datetime) -> list[Message]:
        """Take what is due; what may not or cannot be sent is settled here and now."""
        ready: list[Message] = []
        for channel in sorted(due):
            claimed = await messages.claim(work, channel, now, now + self._settings.lease, self._room(channel))
            for message in claimed:
                refused = await why_refused(work, message.to, message.number, message.campaign_id)
                if refused is not None:
                    await messages.settle(work, message, MessageState.REFUSED, last_error=refused)
                elif channel not in self._gateways:
                    unset = NotSent(FaultKind.PERMANENT, f"no way to send {channel} is set up")
                    await self._failed(work, message, unset, now)
                else:
                    ready.append(message)
        return ready

    async def _give_up_lapsed(self, work: UnitOfWork, now: datetime) -> None:
        for message in await messages.lapsed(work, now):
            words = "it is not known whether it went out: the sender stopped in the middle"
            await self._failed(work, message, NotSent(FaultKind.UNCERTAIN, words), now)

    async def _deliver(self, message: Message) -> None:
        """Send one message and write down what came of it, however long the database keeps us waiting."""
        fault: NotSent | None = None
        provider_id: str | None = None
        try:
            async with asyncio.timeout(self._settings.within.total_seconds()):
                provider_id = await self._gateways[message.channel].send(message)
        except NotSent as error:
            fault = error
        except TimeoutError:
            seconds = self._settings.within.total_seconds()
            fault = NotSent(FaultKind.UNCERTAIN, f"it is not known whether it went out: no end within {seconds:g} s")
        except Exception as error:  # a fault of a driver must not take the others down
            log.error("a gateway broke", exc_info=error, extra={"message_id": message.id, "channel": message.channel})
            fault = NotSent(FaultKind.UNCERTAIN, f"it is not known whether it went out: {type(error).__name__}")
        await self._write_down(message, fault, provider_id)

    async def _write_down(self, message: Message, fault: NotSent | None, provider_id: str | None) -> None:
        now = self._now()

        async def write(work: UnitOfWork) -> None:
            if fault is None:
                await _sent(work, message, provider_id, now)
            else:
                await self._failed(work, message, fault, now)

        wait = _FIRST_WAIT
        while True:
            try:
                await committed(self._database, write)
                return
            except (Unavailable, Conflict) as error:
                fields = {"message_id": message.id, "fault": str(error)}
                if message.leased_until is None or self._now() >= message.leased_until:
                    log.error("what came of a message could not be written down", extra=fields)
                    return
                log.warning("what came of a message waits to be written down", extra=fields)
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    async def _failed(self, work: UnitOfWork, message: Message, fault: NotSent, now: datetime) -> None:
        """Queue it for later, or give it up with a task."""
        words = fault.words[:_WORDS]
        gateway = self._gateways.get(message.channel)
        again = None
        if is_tried_again(fault.kind, repeatable=gateway is not None and gateway.is_repeatable):
            again = next_try(self._settings.schedule, message.attempts, now, fault.wait)
        fields = {"message_id": message.id, "channel": message.channel, "attempts": message.attempts}
        if again is not None:
            log.info(
                "a message is tried again", extra={**fields, "fault_kind": fault.kind, "due_at": again.isoformat()}
            )
            await messages.settle(work, message, MessageState.QUEUED, due_at=again, last_error=words)
            return
        if not await messages.settle(work, message, MessageState.FAILED, last_error=words):
            return
        log.warning("a message has failed", extra={**fields, "fault_kind": fault.kind})
        person = Person(message.number, message.contact_id, None, message.call_id, message.campaign_id)
        title = f"Message {message.id} not sent, {message.template} by {message.channel} to {message.to}: {words}"
        await add_task(work, title, "messages", person, now)


async def _sent(work: UnitOfWork, message: Message, provider_id: str | None, now: datetime) -> None:
    kept = {"sent_at": now, "provider_id": provider_id[:200] if provider_id else None, "last_error": None}
    if not await messages.settle(work, message, MessageState.SENT, **kept):
        log.warning("a message went out after its lease had run out", extra={"message_id": message.id})
