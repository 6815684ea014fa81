"""The service that keeps our calls in step with the switch: events in, calls and agents' legs into the call book."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

from crm_core.domain.calls import AgentLegChange, CallSnapshot
from crm_core.errors import Conflict, CrmError, Unavailable
from crm_core.ports import CallBook
from pbx.ami import AmiLink, Headers
from pbx.ami_events import ChannelEvent, ContactRemoved, MalformedAmiEvent, parse_event
from pbx.channels import CallFold
from pbx.originate import hang_up_action
from pbx.reconcile import CdrChunk, read_cdrs
from pbx.settings import LinkSettings
from pbx.telephony import listed_channels

log = logging.getLogger(__name__)

#: Snapshots written in one commit.
BATCH = 500
#: Enough of the CDRs to tell how the calls ended that were open before a gap.
_LATEST_CDRS = 50_000
#: On the way out, what is still unwritten gets so long; the rest stands in the CDRs.
_LAST_WORDS_SECONDS = 2.0


class SwitchLink:
    """One switch, one call book. Numbers for metrics are plain attributes."""

    def __init__(self, ami: AmiLink, book: CallBook, settings: LinkSettings, now: Callable[[], datetime]) -> None:
        self._ami, self._book, self._settings, self._now = ami, book, settings, now
        self._fold = CallFold(settings.node, settings.default_country)
        self._wake = asyncio.Event()
        self._in_step = False  # events since the last gap are folded; before that they are held or dropped
        self._held: list[ChannelEvent] | None = None
        self._seeded = False
        self._calls: dict[str, CallSnapshot] = {}  # not written yet, the latest of each call
        self._legs: dict[tuple[str, bool], AgentLegChange] = {}
        self._offset: int | None = None
        self._zombies: set[str] = set()
        self.last_event_at: datetime | None = None
        self.events = 0
        self.malformed = 0
        self.bad_cdrs = 0
        self.calls_lost = 0
        self.calls_made_of_cdrs = 0
        ami.on_event, ami.on_up, ami.on_down = self.hear, self._came_up, self._went_down

    @property
    def is_up(self) -> bool:
        """The switch is there and we know its live channels."""
        return self._ami.is_up and self._in_step

    @property
    def reconnects(self) -> int:
        return self._ami.reconnects

    @property
    def open_calls(self) -> int:
        return self._fold.open_calls

    @property
    def unwritten(self) -> int:
        return len(self._calls) + len(self._legs)

    @property
    def is_behind(self) -> bool:
        """Whether something heard of calls or legs is not in the call book yet."""
        return bool(self.unwritten) or self._fold.has_news

    def is_open(self, call_id: str) -> bool:
        """Whether the call lasts, as far as the switch has told."""
        return self._fold.is_open(call_id)

    async def run(self) -> None:
        """Until cancelled. Raises AmiLoginRefused if the switch does not let us in at the first attempt."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._ami.run(), name="ami")
                group.create_task(self._keep_writing(), name="switch link")
        except ExceptionGroup as group_of_errors:
            raise group_of_errors.exceptions[0] from None

    # --- events in: plain and quick, called by the link for each ---------------------------------------------
    def hear(self, headers: Headers, received_at: datetime) -> None:
        """Take one AMI event; a malformed one is logged, counted, and passed over."""
        self.events += 1
        self.last_event_at = received_at
        try:
            event = parse_event(headers, received_at)
        except MalformedAmiEvent:
            self.malformed += 1
            log.exception("malformed AMI event")
            return
        if event is None:
            return
        if isinstance(event, ContactRemoved):
            self._zombies.add(event.phone)
            self._wake.set()
        elif self._held is not None:
            self._held.append(event)
        elif self._in_step:
            self._fold.apply(event)
            if self._fold.has_news:
                self._wake.set()

    def _came_up(self) -> None:
        self._wake.set()

    def _went_down(self) -> None:
        self._in_step, self._held = False, None
        self._zombies.clear()

    # --- out to the call book ---------------------------------------------------------------------------------
    async def _keep_writing(self) -> None:
        """One task writes everything, so that nothing of a call overtakes itself."""
        settings, loop = self._settings, asyncio.get_running_loop()
        reconcile_at = loop.time()
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(settings.reconcile_seconds):
                        await self._wake.wait()
                if self._in_step:
                    # What comes within this time is written together; the hand-off that an answer asks for is first.
                    await asyncio.sleep(settings.flush_seconds)
                self._wake.clear()
                try:
                    if self._ami.is_up and not self._in_step:
                        await self._get_in_step()
                    await self._write()
                    await self._end_zombies()
                    if self.is_up and loop.time() >= reconcile_at:
                        await self._reconcile()
                        reconcile_at = loop.time() + settings.reconcile_seconds
                except CrmError as error:
                    log.warning("call book and switch are not in step: tried again", extra={"why": str(error)})
                    self._wake.set()
                    await asyncio.sleep(settings.retry_seconds)
        finally:
            with contextlib.suppress(CrmError, TimeoutError):
                async with asyncio.timeout(_LAST_WORDS_SECONDS):
                    await self._write()

    async def _write(self) -> None:
        """Write what has changed. What cannot be written now is kept, the latest state of each call."""
        self._collect()
        await self._write_legs(up=True)
        while self._calls:
            batch = [snapshot for snapshot, _ in zip(self._calls.values(), range(BATCH), strict=False)]
            await _one_by_one_if_refused(self._book.record_calls, batch)
            for snapshot in batch:
                self._calls.pop(snapshot.id)
        # A leg that drops ends its call first: what the agent had on the line was his until then.
        await self._write_legs(up=False)

    async def _write_legs(self, *, up: bool) -> None:
        if changes := [change for change in self._legs.values() if change.up is up]:
            await _one_by_one_if_refused(self._book.record_agent_legs, changes)
            for change in changes:
                self._legs.pop((change.channel, up))

    def _collect(self) -> None:
        for snapshot in self._fold.changed():
            self._calls[snapshot.id] = snapshot
        for change in self._fold.leg_changes():
            self._legs[change.channel, change.up] = change

    async def _end_zombies(self) -> None:
        """A phone whose registration is gone cannot hang up its parked leg any more: we do."""
        for phone in tuple(self._zombies):
            self._zombies.discard(phone)
            for channel in self._fold.parked_legs(phone):
                log.info("parked leg of a phone that is gone", extra={"channel": channel, "phone": phone})
                await self._ami.ask(hang_up_action(channel))

    # --- after a gap --------------------------------------------------------------------------------------------
    async def _get_in_step(self) -> None:
        """Compare live channels with open calls, then read what the CDRs say of the gap. May be broken off anywhere
        and begun anew."""
        node, book = self._settings.node, self._book
        known = [] if self._seeded else await book.open_calls(node)
        self._held = []
        listed = await listed_channels(self._ami, self._now())
        self._fold.resume(known, listed, self._now())
        for event in self._held:
            self._fold.apply(event)
        self._seeded, self._in_step, self._held = True, True, None
        log.info("in step with the switch", extra={"channels": len(listed), "calls": self._fold.open_calls})
        try:
            await self._write()
            await self._close_lost()
        except CrmError:
            self._in_step = False
            raise

    async def _close_lost(self) -> None:
        """Rows of the gap go to close_lost before they are recorded: they tell how the calls lost in it ended."""
        node, chunks = self._settings.node, [await self._next_chunk()]
        while chunks[-1].more:
            chunks.append(await self._next_chunk(chunks[-1].offset))
        rows = [row for chunk in chunks for row in chunk.rows][-_LATEST_CDRS:]
        self._collect()
        live = self._fold.channels.union(self._calls)  # what is not written yet ends by itself
        self.calls_lost += await self._book.close_lost(node, live, rows, self._now())
        for chunk in chunks:
            await self._record(chunk)

    async def _reconcile(self) -> None:
        """Bring new rows of the CDR file into the call book."""
        chunk = await self._next_chunk()
        await self._record(chunk)
        while chunk.more:
            chunk = await self._next_chunk()
            await self._record(chunk)

    async def _next_chunk(self, offset: int | None = None) -> CdrChunk:
        if self._offset is None:
            self._offset = await self._book.cdr_offset(self._settings.node)
        start = self._offset if offset is None else offset
        try:
            return await asyncio.to_thread(read_cdrs, self._settings.cdr_file, start, self._settings.node)
        except OSError as error:
            log.error("the CDR file cannot be read: calls of a gap stay unknown", extra={"why": str(error)})
            return CdrChunk((), start, 0, more=False)

    async def _record(self, chunk: CdrChunk) -> None:
        if chunk.offset == self._offset:
            return
        node = self._settings.node
        self.calls_made_of_cdrs += await self._book.record_cdrs(node, chunk.rows, chunk.offset)
        self.bad_cdrs += chunk.bad
        self._offset = chunk.offset


_Fact = TypeVar("_Fact")


async def _one_by_one_if_refused(write: Callable[[Sequence[_Fact]], Awaitable[None]], batch: Sequence[_Fact]) -> None:
    """One fact that the book refuses for good must not keep all others from being written; it is logged whole."""
    try:
        await write(batch)
    except (Unavailable, Conflict):
        raise
    except CrmError:
        if len(batch) == 1:
            log.exception("refused by the call book", extra={"fact": repr(batch[0])})
            return
        for fact in batch:
            await _one_by_one_if_refused(write, [fact])
