"""A hopper in memory: leads, attempts and their leases, under the same rules as the one in the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from crm_core.domain.agents import AgentState
from crm_core.domain.attempts import Attempt, Outcome
from crm_core.domain.calling_hours import seconds_left_today
from crm_core.domain.campaigns import Campaign, CampaignPolicy, CampaignState, Trunk
from crm_core.domain.floor import Floor
from crm_core.domain.floor_watch import Past, Watched, WatchedAgent, WatchedLine
from crm_core.domain.leads import TOLD_WHILE_OPEN, Lead, LeadState, WhyNot
from crm_core.domain.pacing_records import AbandonRecord
from crm_core.errors import Unavailable
from crm_core.ports import EndedAttempt, PutOff, Settled
from tests.fakes.roster import FakeRoster

_PEOPLE = (Outcome.ANSWERED, Outcome.ABANDONED, Outcome.HUNG_UP)


@dataclass
class FakeHopper:
    """Holds everything openly, for a test to look at and to change. `down` makes every question Unavailable."""

    campaigns: dict[int, Campaign] = field(default_factory=dict)
    lines: dict[str, Trunk] = field(default_factory=dict)
    roster: FakeRoster = field(default_factory=FakeRoster)
    leads: dict[tuple[int, int], Lead] = field(default_factory=dict)
    attempts: dict[str, Attempt] = field(default_factory=dict)
    unanswered: Counter[tuple[int, int]] = field(default_factory=Counter)
    settled: dict[str, Settled] = field(default_factory=dict)
    rested: list[PutOff] = field(default_factory=list)
    previews: list[tuple[Lead, int]] = field(default_factory=list)
    busy: set[str] = field(default_factory=set)  # numbers under way in another call
    killed: bool = False
    down: bool = False
    asked: Counter[str] = field(default_factory=Counter)
    before: Past = field(default_factory=Past)
    machines: int = 0
    records: dict[str, AbandonRecord] = field(default_factory=dict)
    rings_at_once: bool = True  # every phone that was dialed rings

    def add(self, campaign: Campaign, leads: Iterable[Lead] = ()) -> None:
        self.campaigns[campaign.id] = campaign
        self.leads.update({(lead.campaign_id, lead.id): lead for lead in leads})

    def end(self, attempt_id: str, outcome: Outcome, now: datetime) -> None:
        """What the switch's hangup does; an outcome concluded before stays."""
        attempt = self.attempts[attempt_id]
        if attempt.ended_at is None:
            self.attempts[attempt_id] = replace(attempt, ended_at=now, outcome=attempt.outcome or outcome)

    def open_attempts(self) -> list[Attempt]:
        return [attempt for attempt in self.attempts.values() if attempt.ended_at is None]

    def _ask(self, what: str) -> None:
        self.asked[what] += 1
        if self.down:
            raise Unavailable("the database does not answer")

    def _lead(self, key: tuple[int, int]) -> Lead:
        lead = self.leads[key]
        under_way = any((a.campaign_id, a.lead_id) == key and a.id not in self.settled for a in self.attempts.values())
        return replace(lead, in_progress=under_way)

    async def running(self) -> list[Campaign]:
        self._ask("running")
        return [one for one in self.campaigns.values() if one.state is CampaignState.RUNNING]

    async def trunks(self) -> dict[str, Trunk]:
        self._ask("trunks")
        return dict(self.lines)

    async def due(self, campaign: Campaign, now: datetime, limit: int) -> list[Lead]:
        self._ask("due")
        leads = [self._lead(key) for key in self.leads if key[0] == campaign.id]
        previewed = {lead.id for lead, _ in self.previews}
        ready = [
            lead
            for lead in leads
            if lead.state is LeadState.OPEN
            and not lead.in_progress
            and lead.id not in previewed
            and all(at is None or at <= now for at in (lead.next_attempt_at, lead.callback_at))
        ]
        return sorted(ready, key=lambda lead: (lead.callback_at is None, -lead.priority, lead.id))[:limit]

    async def previews_wanted(self, now: datetime) -> list[tuple[Lead, int]]:
        self._ask("previews_wanted")
        return list(self.previews)

    async def policies(self, campaign_ids: Collection[int]) -> dict[int, CampaignPolicy]:
        self._ask("policies")
        return {one: self.campaigns[one].policy for one in campaign_ids}

    async def put_off(self, leads: Sequence[PutOff]) -> None:
        self._ask("put_off")
        for one in leads:
            self.rested.append(one)
            key = (one.campaign_id, one.lead_id)
            self._preview_over(one.lead_id)
            if one.until is None:
                self.leads[key] = replace(self.leads[key], state=LeadState.CLOSED, close_reason=one.why.value)
            else:
                reason = one.why.value if one.why in TOLD_WHILE_OPEN else None
                self.leads[key] = replace(self.leads[key], next_attempt_at=one.until, close_reason=reason)

    async def lease(self, attempts: Sequence[Attempt], trunk: Trunk, now: datetime) -> list[Attempt]:
        self._ask("lease")
        if self.killed:
            return []
        allowed = [attempt for attempt in attempts if self._may_lease(attempt)]
        for attempt in allowed:
            key = (attempt.campaign_id, attempt.lead_id)
            self.attempts[attempt.id] = attempt
            self.leads[key] = replace(self.leads[key], attempts=self.leads[key].attempts + 1, close_reason=None)
            self._preview_over(attempt.lead_id)
        return allowed

    def _may_lease(self, attempt: Attempt) -> bool:
        lead = self._lead((attempt.campaign_id, attempt.lead_id))
        running = self.campaigns[attempt.campaign_id].state is CampaignState.RUNNING
        blocked = any(number.e164 == attempt.number and number.block for number in lead.numbers)
        return (
            running
            and attempt.number not in self.busy
            and lead.state is LeadState.OPEN
            and not lead.in_progress
            and not blocked
        )

    def _preview_over(self, lead_id: int) -> None:
        self.previews = [one for one in self.previews if one[0].id != lead_id]

    async def refused(self, attempt_id: str, outcome: Outcome, why: str, now: datetime) -> None:
        self._ask("refused")
        self.end(attempt_id, outcome, now)

    async def expired(self, now: datetime) -> list[Attempt]:
        self._ask("expired")
        return [attempt for attempt in self.open_attempts() if attempt.leased_until <= now]

    async def extend(self, attempt_ids: Sequence[str], until: datetime) -> None:
        self._ask("extend")
        for one in attempt_ids:
            self.attempts[one] = replace(self.attempts[one], leased_until=until)

    async def lose(self, attempt_ids: Sequence[str], now: datetime) -> None:
        self._ask("lose")
        for one in attempt_ids:
            self.end(one, Outcome.LOST, now)

    async def ended(self, limit: int) -> list[EndedAttempt]:
        self._ask("ended")
        waiting = [a for a in self.attempts.values() if a.ended_at is not None and a.id not in self.settled]
        return [
            EndedAttempt(a, self._lead(key), self.unanswered[key], 0.0)
            for a in waiting[:limit]
            for key in [(a.campaign_id, a.lead_id)]
        ]

    async def settle(self, settled: Sequence[Settled], now: datetime) -> None:
        self._ask("settle")
        for one in settled:
            attempt = self.attempts[one.attempt_id]
            key = (attempt.campaign_id, attempt.lead_id)
            self.settled[one.attempt_id] = one
            self.unanswered[key] = one.unanswered
            lead = self.leads[key]
            self.leads[key] = replace(
                lead,
                state=one.state,
                next_attempt_at=one.next_attempt_at,
                close_reason=one.close_reason,
                last_outcome=attempt.outcome,
                numbers=tuple(
                    replace(number, dead=number.dead or (one.dead_number and number.e164 == attempt.number))
                    for number in lead.numbers
                ),
            )

    async def floor(self, campaign: Campaign, now: datetime) -> Floor:
        return (await self.watch(campaign, now, None)).floor

    async def watch(self, campaign: Campaign, now: datetime, ended_since: datetime | None) -> Watched:
        self._ask("floor")
        team = [
            WatchedAgent(a.id, a.state, a.since)
            for a in self.roster.people.values()
            if a.campaign_id == campaign.id and a.state is not AgentState.LOGGED_OUT
        ]
        states = Counter(a.state for a in team)
        mine = [attempt for attempt in self.attempts.values() if attempt.campaign_id == campaign.id]
        lines = [attempt for attempt in mine if attempt.ended_at is None]
        recent = [attempt for attempt in mine if attempt.id in self.settled]
        taken = {agent.call_id for agent in self.roster.people.values()}
        floor = Floor(
            at=now,
            agents_available=states[AgentState.AVAILABLE],
            agents_ringing=states[AgentState.RINGING],
            agents_on_call=states[AgentState.ON_CALL],
            agents_wrapping_up=states[AgentState.WRAP_UP],
            agents_paused=states[AgentState.PAUSED],
            ringing_since=tuple(a.created_at for a in lines if a.answered_at is None and a.given_up_at is None),
            waiting=sum(a.answered_at is not None and a.outcome is None and a.id not in taken for a in lines),
            open_lines=len(lines),
            guaranteed=sum(a.guaranteed and a.answered_at is None for a in lines),
            recent_dials=len(recent),
            recent_people=sum(a.outcome in _PEOPLE for a in recent),
            people=sum(a.outcome in _PEOPLE for a in mine),
            abandoned=sum(a.outcome is Outcome.ABANDONED for a in mine),
            talking_since=tuple(a.since for a in team if a.state is AgentState.ON_CALL),
            wrapping_since=tuple(a.since for a in team if a.state is AgentState.WRAP_UP),
            seconds_left=seconds_left_today(now, ZoneInfo("UTC"), campaign.policy.windows),
        )
        ended = [] if ended_since is None else [a for a in mine if a.ended_at is not None and a.ended_at >= ended_since]
        return Watched(floor, tuple(self._watched(one) for one in (*lines, *ended)), tuple(team), self.machines)

    def _watched(self, attempt: Attempt) -> WatchedLine:
        return WatchedLine(
            attempt.id,
            attempt.created_at,
            attempt.created_at if self.rings_at_once else None,
            attempt.answered_at,
            attempt.ended_at,
            attempt.outcome,
            attempt.verdict,
            attempt.guaranteed,
            attempt.given_up_at,
        )

    async def past(self, campaign: Campaign, now: datetime) -> Past:
        self._ask("past")
        return self.before

    async def give_up(self, attempt_ids: Sequence[str], most: int, per_day: int, now: datetime) -> list[str]:
        self._ask("give_up")
        given_up: list[str] = []
        for one in attempt_ids:
            attempt = self.attempts[one]
            is_open = attempt.ended_at is None and attempt.answered_at is None and attempt.outcome is None
            number = [a for a in self.attempts.values() if a.number == attempt.number and a.given_up_at is not None]
            if is_open and not attempt.guaranteed and len(given_up) < most and len(number) < per_day:
                self.attempts[one] = replace(attempt, outcome=Outcome.GIVEN_UP, given_up_at=now)
                given_up.append(one)
        return given_up

    async def keep_abandons(self, lost: Sequence[AbandonRecord]) -> None:
        self._ask("keep_abandons")
        for one in lost:
            self.records.setdefault(one.attempt_id, replace(one, dialed=self.attempts[one.attempt_id].paced))

    async def recover_abandons(self, campaign: Campaign, now: datetime) -> None:
        self._ask("recover_abandons")
        for a in self.attempts.values():
            if a.campaign_id == campaign.id and a.outcome is Outcome.ABANDONED and a.ended_at is not None:
                self.records.setdefault(a.id, AbandonRecord(a.id, campaign.id, a.ended_at, a.paced, None))

    async def line_counts(self) -> tuple[dict[str, int], dict[int, int]]:
        self._ask("line_counts")
        lines = self.open_attempts()
        return dict(Counter(a.trunk for a in lines)), dict(Counter(a.campaign_id for a in lines))

    def why_rested(self) -> set[WhyNot]:
        return {one.why for one in self.rested}
