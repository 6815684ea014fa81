"""Following events: each is handed on as it comes, and once more if the stream has lost it on its way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from crm_core.db import event_sweep
from crm_core.db.engine import Database
from crm_core.errors import Conflict, Unavailable
from crm_core.events import Envelope
from crm_core.ports import EventStream

log = logging.getLogger(__name__)

_FIRST_WAIT, _LONGEST_WAIT = 0.1, 5.0  # seconds
_BATCH = 200
#: What the stream has not brought within this time is looked for.
_LATE = timedelta(seconds=30)
#: Ids are given before the commit: an event may appear below others that are there already, but not further below.
_OVERLAP = 1000

Handle = Callable[[Sequence[Envelope]], Awaitable[None]]


class EventFollower:
    """Hands every event to `handle`, at least once; the same may come again, in another order. Followers of one `group`
    share the work, in one process or many. A group begins with what happens after its first sweep."""

    def __init__(
        self, database: Database, stream: EventStream, now: Callable[[], datetime], group: str, handle: Handle
    ) -> None:
        self._database, self._stream, self._now, self._group, self._handle = database, stream, now, group, handle

    async def run(self) -> None:
        """Run until cancelled. While database or carrier do not answer, wait and try again."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(), name=f"{self._group}: listen")
            group.create_task(self._sweep(), name=f"{self._group}: sweep")

    async def _listen(self) -> None:
        wait = _FIRST_WAIT
        while True:
            try:
                async with self._stream.subscribe(self._group) as batches:
                    async for batch in batches:
                        wait = _FIRST_WAIT
                        await self._handled(batch)
            except Unavailable as error:
                fields = {"group": self._group, "fault": str(error), "wait_seconds": wait}
                log.warning("events cannot be heard", extra=fields)
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    async def _handled(self, batch: Sequence[Envelope]) -> None:
        """Hand a batch on, however long the database keeps us waiting."""
        wait = _FIRST_WAIT
        while True:
            try:
                await self._handle(batch)
                return
            except (Unavailable, Conflict) as error:
                fields = {"group": self._group, "fault": str(error), "first_event": batch[0].id, "events": len(batch)}
                log.warning("events wait", extra=fields)
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    async def _sweep(self) -> None:
        while True:
            try:
                await self.sweep(self._now() - _LATE)
            except (Unavailable, Conflict) as error:
                log.warning("late events wait", extra={"group": self._group, "fault": str(error)})
            await asyncio.sleep(_LATE.total_seconds())

    async def sweep(self, older_than: datetime) -> None:
        """Hand on what was committed since the last sweep and is that old. Raises Unavailable and Conflict."""
        async with self._database.reading() as work:
            mark = await event_sweep.mark_of(work, self._group)
            newest = await event_sweep.newest_event(work, older_than)
        if mark is not None and newest > mark:
            after: int | None = max(0, mark - _OVERLAP)
            while after is not None:
                async with self._database.reading() as work:
                    batch, after = await event_sweep.events_between(work, after, newest, _BATCH)
                if batch:
                    await self._handle(batch)
        if mark is None or newest > mark:
            async with self._database.work() as work:
                await event_sweep.put_mark(work, self._group, newest)
