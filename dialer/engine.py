"""The dialer: in each pass it looks at every running campaign and opens lines; beside that it does its chores."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from crm_core.domain.campaigns import Campaign, DialMode, Trunk
from crm_core.domain.leads import Lead
from crm_core.errors import CrmError, Unavailable
from crm_core.ports import FirstWords, Hopper, Roster, Telephony
from dialer.chores import Chores
from dialer.first_words import FirstWordsStock
from dialer.giving_up import GivingUp
from dialer.limits import Lines
from dialer.opening import LineOpener
from dialer.pacer import Pacer
from dialer.running import RunningCampaigns
from dialer.sender import Sender
from dialer.settings import DialerSettings
from dialer.troubles import Troubles

log = logging.getLogger(__name__)


class Dialer:
    """Dials the running campaigns. At most one runs per campaign; the lease keeps a lead from being dialed twice.

    `words` None: leads of the bot are dialed at once, and what they hear first is rendered in the call."""

    name = "dialer"

    def __init__(
        self,
        telephony: Telephony,
        hopper: Hopper,
        roster: Roster,
        settings: DialerSettings,
        now: Callable[[], datetime],
        words: FirstWords | None = None,
    ) -> None:
        self._telephony, self._hopper = telephony, hopper
        self._settings, self._now = settings, now
        self._troubles = Troubles()
        self._chores = Chores(telephony, hopper, roster, settings, now)
        self._sender = Sender(telephony, hopper, settings, now)
        self._pacer = Pacer(hopper, now)
        giving_up = GivingUp(telephony, hopper, settings, now)
        self._first_words = FirstWordsStock(words, settings, now, self.wake)
        pacing = (self._pacer, giving_up)
        self._opener = LineOpener(hopper, roster, self._sender, pacing, self._first_words, settings, now)
        self._running = RunningCampaigns(hopper, settings, self._troubles, now)
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something has changed (an agent is free, a call has ended): pass now, not at the next beat."""
        self._woken.set()

    async def run(self) -> None:
        """Dial until cancelled. Calls under way are left to the switch."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._passes(group), name="dialer passes")
            group.create_task(self._repeat(lambda: self._care_for_agents(group), self._settings.chores_every))
            group.create_task(self._repeat(self._chores.leases, self._settings.expiry_every))

    async def drain(self, within: timedelta) -> bool:
        """Open no more lines; wait at most `within` until no phone rings and nobody waits for an agent; whether so.

        Talks are not waited for: the switch carries them on, and the next process finds them there. `run` goes on.
        """
        self._sender.stopped = True
        until = self._now() + within
        while True:
            with contextlib.suppress(Unavailable):  # asked again below
                floors = [await self._hopper.floor(one, self._now()) for one in await self._hopper.running()]
                if not any(floor.ringing_since or floor.waiting for floor in floors):
                    return True
            if self._now() >= until:
                return False
            await asyncio.sleep(self._settings.pass_every.total_seconds())

    async def _passes(self, group: asyncio.TaskGroup) -> None:
        rest, beat = self._settings.pass_rest, self._settings.pass_every
        while True:
            self._woken.clear()
            more = False
            try:
                more = await self._pass(group)
            except CrmError as error:
                await self._failed("pass", error)
            if more:
                await asyncio.sleep(self._settings.pass_again.total_seconds())
            else:
                await asyncio.sleep(rest.total_seconds())
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout((beat - rest).total_seconds()):
                        await self._woken.wait()

    async def _pass(self, group: asyncio.TaskGroup) -> bool:
        """One look at every running campaign; whether there is more to do at once."""
        if self._sender.stopped or self._troubles.stops("the link to the switch is down", not self._telephony.is_up):
            return False
        campaigns = await self._running.read()
        running = {campaign.id for campaign, _ in campaigns}
        await self._pacer.follow(running)
        self._first_words.follow(running)
        if not campaigns:
            return False
        lines = Lines(*await self._hopper.line_counts())
        previews = await self._previews(campaigns)
        more = False
        for campaign, trunk in campaigns:
            confirmed = [one for one in previews if one[0].campaign_id == campaign.id]
            opened = await self._opener.open(group, campaign, trunk, lines, confirmed)
            lines, more = lines.more(campaign, opened.lines), more or opened.more
        return more

    async def _previews(self, campaigns: list[tuple[Campaign, Trunk]]) -> list[tuple[Lead, int]]:
        if any(campaign.policy.mode is DialMode.PREVIEW for campaign, _ in campaigns):
            return await self._hopper.previews_wanted(self._now())
        return []

    async def _care_for_agents(self, group: asyncio.TaskGroup) -> None:
        if await self._chores.agents(group):
            self.wake()

    async def _repeat(self, chore: Callable[[], Awaitable[None]], every: timedelta) -> None:
        while True:
            try:
                await chore()
            except (CrmError, TimeoutError) as error:
                await self._failed("chore", error)
            await asyncio.sleep(every.total_seconds())

    async def _failed(self, what: str, error: Exception) -> None:
        """A server that does not answer, or something wrong in the data: the calls under way need us all the same."""
        log.warning("dialer failed, tries again", extra={"what": what, "error": repr(error)})
        await asyncio.sleep(self._settings.pause_when_down.total_seconds())
