"""What is counted in a simulated shift."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Moment:
    """Sums from the begin of the shift until `at` seconds."""

    at: float
    busy: float
    logged_in: float
    people: int
    abandoned: int


@dataclass(slots=True)
class Counts:
    """Numbers of a shift and, in seconds, how long agents talked, were busy (talk and wrap-up) and were there.

    `people` and `machines` answered a line; `fruitless` ended otherwise. Of those `given_up`, `rang_beyond` had rung
    for longer than anybody takes to answer, and a person would have answered `would_answer`. `abandoned` counts people
    who found nobody in time, with those taken for machines. `waits`: of the people connected, in seconds since they
    were needed. `by_time`: every quarter of an hour.
    """

    dials: int = 0
    people: int = 0
    machines: int = 0
    abandoned: int = 0
    taken_for_machines: int = 0
    given_up: int = 0
    rang_beyond: int = 0
    would_answer: int = 0
    talks: int = 0
    machine_verdicts: int = 0
    machines_connected: int = 0
    fruitless: int = 0
    incoming: int = 0
    incoming_lost: int = 0
    callbacks: int = 0
    talked: float = 0.0
    busy: float = 0.0
    logged_in: float = 0.0
    waits: list[float] = field(default_factory=list)
    by_time: list[Moment] = field(default_factory=list)

    @property
    def occupancy(self) -> float:
        return self.busy / self.logged_in if self.logged_in else 0.0

    @property
    def abandoned_share(self) -> float:
        return self.abandoned / self.people if self.people else 0.0

    def note(self, at: float) -> None:
        """Keep how things stand."""
        self.by_time.append(Moment(at, self.busy, self.logged_in, self.people, self.abandoned))
