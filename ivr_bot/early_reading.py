"""Reading ahead: what was said up to a pause is read while the person may still go on.

A whole answer then ends the turn at once instead of after the full silence, and where the silence does end it, its
text is there already.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from ivr_bot.hearing import Missed, Spoken
from ivr_bot.speech.ports import Utterance

Read = Callable[[Utterance], Awaitable[Spoken | Missed]]


class EarlyReading:
    """At most one reading at a time, of the latest pause."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._task: asyncio.Task[Spoken | Missed] | None = None

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

    def begin(self, utterance: Utterance) -> None:
        """Read this one; an earlier reading is given up."""
        self.drop()
        self._task = asyncio.create_task(_as_coroutine(self._read, utterance), name="read ahead")

    async def result(self, utterance: Utterance) -> Spoken | Missed:
        """What was said in this turn: as read at its last pause, or read now."""
        task, self._task = self._task, None
        return await (task if task is not None else self._read(utterance))

    def drop(self) -> None:
        """The person speaks on, or the question is another: what was read is not what he says."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            task.add_done_callback(_heeded)


def _heeded(task: asyncio.Task[Spoken | Missed]) -> None:
    """Nobody wants it any more: a fault in it is nobody's either."""
    if not task.cancelled():
        task.exception()


async def _as_coroutine(read: Read, utterance: Utterance) -> Spoken | Missed:
    return await read(utterance)
