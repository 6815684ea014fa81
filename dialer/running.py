"""Which campaigns are to be dialed now, each with its trunk. Read about once a second; the lease checks again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from crm_core.domain.campaigns import Campaign, Trunk
from crm_core.ports import Hopper
from dialer.caller_ids import caller_ids
from dialer.settings import DialerSettings
from dialer.troubles import Troubles


class RunningCampaigns:
    """Keeps what the hopper said for `settings.cache_for`."""

    def __init__(
        self, hopper: Hopper, settings: DialerSettings, troubles: Troubles, now: Callable[[], datetime]
    ) -> None:
        self._hopper, self._settings, self._troubles, self._now = hopper, settings, troubles, now
        self._kept: list[tuple[Campaign, Trunk]] = []
        self._until: datetime | None = None
        self._turn = 0

    async def read(self) -> list[tuple[Campaign, Trunk]]:
        """The campaigns that can be dialed; each comes first in turn, for they share the room of trunks."""
        now = self._now()
        # The second bound holds when the clock is set back.
        if self._until is None or not now < self._until <= now + self._settings.cache_for:
            self._kept = list(self._usable(await self._hopper.running(), await self._hopper.trunks()))
            self._until = now + self._settings.cache_for
        self._turn = (self._turn + 1) % max(1, len(self._kept))
        return self._kept[self._turn :] + self._kept[: self._turn]

    def _usable(self, campaigns: Sequence[Campaign], trunks: dict[str, Trunk]) -> Iterator[tuple[Campaign, Trunk]]:
        for campaign in campaigns:
            trunk = trunks.get(campaign.policy.trunk)
            unknown = f"campaign {campaign.name!r}: there is no trunk {campaign.policy.trunk!r}"
            nothing_to_show = f"campaign {campaign.name!r}: none of its caller ids belongs to its trunk"
            if self._troubles.stops(unknown, trunk is None) or trunk is None:
                continue
            if not self._troubles.stops(nothing_to_show, not caller_ids(campaign.policy, trunk)):
                yield campaign, trunk
