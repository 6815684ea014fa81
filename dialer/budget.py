"""The price of a line: how great a risk to lose a person is worth taking, so that their share stays under its limit."""

from __future__ import annotations

import math

from crm_core.domain.floor import Floor

#: The logarithm of the price before anything was seen.
START = math.log(0.12)
_LOWEST, _HIGHEST = -7.0, -0.3
#: What is aimed at, of the limit.
AIM = 0.967
#: A price at which only lines are opened whose person is as good as sure of an agent.
ZERO_RISK = 1e-6
#: Before the limit is touched: one whole person and a part of another, and so much of the answers that may yet come.
_SPARE, _SPARE_IN_FLIGHT = 1.6, 0.06
#: Of the people whom agents could talk to in the rest of the window, those surely counted on.
_SURELY_MORE = 0.45


def drifted(log_price: float, floor: Floor, limit: float, agents: int, seconds: float) -> float:
    """The slow part of the price, `seconds` later: it rises while the budget is not spent, and falls else."""
    pull = max(-1.0, min(1.0, _balance(floor, limit) / _scale(agents)))
    return max(_LOWEST, min(_HIGHEST, log_price + 0.01 / 60 * pull * max(0.0, min(seconds, 60.0))))


def price(log_price: float, floor: Floor, limit: float, agents: int) -> float:
    """The greatest risk (0…1) that one more line may bring; slow part plus what the balance of today says."""
    pull = max(-3.0, min(1.5, _balance(floor, limit) / _scale(agents)))
    return math.exp(max(-9.0, min(-0.2, log_price + 1.5 * pull)))


def is_spent(floor: Floor, limit: float, agents: int, handling: float, in_flight: float) -> bool:
    """Whether one more abandon could break the limit at the end of the window. `handling`: seconds per person;
    `in_flight`: answers to be expected of the lines that ring."""
    surely_more = floor.seconds_left * _SURELY_MORE * agents / handling
    return floor.abandoned + _SPARE + _SPARE_IN_FLIGHT * in_flight > limit * (floor.people + surely_more)


def _balance(floor: Floor, limit: float) -> float:
    """People that may yet be abandoned under what is aimed at; negative when too many were."""
    return AIM * limit * floor.people - floor.abandoned


def _scale(agents: int) -> float:
    """A balance of so many people is a great one: about a tenth of what a shift allows at 3 %."""
    return max(3.0, 0.6 * agents)
