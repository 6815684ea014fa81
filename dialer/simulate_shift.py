"""One simulated shift: discrete events, and a look at the floor every second."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from crm_core.domain.floor import Floor
from dialer.learning import End, Happened
from dialer.pacing import Decision
from dialer.simulate_world import Draws, Fate, Lead, World

START = datetime(2026, 1, 1, 9, tzinfo=UTC)
LOOK_EVERY = 1.0


class Rule(Protocol):
    """A way to pace: asked every second."""

    def __call__(self, floor: Floor, happened: Happened, shift: Shift) -> Decision: ...


@dataclass(slots=True)
class Talk:
    """A person an agent is needed for. `incoming`: he has called himself. `machine`: nobody is there, as it turns out."""

    talk: float
    wrap_up: float
    answered_at: float
    incoming: bool = False
    machine: bool = False
    gone: bool = False


@dataclass(slots=True)
class Counts:
    dials: int = 0
    people: int = 0
    abandoned: int = 0  # with people taken for machines
    taken_for_machines: int = 0
    given_up: int = 0
    talks: int = 0
    machine_verdicts: int = 0
    incoming: int = 0
    incoming_lost: int = 0
    talked: float = 0.0
    busy: float = 0.0
    logged_in: float = 0.0
    waits: list[float] = field(default_factory=list)
    by_time: list[tuple[float, float, int, int]] = field(default_factory=list)  # busy, logged in, people, abandoned


class Shift:
    """The state of a shift and what moves it. Time is in seconds since its begin."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.draws = world, Draws(world, seed)
        self.now, self.count = 0.0, Counts()
        self.ringing: dict[int, tuple[datetime, Lead, float]] = {}
        self.talking: dict[int, tuple[datetime, float]] = {}  # by agent: since when, and when he will be free again
        self.wrapping: dict[int, tuple[datetime, float]] = {}
        self.idle: deque[int] = deque(range(world.agents))
        self.waiting: deque[Talk] = deque()
        self.incoming: deque[Talk] = deque()
        self.next_leads: deque[Lead] = deque()  # those a rule has looked at before they are dialed
        self.assumed_abandoned = 0.0
        self._paused: set[int] = set()
        self._wants_pause: set[int] = set()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._serial = self._line = self._analysed = 0
        self._lines: list[tuple[float, End]] = []
        self._talks: list[float] = []
        self._wrap_ups: list[float] = []

    def run(self, rule: Rule, wrongly_machine: float = 0.0) -> Counts:
        """Let `rule` pace the whole shift. `wrongly_machine`: what the dialer assumes of its machine verdicts."""
        self._begin()
        look, end, next_quarter = 0.0, self.world.seconds, 900.0
        while look < end:
            self._until(look)
            if look >= next_quarter:
                self._note_quarter()
                next_quarter += 900.0
            self.assumed_abandoned = wrongly_machine * self.count.machine_verdicts
            decision = rule(self._floor(), self._happened(), self)
            for _ in range(decision.lines_to_give_up):
                self._give_up()
            for _ in range(min(decision.lines_to_open, self.world.max_lines - self._open_lines())):
                self._dial()
            self._credit(LOOK_EVERY)
            look += LOOK_EVERY
        self._until(end)
        self._note_quarter()
        return self.count

    def next_lead(self, place: int) -> Lead:
        """Look at a lead before it is dialed: only an oracle can."""
        while len(self.next_leads) <= place:
            self.next_leads.append(self.draws.lead(self.now))
        return self.next_leads[place]

    def _begin(self) -> None:
        work = self.world.work
        if work.pauses:
            for agent in range(self.world.agents):
                self._in(self.draws.wait(3600 / work.pauses), lambda agent=agent: self._wish_pause(agent))  # type: ignore[misc]
        if work.incoming:
            self._in(self.draws.wait(3600 / (work.incoming * self.world.agents)), self._call_comes_in)

    def _in(self, seconds: float, what: Callable[[], None]) -> None:
        self._serial += 1
        heapq.heappush(self._events, (self.now + seconds, self._serial, what))

    def _until(self, when: float) -> None:
        events = self._events
        while events and events[0][0] <= when:
            self.now, _, what = heapq.heappop(events)
            what()
        self.now = when

    def _credit(self, seconds: float) -> None:
        """Agents logged in in the coming second; those busy are booked when they take somebody."""
        self.count.logged_in += seconds * (self.world.agents - len(self._paused))

    def _note_quarter(self) -> None:
        c = self.count
        c.by_time.append((c.busy, c.logged_in, c.people, c.abandoned))

    # --- what the dialer sees -------------------------------------------------------------------------------
    def _open_lines(self) -> int:
        return len(self.ringing) + self._analysed + len(self.waiting) + len(self.talking)

    def _floor(self) -> Floor:
        c = self.count
        return Floor(
            at=START + timedelta(seconds=self.now),
            agents_available=len(self.idle),
            agents_ringing=0,
            agents_on_call=len(self.talking),
            agents_wrapping_up=len(self.wrapping),
            agents_paused=len(self._paused),
            ringing_since=tuple([one[0] for one in self.ringing.values()]),
            waiting=len(self.waiting) + len(self.incoming) + self._analysed,
            open_lines=self._open_lines(),
            guaranteed=0,
            recent_dials=0,
            recent_people=0,
            people=c.people - c.taken_for_machines,
            abandoned=round(c.abandoned - c.taken_for_machines + self.assumed_abandoned),
            talking_since=tuple([one[0] for one in self.talking.values()]),
            wrapping_since=tuple([one[0] for one in self.wrapping.values()]),
            seconds_left=self.world.seconds - self.now,
        )

    def _happened(self) -> Happened:
        found = Happened(tuple(self._lines), tuple(self._talks), tuple(self._wrap_ups))
        self._lines, self._talks, self._wrap_ups = [], [], []
        return found

    # --- lines ----------------------------------------------------------------------------------------------
    def _dial(self) -> None:
        lead = self.next_leads.popleft() if self.next_leads else self.draws.lead(self.now)
        self.count.dials += 1
        self._line = line = self._line + 1
        self.ringing[line] = (START + timedelta(seconds=self.now), lead, self.now)
        self._in(lead.after, lambda: self._line_ends(line))

    def _give_up(self) -> None:
        for line, (_, _, dialed_at) in self.ringing.items():
            del self.ringing[line]
            self.count.given_up += 1
            self._lines.append((self.now - dialed_at, End.GIVEN_UP))
            return

    def _line_ends(self, line: int) -> None:
        found = self.ringing.pop(line, None)
        if found is None:
            return
        _, lead, _ = found
        detection, listens = self.world.detection, self.world.answers.machines > 0
        if lead.fate is Fate.PERSON:
            self.count.people += 1
            self._lines.append((lead.after, End.PERSON))
            if listens and (detection.everybody or lead.judged_wrong):
                self._analysed += detection.everybody
                self._in(detection.seconds, lambda: self._analysed_person(lead))
            else:
                self._person(lead)
            return
        machine = lead.fate is Fate.MACHINE
        self._lines.append((lead.after, End.PERSON if machine and detection.everybody and False else End.OTHER))
        if machine:
            self._in(detection.seconds, lambda: self._analysed_machine(lead))

    def _analysed_person(self, lead: Lead) -> None:
        self._analysed -= self.world.detection.everybody
        if lead.judged_wrong:
            self.count.machine_verdicts += 1
            self.count.taken_for_machines += 1
            self.count.abandoned += 1
        else:
            self._person(lead)

    def _analysed_machine(self, lead: Lead) -> None:
        if lead.judged_wrong:
            self._wants_agent(Talk(8.0, lead.wrap_up, self.now, machine=True))
        else:
            self.count.machine_verdicts += 1

    def _person(self, lead: Lead) -> None:
        self._wants_agent(Talk(lead.talk, lead.wrap_up, self.now))

    def _wants_agent(self, talk: Talk) -> None:
        if self.idle:
            self._connect(self.idle.popleft(), talk)
            return
        self.waiting.append(talk)
        self._in(self.world.connect_within, lambda: self._give_message(talk))

    def _give_message(self, talk: Talk) -> None:
        if not talk.gone:
            talk.gone = True
            self.waiting.remove(talk)
            self.count.abandoned += not talk.machine

    # --- agents ---------------------------------------------------------------------------------------------
    def _connect(self, agent: int, talk: Talk) -> None:
        talk.gone = True
        c, left = self.count, self.world.seconds - self.now
        if not talk.incoming and not talk.machine:
            c.waits.append(self.now - talk.answered_at)
            c.talks += 1
        c.talked += min(talk.talk, left)
        c.busy += min(talk.talk + talk.wrap_up, left)
        self.talking[agent] = (START + timedelta(seconds=self.now), self.now + talk.talk + talk.wrap_up)
        self._in(talk.talk, lambda: self._talk_ends(agent, talk))

    def _talk_ends(self, agent: int, talk: Talk) -> None:
        del self.talking[agent]
        self._talks.append(talk.talk)
        self.wrapping[agent] = (START + timedelta(seconds=self.now), self.now + talk.wrap_up)
        self._in(talk.wrap_up, lambda: self._wrap_up_ends(agent, talk))

    def _wrap_up_ends(self, agent: int, talk: Talk) -> None:
        del self.wrapping[agent]
        self._wrap_ups.append(talk.wrap_up)
        if agent in self._wants_pause:
            self._pause(agent)
        else:
            self._free(agent)

    def _free(self, agent: int) -> None:
        if self.waiting:
            self._connect(agent, self.waiting.popleft())
        elif self.incoming:
            self._connect(agent, self.incoming.popleft())
        else:
            self.idle.append(agent)

    def _wish_pause(self, agent: int) -> None:
        if agent in self.idle:
            self.idle.remove(agent)
            self._pause(agent)
        else:
            self._wants_pause.add(agent)

    def _pause(self, agent: int) -> None:
        self._wants_pause.discard(agent)
        self._paused.add(agent)
        self._in(self.draws.wait(self.world.work.pause_seconds), lambda: self._resume(agent))

    def _resume(self, agent: int) -> None:
        self._paused.discard(agent)
        self._in(self.draws.wait(3600 / self.world.work.pauses), lambda: self._wish_pause(agent))
        self._free(agent)

    def _call_comes_in(self) -> None:
        work, draws = self.world.work, self.draws
        self._in(draws.wait(3600 / (work.incoming * self.world.agents)), self._call_comes_in)
        self.count.incoming += 1
        talk = Talk(
            draws.length(work.talk, work.talk_sigma),
            draws.length(work.wrap_up, work.wrap_up_sigma),
            self.now,
            incoming=True,
        )
        if self.idle:
            self._connect(self.idle.popleft(), talk)
            return
        self.incoming.append(talk)
        self._in(work.incoming_patience, lambda: self._hangs_up(talk))

    def _hangs_up(self, talk: Talk) -> None:
        if not talk.gone:
            talk.gone = True
            self.incoming.remove(talk)
            self.count.incoming_lost += 1
