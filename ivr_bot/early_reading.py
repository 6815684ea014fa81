"""Reading ahead: what was said up to a pause is read while the person may still go on.

A whole answer then ends the turn at once instead of after the full silence, and where the silence does end it, its
text is there already. A recogniser that streams has heard most of it while it was said: it is asked nothing twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from crm_core.errors import CrmError
from ivr_bot.hearing import Missed, Spoken
from ivr_bot.speech.ports import Utterance

log = logging.getLogger(__name__)

Read = Callable[[Utterance], Awaitable[Spoken | Missed]]


class Live(Protocol):
    """What a person says, heard while he says it (hearing.LiveHearing)."""

    def feed(self, ulaw: bytes) -> None: ...

    async def whole(self) -> Spoken | Missed: ...

    async def finish(self) -> Spoken | Missed: ...

    def drop(self) -> None: ...


#: Begin to hear what is being said; None where the recogniser needs the whole.
Listens = Callable[[], Live | None]


class EarlyReading:
    """At most one reading at a time, of the latest pause."""

    def __init__(self, read: Read, listens: Listens) -> None:
        self._read, self._listens = read, listens
        self._task: asyncio.Task[Spoken | Missed] | None = None
        self._live: Live | None = None

    @property
    def under_way(self) -> set[asyncio.Task[Spoken | Missed]]:
        """The reading that is not done yet, if there is one."""
        return {self._task} if self._task is not None and not self._task.done() else set()

    @property
    def is_whole(self) -> bool:
        """What was read means something at the question: nobody need wait for more."""
        task = self._task
        if task is None or not task.done() or task.cancelled() or task.exception() is not None:
            return False
        read = task.result()
        return isinstance(read, Spoken) and not read.unclear

    def listen(self, heard: bytes) -> None:
        """Somebody begins to speak; `heard` is what came so far."""
        self.drop()
        self._live = self._listens()
        self.feed(heard)

    def feed(self, ulaw: bytes) -> None:
        """He speaks on."""
        if self._live is not None:
            self._live.feed(ulaw)

    def begin(self, utterance: Utterance) -> None:
        """He pauses: read this one; an earlier reading is given up."""
        self.give_up()
        self._task = asyncio.create_task(self._ahead(utterance), name="read ahead")

    async def result(self, utterance: Utterance) -> Spoken | Missed:
        """What was said in this turn: as heard while it was said, as read at its last pause, or read now."""
        if (live := self._live) is not None:
            self.give_up()
            self._live = None
            try:
                return await live.finish()
            except CrmError as error:
                log.warning("not heard while it was said", extra={"error": str(error)})
        task, self._task = self._task, None
        return await (task if task is not None else self._read(utterance))

    def give_up(self) -> None:
        """He speaks on: what was read at the pause is not all he says."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            task.add_done_callback(_heeded)

    def drop(self) -> None:
        """What is being said is no answer, or the question is another."""
        self.give_up()
        live, self._live = self._live, None
        if live is not None:
            live.drop()

    async def _ahead(self, utterance: Utterance) -> Spoken | Missed:
        if (live := self._live) is not None:
            try:
                return await live.whole()
            except CrmError as error:
                log.warning("not heard while it was said", extra={"error": str(error)})
                self._live = None
        return await self._read(utterance)


def _heeded(task: asyncio.Task[Spoken | Missed]) -> None:
    """Nobody wants it any more: a fault in it is nobody's either."""
    if not task.cancelled():
        task.exception()
