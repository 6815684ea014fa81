"""Who may work next where few can at a time: who is waited for goes before what is made ahead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count


@dataclass(slots=True)
class _Waiting:
    rank: int
    number: int
    place: asyncio.Future[None]


class Precedence:
    """So many `places`. The lowest rank is next, among equals the first that came."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: dict[str, _Waiting] = {}
        self._numbers = count()

    @asynccontextmanager
    async def place(self, name: str, rank: int) -> AsyncIterator[None]:
        """Wait for a place, and leave it at the end. No two may wait under one name."""
        if self._free:
            self._free -= 1
        else:
            await self._queue(name, rank)
        try:
            yield
        finally:
            self._leave()

    def hurry(self, name: str, rank: int) -> None:
        """Who waits under this name is wanted sooner. Nothing where nobody does."""
        if (waiting := self._waiting.get(name)) is not None:
            waiting.rank = min(waiting.rank, rank)

    async def _queue(self, name: str, rank: int) -> None:
        mine = _Waiting(rank, next(self._numbers), asyncio.get_running_loop().create_future())
        self._waiting[name] = mine
        try:
            await mine.place
        except asyncio.CancelledError:
            self._waiting.pop(name, None)
            if not mine.place.cancelled():  # it was given to him just now
                self._leave()
            raise

    def _leave(self) -> None:
        while self._waiting:
            name = min(self._waiting, key=lambda one: (self._waiting[one].rank, self._waiting[one].number))
            place = self._waiting.pop(name).place
            if not place.cancelled():
                place.set_result(None)
                return
        self._free += 1
