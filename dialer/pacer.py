"""The pacing at work: looks at a campaign's floor, learns what has happened, decides, and keeps what it decided."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from crm_core.domain.campaigns import Campaign, CampaignPolicy, DialMode, Trunk
from crm_core.domain.floor import Floor
from crm_core.domain.floor_watch import Past, Watched, WatchedLine
from crm_core.domain.law_names import law_name
from crm_core.domain.pacing_records import AbandonRecord, PacingRecord
from crm_core.ports import Hopper
from dialer.happenings import Seen, happened, happened_before, seen_first
from dialer.laws import LAWS, Law
from dialer.learning import Learned, learn, nothing_learned
from dialer.pacing import Decision, decide

log = logging.getLogger(__name__)

#: Ends are asked for again for so long: another process may commit one after a look that should have seen it.
_COMMITTED_WITHIN = timedelta(seconds=5)
#: The past is learned in pieces of so many lines.
_PIECE = 250
#: A campaign that does not run any more is looked at so often, until its last line has ended.
_AFTERWARDS = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a campaign and what was decided; `record` goes with every line it dials."""

    watched: Watched
    decision: Decision
    record: PacingRecord
    law: Law


@dataclass(slots=True)
class _Track:
    """What is kept of a campaign between two looks."""

    campaign: Campaign
    seen: Seen
    learned: Learned
    at: datetime
    record: PacingRecord | None = None


def law_of(policy: CampaignPolicy, trunk: Trunk | None) -> Law:
    """The rules on abandoned calls that the campaign keeps."""
    return LAWS[law_name(policy, trunk).value]


async def learned_from(past: Past, policy: CampaignPolicy, floor: Floor, limit: float) -> Learned:
    """What a campaign's past tells: a restart forgets little. In pieces, for people wait for answers meanwhile."""
    learned = nothing_learned(policy)
    for piece in happened_before(past, _PIECE):
        learned = learn(learned, piece, floor, limit)
        await asyncio.sleep(0)
    return learned


def as_the_law_counts(watched: Watched, law: Law) -> Floor:
    """The floor with the law's share of the machine verdicts counted as people who were abandoned."""
    wrongly = law.wrongly_machine * watched.machines
    floor = watched.floor
    if wrongly <= 0:
        return floor
    return replace(floor, people=floor.people + round(wrongly), abandoned=floor.abandoned + math.ceil(wrongly))


class Pacer:
    """Looks, learns and decides for each running campaign; what was decided before a person was lost is kept."""

    def __init__(self, hopper: Hopper, now: Callable[[], datetime]) -> None:
        self._hopper, self._now = hopper, now
        self._tracks: dict[int, _Track] = {}

    async def look(self, campaign: Campaign, trunk: Trunk) -> Look:
        """Take one look and decide."""
        policy, law = campaign.policy, law_of(campaign.policy, trunk)
        limit = min(law.limit, policy.abandon_limit)
        track, watched = await self._watch(campaign, law, limit)
        floor = as_the_law_counts(watched, law)
        if policy.mode is DialMode.PREDICTIVE:
            bounds = law if policy.give_up and policy.given_up_per_day else _without_giving_up(law)
            decision = decide(floor, policy, track.learned, bounds, 1 - policy.max_occupancy)
        else:
            decision = decide(floor, policy)
        track.record = record_of(floor, decision, law)
        return Look(watched, decision, track.record, law)

    async def follow(self, running: Collection[int]) -> None:
        """Campaigns that do not run any more: keep what became of their last lines, then forget them."""
        for track in [one for one in self._tracks.values() if one.campaign.id not in running]:
            if self._now() - track.at >= _AFTERWARDS:
                law = law_of(track.campaign.policy, None)
                _, watched = await self._watch(track.campaign, law, law.limit)
                if watched.floor.open_lines == 0:
                    del self._tracks[track.campaign.id]

    async def _watch(self, campaign: Campaign, law: Law, limit: float) -> tuple[_Track, Watched]:
        track = self._tracks.get(campaign.id)
        if track is None:
            return await self._begin(campaign, limit)
        now = self._now()
        watched = await self._hopper.watch(campaign, now, min(track.at, now) - _COMMITTED_WITHIN)
        new, lost, seen = happened(track.seen, watched, campaign.policy.detect_machines)
        await self._keep(campaign, lost, now, track.record)
        track.campaign, track.seen, track.at = campaign, seen, now
        if campaign.policy.mode is DialMode.PREDICTIVE:
            new = replace(new, unseen=law.wrongly_machine * watched.machines)
            track.learned = learn(track.learned, new, as_the_law_counts(watched, law), limit)
        return track, watched

    async def _begin(self, campaign: Campaign, limit: float) -> tuple[_Track, Watched]:
        """The first look of this process: what it does not know yet is read from the past."""
        now = self._now()
        await self._hopper.recover_abandons(campaign, now)
        past = await self._hopper.past(campaign, now) if campaign.policy.mode is DialMode.PREDICTIVE else Past()
        watched = await self._hopper.watch(campaign, now, now - _COMMITTED_WITHIN)
        learned = await learned_from(past, campaign.policy, watched.floor, limit)
        track = _Track(campaign, seen_first(watched), learned, now)
        self._tracks[campaign.id] = track
        fields = {"campaign_id": campaign.id, "lines": len(past.lines), "talks": len(past.talks)}
        log.info("pacing begins", extra=fields)
        return track, watched

    async def _keep(
        self, campaign: Campaign, lost: Collection[WatchedLine], now: datetime, last: PacingRecord | None
    ) -> None:
        if lost:
            records = [
                AbandonRecord(one.id, campaign.id, min(now, one.ended_at or now), dialed=None, last=last)
                for one in lost
            ]
            await self._hopper.keep_abandons(records)


def record_of(floor: Floor, decision: Decision, law: Law) -> PacingRecord:
    """What was seen and decided, in short."""
    return PacingRecord(
        at=floor.at,
        law=law.name,
        available=floor.agents_available,
        ringing_agents=floor.agents_ringing,
        on_call=floor.agents_on_call,
        wrapping_up=floor.agents_wrapping_up,
        paused=floor.agents_paused,
        ringing=len(floor.ringing_since),
        waiting=floor.waiting,
        people=floor.people,
        abandoned=floor.abandoned,
        to_open=decision.lines_to_open,
        to_give_up=decision.lines_to_give_up,
        why=decision.why.value,
        risk=round(decision.risk, 6),
        price=round(decision.price, 6),
        answering=round(decision.answering, 3),
        coming=round(decision.coming, 3),
        answer_chance=round(decision.answer_chance, 4),
    )


def _without_giving_up(law: Law) -> Law:
    return replace(law, ring_at_least=timedelta.max)
