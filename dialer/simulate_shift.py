"""One simulated shift: lines are dialed, ring and end; every second a rule sees the floor and decides."""

from __future__ import annotations

import heapq
from collections import deque
from datetime import datetime
from typing import Protocol

from crm_core.domain.floor import Floor
from dialer.learning import End, Happened
from dialer.pacing import Decision
from dialer.simulate_counts import Counts
from dialer.simulate_draws import Draws, Fate, Lead, Talk
from dialer.simulate_room import Clock, Room
from dialer.simulate_world import World

LOOK_EVERY = 1.0
_QUARTER = 900.0
#: The answer rate that modes without learning see, as the live dialer reckons it.
_RECENT = 200


class Rule(Protocol):
    """A way to pace: asked every second."""

    def __call__(self, floor: Floor, happened: Happened, shift: Shift) -> Decision: ...


class Shift:
    """The state of a shift and what moves it. Time is in seconds since its begin.

    `ringing`, by line and oldest first: when it was dialed, what comes of it, and again when, in seconds.
    """

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.draws = world, Draws(world, seed)
        self.clock, self.count = Clock(), Counts()
        self.room = Room(world, self.draws, self.clock, self.count)
        self.ringing: dict[int, tuple[datetime, Lead, float]] = {}
        self.analysed: dict[int, tuple[Lead, float]] = {}  # answered, not yet judged, and when they will be
        self.next_leads: deque[Lead] = deque()  # those a rule has looked at before they are dialed
        self._wrongly_machine = world.wrongly_machine
        self._line = 0
        self._lines: list[tuple[float, End]] = []
        self._recent: deque[bool] = deque(maxlen=_RECENT)
        self._may_call = 0.0

    @property
    def now(self) -> float:
        return self.clock.now

    def run(self, rule: Rule, wrongly_machine: float | None = None) -> Counts:
        """Let `rule` pace the whole shift. `wrongly_machine`: what the dialer assumes of its machine verdicts; None:
        what is true."""
        if wrongly_machine is not None:
            self._wrongly_machine = wrongly_machine
        look, end, next_quarter = 0.0, self.world.seconds, _QUARTER
        while look < end:
            self.clock.run_until(look)
            if look >= next_quarter:
                self._note()
                next_quarter += _QUARTER
            decision = rule(self._floor(), self.happened(), self)
            for _ in range(min(decision.lines_to_give_up, len(self.ringing))):
                self._give_up()
            for _ in range(self._may_dial(decision.lines_to_open)):
                self._dial()
            look += LOOK_EVERY
        self.clock.run_until(end)
        self._note()
        return self.count

    def next_lead(self, place: int) -> Lead:
        """Look at a lead before it is dialed: only an oracle can."""
        while len(self.next_leads) <= place:
            self.next_leads.append(self._drawn())
        return self.next_leads[place]

    def open_lines(self) -> int:
        """Lines that ring, are listened to, wait or talk; calls that come in take one too."""
        room = self.room
        return len(self.ringing) + len(self.analysed) + len(room.waiting) + len(room.picking_up) + len(room.talking)

    def _note(self) -> None:
        self.room.reckon()
        self.count.note(self.now)

    def _floor(self) -> Floor:
        c, room = self.count, self.room
        return Floor(
            at=self.clock.instant(),
            agents_available=len(room.idle),
            agents_ringing=len(room.picking_up),
            agents_on_call=len(room.talking),
            agents_wrapping_up=len(room.wrapping),
            agents_paused=len(room.paused),
            ringing_since=tuple([one[0] for one in self.ringing.values()]),
            waiting=len(room.waiting) + len(self.analysed),
            open_lines=self.open_lines(),
            guaranteed=0,
            recent_dials=len(self._recent),
            recent_people=sum(self._recent),
            people=c.people - c.taken_for_machines,
            abandoned=round(c.abandoned - c.taken_for_machines + self._unseen()),
            talking_since=tuple([one[0] for one in room.talking.values()]),
            wrapping_since=tuple([one[0] for one in room.wrapping.values()]),
            seconds_left=self.world.seconds - self.now,
        )

    def happened(self) -> Happened:
        """What came about since this was last asked."""
        room = self.room
        found = Happened(tuple(self._lines), tuple(room.talks), tuple(room.wrap_ups), self._unseen())
        self._lines, room.talks, room.wrap_ups = [], [], []
        return found

    def _unseen(self) -> float:
        return self._wrongly_machine * self.count.machine_verdicts

    def _may_dial(self, wanted: int) -> int:
        world = self.world
        most = min(wanted, world.max_lines - self.open_lines())
        if world.calls_per_second:
            self._may_call = min(self._may_call + world.calls_per_second * LOOK_EVERY, max(1.0, world.calls_per_second))
            most = min(most, int(self._may_call))
            self._may_call -= max(0, most)
        return max(0, most)

    def _drawn(self) -> Lead:
        due = self.room.dial_again
        if due and due[0] <= self.now:
            heapq.heappop(due)
            self.count.callbacks += 1
            return self.draws.called_back(self.now)
        return self.draws.lead(self.now)

    def _dial(self) -> None:
        lead = self.next_leads.popleft() if self.next_leads else self._drawn()
        self.count.dials += 1
        self._line = line = self._line + 1
        self.ringing[line] = (self.clock.instant(), lead, self.now)
        self.clock.after(lead.after, lambda: self._line_ends(line))

    def _give_up(self) -> None:
        line = next(iter(self.ringing))
        _, lead, dialed_at = self.ringing.pop(line)
        rang = self.now - dialed_at
        self.count.given_up += 1
        self.count.rang_beyond += rang > self.world.answers.last
        self.count.would_answer += lead.fate is Fate.PERSON
        self._ended(rang, End.GIVEN_UP)

    def _ended(self, after: float, end: End) -> None:
        self._lines.append((after, end))
        self._recent.append(end is End.PERSON)

    def _line_ends(self, line: int) -> None:
        found = self.ringing.pop(line, None)
        if found is None:
            return
        lead, detection = found[1], self.world.detection
        self.count.people += lead.fate is Fate.PERSON
        self.count.machines += lead.fate is Fate.MACHINE
        if lead.fate not in (Fate.PERSON, Fate.MACHINE):
            self.count.fruitless += 1
            self._ended(lead.after, End.OTHER)
        elif not self.world.answers.machines:
            self._judged(lead)
        elif detection.everybody:
            self.analysed[line] = (lead, self.now + detection.seconds)
            self.clock.after(detection.seconds, lambda: self._judged(self.analysed.pop(line)[0]))
        elif lead.fate is Fate.PERSON and not lead.judged_wrong:
            self._judged(lead)
        else:
            self.clock.after(detection.seconds, lambda: self._judged(lead))

    def _judged(self, lead: Lead) -> None:
        """What the answered line is taken for: people get an agent, machines do not, whatever they are."""
        listened, person = self.world.answers.machines > 0, lead.fate is Fate.PERSON
        wrong = listened and lead.judged_wrong
        self._ended(lead.after, End.PERSON if person is not wrong else End.OTHER)
        if person and not wrong:
            self.room.needs_agent(Talk(lead.talk, lead.wrap_up, self.now))
        elif wrong and not person:
            seconds = self.world.detection.missed_machine_seconds
            self.room.needs_agent(Talk(seconds, lead.wrap_up, self.now, machine=True))
        else:
            self.count.machine_verdicts += 1
            if person:
                self.count.taken_for_machines += 1
                self.count.abandoned += 1
