"""The hopper: leads that may be due, and the promise to dial them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from crm_core.db import agents, calls, campaigns, conversations, lead_moves, pacing, quotas, site
from crm_core.db import attempts as attempt_rows
from crm_core.db import floor as floor_rows
from crm_core.db import leads as lead_rows
from crm_core.db.engine import Database
from crm_core.db.leads import LeadKey, Since
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.agents import AgentState, Trigger
from crm_core.domain.attempts import Attempt, Outcome
from crm_core.domain.campaigns import Campaign, CampaignPolicy, CampaignState, Trunk
from crm_core.domain.floor import Floor
from crm_core.domain.floor_watch import Past, Watched
from crm_core.domain.law_names import LONGEST_REST
from crm_core.domain.leads import TOLD_WHILE_OPEN, Lead, WhyNot
from crm_core.domain.pacing_records import AbandonRecord
from crm_core.events import LeadClosed
from crm_core.handlers.call_writing import write_calls
from crm_core.handlers.cdr_ties import ended_by
from crm_core.handlers.commits import committed
from crm_core.handlers.leasing import lease
from crm_core.handlers.settling import settle
from crm_core.handlers.watching import watched
from crm_core.ports import EndedAttempt, PutOff, Settled

log = logging.getLogger(__name__)

#: What pacing learns from when a process starts: not older than this.
_PAST_WITHIN = timedelta(days=14)
_ZONE_KEPT = timedelta(minutes=1)


class DatabaseHopper:
    """`Hopper` over the database. `now` is asked only for when a lead that is put off for ever was closed, and for how
    long an attempt that ended has waited to be told of."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now
        self._site_zone = ZoneInfo("UTC")
        self._zone_until: datetime | None = None

    async def running(self) -> list[Campaign]:
        """Campaigns to dial for; none while the kill switch is on: no lead need be refused a lease to find that out."""
        async with self._database.reading() as work:
            if await site.dialing_stopped(work) is not None:
                return []
            return await campaigns.every_campaign(work, CampaignState.RUNNING)

    async def trunks(self) -> dict[str, Trunk]:
        async with self._database.reading() as work:
            return await campaigns.every_trunk(work)

    async def policies(self, campaign_ids: Collection[int]) -> dict[int, CampaignPolicy]:
        """Policies of campaigns in whatever state."""
        async with self._database.reading() as work:
            return await campaigns.policies(work, campaign_ids)

    async def due(self, campaign: Campaign, now: datetime, limit: int) -> list[Lead]:
        """Open leads due at `now`, callbacks first, then priority, then longest due; without those in progress and
        beyond a quota."""
        async with self._database.reading() as work:
            if campaign.policy.quotas:
                ids = await quotas.due_within(work, campaign, now, limit)
            else:
                ids = await lead_rows.due_ids(work, campaign.id, now, limit)
            return await lead_rows.leads_of(
                work, [LeadKey(campaign.id, one) for one in ids], _since(campaign.policy, now)
            )

    async def previews_wanted(self, now: datetime) -> list[tuple[Lead, int]]:
        """Leads of running campaigns whose preview an agent confirmed, with the agent's id."""
        async with self._database.reading() as work:
            wanted = await lead_moves.confirmed_previews(work)
            if not wanted:
                return []
            policies = await campaigns.policies(work, {key.campaign_id for key, _ in wanted})
            sinces = [_since(policy, now) for policy in policies.values()]
            since = Since(min(one.dials for one in sinces), min(one.abandoned for one in sinces))
            shown = await lead_rows.leads_of(work, [key for key, _ in wanted], since)
        found = {LeadKey(one.campaign_id, one.id): one for one in shown}
        return [(found[key], agent_id) for key, agent_id in wanted if key in found]

    async def put_off(self, leads: Sequence[PutOff]) -> None:
        """Let leads rest until their times; close those that have none."""
        now = self._now()
        until = {LeadKey(p.campaign_id, p.lead_id): _rest(p.until, p.why) for p in leads if p.until is not None}
        reasons = {LeadKey(p.campaign_id, p.lead_id): p.why.value for p in leads if p.until is None}

        async def act(work: UnitOfWork) -> None:
            await lead_moves.put_off(work, until)
            for key in sorted(await lead_moves.close(work, reasons)) if reasons else ():
                work.publish(LeadClosed(key.lead_id, key.campaign_id, reasons[key], now))

        await committed(self._database, act)

    async def lease(self, attempts: Sequence[Attempt], trunk: Trunk, now: datetime) -> list[Attempt]:
        """Commit attempts with their leases; the answer holds those that may be sent."""
        return await committed(self._database, lambda work: lease(work, attempts, trunk, now))

    async def refused(self, attempt_id: str, outcome: Outcome, why: str, now: datetime) -> None:
        """The originate was not accepted by the switch: the attempt ends at once."""

        async def act(work: UnitOfWork) -> None:
            await attempt_rows.end(work, [attempt_id], outcome, now, why)
            await _free_agents(work, [attempt_id], now)

        await committed(self._database, act)

    async def expired(self, now: datetime) -> list[Attempt]:
        """Open attempts whose lease has run out."""
        async with self._database.reading() as work:
            return await attempt_rows.overdue(work, now)

    async def extend(self, attempt_ids: Sequence[str], until: datetime) -> None:
        """Prolong the leases of attempts whose channels are still live."""
        await committed(self._database, lambda work: attempt_rows.extend(work, attempt_ids, until))

    async def lose(self, attempt_ids: Sequence[str], now: datetime) -> None:
        """End attempts that neither the switch nor its CDRs know, and their calls: outcome LOST."""

        async def act(work: UnitOfWork) -> None:
            known = await calls.locked(work, attempt_ids)
            still_open = [c for c in known.values() if c.ended_at is None and c.started_at is not None]
            await write_calls(work, [ended_by(call, None, now) for call in still_open])
            await attempt_rows.end(work, attempt_ids, Outcome.LOST, now)
            await _free_agents(work, attempt_ids, now)

        await committed(self._database, act)

    async def ended(self, limit: int) -> list[EndedAttempt]:
        """Attempts that ended and whose leads have not been told, longest ago first."""
        async with self._database.reading() as work:
            placed = await attempt_rows.unsettled(work, limit, self._now())
            keys = [LeadKey(one.attempt.campaign_id, one.attempt.lead_id) for one in placed]
            found = {LeadKey(x.campaign_id, x.id): x for x in await lead_rows.leads_of(work, sorted(set(keys)))}
            talked = [one.attempt.id for one in placed if one.attempt.outcome is Outcome.ANSWERED]
            broken = await conversations.unfinished(work, talked) if talked else {}
        return [
            EndedAttempt(
                one.attempt,
                found[key],
                one.unanswered,
                attempt_rows.talk_seconds(one.attempt),
                broken.get(one.attempt.id, 0),
            )
            for one, key in zip(placed, keys, strict=True)
            if key in found
        ]

    async def settle(self, settled: Sequence[Settled], now: datetime) -> None:
        """Tell the leads; an attempt settled already, or disposed, is not told again."""
        await committed(self._database, lambda work: settle(work, settled, now))

    async def floor(self, campaign: Campaign, now: datetime) -> Floor:
        """All that pacing sees of the campaign."""
        return (await self.watch(campaign, now, None)).floor

    async def watch(self, campaign: Campaign, now: datetime, ended_since: datetime | None) -> Watched:
        """The floor with its lines (those ended since `ended_since` too; None: none) and agents by name."""
        zone = await self._zone(now)
        async with self._database.reading() as work:
            return await watched(work, campaign, now, ended_since, zone)

    async def _zone(self, now: datetime) -> ZoneInfo:
        """The firm's zone, asked for once a minute."""
        if self._zone_until is None or not now < self._zone_until <= now + _ZONE_KEPT:
            async with self._database.reading() as work:
                self._site_zone = ZoneInfo((await site.calendar(work)).zone)
            self._zone_until = now + _ZONE_KEPT
        return self._site_zone

    async def past(self, campaign: Campaign, now: datetime) -> Past:
        """How the campaign's last lines, talks and wrap-ups went."""
        async with self._database.reading() as work:
            return await pacing.past(work, campaign.id, now - _PAST_WITHIN)

    async def give_up(self, attempt_ids: Sequence[str], most: int, per_day: int, now: datetime) -> list[str]:
        """Note the first `most` of the ringing lines that may be given up as such; the answer holds those to end."""
        today = now.astimezone(await self._zone(now)).replace(hour=0, minute=0, second=0, microsecond=0)
        return await committed(
            self._database,
            lambda work: pacing.give_up(work, attempt_ids, most, per_day, now, today.astimezone(UTC)),
        )

    async def keep_abandons(self, lost: Sequence[AbandonRecord]) -> None:
        """Keep what the pacing saw and decided before these calls were abandoned; once for each."""
        await committed(self._database, lambda work: pacing.keep_abandons(work, lost))

    async def recover_abandons(self, campaign: Campaign, now: datetime) -> None:
        """Keep what is known of calls that were abandoned while nothing paced the campaign."""
        since = now - _PAST_WITHIN
        await committed(self._database, lambda work: pacing.recover_abandons(work, campaign.id, since))

    async def line_counts(self) -> tuple[dict[str, int], dict[int, int]]:
        """Open attempts by trunk and by campaign."""
        async with self._database.reading() as work:
            return await floor_rows.open_line_counts(work)


def _rest(until: datetime, why: WhyNot) -> lead_moves.Rest:
    return lead_moves.Rest(until, why.value if why in TOLD_WHILE_OPEN else None)


def _since(policy: CampaignPolicy, now: datetime) -> Since:
    return Since(now - policy.number_rest, now - max(policy.abandoned_rest, LONGEST_REST))


async def _free_agents(work: UnitOfWork, call_ids: Sequence[str], now: datetime) -> None:
    """Agents held for attempts that came to nothing are available again."""
    held = [agent for agent in await agents.of_calls(work, call_ids) if agent.state is AgentState.RINGING]
    await agents.save(work, [agents.moved(agent, Trigger.CALL_ENDED, now) for agent in held])
