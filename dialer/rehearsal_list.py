"""One future of a campaign: its list worked off in quarters of an hour, with retries, calling windows and callbacks."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random

from crm_core.domain.attempts import Outcome
from crm_core.domain.rehearsal import Figures, RehearsalRoom
from dialer.rehearsal_pace import Pace, Paces
from dialer.rehearsal_time import QUARTER, Future, Kind, Slot, add_to, binomial, factor, number_rest

#: Less of a quarter than this is left over by rounding, not for want of leads.
_SHORT = 0.05


class ListRun:
    """A future being played. `operators`: how many work; `seed` makes it the same again."""

    def __init__(self, room: RehearsalRoom, paces: Paces, slots: Sequence[Slot], operators: int, seed: int) -> None:
        self._room, self._paces, self._slots, self._draw = room, paces, slots, Random(seed)
        self._parts = list(dict.fromkeys(group.part for group in room.groups))
        self._operators = operators
        self._ready: dict[Kind, int] = {}
        self._pending: list[tuple[datetime, int, Kind, int]] = []
        self._serial = self._open = 0
        self._day_dials, self._day_minutes, self._day = 0, 0.0, ""
        self._sums = dict.fromkeys(Figures.__slots__, 0.0)
        self.future = Future()
        self._draw_luck()
        self._fill()

    def _draw_luck(self) -> None:
        """What is not known of the whole campaign: how willingly people answer, how long they talk."""
        found, draw = self._room.likely, self._draw
        self._level = draw.gauss(0.0, found.spread)
        handling = found.talk.mean.value + found.wrap_up.mean.value
        talk = found.talk.mean.value * factor(draw, found.talk.mean.value, found.talk.mean.high)
        wrap = found.wrap_up.mean.value * factor(draw, found.wrap_up.mean.value, found.wrap_up.mean.high)
        self._longer = (talk + wrap) / handling
        self._talk_longer = talk / found.talk.mean.value
        pauses = max(0.0, draw.gauss(found.pauses.value, (found.pauses.high - found.pauses.value) / 1.645))
        self._present = 1 / (1 + pauses * found.pause.mean.value / 3600)
        self._day_level = self._strays = 0.0

    def _fill(self) -> None:
        for group in self._room.groups:
            kind = Kind(self._parts.index(group.part), group.attempts, group.spare, group.callback, group.priority)
            self._open += group.count
            self._later(group.due or self._room.questions.begins_at, kind, group.count)

    def run(self) -> Future:
        """Play it to its end or the horizon."""
        day: date | None = None
        for slot in self._slots:
            if slot.day != day:
                day = slot.day
                self._day_level = self._draw.gauss(0.0, self._room.likely.day_spread)
                self._strays = self._draw.gauss(0.0, 1.0)
            self._release(slot)
            self._dial(slot)
            self.future.days[slot.day] = (slot.at + QUARTER, self._figures())
            if self._open == 0:
                break
        if self._open:
            self.future.finished_at = None
        self.future.total = self._figures()
        return self.future

    def _figures(self) -> Figures:
        return Figures(**self._sums)

    # --- which leads are due --------------------------------------------------------------------------------
    def _later(self, due: datetime, kind: Kind, count: int) -> None:
        if count:
            self._serial += 1
            heapq.heappush(self._pending, (due, self._serial, kind, count))

    def _release(self, slot: Slot) -> None:
        while self._pending and self._pending[0][0] <= slot.at:
            _, _, kind, count = heapq.heappop(self._pending)
            self._ready[kind] = self._ready.get(kind, 0) + count
            if kind.callback:
                add_to(self.future.callbacks_by_hour, slot.at, count)

    # --- a quarter of an hour -------------------------------------------------------------------------------
    def _dial(self, slot: Slot) -> None:
        """Dial as many as the room manages, in the hopper's order. Operators are there whether or not leads are."""
        logged_in = self._operators * self._present * QUARTER.total_seconds()
        self._sums["logged_in_seconds"] += logged_in
        add_to(self.future.there_by_hour, slot.at, logged_in)
        if slot.at.date().isoformat() != self._day:
            self._day, self._day_dials, self._day_minutes = slot.at.date().isoformat(), 0, 0.0
        kinds = sorted((kind for kind in self._ready if kind.part in slot.hours), key=Kind.order)
        left, busy_before = 1.0, self._sums["busy_seconds"]  # `left` of the quarter
        for kind in kinds:
            share = self._share(kind, slot)
            pace = self._paces.at(self._operators, share)
            slower = 1 / (1 + pace.occupancy * (self._longer - 1))
            manages = pace.dials * slower * logged_in / 3600
            count = min(self._ready[kind], math.floor(left * manages + self._draw.random()), self._cap())
            if count <= 0:
                break
            left -= min(left, count / manages)
            self._take(kind, count)
            self._comes_of(kind, count, share, pace, slot)
            busy = pace.occupancy * slower * self._longer * logged_in * min(1.0, count / manages)
            self._sums["busy_seconds"] += busy
            add_to(self.future.busy_by_hour, slot.at, busy)
            if left <= 0:
                break
        if left < _SHORT:
            self.future.due_busy += self._sums["busy_seconds"] - busy_before
            self.future.due_there += logged_in

    def _share(self, kind: Kind, slot: Slot) -> float:
        level = self._level + self._day_level
        return self._room.likely.share(self._parts[kind.part], slot.hours[kind.part], kind.attempts + 1, level)

    def _cap(self) -> int:
        """What rates and daily caps of campaign and trunk leave of this quarter."""
        policy, trunk = self._room.policy, self._room.trunk
        cap = min(policy.calls_per_second, trunk.calls_per_second) * QUARTER.total_seconds()
        for calls in (policy.daily_calls, trunk.daily_calls):
            cap = cap if calls is None else min(cap, calls - self._day_dials)
        for minutes in (policy.daily_minutes, trunk.daily_minutes):
            cap = 0 if minutes is not None and self._day_minutes >= minutes else cap
        return math.floor(cap)

    def _take(self, kind: Kind, count: int) -> None:
        self._ready[kind] -= count
        if not self._ready[kind]:
            del self._ready[kind]
        self._day_dials += count

    # --- what comes of dials --------------------------------------------------------------------------------
    def _comes_of(self, kind: Kind, count: int, share: float, pace: Pace, slot: Slot) -> None:
        found, draw = self._room.likely, self._draw
        # Of the lines that ring, some are given up before the person would have answered.
        people = binomial(draw, count, share * pace.kept)
        lost = max(0.0, pace.abandoned + self._strays * pace.strays)
        abandoned = binomial(draw, people, min(1.0, lost))
        talks = people - abandoned
        seconds = talks * found.talk.mean.value * self._talk_longer
        for name, value in (
            ("dials", count),
            ("people", people),
            ("abandoned", abandoned),
            ("talks", talks),
            ("talk_seconds", seconds),
        ):
            self._sums[name] += value
        self._day_minutes += seconds / 60
        self.future.finished_at = slot.at + QUARTER
        add_to(self.future.dials_by_hour, slot.at, count)
        add_to(self.future.people_by_hour, slot.at, people)
        callbacks = binomial(draw, talks, found.callbacks.value)
        again = binomial(draw, talks - callbacks, found.retries.value)
        self.future.reached += talks - again
        self._open -= talks - callbacks - again
        day = timedelta(days=1)
        self._later(slot.at + day, Kind(kind.part, kind.attempts + 1, kind.spare, True, kind.priority), callbacks)
        self._again(kind, again, slot, day)
        self._again(kind, abandoned, slot, self._rest(Outcome.ABANDONED))
        self._not_reached(kind, count - people, share, pace.given_up, slot)

    def _not_reached(self, kind: Kind, count: int, share: float, given_up: float, slot: Slot) -> None:
        found, policy = self._room.likely, self._room.policy
        ended = binomial(self._draw, count, min(1.0, given_up / max(1e-9, 1 - share)))
        count -= ended
        self._again(kind, ended, slot, policy.retry.after.get(Outcome.GIVEN_UP))
        dead, left = found.dead.value, max(1e-9, 1 - share)
        for outcome, chance in (
            (Outcome.NOT_IN_SERVICE, dead),
            (Outcome.FAILED, max(0.0, found.failed.value - dead)),
            (Outcome.BUSY, found.busy.value),
            (Outcome.MACHINE, found.machines.value),
            (Outcome.NO_ANSWER, 1.0),
        ):
            is_rest = outcome is Outcome.NO_ANSWER
            some = count if is_rest else binomial(self._draw, count, min(1.0, chance / left))
            count, left = count - some, max(1e-9, left - chance)
            if outcome is Outcome.NOT_IN_SERVICE:
                self._dead(kind, some, slot)
            else:
                self._again(kind, some, slot, policy.retry.after.get(outcome))

    def _dead(self, kind: Kind, count: int, slot: Slot) -> None:
        if kind.spare:
            self._again(Kind(kind.part, kind.attempts, False, False, kind.priority), count, slot, timedelta(0))
        else:
            self._open -= count

    def _rest(self, outcome: Outcome) -> timedelta | None:
        rest = self._room.policy.retry.after.get(outcome)
        return rest if rest is None else max(rest, self._room.policy.abandoned_rest)

    def _again(self, kind: Kind, count: int, slot: Slot, rest: timedelta | None) -> None:
        """Dialed again after `rest`, unless the policy says never or its attempts are used."""
        attempts = kind.attempts + 1
        if rest is None or attempts >= self._room.policy.retry.max_attempts:
            self._open -= count
            return
        due = slot.at + max(rest, number_rest(self._room.policy, attempts, rest))
        self._later(due, Kind(kind.part, attempts, kind.spare, False, kind.priority), count)
