"""People waiting for an agent: first come, first served."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile

from crm_core.domain.agents import Agent


@dataclass(slots=True, eq=False)
class _Place:
    """One person's. `refused`: an agent was asked for, and there was none."""

    woken: asyncio.Event = field(default_factory=asyncio.Event)
    refused: bool = False


class WaitingLine:
    """Whoever comes asks for an agent at once, unless somebody before him was refused one: then only the first in line
    asks, when woken and at each poll. So people who answer together do not wait for one another while agents are free,
    and nobody is overtaken when they are not."""

    def __init__(self, poll: timedelta, now: Callable[[], datetime]) -> None:
        self._poll, self._now = poll, now
        self._places: deque[_Place] = deque()

    def __len__(self) -> int:
        return len(self._places)

    def wake(self) -> None:
        """An agent may be free: let the first ask now."""
        if self._places:
            self._places[0].woken.set()

    async def served(self, ask: Callable[[], Awaitable[Agent | None]], until: datetime) -> Agent | None:
        """Wait for an agent at most until `until`; None if there was none. The first asks at least once."""
        place = _Place()
        self._places.append(place)
        try:
            while True:
                place.woken.clear()
                if self._may_ask(place):
                    if (agent := await ask()) is not None:
                        return agent
                    place.refused = True
                left = until - self._now()
                if left <= timedelta(0):
                    return None
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(left, self._poll).total_seconds()):
                        await place.woken.wait()
        finally:
            self._places.remove(place)
            self.wake()  # the next is first now, and there may be an agent for him too

    def _may_ask(self, place: _Place) -> bool:
        before = takewhile(lambda other: other is not place, self._places)
        return not any(other.refused for other in before)
