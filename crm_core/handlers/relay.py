"""Carries events from the outbox to the stream: at least once, in order, whatever fails in between."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from crm_core.db import outbox
from crm_core.db.engine import Database
from crm_core.errors import Conflict, Unavailable
from crm_core.ports import EventStream

log = logging.getLogger(__name__)

_BATCH = 500
#: Commits come in bursts: one round for all of them costs the loop less than one for each.
_GATHER = timedelta(milliseconds=30)
_LOOK_AGAIN = timedelta(seconds=1)  # for what other processes have put in
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=0.5), timedelta(seconds=15)
#: Published and not done for so long: the carrier lost it, or its runner died (ADR 0005).
OVERDUE = timedelta(seconds=60)
KEPT = timedelta(days=7)
_TIDY_EVERY = timedelta(seconds=10)


class OutboxRelay:
    """Publishes what the outbox holds. Several may run, in one process or many: each row goes to one of them."""

    def __init__(self, database: Database, stream: EventStream, now: Callable[[], datetime]) -> None:
        self._database = database
        self._stream = stream
        self._now = now
        self._tidy_at = now()
        self._wait = timedelta(0)  # after a failure

    async def run(self) -> None:
        """Run until cancelled. While the database or the carrier does not answer, events wait where they are."""
        while True:
            self._database.on_publish.clear()
            if not await self._round():
                continue
            if self._wait:  # every commit would wake us for nothing
                await asyncio.sleep(self._wait.total_seconds())
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_AGAIN.total_seconds()):
                    await self._database.on_publish.wait()
                    await asyncio.sleep(_GATHER.total_seconds())

    async def _round(self) -> bool:
        """Publish one batch; whether there was nothing more to do for now."""
        try:
            published = await self.publish_waiting()
            await self._tidy()
        except (Unavailable, Conflict) as error:
            if not self._wait:
                log.warning("events wait in the outbox", extra={"fault": str(error)})
            self._wait = min(max(self._wait * 2, _FIRST_WAIT), _LONGEST_WAIT)
            return True
        if self._wait:
            log.info("events are carried again")
            self._wait = timedelta(0)
        return published < _BATCH

    async def publish_waiting(self) -> int:
        """Publish the oldest waiting events; how many. Raises Unavailable: they wait on."""
        async with self._database.work() as work:
            claim = await outbox.claim_unpublished(work, self._now(), _BATCH)
        await self._publish(claim)
        return len(claim.ids)

    async def publish_overdue(self) -> int:
        """Publish again what was published and never done; how many. Raises Unavailable."""
        async with self._database.work() as work:
            now = self._now()
            claim = await outbox.claim_overdue(work, now - OVERDUE, now, _BATCH)
        await self._publish(claim)
        if claim.ids:
            log.warning("events are published again", extra={"events": len(claim.ids), "first_event": claim.ids[0]})
        return len(claim.ids)

    async def delete_old(self) -> None:
        """Delete events that were done and are older than a week, a few at a time."""
        seen: int | None = 0
        while seen is not None:
            async with self._database.work() as work:
                seen = await outbox.delete_done(work, self._now() - KEPT, seen, _BATCH)

    async def _tidy(self) -> None:
        if self._now() < self._tidy_at:
            return
        self._tidy_at = self._now() + _TIDY_EVERY
        await self.delete_old()
        while await self.publish_overdue() == _BATCH:
            pass

    async def _publish(self, claim: outbox.Claim) -> None:
        """Hand a claim to the stream. A commit lies before and, if that fails, after: no transaction waits for it."""
        try:
            if claim.envelopes:
                await self._stream.publish(claim.envelopes)
        except (Unavailable, asyncio.CancelledError):
            # If this fails too they are overdue in a minute; the fault we came with must get through either way.
            with contextlib.suppress(Unavailable, Conflict):
                async with self._database.work() as work:
                    await outbox.release(work, claim.ids)
            raise
