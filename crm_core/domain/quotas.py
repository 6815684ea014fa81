"""Quotas: groups of leads by their fields, and how many more calls each of them needs. Pure.

A lead's cell says which quotas it counts for: for each field with quotas the place of the one it falls under, or "-".
Leads are many and cells few, so room is reckoned by cell.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from crm_core.domain.campaigns import REST, CampaignPolicy, Quota
from crm_core.domain.dispositions import Disposition, LeadEffect
from crm_core.errors import BadInput

_NONE = "-"
#: Results that close a lead without an answer to what was asked.
_NO_ANSWER = frozenset({"not_interested", "passed_on"})


def plain(value: object) -> str:
    """A value as values are compared: without case and outer blanks."""
    return "" if value is None else " ".join(str(value).split()).casefold()


def parse_quota(text: str) -> Quota:
    """`field=value:number`, as city=Tashkent:100; with `*` for the value a quota of all the others. Raises BadInput."""
    group, colon, number = text.rpartition(":")
    name, equals, value = group.partition("=")
    if not (colon and equals and name.strip() and value.strip() and number.strip().isdecimal()):
        raise BadInput(
            "quota", f"{text!r} is no quota", 'Write field=value:number, as "city=Tashkent:100" or "city=*:20"'
        )
    return Quota(name.strip(), None if value.strip() == REST else value.strip(), int(number))


def with_quotas(quotas: Sequence[Quota], changed: Sequence[Quota]) -> tuple[Quota, ...]:
    """`quotas` with those of the same groups replaced, and the others of `changed` added."""
    key = {quota: (quota.field, quota.value and plain(quota.value)) for quota in (*quotas, *changed)}
    new = {key[quota]: quota for quota in changed}
    kept = [new.pop(key[quota], quota) for quota in quotas]
    return (*kept, *new.values())


def quota_fields(quotas: Sequence[Quota]) -> list[str]:
    """The fields that quotas ask of, each once, in the order of cells."""
    return list(dict.fromkeys(quota.field for quota in quotas))


def place_of(name: str, value: object, quotas: Sequence[Quota]) -> str:
    """The part of a cell that says under which quota of the field `name` a lead falls whose field holds `value`."""
    wanted = plain(value)
    mine = [(place, quota) for place, quota in enumerate(quotas) if quota.field == name]
    for place, quota in mine:
        if quota.value is not None and plain(quota.value) == wanted:
            return str(place)
    return next((str(place) for place, quota in mine if quota.value is None), _NONE)


def cell_of(fields: Mapping[str, object], quotas: Sequence[Quota]) -> str:
    """The cell of a lead with these fields."""
    return ",".join(place_of(name, fields.get(name), quotas) for name in quota_fields(quotas))


def places_in(cell: str) -> list[int]:
    """The places of the quotas that a cell counts for."""
    return [int(place) for place in cell.split(",") if place not in (_NONE, "")]


def counting(policy: CampaignPolicy, known: Collection[Disposition]) -> frozenset[str]:
    """The results that make a conversation a complete one, however it ended. Without a result it is complete when the
    script came to its end."""
    if policy.counts_as_complete:
        return frozenset(policy.counts_as_complete)
    return frozenset(
        one.code for one in known if one.effect is LeadEffect.END and not one.do_not_call and one.code not in _NO_ANSWER
    )


@dataclass(frozen=True, slots=True)
class QuotaState:
    """How a quota stands: people who have answered, and calls under way that may bring one more."""

    quota: Quota
    complete: int = 0
    under_way: int = 0

    @property
    def room(self) -> int:
        """How many more calls it needs now: if each of them were answered to the end, the quota would just be met."""
        return max(0, self.quota.completes - self.complete - self.under_way)

    def __str__(self) -> str:
        more = f", {self.under_way} under way" if self.under_way else ""
        return f"{self.quota}: {self.complete} of {self.quota.completes}{more}"


def states(
    quotas: Sequence[Quota], complete: Mapping[str, int], under_way: Mapping[str, int]
) -> tuple[QuotaState, ...]:
    """How all quotas stand, from what was counted by cell."""
    done, busy = [0] * len(quotas), [0] * len(quotas)
    for counts, sums in ((complete, done), (under_way, busy)):
        for cell, count in counts.items():
            for place in places_in(cell):
                if place < len(sums):
                    sums[place] += count
    return tuple(map(QuotaState, quotas, done, busy))


@dataclass(slots=True)
class Room:
    """Gives out calls within the quotas, one after the other."""

    states: Sequence[QuotaState]
    _left: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self._left = [state.room for state in self.states]

    def left(self, cell: str) -> int | None:
        """How many calls may go to leads of this cell; None: as many as you like."""
        return min((self._left[place] for place in places_in(cell) if place < len(self._left)), default=None)

    def take(self, cell: str) -> bool:
        """Take a call to a lead of this cell; False, and nothing is taken, where a quota of it is full."""
        if self.left(cell) == 0:
            return False
        for place in places_in(cell):
            if place < len(self._left):
                self._left[place] -= 1
        return True

    def full(self, cell: str) -> QuotaState | None:
        """The first full quota of this cell."""
        return next((self.states[p] for p in places_in(cell) if p < len(self._left) and self._left[p] == 0), None)
