"""The agents of a simulated shift: who is free, who talks to whom, who is away; and the people who wait for one."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from dialer.simulate_counts import Counts
from dialer.simulate_draws import Absence, Draws, Talk
from dialer.simulate_world import World

START = datetime(2026, 1, 1, 9, tzinfo=UTC)


class Clock:
    """Seconds since the shift began, and what will happen when."""

    def __init__(self) -> None:
        self.now, self._serial = 0.0, 0
        self._events: list[tuple[float, int, Callable[[], None]]] = []

    def at(self, when: float, what: Callable[[], None]) -> None:
        self._serial += 1
        heapq.heappush(self._events, (when, self._serial, what))

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        self.at(self.now + seconds, what)

    def run_until(self, when: float) -> None:
        events = self._events
        while events and events[0][0] <= when:
            self.now, _, what = heapq.heappop(events)
            what()
        self.now = when

    def instant(self) -> datetime:
        return START + timedelta(seconds=self.now)


class Room:
    """Agents are numbers. `talking` and `wrapping` say since when, and when the agent will be done with the call."""

    def __init__(self, world: World, draws: Draws, clock: Clock, count: Counts) -> None:
        self._world, self._clock, self._count, self._draws = world, clock, count, draws
        self.idle: deque[int] = deque(range(world.agents))
        self.picking_up: dict[int, float] = {}  # until when at least he will be busy
        self.talking: dict[int, tuple[datetime, float]] = {}
        self.wrapping: dict[int, tuple[datetime, float]] = {}
        self.paused: set[int] = set()
        self.left: set[int] = set()
        self.waiting: deque[Talk] = deque()
        self.queued: deque[Talk] = deque()  # those who have called by themselves
        self.talks: list[float] = []  # that ended since they were last asked for
        self.wrap_ups: list[float] = []
        self.dial_again: list[float] = []  # when callbacks are due, as a heap
        self.absences = [deque(draws.absences(agent)) for agent in range(world.agents)]
        self.wished: dict[int, Absence] = {}
        self.expected = deque(draws.incoming())
        self._back_at: dict[int, float] = {}
        self._counted_until = 0.0
        for agent, wishes in enumerate(self.absences):
            self._await_wish(agent, wishes)
        for talk in self.expected:
            clock.at(talk.needed_at, self._call_comes_in)

    def reckon(self) -> None:
        """Count the time since the last change of who does what."""
        passed = self._clock.now - self._counted_until
        if passed:
            count, talking = self._count, len(self.talking)
            count.talked += passed * talking
            count.busy += passed * (talking + len(self.wrapping))
            count.logged_in += passed * (self._world.agents - len(self.paused) - len(self.left))
            self._counted_until = self._clock.now

    def needs_agent(self, talk: Talk) -> None:
        """Connect a person who answered to the agent free for longest, or let him wait for as long as he may."""
        if not talk.machine:  # machines taken for people cost time; they are no person lost
            self._clock.after(self._world.connect_within, lambda: self._give_message(talk))
        self._seek(talk, self.waiting)

    def _seek(self, talk: Talk, otherwise: deque[Talk]) -> None:
        if self.idle:
            self._offer(self.idle.popleft(), talk)
        else:
            otherwise.append(talk)
            if talk.machine:
                self._clock.after(self._world.connect_within, lambda: self._goes(talk))

    def _give_message(self, talk: Talk) -> None:
        if not talk.gone:
            self._goes(talk)
            self._count.abandoned += 1

    def _goes(self, talk: Talk) -> None:
        if talk.gone:
            return
        talk.gone = True
        line = self.queued if talk.incoming else self.waiting
        if talk in line:
            line.remove(talk)

    def _offer(self, agent: int, talk: Talk) -> None:
        if not self._world.work.pick_up:
            self._connect(agent, talk)
            return
        pick_up = self._world.work.pick_up
        self.picking_up[agent] = self._clock.now + pick_up + talk.talk + talk.wrap_up
        self._clock.after(pick_up, lambda: self._picks_up(agent, talk))

    def _picks_up(self, agent: int, talk: Talk) -> None:
        del self.picking_up[agent]
        if talk.gone:
            self._done(agent)
        else:
            self._connect(agent, talk)

    def _connect(self, agent: int, talk: Talk) -> None:
        self.reckon()
        talk.gone = True
        clock, count = self._clock, self._count
        if talk.machine:
            count.machines_connected += 1
        elif not talk.incoming:
            count.waits.append(clock.now - talk.needed_at)
            count.talks += 1
        self.talking[agent] = (clock.instant(), clock.now + talk.talk + talk.wrap_up)
        clock.after(talk.talk, lambda: self._talk_ends(agent, talk))

    def _talk_ends(self, agent: int, talk: Talk) -> None:
        self.reckon()
        clock = self._clock
        _, until = self.talking.pop(agent)
        self.talks.append(talk.talk)
        if not talk.machine and not talk.incoming and (due := self._draws.callback(clock.now)) is not None:
            heapq.heappush(self.dial_again, due)
        self.wrapping[agent] = (clock.instant(), until)
        clock.after(talk.wrap_up, lambda: self._wrap_up_ends(agent, talk))

    def _wrap_up_ends(self, agent: int, talk: Talk) -> None:
        self.reckon()
        del self.wrapping[agent]
        self.wrap_ups.append(talk.wrap_up)
        self._done(agent)

    def _done(self, agent: int) -> None:
        """He takes the next, or goes away if he wished to."""
        if (wish := self.wished.pop(agent, None)) is not None:
            self._go(agent, wish)
        elif self.waiting:
            self._offer(agent, self.waiting.popleft())
        elif self.queued:
            self._offer(agent, self.queued.popleft())
        else:
            self.idle.append(agent)

    def _await_wish(self, agent: int, wishes: deque[Absence]) -> None:
        if wishes:
            self._clock.at(wishes[0].at, lambda: self._wish(agent, wishes))

    def _wish(self, agent: int, wishes: deque[Absence]) -> None:
        wish = wishes.popleft()
        self._await_wish(agent, wishes)
        if agent in self._back_at:
            self._back_at[agent] = max(self._back_at[agent], wish.back_at(self._clock.now))
        elif agent in self.idle:
            self.idle.remove(agent)
            self._go(agent, wish)
        else:
            self.wished[agent] = wish

    def _go(self, agent: int, wish: Absence) -> None:
        self.reckon()
        (self.left if wish.leaves else self.paused).add(agent)
        self._back_at[agent] = wish.back_at(self._clock.now)
        self._clock.at(self._back_at[agent], lambda: self._come_back(agent))

    def _come_back(self, agent: int) -> None:
        if self._back_at[agent] > self._clock.now:
            self._clock.at(self._back_at[agent], lambda: self._come_back(agent))
            return
        self.reckon()
        del self._back_at[agent]
        self.paused.discard(agent)
        self.left.discard(agent)
        self._done(agent)

    def _call_comes_in(self) -> None:
        talk = self.expected.popleft()
        self._count.incoming += 1
        self._clock.after(self._world.work.incoming_patience, lambda: self._hangs_up(talk))
        self._seek(talk, self.queued)

    def _hangs_up(self, talk: Talk) -> None:
        if not talk.gone:
            self._goes(talk)
            self._count.incoming_lost += 1
