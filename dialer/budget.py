"""The price of a line: how great a risk to lose a person is worth taking, so that their share stays under its limit."""

from __future__ import annotations

import math
from dataclasses import dataclass

from crm_core.domain.floor import Floor

#: The price at which the limit is met, before anything was seen; and so many abandons it is believed as much as: the
#: more the greater the team, for when a shift begins a great many people answer before anybody can be lost.
_ASSUMED, _ASSUMED_AS, _ASSUMED_AS_PER_AGENT = 0.045, 2.0, 0.15
_LOWEST, _HIGHEST = 1e-3, 0.5
#: What is aimed at, of the limit.
AIM = 0.97
#: A price at which only lines are opened whose person is as good as sure of an agent: one in ten thousand is lost.
ZERO_RISK = 1e-4
#: While agents are held back their rest would not be paid with lost people: no greater price then.
WHILE_RESTING = 0.06
#: How strongly agents are held back once they are busier than wanted, and how much below that begins.
_HOLD_BACK, _BEFORE = 8.0, 0.02
#: Before the limit is touched: one whole person and a part of another, and so much of the answers that may yet come.
_SPARE, _SPARE_IN_FLIGHT = 1.2, 0.12
#: Kept back when the rest of the budget is spread over the people to come: abandons are whole.
_KEPT_BACK = 1.0
#: Of the people to come in the rest of the window at the present pace, those surely counted on.
_SURELY = 0.75
#: The share of the time agents are busy before it was seen, and the seconds after which it has faded to a third.
_BUSY, _BUSY_KEPT = 0.6, 1200.0
#: The share that is lost grows as this power of the price, about: measured between 0.4 (5 agents) and 1.2 (50).
_POWER = 0.6
#: The budget is never spread over fewer people than this, nor than so many per agent, nor than so much of those in the
#: window: a day and a half of thirty, so that one bad burst does not cost a day, nor is a month's rest spent in one.
_SPREAD_LEAST, _SPREAD_PER_AGENT, _SPREAD_OF_WINDOW = 40.0, 6.0, 0.05
#: Abandons after which an old one has faded to a third: so many, and so many per agent.
_KEPT, _KEPT_PER_AGENT = 60.0, 0.5


@dataclass(frozen=True, slots=True)
class Spending:
    """What the price has come to: people weighed by the price they were dialed at, and those lost, both fading."""

    risked: float = 0.0
    lost: float = 0.0
    people: int = 0  # of the window, when last looked
    abandoned: int = 0
    busy: float = _BUSY  # share of the agents, lately

    def reference(self, limit: float, agents: int) -> float:
        """The price that loses the share `limit`, by what was seen and what was assumed before."""
        assumed = _ASSUMED_AS + _ASSUMED_AS_PER_AGENT * agents
        risked = self.risked + assumed * _ASSUMED**_POWER / limit
        found = (limit * risked / (self.lost + assumed)) ** (1 / _POWER)
        return max(_LOWEST, min(_HIGHEST, float(found)))

    def after(self, floor: Floor, agents: int, paid: float, seconds: float) -> Spending:
        """With the people of a floor `seconds` later, dialed at the price `paid`."""
        people, lost = max(0, floor.people - self.people), max(0, floor.abandoned - self.abandoned)
        fades = (1 - 1 / (_KEPT + _KEPT_PER_AGENT * agents)) ** lost
        return Spending(
            self.risked * fades + people * paid**_POWER,
            self.lost * fades + lost,
            floor.people,
            floor.abandoned,
            self._busier(floor, agents, seconds),
        )

    def _busier(self, floor: Floor, agents: int, seconds: float) -> float:
        if agents == 0:
            return self.busy
        now = (floor.agents_on_call + floor.agents_wrapping_up) / agents
        return self.busy + (now - self.busy) * -math.expm1(-max(0.0, seconds) / _BUSY_KEPT)

    def people_to_come(self, floor: Floor, agents: int, handling: float) -> float:
        """Until the end of the window at the present pace. `handling`: seconds per person."""
        return floor.seconds_left * self.busy * agents / handling


def begun(floor: Floor) -> Spending:
    """Of people before the first look nobody knows at which price they were dialed."""
    return Spending(people=floor.people, abandoned=floor.abandoned)


def price(spending: Spending, floor: Floor, limit: float, agents: int, handling: float) -> float:
    """The greatest risk (0…1) that one more line may bring: the reference, times what the rest of the budget allows.

    The share that may yet be lost of the people still to come, against the share aimed at: early in a window a few
    abandons too many hardly change it, late they do.
    """
    if limit <= 0:
        return ZERO_RISK
    to_come = spending.people_to_come(floor, agents, handling)
    to_come = max(to_come, _SPREAD_LEAST, _SPREAD_PER_AGENT * agents, _SPREAD_OF_WINDOW * floor.people)
    left = AIM * limit * (floor.people + to_come) - floor.abandoned - _KEPT_BACK
    share = max(0.05, min(2.0, left / (limit * to_come)))
    return max(ZERO_RISK, min(_HIGHEST, spending.reference(limit, agents) * float(share ** (1 / _POWER))))


def held_back(spending: Spending, rest: float, agents: int) -> float:
    """Agents to reckon without, that the share `rest` of them is free on average; none while enough are free anyway."""
    if rest <= 0:
        return 0.0
    return agents * max(0.0, min(rest + 0.05, _HOLD_BACK * (spending.busy - (1 - rest) + _BEFORE)))


def is_spent(spending: Spending, floor: Floor, limit: float, agents: int, handling: float, in_flight: float) -> bool:
    """Whether one more abandon could break the limit at the end of the window. `in_flight`: answers to be expected of
    the lines that ring."""
    surely_more = _SURELY * spending.people_to_come(floor, agents, handling)
    return floor.abandoned + _SPARE + _SPARE_IN_FLIGHT * in_flight > limit * (floor.people + surely_more)
