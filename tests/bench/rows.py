"""What a measurement gives: rows with a bound, or without one where the figure only says where the time goes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One line of var/bench.json. `bound` reads as "at least 0.9"; None: there is none, and `ok` is None too."""

    name: str
    value: float
    unit: str
    bound: str | None = None
    ok: bool | None = None


def figure(name: str, value: float, unit: str) -> Row:
    """A figure without a bound."""
    return Row(name, _short(value), unit)


def at_least(name: str, value: float, unit: str, bound: float) -> Row:
    return Row(name, _short(value), unit, f"at least {bound:g}", value >= bound)


def at_most(name: str, value: float, unit: str, bound: float) -> Row:
    return Row(name, _short(value), unit, f"at most {bound:g}", value <= bound)


def under(name: str, value: float, unit: str, bound: float) -> Row:
    return Row(name, _short(value), unit, f"under {bound:g}", value < bound)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all do not exceed (nearest rank); nan when there are none."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _short(value: float) -> float:
    """Four digits are more than a measurement is good for."""
    return float(f"{value:.4g}") if math.isfinite(value) else value
