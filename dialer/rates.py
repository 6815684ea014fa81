"""The slots given so far: in all, by trunk, by campaign."""

from __future__ import annotations

from datetime import datetime

from crm_core.domain.campaigns import Campaign, Trunk
from dialer.limits import Spacing, given, next_slot, slots_until
from dialer.settings import DialerSettings

_Key = tuple[str, str | int]


class Rates:
    """Holds the spacings that limits.py decides on."""

    def __init__(self, settings: DialerSettings) -> None:
        self._settings = settings
        self._spacings: dict[_Key, Spacing] = {}

    def slots(self, campaign: Campaign, trunk: Trunk, now: datetime) -> int:
        """How many calls of `campaign` may be leased now: those whose slot comes within `settings.ahead`."""
        spacings = self._of(campaign, trunk, now)
        return slots_until(list(spacings.values()), now, now + self._settings.ahead)

    def take(self, campaign: Campaign, trunk: Trunk, now: datetime) -> datetime:
        """Give the next slot to a call of `campaign`."""
        spacings = self._of(campaign, trunk, now)
        slot = next_slot(list(spacings.values()), now)
        self._spacings.update({key: given(spacing, slot) for key, spacing in spacings.items()})
        return slot

    def _of(self, campaign: Campaign, trunk: Trunk, now: datetime) -> dict[_Key, Spacing]:
        rates: dict[_Key, float] = {
            ("all", ""): self._settings.calls_per_second,
            ("trunk", trunk.name): trunk.calls_per_second,
            ("campaign", campaign.id): campaign.policy.calls_per_second,
        }
        return {key: self._one(key, rate, now) for key, rate in rates.items()}

    def _one(self, key: _Key, rate: float, now: datetime) -> Spacing:
        spacing = self._spacings.get(key, Spacing(None)).at_rate(rate)
        last = now + self._settings.ahead + (spacing.interval or self._settings.ahead)
        # No slot is ever given further ahead: the clock was set back, and dialing must not wait until it catches up.
        return Spacing(spacing.interval, last) if spacing.next_at > last else spacing
