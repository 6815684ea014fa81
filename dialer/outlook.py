"""Tables of what is likely to happen soon, made from what was learned: answers by ring age, agents by handling age."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from crm_core.domain.floor import Floor
from dialer.hazard import Ages, cumulated

#: Horizons a new line is judged at: so many equally likely instants of its answer.
LOOKS = 6
#: A later look counts for less: until then lines can be given up and agents come free unforeseen.
LATER_COUNTS = 0.6
#: A person who answers can wait: an agent who comes free so many seconds later is in time (the law gives two).
WAIT_MARGIN = 1.0
#: Lines are given up by what is likely within so many seconds.
SOON = 2.0
#: Ring ages beyond this are treated as this.
LONGEST_RING = 60
STEP = 0.5  # seconds, of the tables of wrap-up


@dataclass(frozen=True, slots=True)
class Tables:
    """By second of ring age, the chance that the line is answered by a person within each look (the last: SOON).

    `talk` and `wrap` say the same of agents coming free, by bins of elapsed time; `weights` belong to the looks.
    """

    level: float
    looks: tuple[float, ...]
    weights: tuple[float, ...]
    answers: tuple[tuple[float, ...], ...]
    talk_edges: tuple[float, ...]
    talk: tuple[tuple[float, ...], ...]
    wrap: tuple[tuple[float, ...], ...]
    exposure: tuple[float, ...]  # cumulated rate of answers by second, at level 1
    others: tuple[float, ...]  # the same of other ends
    handling: float  # seconds an agent is busy with a person, on average
    doubt: float = 0.0  # of the level: its standard deviation over itself


def new_tables(answers: Ages, others: Ages, talks: Ages, wraps: Ages, level: float) -> Tables:
    """Everything anew."""
    exposure = cumulated(answers.edges, answers.rates(), 1.0, LONGEST_RING + 40)
    other = cumulated(others.edges, others.rates(), 1.0, LONGEST_RING + 40)
    looks = _looks(exposure, other)
    horizons = [*(u + WAIT_MARGIN for u in looks), SOON + WAIT_MARGIN]
    wrap_rows, all_free = _wrap_rows(wraps, horizons)
    weights = [LATER_COUNTS**i for i in range(LOOKS)]
    talk_rates = talks.rates()
    return Tables(
        level,
        tuple(looks),
        tuple(w / sum(weights) for w in weights),
        _answers(exposure, other, looks, level),
        talks.edges,
        tuple(tuple(-math.expm1(-rate * free) for free in all_free) for rate in talk_rates),
        wrap_rows,
        tuple(exposure),
        tuple(other),
        max(1.0, talks.mean() + wraps.mean()),
    )


def at_level(tables: Tables, level: float) -> Tables:
    """The same with another level of answers."""
    return replace(tables, level=level, answers=_answers(tables.exposure, tables.others, tables.looks, level))


def _looks(exposure: Sequence[float], others: Sequence[float]) -> list[float]:
    """Instants that part the answers of a new line into equal shares (the middle of each share)."""
    alive, total, by_second = 1.0, 0.0, [0.0]
    for a in range(1, LONGEST_RING):
        gone = -math.expm1(-(exposure[a] - exposure[a - 1]) - (others[a] - others[a - 1]))
        total += alive * (exposure[a] - exposure[a - 1])
        alive *= 1 - gone
        by_second.append(total)
    found = []
    for i in range(LOOKS):
        wanted = (i + 0.5) / LOOKS * total
        second = max(1, next((a for a, x in enumerate(by_second) if x >= wanted), 1))
        before, here = by_second[second - 1], by_second[second]
        found.append(second - 1 + (wanted - before) / (here - before) if here > before else float(second))
    return found


def _answers(
    exposure: Sequence[float], others: Sequence[float], looks: Sequence[float], level: float
) -> tuple[tuple[float, ...], ...]:
    spans = [*looks, SOON]
    rows = []
    for a in range(LONGEST_RING + 1):
        row = []
        for u in spans:
            ours = level * (_between(exposure, a + u) - exposure[a])
            both = ours + _between(others, a + u) - others[a]
            row.append(0.0 if both <= 0 else ours / both * -math.expm1(-both))
        rows.append(tuple(row))
    return tuple(rows)


def _between(values: Sequence[float], at: float) -> float:
    i = int(at)
    if i + 1 >= len(values):
        return values[-1]
    return values[i] + (at - i) * (values[i + 1] - values[i])


def _wrap_rows(wraps: Ages, horizons: Sequence[float]) -> tuple[tuple[tuple[float, ...], ...], list[float]]:
    """By elapsed half seconds the chance that wrap-up is over at each horizon; and the integral of that from 0 on.

    The integral, times the rate at which talks end, is the chance that an agent who talks now is free by then.
    """
    count = int(wraps.edges[-1] / STEP) + 1
    total = cumulated(wraps.edges, wraps.rates(), STEP, count + int(LONGEST_RING / STEP) + 1)
    steps = [round(h / STEP) for h in horizons]
    rows = [tuple(-math.expm1(total[i] - total[i + n]) for n in steps) for i in range(count)]
    free = [STEP * sum(-math.expm1(-total[i]) for i in range(n)) for n in steps]
    return tuple(rows), free


def talk_row(tables: Tables, seconds: float) -> tuple[float, ...]:
    return tables.talk[max(0, bisect_right(tables.talk_edges, seconds) - 1)]


def wrap_row(tables: Tables, seconds: float) -> tuple[float, ...]:
    return tables.wrap[min(int(max(0.0, seconds) / STEP), len(tables.wrap) - 1)]


def ring_ages(floor: Floor) -> list[int]:
    """Whole seconds that each line has rung, in the order of the floor; never below 0, should clocks disagree."""
    at = floor.at
    ages = [rung.seconds if not (rung := at - since).days else _days_off(rung) for since in floor.ringing_since]
    return ages if max(ages, default=0) <= LONGEST_RING else [min(age, LONGEST_RING) for age in ages]


def _days_off(rung: timedelta) -> int:
    return 0 if rung.days < 0 else LONGEST_RING
