"""How many leads of a campaign would be dialed now, later and not at all if it were started now. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from crm_core.domain.leads import WhyNot


@dataclass(frozen=True, slots=True)
class Later:
    """Leads that wait for one reason: how many, and between which instants they come up."""

    count: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class StartSummary:
    """`now` + all of `later` + all of `never` = `total`."""

    total: int
    now: int
    later: Mapping[WhyNot, Later]
    never: Mapping[WhyNot, int]


@dataclass(slots=True)
class Tally:
    """Counts leads as they are screened; holds none of them."""

    total: int = 0
    now: int = 0
    later: dict[WhyNot, Later] = field(default_factory=dict)
    never: dict[WhyNot, int] = field(default_factory=dict)

    def add(self, why: WhyNot | None, until: datetime | None) -> None:
        """One more lead: dialed now (`why` None), at `until`, or never."""
        self.total += 1
        if why is None:
            self.now += 1
        elif until is None:
            self.never[why] = self.never.get(why, 0) + 1
        else:
            known = self.later.get(why) or Later(0, until, until)
            self.later[why] = Later(known.count + 1, min(known.first, until), max(known.last, until))

    def summary(self) -> StartSummary:
        """As it stands now."""
        return StartSummary(self.total, self.now, dict(self.later), dict(self.never))
