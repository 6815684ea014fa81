"""The risk that whoever answers next finds nobody: from each ringing line's age and each agent's handling time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import mul

from crm_core.domain.floor import Floor
from dialer.outlook import LONGEST_RING, Tables, talk_row, wrap_row

#: Up to so many lines or wrap-ups each is reckoned by itself; more are taken as a binomial of the same mean and spread.
_EACH = 8
_NEGLIGIBLE = 1e-7

Chances = Sequence[float]


@dataclass(frozen=True, slots=True)
class Sight:
    """A floor as the risk needs it. `free`: agents left when everybody who waits has one; may be negative.

    `lines`: rows of chances to answer, per ringing line (by look, the last: soon), oldest first; `freed`: by look, how
    likely it is that 0, 1, 2… of the busy agents have come free.
    """

    free: float
    lines: list[tuple[float, ...]]
    ages: list[int]
    freed: list[list[float]]

    def fuller(self, agents: float) -> Sight:
        """As if so many agents were not there."""
        return Sight(self.free - agents, self.lines, self.ages, self.freed)


def sight_of(floor: Floor, tables: Tables) -> Sight:
    """See a floor by what was learned."""
    at = floor.at
    ages = [min((at - since).seconds, LONGEST_RING) for since in floor.ringing_since]
    lines = [tables.answers[age] for age in ages]
    talks = [talk_row(tables, _seconds(at, since)) for since in floor.talking_since]
    # Agents being rung have a talk before them; so have, for all that is known, those of whom the start is not known.
    talks += [tables.talk[0]] * (max(0, floor.agents_on_call - len(talks)) + floor.agents_ringing)
    wraps = [wrap_row(tables, _seconds(at, since)) for since in floor.wrapping_since]
    wraps += [tables.wrap[0]] * max(0, floor.agents_wrapping_up - len(wraps))
    looks = range(len(tables.looks) + 1)
    freed = []
    for k in looks:
        some = _how_many([row[k] for row in wraps])
        freed.append(_together(some, _matched([row[k] for row in talks])))
    held = min(floor.guaranteed, len(ages))  # a guaranteed line that was answered has its agent already
    return Sight(floor.agents_available - floor.waiting - held, lines, ages, freed)


def risk_of_one_more(sight: Sight, tables: Tables, more: int, enough: float) -> float:
    """Chance that a person who answers a line dialed now finds nobody, when `more` lines are dialed beside it.

    Reckoning ends when it is beyond `enough`.
    """
    new = tables.answers[0]
    risk = 0.0
    for k, weight in enumerate(tables.weights):
        risk += weight * _short(sight.free, _answering(sight.lines, k, new[k], more), sight.freed[k])
        if risk > enough:
            break
    return risk


def risk_soon(sight: Sight, lines: Sequence[tuple[float, ...]]) -> float:
    """Chance that whoever answers now or in a moment finds nobody, with these lines ringing."""
    k = len(sight.freed) - 1
    return _short(sight.free, _answering(lines, k, 0.0, 0), sight.freed[k])


def _answering(lines: Sequence[tuple[float, ...]], k: int, new: float, more: int) -> list[float]:
    """How likely it is that 0, 1, 2… lines are answered."""
    chances = [row[k] for row in lines]
    if len(chances) + more <= _EACH:
        return _each(chances + [new] * more)
    mean, square = sum(chances) + more * new, sum(map(mul, chances, chances)) + more * new * new
    return _binomial(mean, square)


def _short(free: float, answering: Sequence[float], freed: Sequence[float]) -> float:
    """Chance that at least as many answer as agents are free and come free; between whole agents in proportion."""
    whole = int(free // 1)
    part = free - whole
    risk = _short_of(whole, answering, freed)
    return risk if part == 0.0 else risk + part * (_short_of(whole + 1, answering, freed) - risk)


def _short_of(free: int, answering: Sequence[float], freed: Sequence[float]) -> float:
    at_least, total = [0.0] * len(answering), 0.0
    for i in range(len(answering) - 1, -1, -1):
        total += answering[i]
        at_least[i] = total
    if free >= 0:
        return math.fsum(map(mul, freed, at_least[free:]))
    return math.fsum(freed[:-free]) + math.fsum(map(mul, freed[-free:], at_least))


def _how_many(chances: list[float]) -> list[float]:
    return _each(chances) if len(chances) <= _EACH else _matched(chances)


def _each(chances: Sequence[float]) -> list[float]:
    """The distribution of a sum of events, one by one."""
    found = [1.0]
    for p in chances:
        if p > _NEGLIGIBLE:
            q = 1.0 - p
            found = [a * q + b * p for a, b in zip([*found, 0.0], [0.0, *found], strict=True)]
    return found


def _matched(chances: list[float]) -> list[float]:
    return _binomial(sum(chances), sum(map(mul, chances, chances)))


def _binomial(mean: float, square: float) -> list[float]:
    """A binomial distribution of this mean and of variance mean - square, with a number of trials that need not be
    whole: the sum of many unlike events is so close to it that nothing is decided otherwise."""
    if mean < _NEGLIGIBLE:
        return [1.0]
    p = min(square / mean, 0.9999)
    trials, odds = mean / p, p / (1 - p)
    top = int(min((trials + 1) * p, trials))
    upward, term, k = [1.0], 1.0, top
    while k < trials and term > _NEGLIGIBLE:
        term *= (trials - k) / (k + 1) * odds
        k += 1
        upward.append(term)
    downward, term, k = [], 1.0, top
    while k > 0 and term > _NEGLIGIBLE:
        term *= k / ((trials - k + 1) * odds)
        k -= 1
        downward.append(term)
    total = sum(upward) + sum(downward)
    return [0.0] * k + [x / total for x in reversed(downward)] + [x / total for x in upward]


def _together(one: Sequence[float], other: Sequence[float]) -> list[float]:
    if len(one) > len(other):
        one, other = other, one
    found = [0.0] * (len(one) + len(other) - 1)
    for i, a in enumerate(one):
        if a > _NEGLIGIBLE:
            for j, b in enumerate(other, i):
                found[j] += a * b
    return found


def _seconds(at: datetime, since: datetime) -> float:
    return (at - since).total_seconds()
