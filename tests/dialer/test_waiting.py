"""The line of people who wait for an agent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from crm_core.domain.agents import Agent, AgentState, HandOffMode
from dialer.waiting import WaitingLine

_LONG = timedelta(minutes=1)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def agent(number: int) -> Agent:
    return Agent(number, f"Agent {number}", f"op{number}", HandOffMode.PARKED, AgentState.AVAILABLE, NOON)


class Room:
    """Agents to be had, asked for by people who come one after the other; an answer may be held back."""

    def __init__(self, agents: int) -> None:
        self.line = WaitingLine(_LONG, lambda: NOON)
        self.free = [agent(number) for number in range(agents)]
        self.asked: list[str] = []
        self.answers = asyncio.Event()
        self.news = asyncio.Condition()

    def person(self, name: str) -> asyncio.Task[Agent | None]:
        return asyncio.create_task(self.line.served(self._ask(name), NOON + _LONG), name=name)

    def _ask(self, name: str) -> Callable[[], Awaitable[Agent | None]]:
        async def ask() -> Agent | None:
            async with self.news:
                self.asked.append(name)
                self.news.notify_all()
            await self.answers.wait()
            return self.free.pop(0) if self.free else None

        return ask

    async def have_asked(self, *names: str) -> None:
        async with asyncio.timeout(10), self.news:
            await self.news.wait_for(lambda: self.asked == list(names))


async def test_people_who_answer_together_do_not_wait_for_one_another() -> None:
    room = Room(agents=2)
    people = [room.person("first"), room.person("second")]
    await room.have_asked("first", "second")
    room.answers.set()
    assert [found.id for found in await asyncio.gather(*people) if found] == [0, 1]


async def test_who_comes_later_does_not_ask_before_somebody_who_was_refused() -> None:
    room = Room(agents=0)
    room.answers.set()
    first = room.person("first")
    await room.have_asked("first")
    second = room.person("second")
    await asyncio.sleep(0)
    room.free.append(agent(7))
    room.line.wake()
    found = await first
    assert found is not None
    assert found.id == 7
    await room.have_asked("first", "first", "second")  # the second asks when it is his turn
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    assert len(room.line) == 0
