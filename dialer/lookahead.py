"""The risk that whoever answers next finds nobody: from each ringing line's age and each agent's handling time."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import mul

from crm_core.domain.floor import Floor
from dialer.outlook import Tables, ring_ages, talk_row, wrap_row

#: Up to so many lines or agents each is reckoned by itself; more are taken as a binomial of the same mean and spread.
_EACH = 8
#: Where agents free less lines answered spread by more than this variance, the difference is taken as normal.
_NORMAL_FROM = 40.0
_NEGLIGIBLE = 1e-7

Row = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Sum:
    """How many of many unlike events happen: `chances` while they are few, `square` the sum of the chances' squares."""

    mean: float
    square: float
    chances: tuple[float, ...] | None

    @property
    def variance(self) -> float:
        return self.mean - self.square


@dataclass(frozen=True, slots=True)
class Sight:
    """A floor as the risk needs it. `free`: agents left when everybody who waits has one; may be negative.

    `ages`: seconds each line has rung, oldest first; `answering` and `freed` by look (the last: soon), and `freed` also
    as the chances of 0, 1, 2… in `coming`, while they do not spread much. `doubt`: of the level of answers, relative.
    """

    free: float
    ages: list[int]
    answering: list[Sum]
    freed: list[Sum]
    coming: list[list[float]]
    doubt: float = 0.0

    def fuller(self, agents: float) -> Sight:
        """As if so many agents were not there."""
        return replace(self, free=self.free - agents)


def sight_of(floor: Floor, tables: Tables) -> Sight:
    """See a floor by what was learned."""
    at = floor.at
    ages = sorted(ring_ages(floor), reverse=True)
    talks = Counter([talk_row(tables, (at - since).total_seconds()) for since in floor.talking_since])
    # Agents being rung have a talk before them; so have, for all that is known, those of whom the start is not known.
    talks[tables.talk[0]] += max(0, floor.agents_on_call - len(floor.talking_since)) + floor.agents_ringing
    wraps = Counter([wrap_row(tables, (at - since).total_seconds()) for since in floor.wrapping_since])
    wraps[tables.wrap[0]] += max(0, floor.agents_wrapping_up - len(floor.wrapping_since))
    talks.update(wraps)
    held = min(floor.guaranteed, len(ages))  # a guaranteed line that was answered has its agent already
    free = floor.agents_available - floor.waiting - held
    freed = _sums(talks, len(tables.looks) + 1)
    coming = [_distribution(one) if one.variance <= _NORMAL_FROM else [] for one in freed]
    return Sight(free, ages, answering(ages, tables), freed, coming, tables.doubt)


def answering(ages: Sequence[int], tables: Tables) -> list[Sum]:
    """By look, how many of the lines that have rung so long are answered."""
    return _sums(Counter([tables.answers[age] for age in ages]), len(tables.looks) + 1)


def _sums(rows: Counter[Row], looks: int) -> list[Sum]:
    few = rows.total() <= _EACH
    found = []
    for k in range(looks):
        counted = [(row[k], count) for row, count in rows.items() if count]
        mean, square = sum([p * n for p, n in counted]), sum([p * p * n for p, n in counted])
        found.append(Sum(mean, square, tuple([p for p, n in counted for _ in range(n)]) if few else None))
    return found


def risk_of_one_more(sight: Sight, tables: Tables, more: int, enough: float) -> float:
    """Chance that a person who answers a line dialed now finds nobody, when `more` lines are dialed beside it.

    Reckoning ends when it is beyond `enough`.
    """
    new = tables.answers[0]
    risk = 0.0
    for k, weight in enumerate(tables.weights):
        risk += weight * _short(sight, k, sight.answering[k], new[k], more)
        if risk > enough:
            break
    return risk


def risk_soon(sight: Sight, lines: Sequence[Sum]) -> float:
    """Chance that whoever answers now or in a moment finds nobody, with these lines ringing."""
    k = len(sight.freed) - 1
    return _short(sight, k, lines[k], 0.0, 0)


def _short(sight: Sight, k: int, lines: Sum, new: float, more: int) -> float:
    """Chance that at least as many answer as agents are free and come free; between whole agents in proportion.

    All lines share the doubt of the level, so that their number spreads the wider the more lines there are.
    """
    freed = sight.freed[k]
    mean, square = (
        lines.mean + more * new,
        lines.square + more * new * new - (sight.doubt * (lines.mean + more * new)) ** 2,
    )
    variance = mean - square + freed.variance
    if variance > _NORMAL_FROM:
        return 0.5 * math.erfc((sight.free + freed.mean - mean - 0.5) / math.sqrt(2 * variance))
    if lines.chances is not None and len(lines.chances) + more <= _EACH:
        answered = _each((*lines.chances, *(new,) * more))
    else:
        answered = _binomial(mean, square)
    coming = sight.coming[k]
    whole = int(sight.free // 1)
    part = sight.free - whole
    risk = _short_of(whole, answered, coming)
    return risk if part == 0.0 else risk + part * (_short_of(whole + 1, answered, coming) - risk)


def _short_of(free: int, answering: Sequence[float], freed: Sequence[float]) -> float:
    at_least, total = [0.0] * len(answering), 0.0
    for i in range(len(answering) - 1, -1, -1):
        total += answering[i]
        at_least[i] = total
    if free >= 0:
        return math.fsum(map(mul, freed, at_least[free:]))
    return math.fsum(freed[:-free]) + math.fsum(map(mul, freed[-free:], at_least))


def _distribution(of: Sum) -> list[float]:
    return _binomial(of.mean, of.square) if of.chances is None else _each(of.chances)


def _each(chances: Sequence[float]) -> list[float]:
    """The distribution of a sum of events, one by one."""
    found = [1.0]
    for p in chances:
        if p > _NEGLIGIBLE:
            q = 1.0 - p
            found = [a * q + b * p for a, b in zip([*found, 0.0], [0.0, *found], strict=True)]
    return found


def _binomial(mean: float, square: float) -> list[float]:
    """A binomial distribution of this mean and of variance mean - square, with a number of trials that need not be
    whole: the sum of many unlike events is so close to it that nothing is decided otherwise. A variance above the
    mean makes it a negative binomial one, by the same recursion."""
    if mean < _NEGLIGIBLE:
        return [1.0]
    p = min(square / mean, 0.9999)
    if abs(p) < 1e-6:
        p = 1e-6
    trials, odds = mean / p, p / (1 - p)
    most = trials if p > 0 else math.inf
    top = int(max(0.0, min((trials + 1) * p, most)))
    upward, term, k = [1.0], 1.0, top
    while k < most and term > _NEGLIGIBLE:
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
