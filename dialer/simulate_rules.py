"""Rules to pace by in a simulated shift: ours and its rivals, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from crm_core.domain.campaigns import CampaignPolicy, DialMode
from crm_core.domain.floor import Floor
from crm_core.errors import BadInput
from dialer.laws import FCC, Law
from dialer.learning import Happened, Learned, learn, nothing_learned
from dialer.pacing import Decision, decide
from dialer.simulate_bound import Clairvoyant
from dialer.simulate_exact import Truth
from dialer.simulate_shift import Rule, Shift
from dialer.simulate_world import World

#: What the table of a comparison shows, the weakest first.
RULES = ("progressive", "fixed", "vicidial", "ours", "exact", "clairvoyant")


@dataclass(slots=True)
class Ours:
    """What the live dialer does in predictive mode. `learned`: what it has learned so far, from nothing."""

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
class Exact(Ours):
    """The same, told at every look what is true: when people answer and how often, how long agents are busy."""

    truth: Truth | None = None

    def __call__(self, floor: Floor, happened: Happened, shift: Shift) -> Decision:
        if self.truth is None:
            self.truth = Truth(shift.world, self.learned)
        limit = min(self.law.limit, self.policy.abandon_limit)
        self.learned = self.truth.told(learn(self.learned, Happened(unseen=happened.unseen), floor, limit), shift)
        return decide(floor, self.policy, self.learned, self.law, self.rest)


@dataclass(slots=True)
class ByMode:
    """Progressive, or a fixed number of lines per free agent while the limit bears it, as the live dialer does it."""

    policy: CampaignPolicy

    def __call__(self, floor: Floor, happened: Happened, shift: Shift) -> Decision:
        return decide(floor, self.policy)


@dataclass(slots=True)
class Vicidial:
    """VICIdial's adaptive rule, rebuilt: every 15 s the level follows the agents who wait, between 1 and 3; calls are
    placed every 2.5 s up to level times the agents who are free or talk; with more abandoned than the limit the level
    is 1."""

    limit: float
    place_every: float = 2.5
    level: float = 1.0
    _place_at: float = 0.0

    def __call__(self, floor: Floor, happened: Happened, shift: Shift) -> Decision:
        agents = floor.agents_available + floor.agents_on_call + floor.agents_ringing
        if agents == 0:
            return Decision(0)
        if round(shift.now) % 15 == 0:
            self.level *= 1 + (floor.agents_available - floor.waiting) / agents
            if floor.abandoned > self.limit * max(1, floor.people):
                self.level = 1.0
            self.level = max(1.0, min(3.0, self.level))
        if shift.now < self._place_at:
            return Decision(0)
        self._place_at += self.place_every
        return Decision(max(0, round(agents * self.level) - floor.open_lines))


def usual_policy(world: World, limit: float = FCC.limit) -> CampaignPolicy:
    """A campaign's policy that fits the world, in predictive mode."""
    return CampaignPolicy(
        "simulated",
        mode=DialMode.PREDICTIVE,
        max_lines_per_agent=10.0,
        abandon_limit=limit,
        connect_within=timedelta(seconds=world.connect_within),
        max_lines=world.max_lines,
        wrap_up=timedelta(seconds=world.work.wrap_up),
    )


def rules(policy: CampaignPolicy, law: Law = FCC, rest: float = 0.0) -> dict[str, Callable[[], Rule]]:
    """By name, made anew for each shift."""
    limit = min(law.limit, policy.abandon_limit)
    return {
        "progressive": lambda: ByMode(replace(policy, mode=DialMode.PROGRESSIVE)),
        "fixed": lambda: ByMode(replace(policy, mode=DialMode.POWER)),
        "vicidial": lambda: Vicidial(limit),
        "ours": lambda: Ours(policy, law, rest),
        "exact": lambda: Exact(policy, law, rest),
        "clairvoyant": Clairvoyant,
    }


def rule_named(name: str, policy: CampaignPolicy, law: Law = FCC, rest: float = 0.0) -> Rule:
    """A rule for one shift; `fixed:3` is the fixed ratio with three lines per free agent. Raises BadInput."""
    kind, _, ratio = name.partition(":")
    known = rules(policy, law, rest)
    if kind not in known or (ratio and kind != "fixed"):
        raise BadInput("rule", f"there is no rule {name!r}", f"Expected: {', '.join(RULES)} or fixed:LINES")
    if not ratio:
        return known[kind]()
    try:
        lines = float(ratio)
    except ValueError:
        lines = 0.0
    if not 1 <= lines <= 20:
        raise BadInput("rule", f"{ratio!r} is no number of lines per agent", "Expected: 1 to 20, like fixed:2.5")
    return ByMode(replace(policy, mode=DialMode.POWER, lines_per_agent=lines))
