"""The world of a simulated shift: who answers when, how long agents are busy, what goes wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random


class Fate(StrEnum):
    """What comes of a line if nobody gives it up."""

    FAILED = "failed"
    PERSON = "person"
    MACHINE = "machine"
    RINGS_OUT = "rings_out"


@dataclass(frozen=True, slots=True)
class Answers:
    """`steps`: from which second on which share of the lines that do not fail is answered by a person.

    `fades`: what that share loses by the end, of itself. `burst`: it is so many times higher in half of the time and
    as much lower in the other half, the two changing places every `burst_seconds` on average. Rings are uniform from
    `rings[0]` to `rings[1]` seconds, or with `ring_sigma` lognormal around their middle within the same bounds.
    """

    steps: tuple[tuple[float, float], ...] = ((0.0, 0.30),)
    failed: float = 0.10
    machines: float = 0.0
    rings: tuple[float, float] = (4.0, 20.0)
    ring_sigma: float = 0.0
    ring_out: float = 25.0
    set_up: float = 0.0
    fades: float = 0.0
    burst: float = 1.0
    burst_seconds: float = 90.0


@dataclass(frozen=True, slots=True)
class Detection:
    """Machines told from people in `seconds`. `everybody`: people are listened to for so long as well.

    Shares of machines taken for people, and of people taken for machines (who are abandoned, whatever one calls it).
    """

    seconds: float = 3.0
    everybody: bool = False
    missed_machines: float = 0.0
    missed_people: float = 0.0


@dataclass(frozen=True, slots=True)
class Work:
    """Talk and wrap-up, lognormal with these means and sigmas (0: always the mean); `talk_drift`: growth over the shift.

    `pauses` per agent and hour, of `pause_seconds` on average (exponential), begun at once by an agent who is free.
    """

    talk: float = 90.0
    talk_sigma: float = 0.7
    talk_drift: float = 0.0
    wrap_up: float = 15.0
    wrap_up_sigma: float = 0.0
    pauses: float = 0.0
    pause_seconds: float = 420.0
    incoming: float = 0.0  # calls per agent and hour that come in by themselves, of the same length
    incoming_patience: float = 20.0


@dataclass(frozen=True, slots=True)
class World:
    agents: int = 10
    hours: float = 8.0
    answers: Answers = field(default_factory=Answers)
    work: Work = field(default_factory=Work)
    detection: Detection = field(default_factory=Detection)
    connect_within: float = 2.0
    max_lines: int = 100_000

    @property
    def seconds(self) -> float:
        return self.hours * 3600


@dataclass(slots=True)
class Lead:
    """One line as fate has it; `after`: seconds of ringing."""

    fate: Fate
    after: float
    talk: float
    wrap_up: float
    judged_wrong: bool = False


class Draws:
    """Leads of a world, one after the other, by a seed: the same whatever is dialed when, as far as time allows."""

    def __init__(self, world: World, seed: int) -> None:
        self._world, self._random = world, Random(seed)
        self._high, self._turns_at = True, 0.0

    def lead(self, at: float) -> Lead:
        answers, work, draw = self._world.answers, self._world.work, self._random
        share = self._share(at)
        ring = self._ring(answers)
        x = draw.random()
        fate, after = Fate.RINGS_OUT, answers.ring_out + answers.set_up
        if x < answers.failed:
            fate, after = Fate.FAILED, answers.set_up
        elif x < answers.failed + (1 - answers.failed) * share:
            fate, after = Fate.PERSON, ring + answers.set_up
        elif x < answers.failed + (1 - answers.failed) * min(1.0, share + answers.machines):
            fate, after = Fate.MACHINE, ring + answers.set_up
        talk = self.length(work.talk * (1 + work.talk_drift * at / self._world.seconds), work.talk_sigma)
        wrong = draw.random() < (
            self._world.detection.missed_people if fate is Fate.PERSON else self._world.detection.missed_machines
        )
        return Lead(fate, after, talk, self.length(work.wrap_up, work.wrap_up_sigma), wrong)

    def length(self, mean: float, sigma: float) -> float:
        if sigma == 0 or mean == 0:
            return mean
        return math.exp(self._random.gauss(math.log(mean) - sigma * sigma / 2, sigma))

    def wait(self, mean: float) -> float:
        return self._random.expovariate(1 / mean)

    def one_of(self, count: int) -> int:
        return self._random.randrange(count)

    def _ring(self, answers: Answers) -> float:
        low, high = answers.rings
        if answers.ring_sigma == 0:
            return self._random.uniform(low, high)
        return min(high, low + self.length((high - low) / 2, answers.ring_sigma))

    def _share(self, at: float) -> float:
        answers = self._world.answers
        share = next(p for since, p in reversed(answers.steps) if since <= at)
        share *= 1 - answers.fades * at / self._world.seconds
        if answers.burst == 1.0:
            return share
        while at >= self._turns_at:
            self._high, self._turns_at = not self._high, self._turns_at + self.wait(answers.burst_seconds)
        # The mean of the two shares is the share itself.
        high = 2 * answers.burst / (answers.burst + 1 / answers.burst)
        return min(1.0, share * (high if self._high else high / answers.burst**2))
