"""The sender of webhooks: takes deliveries that are due, posts each signed, and writes down what was answered.

A delivery is claimed under a lease in one commit, sent outside of any, and settled in another. Where the sender dies in
between it is sent again under the same id: receivers pass over an id they know.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from crm_core.db import notices, webhooks
from crm_core.db.engine import Database
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.webhooks import Delivery, Webhook
from crm_core.domain.notices import Notice, NoticeKind
from crm_core.domain.webhooks import GIVE_UP_AFTER, DeliveryState, Verdict, headers_of, next_try, verdict
from crm_core.errors import BadInput, Conflict, Unavailable
from crm_core.handlers.commits import committed
from crm_core.handlers.webhook_telling import actor_or_none, body_now
from crm_core.ports import WebhookPost

log = logging.getLogger(__name__)

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 15.0  # seconds, while the database does not answer
#: How long the log keeps what came to an end.
KEPT = timedelta(days=30)
_TIDY_EVERY, _TIDIED_AT_ONCE = timedelta(minutes=10), 500


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """`at_once` counts deliveries under way per webhook, so that a slow receiver holds up his own only."""

    at_once: int = 4
    within: timedelta = timedelta(seconds=20)
    lease: timedelta = timedelta(minutes=2)
    look_every: timedelta = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class _Ready:
    webhook: Webhook
    delivery: Delivery
    body: str


class WebhookSender:
    """Sends what is due until stopped. Several may run, in one process or many."""

    def __init__(
        self,
        database: Database,
        post: WebhookPost,
        now: Callable[[], datetime],
        settings: WebhookSettings = WebhookSettings(),
    ) -> None:
        self._database, self._post, self._now, self._settings = database, post, now, settings
        self._under_way: dict[asyncio.Task[None], int] = {}
        self._tidy_at = now()

    async def run(self) -> None:
        """Run until cancelled; what is under way then is sent again later."""
        wait = _FIRST_WAIT
        try:
            while True:
                try:
                    await self.send_due()
                    await self._tidy()
                    wait = _FIRST_WAIT
                except (Unavailable, Conflict) as error:
                    log.warning("webhooks wait", extra={"fault": str(error), "wait_seconds": wait})
                    await asyncio.sleep(wait)
                    wait = min(wait * 2, _LONGEST_WAIT)
                await self._pause()
        finally:
            for task in list(self._under_way):
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def send_due(self) -> int:
        """Start sending what is due, as far as there is room; how many. Raises Unavailable and Conflict."""
        now = self._now()
        await committed(self._database, lambda work: webhooks.release_lapsed(work, now))
        async with self._database.reading() as work:
            due = await webhooks.due(work, now)
        busy = Counter(self._under_way.values())
        room = {webhook_id: self._settings.at_once - busy[webhook_id] for webhook_id in sorted(due)}
        ready: list[_Ready] = []
        for webhook_id, free in room.items():
            if free > 0:
                ready += await committed(self._database, lambda work: self._claim(work, webhook_id, free, now))  # noqa: B023
        for one in ready:
            task = asyncio.create_task(self._deliver(one), name=f"webhook delivery {one.delivery.id}")
            self._under_way[task] = one.webhook.id
            task.add_done_callback(self._ended)
        return len(ready)

    async def settled(self) -> None:
        """Wait until nothing is under way."""
        while self._under_way:
            await asyncio.wait(list(self._under_way))

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        if not task.cancelled() and (error := task.exception()) is not None:  # its lease will run out
            log.error("a delivery was lost sight of", exc_info=error, extra={"task": task.get_name()})

    async def _pause(self) -> None:
        seconds = self._settings.look_every.total_seconds()
        if self._under_way:
            await asyncio.wait(list(self._under_way), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(seconds)

    async def _claim(self, work: UnitOfWork, webhook_id: int, free: int, now: datetime) -> list[_Ready]:
        """Take what is due of one webhook; what its maker may not see any more ends here."""
        hook = (await webhooks.by_ids(work, [webhook_id])).get(webhook_id)
        actor = await actor_or_none(work, hook.user_id) if hook is not None else None
        if hook is None or not hook.enabled:
            return []
        if actor is None:
            await self._switch_off(work, hook, "whoever made it is no longer active", now)
            return []
        ready = []
        for delivery in await webhooks.claim(work, webhook_id, now, now + self._settings.lease, free):
            body = await body_now(work, actor, delivery)
            if body is None:
                words = "whoever made this webhook may not see that any more"
                await webhooks.settle(work, delivery, DeliveryState.FAILED, error=words, body="")
            else:
                ready.append(_Ready(hook, delivery, body))
        return ready

    async def _deliver(self, one: _Ready) -> None:
        """Post one delivery and write down what was answered, however long the database keeps us waiting."""
        stamp = int(self._now().timestamp())
        headers = headers_of(one.webhook.secret, f"dlv_{one.delivery.id}", stamp, one.body)
        status: int | None = None
        asked: timedelta | None = None
        try:
            async with asyncio.timeout(self._settings.within.total_seconds()):
                answer = await self._post.post(one.webhook.url, headers, one.body)
            status, asked, found = answer.status, answer.wait, verdict(answer.status, answer.words)
        except TimeoutError:
            found = Verdict(False, f"no answer within {self._settings.within.total_seconds():g} s")
        except (Unavailable, BadInput) as error:
            found = Verdict(False, str(error)[:300])
        except Exception as error:  # whatever a receiver's answer breaks must not take the others down
            log.error("a webhook could not be posted", exc_info=error, extra={"webhook_id": one.webhook.id})
            found = Verdict(False, f"the fault is ours, and is in the log of the service: {type(error).__name__}")
        wait = _FIRST_WAIT
        while True:
            try:
                await committed(self._database, lambda work: self._write_down(work, one, found, status, asked))
                return
            except (Unavailable, Conflict) as error:
                if one.delivery.leased_until is None or self._now() >= one.delivery.leased_until:
                    log.error("a delivery could not be written down", extra={"fault": str(error)})
                    return
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    async def _write_down(
        self, work: UnitOfWork, one: _Ready, found: Verdict, status: int | None, asked: timedelta | None
    ) -> None:
        now, delivery, hook = self._now(), one.delivery, one.webhook
        if found.is_taken:
            sent = {"status": status, "error": None, "sent_at": now, "body": one.body}
            await webhooks.settle(work, delivery, DeliveryState.SENT, **sent)
            await webhooks.note_taken(work, hook.id)
            return
        again = None if found.gone else next_try(delivery.attempts, now, asked)
        state = DeliveryState.FAILED if again is None else DeliveryState.QUEUED
        values = {"status": status, "error": found.words, "body": one.body, "due_at": again or now}
        if not await webhooks.settle(work, delivery, state, **values):
            return
        fields = {"webhook_id": hook.id, "delivery_id": delivery.id, "attempts": delivery.attempts}
        log.info("a webhook took nothing", extra=fields | {"status": status, "due_at": again and again.isoformat()})
        since = await webhooks.note_failed(work, hook.id, now)
        if found.gone:
            await self._switch_off(work, hook, "the receiver answered that it wants no more (410)", now)
        elif since is not None and now - since >= GIVE_UP_AFTER:
            await self._switch_off(work, hook, f"it has taken nothing for {GIVE_UP_AFTER.days} days", now)

    async def _switch_off(self, work: UnitOfWork, hook: Webhook, why: str, now: datetime) -> None:
        if not await webhooks.switch_off(work, hook.id, why):
            return
        log.warning("a webhook is switched off", extra={"webhook_id": hook.id, "why": why})
        key = f"webhook {hook.id} off {now.isoformat()}"
        notice = Notice(hook.user_id, key, NoticeKind.WEBHOOK_OFF, hook.url, f"/settings/webhooks/{hook.id}")
        await notices.add(work, [notice], now)

    async def _tidy(self) -> None:
        """Delete what is old, a little at a time."""
        now = self._now()
        if now < self._tidy_at:
            return
        async with self._database.work() as work:
            deleted = await webhooks.delete_old(work, now - KEPT, _TIDIED_AT_ONCE)
        if deleted < _TIDIED_AT_ONCE:
            self._tidy_at = now + _TIDY_EVERY
