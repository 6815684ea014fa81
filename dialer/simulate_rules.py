"""Rules to pace by in a simulated shift: ours and its rivals."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from crm_core.domain.campaigns import CampaignPolicy, DialMode
from crm_core.domain.floor import Floor
from dialer.laws import FCC, Law
from dialer.learning import Happened, Learned, learn, nothing_learned
from dialer.pacing import Decision, decide
from dialer.simulate_shift import Rule, Shift
from dialer.simulate_world import Fate


@dataclass(slots=True)
class Ours:
    """What the live dialer does in predictive mode. `learned`: what it starts with."""

    policy: CampaignPolicy
    law: Law = FCC
    rest: float = 0.0
    learned: Learned = field(init=False)

    def __post_init__(self) -> None:
        self.learned = nothing_learned(self.policy)

    def __call__(self, floor: Floor, happened: Happened, shift: Shift) -> Decision:
        self.learned = learn(self.learned, happened, floor, min(self.law.limit, self.policy.abandon_limit))
        return decide(floor, self.policy, self.learned, self.law, self.rest)


@dataclass(slots=True)
class ByMode:
    """Progressive, or a fixed number of lines per free agent while the limit bears it."""

    policy: CampaignPolicy

    def __call__(self, floor: Floor, happened: Happened, shift: Shift) -> Decision:
        return decide(floor, self.policy)


@dataclass(slots=True)
class Vicidial:
    """VICIdial's adaptive rule, rebuilt: every 15 s the level follows the agents who wait, between 1 and 3; calls are
    placed every 2.5 s up to level times agents; with more abandoned than the limit the level is 1."""

    limit: float
    level: float = 1.0

    def __call__(self, floor: Floor, happened: Happened, shift: Shift) -> Decision:
        agents = floor.agents_available + floor.agents_on_call + floor.agents_wrapping_up
        if agents == 0:
            return Decision(0)
        second = round(shift.now)
        if second % 15 == 0:
            self.level *= 1 + (floor.agents_available - floor.waiting) / agents
            if floor.abandoned > self.limit * max(1, floor.people):
                self.level = 1.0
            self.level = max(1.0, min(3.0, self.level))
        if int(shift.now / 2.5) == int((shift.now - 1) / 2.5):
            return Decision(0)
        return Decision(max(0, round(agents * self.level) - floor.open_lines - floor.agents_wrapping_up))


@dataclass(slots=True)
class Clairvoyant:
    """Knows of every lead whether and when it is answered, and how long each agent will be busy: no rule can do more.

    It dials the leads in their order, the fruitless ones too, and stops before a person who would find nobody.
    """

    free_at: list[float] = field(default_factory=list)

    def __call__(self, floor: Floor, happened: Happened, shift: Shift) -> Decision:
        """Agents free in the future, with the people promised to them; then leads while one more fits."""
        free = [shift.now] * len(shift.idle)
        free += [until for _, until in shift.wrapping.values()] + [until for _, until in shift.talking.values()]
        heapq.heapify(free)
        promised = [(one.answered_at, one.talk + one.wrap_up) for one in shift.waiting]
        promised += [
            (at + lead.after, lead.talk + lead.wrap_up)
            for _, lead, at in shift.ringing.values()
            if lead.fate is Fate.PERSON
        ]
        lines = 0
        while lines < 2000:
            lead = shift.next_lead(lines)
            if lead.fate is Fate.PERSON:
                one = (shift.now + lead.after, lead.talk + lead.wrap_up)
                if not _all_met(list(free), sorted([*promised, one]), shift.world.connect_within):
                    break
                promised.append(one)
            lines += 1
        return Decision(lines)


def _all_met(free: list[float], people: list[tuple[float, float]], within: float) -> bool:
    for answered, handling in people:
        if not free or free[0] > answered + within:
            return False
        heapq.heapreplace(free, max(free[0], answered) + handling)
    return True


def rules(policy: CampaignPolicy, law: Law = FCC, rest: float = 0.0) -> dict[str, Callable[[], Rule]]:
    """By name, made anew for each shift."""

    def by_mode(mode: DialMode) -> ByMode:
        return ByMode(_with(policy, mode))

    return {
        "progressive": lambda: by_mode(DialMode.PROGRESSIVE),
        "fixed": lambda: by_mode(DialMode.POWER),
        "vicidial": lambda: Vicidial(law.limit),
        "ours": lambda: Ours(policy, law, rest),
        "clairvoyant": Clairvoyant,
    }


def _with(policy: CampaignPolicy, mode: DialMode) -> CampaignPolicy:
    from dataclasses import replace

    return replace(policy, mode=mode)
