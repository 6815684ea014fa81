"""How fast a room dials: what an operator's hour brings by how many there are and how often people answer.

Modes that pace are tried out in the simulator; the others follow from how long a line and an operator are busy.
"""

from __future__ import annotations

import math
import statistics
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from datetime import timedelta

from crm_core.domain.campaigns import CampaignPolicy, DialMode, Trunk
from crm_core.domain.law_names import law_name
from crm_core.domain.past_estimates import Likely
from dialer.laws import LAWS
from dialer.past_world import world_of
from dialer.simulate_counts import Counts
from dialer.simulate_rules import rules
from dialer.simulate_shift import Shift

#: Rooms that are tried out; between them is interpolated.
_ROOMS = (1, 2, 3, 5, 8, 12, 20, 32, 50, 80, 125, 200, 320, 500)
#: Shares of people that are tried out: each so many times the one before.
_STEP = 1.8
#: A room is simulated for so many operator hours in all, and a shift of it within these hours.
_AGENT_HOURS, _SHORTEST, _LONGEST = 12.0, 0.75, 2.0
#: Seconds an operator looks at the card before he dials (mode preview).
_LOOKS = 20.0
_RULES = {DialMode.PROGRESSIVE: "progressive", DialMode.POWER: "fixed", DialMode.PREDICTIVE: "ours"}


@dataclass(frozen=True, slots=True)
class Pace:
    """What an hour of one operator who is not paused brings. Shares: `occupancy`, `abandoned` of the people, `strays`:
    how far that of single shifts strays from it (standard deviation), `given_up` of the dials,
    `kept`: of the answers those that came before a line was given up."""

    dials: float
    people: float
    talks: float
    talk_seconds: float
    occupancy: float
    abandoned: float
    strays: float
    given_up: float
    kept: float


@dataclass(slots=True)
class Paces:
    """Paces of one campaign, each tried out once, when it is first asked for."""

    policy: CampaignPolicy
    trunk: Trunk
    likely: Likely
    seeds: int = 3
    known: dict[tuple[int, int], Pace] = field(default_factory=dict)

    def at(self, operators: int, share: float) -> Pace:
        """The pace of so many operators while `share` of the dials are answered by people."""
        share = min(0.95, max(0.005, share))
        place = math.log(share) / math.log(_STEP)
        low = math.floor(place)
        return _between(self._room(operators, low), self._room(operators, low + 1), place - low)

    def _room(self, operators: int, step: int) -> Pace:
        place = bisect_left(_ROOMS, operators)
        if place == len(_ROOMS):
            return self._tried(_ROOMS[-1], step)
        if _ROOMS[place] == operators:
            return self._tried(operators, step)
        small, large = _ROOMS[place - 1], _ROOMS[place]
        part = math.log(operators / small) / math.log(large / small)
        return _between(self._tried(small, step), self._tried(large, step), part)

    def _tried(self, operators: int, step: int) -> Pace:
        if (operators, step) not in self.known:
            share = min(0.95, _STEP**step)
            made = (
                self._reckoned(operators, share) if self.policy.mode not in _RULES else self._shifts(operators, share)
            )
            self.known[operators, step] = made
        return self.known[operators, step]

    def _shifts(self, operators: int, share: float) -> Pace:
        """Simulated shifts, each from an empty room on: a campaign begins in the same way."""
        hours = min(_LONGEST, max(_SHORTEST, _AGENT_HOURS / operators))
        world = world_of(self.likely, self.policy, self.trunk, operators, hours, share)
        law = LAWS[law_name(self.policy, self.trunk).value]
        if not (self.policy.give_up and self.policy.given_up_per_day):
            law = replace(law, ring_at_least=timedelta.max)
        made = rules(self.policy, law, 1 - self.policy.max_occupancy)[_RULES[self.policy.mode]]
        return _pace([Shift(world, seed).run(made()) for seed in range(self.seeds)], share)

    def _reckoned(self, operators: int, share: float) -> Pace:
        """Mode preview: look, dial, wait, talk, one after the other. Mode bot: as many talks as there are lines."""
        found = self.likely
        ring = found.rings[len(found.rings) // 2]
        out = self.policy.ring_for.total_seconds()
        line = share * ring + max(0.0, 1 - share - found.failed.value - found.busy.value) * out
        talk = found.talk.mean.value
        if self.policy.mode is DialMode.BOT:  # one "operator" is one line
            dials = 3600 / (line + share * talk)
            return Pace(dials, dials * share, dials * share, dials * share * talk, 1.0, 0.0, 0.0, 0.0, 1.0)
        busy = share * (talk + found.wrap_up.mean.value)
        dials = 3600 / (_LOOKS + line + busy)
        return Pace(dials, dials * share, dials * share, dials * share * talk, dials * busy / 3600, 0.0, 0.0, 0.0, 1.0)


def _pace(shifts: list[Counts], share: float) -> Pace:
    hours = sum(one.logged_in for one in shifts) / 3600
    people, dials = sum(one.people for one in shifts), sum(one.dials for one in shifts)
    shares = [one.abandoned / one.people for one in shifts if one.people]
    return Pace(
        dials=dials / hours,
        people=people / hours,
        talks=sum(one.talks for one in shifts) / hours,
        talk_seconds=sum(one.talked for one in shifts) / hours,
        occupancy=sum(one.busy for one in shifts) / hours / 3600,
        abandoned=sum(one.abandoned for one in shifts) / people if people else 0.0,
        strays=statistics.stdev(shares) if len(shares) > 1 else 0.0,
        given_up=sum(one.given_up for one in shifts) / max(1, dials),
        kept=min(1.0, people / (dials * share)) if dials else 1.0,
    )


def _between(low: Pace, high: Pace, part: float) -> Pace:
    names = Pace.__slots__
    return Pace(*((1 - part) * getattr(low, name) + part * getattr(high, name) for name in names))
