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
#: People taken for machines are never seen, only reckoned with. So many standard deviations of their number (Poisson's)
#: are kept free for them: as a share of all people they grow less the more people there are.
_UNSEEN_SPREAD = 2.0
#: Who is lost so many seconds after the budget was spent was not dialed before that: lines that should cost nobody do,
#: for callers who ring in, or pauses, take agents who were free. Then one is kept free; never of fewer than so many.
_LINES_OF_BEFORE, _KEPT_FREE_OF = 30.0, 3
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
    unseen: float = 0.0  # of the abandoned, those that are only reckoned with
    spent_for: float = 0.0  # seconds that the budget has been spent
    leaked: int = 0  # lost on lines that should have cost nobody

    def reference(self, limit: float, agents: int) -> float:
        """The price that loses the share `limit`, by what was seen and what was assumed before."""
        assumed = _ASSUMED_AS + _ASSUMED_AS_PER_AGENT * agents
        risked = self.risked + assumed * _ASSUMED**_POWER / limit
        found = (limit * risked / (self.lost + assumed)) ** (1 / _POWER)
        return max(_LOWEST, min(_HIGHEST, float(found)))

    def after(self, floor: Floor, agents: int, paid: float, seconds: float, unseen: float = 0.0) -> Spending:
        """With the people of a floor `seconds` later, dialed at the price `paid`; 0: the budget was spent."""
        people, lost = max(0, floor.people - self.people), max(0, floor.abandoned - self.abandoned)
        spent_for = self.spent_for + max(0.0, seconds) if paid == 0 else 0.0
        # When those unseen grow nobody knows whether one was lost or is only reckoned with.
        leaked = lost if spent_for > _LINES_OF_BEFORE and unseen == self.unseen else 0
        fades = (1 - 1 / (_KEPT + _KEPT_PER_AGENT * agents)) ** lost
        return Spending(
            self.risked * fades + people * paid**_POWER,
            self.lost * fades + lost,
            floor.people,
            floor.abandoned,
            self._busier(floor, agents, seconds),
            unseen,
            spent_for,
            self.leaked + leaked,
        )

    def _busier(self, floor: Floor, agents: int, seconds: float) -> float:
        if agents == 0:
            return self.busy
        now = (floor.agents_on_call + floor.agents_wrapping_up) / agents
        return self.busy + (now - self.busy) * -math.expm1(-max(0.0, seconds) / _BUSY_KEPT)

    def people_to_come(self, floor: Floor, agents: int, handling: float) -> float:
        """Until the end of the window at the present pace. `handling`: seconds per person."""
        return floor.seconds_left * self.busy * agents / handling

    def unseen_among(self, people: float, floor: Floor) -> float:
        """How many of so many people will be taken for machines, if it goes on as it did in the window."""
        return self.unseen * people / floor.people if floor.people else 0.0

    def unseen_beyond(self, people: float, floor: Floor) -> float:
        """How many more than reckoned with may have been taken for machines when so many people have yet come."""
        return _UNSEEN_SPREAD * math.sqrt(self.unseen + self.unseen_among(people, floor))


def begun(floor: Floor, unseen: float = 0.0) -> Spending:
    """Of people before the first look nobody knows at which price they were dialed."""
    return Spending(people=floor.people, abandoned=floor.abandoned, unseen=unseen)


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
    left -= spending.unseen_beyond(to_come, floor)
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
    return _surely_left(spending, floor, limit, agents, handling) < _SPARE + _SPARE_IN_FLIGHT * in_flight


def kept_free(spending: Spending, floor: Floor, limit: float, agents: int, handling: float) -> int:
    """Agents kept free once the budget is spent: one, if not even one person more may be lost and some have been."""
    if limit <= 0 or spending.leaked == 0 or agents < _KEPT_FREE_OF:
        return 0
    return int(_surely_left(spending, floor, limit, agents, handling) < 1)


def _surely_left(spending: Spending, floor: Floor, limit: float, agents: int, handling: float) -> float:
    """How many more may be lost until the end of the window, if no more people come than surely will."""
    more = _SURELY * spending.people_to_come(floor, agents, handling)
    unseen = spending.unseen_among(more, floor) + spending.unseen_beyond(more, floor)
    return limit * (floor.people + more) - floor.abandoned - unseen
