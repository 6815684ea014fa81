"""What chance gives to a simulated shift: leads, lengths, absences, incoming calls, all from one seed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from dialer.simulate_world import World


class Fate(StrEnum):
    """What comes of a line if nobody gives it up."""

    FAILED = "failed"
    BUSY = "busy"
    PERSON = "person"
    MACHINE = "machine"
    RINGS_OUT = "rings_out"


@dataclass(slots=True)
class Lead:
    """One line as fate has it; `after`: seconds from dialing until then. `judged_wrong`: by machine detection."""

    fate: Fate
    after: float
    talk: float
    wrap_up: float
    judged_wrong: bool = False


@dataclass(slots=True)
class Talk:
    """Somebody an agent is needed for. `incoming`: he has called himself. `machine`: nobody is there, as it turns out.

    `needed_at`: since when; `gone`: he has an agent, or has gone.
    """

    talk: float
    wrap_up: float
    needed_at: float
    incoming: bool = False
    machine: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Absence:
    """An agent wishes at `at` to be away for `seconds`, or until `until` if that is set. `leaves`: he logs out."""

    at: float
    seconds: float
    until: float | None = None
    leaves: bool = False

    def back_at(self, begun: float) -> float:
        return begun + self.seconds if self.until is None else max(begun, self.until)


class Lengths:
    """Ring, talk and wrap-up times of a world, drawn from one stream."""

    def __init__(self, world: World, draw: Random) -> None:
        work, answers = world.work, world.answers
        self._world, self._draw = world, draw
        self._talk = _lengths(draw, work.talk, work.talk_sigma, work.talk_tail, work.talk_samples)
        self._wrap_up = _lengths(draw, work.wrap_up, work.wrap_up_sigma, work.wrap_up_tail, work.wrap_up_samples)
        self.ring = _rings(draw, answers.rings, answers.ring_sigma, answers.ring_samples)

    def handling(self, at: float) -> tuple[float, float]:
        """Talk and wrap-up of a call that is dialed at `at`."""
        work = self._world.work
        talk, wrap_up = self._talk() * (1 + work.talk_drift * at / self._world.seconds), self._wrap_up()
        if work.late and self._draw.random() < work.late:
            wrap_up += self._draw.expovariate(1 / work.late_seconds)
        return talk, wrap_up


class Draws:
    """Each kind of chance has its own stream: the n-th lead of a seed is the same whatever rule dials it (its answer
    follows the hour it is dialed at), and absences and incoming calls are the same too."""

    def __init__(self, world: World, seed: int) -> None:
        self._world, self._seed = world, seed
        self._random, self._turns = self._stream("leads"), self._stream("bursts")
        self._later = self._stream("callbacks")
        self._of_leads, self._of_callbacks = Lengths(world, self._random), Lengths(world, self._later)
        self._high, self._turns_at = True, 0.0

    def _stream(self, name: str) -> Random:
        return Random(f"{self._seed}/{name}")

    def lead(self, at: float) -> Lead:
        """The next lead, dialed at `at`."""
        answers, detection, x = self._world.answers, self._world.detection, self._random.random()
        ring, live = self._of_leads.ring(), 1 - answers.failed - answers.busy
        share = self.share(at)
        fate, after = Fate.RINGS_OUT, answers.ring_out
        if x < answers.failed:
            fate, after = Fate.FAILED, 0.0
        elif x < answers.failed + answers.busy:
            fate, after = Fate.BUSY, answers.busy_after
        elif x < answers.failed + answers.busy + live * share:
            fate, after = Fate.PERSON, ring
        elif x < answers.failed + answers.busy + live * min(1.0, share + answers.machines):
            fate, after = Fate.MACHINE, ring
        talk, wrap_up = self._of_leads.handling(at)
        missed = detection.missed_people if fate is Fate.PERSON else detection.missed_machines
        return Lead(fate, after + answers.set_up, talk, wrap_up, self._random.random() < missed)

    def callback(self, at: float) -> float | None:
        """When a person who talked until `at` is to be dialed again; None: never."""
        work = self._world.work
        if not work.callbacks or self._later.random() >= work.callbacks:
            return None
        return at + self._later.expovariate(1 / work.callback_after)

    def called_back(self, at: float) -> Lead:
        """The line of a callback."""
        answers = self._world.answers
        answered = self._later.random() < self._world.work.callback_answered
        after = self._of_callbacks.ring() if answered else answers.ring_out
        fate = Fate.PERSON if answered else Fate.RINGS_OUT
        return Lead(fate, after + answers.set_up, *self._of_callbacks.handling(at))

    def absences(self, agent: int) -> list[Absence]:
        """When this agent wishes to be away, in order of time."""
        world, work = self._world, self._world.work
        found: list[Absence] = []
        kinds = ((work.pauses, work.pause_seconds, False), (work.leaves, work.away_seconds, True))
        for name, (per_hour, seconds, leaves) in zip(("pauses", "leaves"), kinds, strict=True):
            draw, at = self._stream(f"{name}/{agent}"), 0.0
            while per_hour and (at := at + draw.expovariate(per_hour / 3600)) < world.seconds:
                length = draw.expovariate(1 / seconds)
                found.append(Absence(at, length, leaves=leaves))
                at += length
        away_since: float | None = None
        for at, there in (*world.roster, (math.inf, world.agents)):
            if agent >= there and away_since is None:
                away_since = at
            elif agent < there and away_since is not None:
                found.append(Absence(away_since, 0.0, at, leaves=True))
                away_since = None
        return sorted(found, key=lambda absence: absence.at)

    def incoming(self) -> list[Talk]:
        """The calls that come in during the shift, in order of time."""
        world, work = self._world, self._world.work
        per_second = work.incoming * world.agents / 3600
        draw, at, found = self._stream("incoming"), 0.0, list[Talk]()
        lengths = Lengths(world, draw)
        while per_second and (at := at + draw.expovariate(per_second)) < world.seconds:
            found.append(Talk(*lengths.handling(at), at, incoming=True))
        return found

    def share(self, at: float) -> float:
        """The share of lines that do not fail which a person answers. `at` must not go back from one to the next."""
        answers = self._world.answers
        share = next(p for since, p in reversed(answers.steps) if since <= at)
        share *= 1 - answers.fades * at / self._world.seconds
        if answers.burst == 1.0:
            return share
        while at >= self._turns_at:
            self._high, self._turns_at = (
                not self._high,
                self._turns_at + self._turns.expovariate(1 / answers.burst_seconds),
            )
        # The mean of the two shares is the share itself.
        high = 2 * answers.burst / (answers.burst + 1 / answers.burst)
        return min(1.0, share * (high if self._high else high / answers.burst**2))


def _lengths(draw: Random, mean: float, sigma: float, tail: float, samples: Sequence[float]) -> Callable[[], float]:
    if samples:
        return _from_samples(draw, samples)
    if mean == 0 or not (sigma or tail):
        return lambda: mean
    if tail:
        return lambda: mean * (tail - 1) * (draw.paretovariate(tail) - 1)
    mu = math.log(mean) - sigma * sigma / 2
    return lambda: math.exp(draw.gauss(mu, sigma))


def _rings(draw: Random, bounds: tuple[float, float], sigma: float, samples: Sequence[float]) -> Callable[[], float]:
    low, high = bounds
    if samples:
        return _from_samples(draw, samples)
    if sigma == 0:
        return lambda: draw.uniform(low, high)
    length = _lengths(draw, (high - low) / 2, sigma, 0.0, ())
    return lambda: min(high, low + length())


def _from_samples(draw: Random, samples: Sequence[float]) -> Callable[[], float]:
    """Between neighbouring samples in proportion: quantiles at equal steps do as well as raw seconds."""
    ordered = sorted(samples)
    last = len(ordered) - 1

    def one() -> float:
        place = draw.random() * last
        i = int(place)
        return ordered[i] + (place - i) * (ordered[min(i + 1, last)] - ordered[i])

    return one
