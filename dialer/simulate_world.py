"""The world of a simulated shift: who answers when, how long agents are busy, what goes wrong. Times in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Answers:
    """How lines end. Shares are 0…1.

    `steps`: from which second on which share of the lines that do not fail is answered by a person.
    `fades`: what part of that share is lost by the end, little by little; below 0 it grows. `burst`: it is higher and
    lower in turn, each state by this factor from the middle, changing every `burst_seconds` on average.
    `failed` lines (dead numbers) end at once, `busy` ones after `busy_after`. Machines answer like people.
    Rings are uniform within `rings`; with `ring_sigma` lognormal around their middle within the same bounds; or drawn
    from `ring_samples`. `set_up`: until the phone rings, unseen by the dialer.
    """

    steps: tuple[tuple[float, float], ...] = ((0.0, 0.30),)
    failed: float = 0.10
    busy: float = 0.0
    busy_after: float = 3.0
    machines: float = 0.0
    rings: tuple[float, float] = (4.0, 20.0)
    ring_sigma: float = 0.0
    ring_samples: tuple[float, ...] = ()
    ring_out: float = 25.0
    set_up: float = 0.0
    fades: float = 0.0
    burst: float = 1.0
    burst_seconds: float = 90.0

    @property
    def last(self) -> float:
        """Seconds after which nobody answers any more."""
        return self.set_up + (max(self.ring_samples) if self.ring_samples else self.rings[1])

    def mean_share(self, seconds: float) -> float:
        """Of the lines that do not fail, those a person answers, on average over a shift of so many seconds."""
        total, ends = 0.0, [at for at, _ in self.steps[1:]] + [seconds]
        for (begin, share), end in zip(self.steps, ends, strict=True):
            begin, end = min(begin, seconds), min(end, seconds)
            total += share * (end - begin) * (1 - self.fades * (begin + end) / 2 / seconds)
        return total / seconds


@dataclass(frozen=True, slots=True)
class Detection:
    """Machines told from people in `seconds`. `everybody`: people are listened to for so long as well.

    Shares of machines taken for people (`missed_machine_seconds` of an agent's time go into each), and of people taken
    for machines, who are abandoned whatever one calls it. Where no machines are, nothing is detected.
    """

    seconds: float = 3.0
    everybody: bool = False
    missed_machines: float = 0.0
    missed_people: float = 0.0
    missed_machine_seconds: float = 8.0


@dataclass(frozen=True, slots=True)
class Work:
    """What keeps agents busy. Talk and wrap-up have a mean and either a sigma (lognormal; 0: always the mean), a tail
    (Lomax's distribution with this exponent, above 1: the smaller, the heavier), or samples they are drawn from.

    `talk_drift`: growth of talks by the end of the shift, as a share. `late`: share of wrap-ups that take
    `late_seconds` more, exponential. `pick_up`: an agent's phone rings so long before he is there.
    `pauses` per agent and hour, of `pause_seconds` on average (exponential), and likewise `leaves` of `away_seconds`:
    at once if he is free, else after his call. `incoming`: calls per agent and hour that come in by themselves.
    `callbacks`: share of talks after which the person is dialed again, `callback_after` later on average, and answers
    with the chance `callback_answered`.
    """

    talk: float = 90.0
    talk_sigma: float = 0.7
    talk_tail: float = 0.0
    talk_samples: tuple[float, ...] = ()
    talk_drift: float = 0.0
    wrap_up: float = 15.0
    wrap_up_sigma: float = 0.0
    wrap_up_tail: float = 0.0
    wrap_up_samples: tuple[float, ...] = ()
    late: float = 0.0
    late_seconds: float = 30.0
    pick_up: float = 0.0
    pauses: float = 0.0
    pause_seconds: float = 420.0
    leaves: float = 0.0
    away_seconds: float = 1800.0
    incoming: float = 0.0
    incoming_patience: float = 20.0
    callbacks: float = 0.0
    callback_after: float = 3600.0
    callback_answered: float = 0.8


@dataclass(frozen=True, slots=True)
class World:
    """`roster`: from which second on only so many of the agents are there. `connect_within`: a person who waits longer
    gets the message and counts as abandoned. `max_lines`, `calls_per_second`: what the trunk bears; 0 of the latter:
    no limit."""

    agents: int = 10
    hours: float = 8.0
    answers: Answers = field(default_factory=Answers)
    work: Work = field(default_factory=Work)
    detection: Detection = field(default_factory=Detection)
    roster: tuple[tuple[float, int], ...] = ()
    connect_within: float = 2.0
    max_lines: int = 100_000
    calls_per_second: float = 0.0

    @property
    def seconds(self) -> float:
        return self.hours * 3600

    @property
    def wrongly_machine(self) -> float:
        """Share of a shift's machine verdicts that are people: what a dialer knows whose detection was measured."""
        if self.answers.machines == 0:
            return 0.0
        people = self.answers.mean_share(self.seconds) * self.detection.missed_people
        verdicts = people + self.answers.machines * (1 - self.detection.missed_machines)
        return people / verdicts if verdicts > 0 else 0.0
