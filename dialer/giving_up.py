"""Lines given up: the oldest that ring, ended by us because agents have filled up since they were dialed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from crm_core.domain.campaigns import Campaign
from crm_core.domain.floor_watch import WatchedLine
from crm_core.errors import CrmError
from crm_core.ports import Hopper, LineCutter
from dialer.laws import Law
from dialer.pacer import Look
from dialer.settings import DialerSettings

log = logging.getLogger(__name__)

#: A line noted as given up that rings on was not ended (the link fell, the process died): it is ended again.
_AGAIN = timedelta(seconds=3)


def may_be_given_up(lines: Iterable[WatchedLine], law: Law, now: datetime) -> list[str]:
    """Lines that may be ended while they ring, those that ring longest first.

    Each has rung for as long as the law asks, reckoned from when the phone was known to ring: the time from the
    originate to the first ring is nobody's ringing. One that holds an agent is left alone.
    """
    ringing = [
        (one.ringing_at, one.id)
        for one in lines
        if one.ringing_at is not None
        and now - one.ringing_at >= law.ring_at_least
        and one.answered_at is None
        and one.ended_at is None
        and one.outcome is None
        and not one.guaranteed
    ]
    return [line_id for _, line_id in sorted(ringing)]


def to_end_again(lines: Iterable[WatchedLine], now: datetime) -> list[str]:
    """Lines noted as given up a while ago that ring still."""
    return [
        one.id
        for one in lines
        if one.given_up_at is not None
        and now - one.given_up_at >= _AGAIN
        and one.ended_at is None
        and one.answered_at is None
    ]


class GivingUp:
    """Notes first, then ends: whatever happens in between, the attempt ends once, as given up or as abandoned."""

    def __init__(
        self, telephony: LineCutter, hopper: Hopper, settings: DialerSettings, now: Callable[[], datetime]
    ) -> None:
        self._telephony, self._hopper, self._settings, self._now = telephony, hopper, settings, now
        self._told: dict[str, datetime] = {}

    async def act(self, group: asyncio.TaskGroup, campaign: Campaign, look: Look) -> None:
        """Do what the decision says of lines to give up."""
        now, lines = self._now(), look.watched.lines
        ids = to_end_again(lines, now)
        if look.decision.lines_to_give_up > 0 and (may := may_be_given_up(lines, look.law, now)):
            most, per_day = look.decision.lines_to_give_up, campaign.policy.given_up_per_day
            given_up = await self._hopper.give_up(may, most, per_day, now)
            if given_up:
                log.info("lines given up", extra={"campaign_id": campaign.id, "attempt_ids": given_up})
            ids += given_up
        self._told = {one: at for one, at in self._told.items() if at > now - _AGAIN}
        for one in ids:
            if one not in self._told:
                self._told[one] = now
                group.create_task(self._end(one), name=f"give up {one}")

    async def _end(self, attempt_id: str) -> None:
        try:
            async with asyncio.timeout(self._settings.switch_timeout.total_seconds()):
                await self._telephony.hang_up(attempt_id)
        except (CrmError, TimeoutError) as error:  # ended again at a later look
            log.warning("line not given up", extra={"attempt_id": attempt_id, "error": repr(error)})
