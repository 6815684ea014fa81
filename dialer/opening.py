"""Opening lines of one campaign: pace, pick, lease, send."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crm_core.domain.agents import Agent
from crm_core.domain.attempts import Attempt
from crm_core.domain.campaigns import Campaign, DialMode, Trunk
from crm_core.domain.leads import Lead
from crm_core.domain.pacing_records import PacingRecord
from crm_core.ports import Hopper, Roster
from dialer.caller_ids import caller_id
from dialer.first_words import FirstWordsStock
from dialer.giving_up import GivingUp
from dialer.ids import attempt_id
from dialer.limits import Lines, room
from dialer.pacer import Pacer
from dialer.picking import Hold, Pick, Picked, free_agents, picked
from dialer.rates import Rates
from dialer.sender import Sender, order_of
from dialer.settings import DialerSettings


@dataclass(frozen=True, slots=True)
class Opened:
    """How many lines were opened, and whether there is more to do at once."""

    lines: int = 0
    more: bool = False


class LineOpener:
    """Leases are committed before anything is sent; agents held for a call are remembered."""

    def __init__(
        self,
        hopper: Hopper,
        roster: Roster,
        sender: Sender,
        pacing: tuple[Pacer, GivingUp],
        first_words: FirstWordsStock,
        settings: DialerSettings,
        now: Callable[[], datetime],
    ) -> None:
        self._hopper, self._roster, self._sender = hopper, roster, sender
        self._pacer, self._giving_up = pacing
        self._first_words = first_words
        self._settings, self._now = settings, now
        self._rates = Rates(settings)
        self._held: dict[int, Hold] = {}
        self._reach: dict[int, int] = {}  # by campaign: how many due leads to read while many are put off
        self._refused: dict[tuple[int, int], datetime] = {}  # leads that could not be leased, and until when they wait

    async def open(
        self,
        group: asyncio.TaskGroup,
        campaign: Campaign,
        trunk: Trunk,
        lines: Lines,
        confirmed: Sequence[tuple[Lead, int]],
    ) -> Opened:
        """Open lines for `campaign` beside those open; `confirmed`: previewed leads and the agents who want them."""
        now = self._now()
        allowed = min(
            room(lines, campaign, trunk, self._settings.max_lines),
            self._rates.slots(campaign, trunk, now),
            self._settings.batch,
        )
        if allowed <= 0 and campaign.policy.mode is not DialMode.PREDICTIVE:
            return Opened()
        look = await self._pacer.look(campaign, trunk)
        await self._giving_up.act(group, campaign, look)
        if allowed <= 0:
            return Opened()
        wanted = min(allowed, look.decision.lines_to_open)
        beyond = self._first_words.beyond(campaign, trunk) if wanted > 0 else 0
        due = await self._due(campaign, wanted + beyond, now)
        agents = await self._agents(due, confirmed)
        found = self._picked(campaign, trunk, agents, (confirmed, allowed + beyond), (due, wanted + beyond))
        put_offs = (*found.put_offs, *self._first_words.take_refused(campaign))
        if put_offs:
            await self._hopper.put_off(put_offs)
        put_off = {one.lead_id for one in put_offs}
        picks = [pick for pick in found.picks if pick.lead.id not in put_off]
        picks = self._first_words.chosen(group, campaign, picks, min(allowed, wanted + len(confirmed)))
        leased = await self._lease(campaign, trunk, picks, agents, look.record)
        self._first_words.tried(campaign, [pick.lead.id for pick in picks])
        self._send(group, campaign, trunk, leased)
        return Opened(len(leased), bool(found.put_offs) or len(leased) == self._settings.batch)

    async def _due(self, campaign: Campaign, wanted: int, now: datetime) -> list[Lead]:
        """Due leads without those refused of late: their number may be busy in another call, and others are behind."""
        if wanted <= 0:
            return []
        self._refused = {key: until for key, until in self._refused.items() if until > now}
        passed_over = sum(campaign_id == campaign.id for campaign_id, _ in self._refused)
        reach = min(self._settings.reach, max(wanted, self._reach.get(campaign.id, 0)) + passed_over)
        due = await self._hopper.due(campaign, now, reach)
        return [lead for lead in due if (campaign.id, lead.id) not in self._refused]

    async def _agents(self, due: Sequence[Lead], confirmed: Sequence[tuple[Lead, int]]) -> list[Agent]:
        """The roster, read only where a lead asks for an agent of its own."""
        if confirmed or any(lead.callback_agent_id is not None for lead in due):
            return await self._roster.agents()
        return []

    def _picked(
        self,
        campaign: Campaign,
        trunk: Trunk,
        agents: Sequence[Agent],
        previews: tuple[Sequence[tuple[Lead, int]], int],
        due: tuple[Sequence[Lead], int],
    ) -> Picked:
        """Previews first, for an agent waits for each; then due leads. Each list comes with its number of lines."""
        now = self._now()
        (confirmed, allowed), (leads, wanted) = previews, due
        free = free_agents(agents, campaign, self._held, now)
        # Whoever has asked for a lead himself may be logged in for another campaign, or for incoming calls only.
        asking = free_agents(agents, None, self._held, now) if confirmed else free
        first = picked(confirmed, campaign, trunk, now, asking, allowed)
        free -= {pick.agent_id for pick in first.picks if pick.agent_id is not None}
        wanted = min(wanted, allowed - len(first.picks))
        previewed = {lead.id for lead, _ in confirmed}
        rest = [(lead, None) for lead in leads if lead.id not in previewed]
        second = picked(rest, campaign, trunk, now, free, wanted)
        if second.put_offs and len(second.picks) < wanted:  # read further: many leads cannot be dialed now
            self._reach[campaign.id] = min(self._settings.reach, 2 * max(len(leads), self._settings.batch))
        else:
            self._reach.pop(campaign.id, None)
        return Picked((*first.picks, *second.picks), (*first.put_offs, *second.put_offs))

    async def _lease(
        self, campaign: Campaign, trunk: Trunk, picks: Sequence[Pick], agents: Sequence[Agent], paced: PacingRecord
    ) -> list[Attempt]:
        now = self._now()
        made = [self._attempt(pick, campaign, trunk, now) for pick in picks]
        wanted = [replace(attempt, paced=paced) for attempt in made if attempt is not None]
        if not wanted:
            return []
        leased = await self._hopper.lease(wanted, trunk, now)
        refused = {attempt.lead_id for attempt in wanted} - {attempt.lead_id for attempt in leased}
        wait_until = now + self._settings.lease_refused_rest
        self._refused.update({(campaign.id, lead_id): wait_until for lead_id in refused})
        since = {agent.id: agent.since for agent in agents}
        for attempt in leased:
            if attempt.agent_id is not None:
                self._held[attempt.agent_id] = Hold(since[attempt.agent_id], attempt.leased_until)
        return leased

    def _send(self, group: asyncio.TaskGroup, campaign: Campaign, trunk: Trunk, leased: Sequence[Attempt]) -> None:
        now = self._now()
        for attempt in leased:
            slot = self._rates.take(campaign, trunk, now)
            order = order_of(attempt, campaign, trunk)
            group.create_task(self._sender.send(attempt, order, slot), name=attempt.id)

    def _attempt(self, pick: Pick, campaign: Campaign, trunk: Trunk, now: datetime) -> Attempt | None:
        shown = caller_id(pick.number, campaign.policy, trunk)
        if shown is None:
            return None
        return Attempt(
            id=attempt_id(now),
            campaign_id=campaign.id,
            lead_id=pick.lead.id,
            number=pick.number,
            trunk=trunk.name,
            caller_id=shown,
            created_at=now,
            leased_until=now + campaign.policy.ring_for + self._settings.lease_margin,
            agent_id=pick.agent_id,
            guaranteed=pick.agent_id is not None,
        )
