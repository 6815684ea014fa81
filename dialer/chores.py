"""What the dialer does beside dialing: agents' legs, wrap-ups that are over, leases that have run out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any

from crm_core.domain.agents import Agent, AgentState
from crm_core.errors import CrmError
from crm_core.ports import Hopper, Roster, Telephony
from dialer.ids import leg_id
from dialer.settings import DialerSettings

log = logging.getLogger(__name__)


class Chores:
    """One round each; the dialer calls them in turn."""

    def __init__(
        self,
        telephony: Telephony,
        hopper: Hopper,
        roster: Roster,
        settings: DialerSettings,
        now: Callable[[], datetime],
    ) -> None:
        self._telephony, self._hopper, self._roster = telephony, hopper, roster
        self._settings, self._now = settings, now
        self._missing: dict[str, datetime] = {}  # attempts once seen without a channel, and when
        self._told: dict[str, datetime] = {}  # legs that were hung up, and when
        self._stuck_sought = datetime.min.replace(tzinfo=UTC)

    async def agents(self, group: asyncio.TaskGroup) -> bool:
        """Place and end agents' legs, end wrap-ups that are over; whether an agent may have become available.

        The roster is read first: nothing is written while there is nothing to do.
        """
        now = self._now()
        people = await self._roster.agents()
        if self._telephony.is_up:  # asking for legs marks them as called
            if any(self._waits_for_leg(agent, now) for agent in people):
                for agent in await self._roster.legs_wanted(now):
                    group.create_task(self._ring(agent))
            self._end_legs(group, people, now)
        over = any(agent.wrap_up_until is not None and agent.wrap_up_until <= now for agent in people)
        if not over and now < self._stuck_sought + self._settings.stuck_every:
            return False
        self._stuck_sought = now
        return await self._roster.wrap_ups_over(now) > 0

    def _waits_for_leg(self, agent: Agent, now: datetime) -> bool:
        return agent.state is AgentState.CONNECTING and agent.since + self._settings.log_in_grace <= now

    def _end_legs(self, group: asyncio.TaskGroup, people: Sequence[Agent], now: datetime) -> None:
        """Hang up the legs of agents who have logged out; asked again if a leg stays."""
        again = now - self._settings.switch_timeout
        self._told = {leg: at for leg, at in self._told.items() if at > again}
        for agent in people:
            if agent.state is AgentState.LOGGED_OUT and agent.leg is not None and agent.leg not in self._told:
                self._told[agent.leg] = now
                group.create_task(self._hang_up(agent, agent.leg))

    async def leases(self) -> None:
        """Prolong the leases of live calls; end attempts whose channel is gone and whose end nobody has told."""
        now = self._now()
        expired = await self._hopper.expired(now)
        if not expired or not self._telephony.is_up:
            return  # without the switch nobody knows what lives
        async with asyncio.timeout(self._settings.switch_timeout.total_seconds()):
            live = {channel.channel for channel in await self._telephony.live_channels()}
        ids = [attempt.id for attempt in expired]
        gone = [one for one in ids if one not in live]
        lost = [one for one in gone if one in self._missing]
        first_seen = [one for one in gone if one not in self._missing]
        self._remember(first_seen, now)
        await self._extend([one for one in ids if one in live], now + self._settings.lease_more)
        await self._extend(first_seen, now + self._settings.lease_grace)
        if lost:
            log.warning("attempts lost", extra={"attempt_ids": lost})
            await self._hopper.lose(lost, now)
            self._missing = {one: at for one, at in self._missing.items() if one not in lost}

    async def _extend(self, ids: list[str], until: datetime) -> None:
        if ids:
            await self._hopper.extend(ids, until)

    def _remember(self, ids: list[str], now: datetime) -> None:
        forgotten = now - 10 * self._settings.lease_grace  # their end was told after all
        self._missing = {one: at for one, at in self._missing.items() if at > forgotten} | dict.fromkeys(ids, now)

    async def _ring(self, agent: Agent) -> None:
        channel = leg_id(agent.id, self._now())
        await self._tell(self._telephony.ring_agent(channel, agent.phone), "agent not rung", agent, channel)

    async def _hang_up(self, agent: Agent, leg: str) -> None:
        await self._tell(self._telephony.hang_up(leg), "agent's leg not hung up", agent, leg)

    async def _tell(self, word: Coroutine[Any, Any, None], trouble: str, agent: Agent, channel: str) -> None:
        try:
            async with asyncio.timeout(self._settings.switch_timeout.total_seconds()):
                await word
        except (CrmError, TimeoutError) as error:  # told again in a while
            log.warning(trouble, extra={"agent_id": agent.id, "channel": channel, "error": repr(error)})
