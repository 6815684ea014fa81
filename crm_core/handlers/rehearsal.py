"""Rehearsals: what a campaign will come to, reckoned before the first dial, kept, and compared afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from crm_core.db import agents, campaign_desk, campaigns, rehearsals, site
from crm_core.db.engine import Database
from crm_core.domain.access import Actor, Right
from crm_core.domain.agents import AgentState
from crm_core.domain.campaigns import Campaign, CampaignState, DialMode, Trunk
from crm_core.domain.leads import Lead
from crm_core.domain.past_calls import Part, PastCalls
from crm_core.domain.past_estimates import likely
from crm_core.domain.rehearsal import Forecast, Kept, LeadGroup, Questions, RehearsalRoom
from crm_core.errors import BadInput
from crm_core.handlers.leads import campaign_leads
from crm_core.handlers.past_calls import past_calls
from crm_core.ports import Screening

Told = Callable[[int, int], None]

MOST_OPERATORS, LEAST_RUNS, MOST_RUNS = 500, 4, 200
#: Of a hundred steps shown, so many are the looking through the leads.
_LOOKING = 20


class Rehearser(Protocol):
    """Plays a campaign many times in a process of its own. Raises Unavailable when that takes too long."""

    async def __call__(self, room: RehearsalRoom, past: PastCalls, told: Told) -> Forecast: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked. `operators` None: those assigned to the campaign; `begins_at` None: now; `by`: how many operators
    would finish by then?"""

    operators: int | None = None
    begins_at: datetime | None = None
    by: datetime | None = None
    runs: int = 20


@dataclass(frozen=True, slots=True)
class Tools:
    """The dialer's rules and its simulator."""

    screening: Screening
    rehearser: Rehearser


def _silent(done: int, whole: int) -> None:
    """Nobody listens."""


async def rehearse_as(
    actor: Actor,
    campaign_id: int,
    wanted: Wanted,
    tools: Tools,
    database: Database,
    now: datetime,
    told: Told = _silent,
) -> Kept:
    """The same as `rehearse`, for somebody. Raises Forbidden and NotFound besides."""
    campaign = await may_rehearse(actor, campaign_id, wanted, database, now)
    return await rehearse(campaign, wanted, tools, database, now, actor.name, told)


async def may_rehearse(actor: Actor, campaign_id: int, wanted: Wanted, database: Database, now: datetime) -> Campaign:
    """The campaign, if he may rehearse it and what he asks makes sense. Raises Forbidden, NotFound, BadInput."""
    actor.require(Right.CHANGE_CAMPAIGNS)
    async with database.reading() as work:
        campaign = (await campaign_desk.visible_campaign(work, actor, campaign_id)).campaign
    await _questions(campaign, wanted, database, now)
    return campaign


async def rehearse(
    campaign: Campaign, wanted: Wanted, tools: Tools, database: Database, now: datetime, by: str, told: Told = _silent
) -> Kept:
    """Rehearse the campaign and keep the forecast; `told` hears how many of a hundred steps are done.

    Raises BadInput for what cannot be rehearsed, Unavailable when it takes too long.
    """
    questions = await _questions(campaign, wanted, database, now)
    trunk = await _trunk(campaign, database)
    groups = await _groups(campaign, trunk, tools.screening, database, now, told)
    past = await past_calls(database, campaign, now)
    async with database.reading() as work:
        calendar = await site.calendar(work)
    room = RehearsalRoom(
        campaign=campaign.name,
        policy=campaign.policy,
        trunk=trunk,
        groups=groups,
        likely=likely(past, campaign.policy.wrap_up.total_seconds()),
        calendar=calendar,
        questions=questions,
    )

    def hear(done: int, whole: int) -> None:
        told(_LOOKING + (100 - _LOOKING) * done // max(1, whole), 100)

    forecast = await tools.rehearser(room, past, hear)
    async with database.work() as work:
        kept = await rehearsals.keep(work, campaign.id, forecast, by, now)
    return Kept(kept, campaign.id, now, by[:120], forecast)


async def last_rehearsal(actor: Actor, campaign_id: int, database: Database) -> Kept | None:
    """The campaign's last one; None: nobody has rehearsed it. Raises Forbidden, NotFound."""
    actor.require(Right.SEE_CAMPAIGNS)
    async with database.reading() as work:
        await campaign_desk.visible_campaign(work, actor, campaign_id)
        return await rehearsals.latest(work, campaign_id)


# --- what is asked ------------------------------------------------------------------------------------------
async def _questions(campaign: Campaign, wanted: Wanted, database: Database, now: datetime) -> Questions:
    if campaign.state is CampaignState.FINISHED:
        raise BadInput(f"campaign {campaign.name}", "it is finished for good", "Rehearse one that is still to dial")
    if not LEAST_RUNS <= wanted.runs <= MOST_RUNS:
        raise BadInput("runs", f"{wanted.runs} is not between {LEAST_RUNS} and {MOST_RUNS}", "Twenty do for most")
    begins_at = (wanted.begins_at or now).astimezone(UTC)
    if begins_at < now - timedelta(minutes=1):
        raise BadInput("from", f"{begins_at:%Y-%m-%d %H:%M} UTC is over", "A rehearsal begins now or later")
    if wanted.by is not None and wanted.by <= begins_at:
        raise BadInput("by", f"{wanted.by:%Y-%m-%d %H:%M %Z} is not after the begin", "Give a later time to finish by")
    operators = wanted.operators
    if campaign.policy.mode is DialMode.BOT:
        operators = 0
    elif operators is None:
        operators = await _assigned(campaign, database)
    elif not 1 <= operators <= MOST_OPERATORS:
        raise BadInput("operators", f"{operators} is not between 1 and {MOST_OPERATORS}", "Say how many will work")
    return Questions(operators, begins_at, wanted.by and wanted.by.astimezone(UTC), wanted.runs)


async def _assigned(campaign: Campaign, database: Database) -> int:
    """Those logged in for it; while nobody is, those who were last."""
    async with database.reading() as work:
        its = [agent for agent in await agents.every_agent(work) if agent.campaign_id == campaign.id]
    found = [agent for agent in its if agent.state is not AgentState.LOGGED_OUT] or its
    if not found:
        raise BadInput("operators", f"nobody is logged in for campaign {campaign.name}", "Say how many will work")
    return min(len(found), MOST_OPERATORS)


async def _trunk(campaign: Campaign, database: Database) -> Trunk:
    async with database.reading() as work:
        trunk = (await campaigns.every_trunk(work)).get(campaign.policy.trunk)
    if trunk is None:
        do = "`trunkline trunk put` makes one, or choose another in the campaign's rules"
        raise BadInput(f"campaign {campaign.name}", f"there is no trunk {campaign.policy.trunk!r}", do)
    return trunk


# --- the list -----------------------------------------------------------------------------------------------
async def _groups(
    campaign: Campaign, trunk: Trunk, screening: Screening, database: Database, now: datetime, told: Told
) -> tuple[LeadGroup, ...]:
    """The leads that will be dialed some time, as screening sees them now, those alike together."""
    running, counts, done = replace(campaign, state=CampaignState.RUNNING), Counter[LeadGroup](), 0
    async with database.reading() as work:
        zone = (await site.calendar(work)).zone
        everybody = tuple(agent.id for agent in await agents.every_agent(work))
        whole = await campaigns.lead_count(work, campaign.id)
    async for batch in campaign_leads(database, running, now):
        async with database.reading() as work:
            names = await rehearsals.lists_of(work, [lead.id for lead in batch])
        for lead in batch:
            answer = screening(lead, running, trunk, now, everybody)
            if answer.why is None or answer.until is not None:
                counts[_group(lead, names[lead.id], answer.until, zone)] += 1
        done += len(batch)
        told(_LOOKING * done // max(1, whole, done), 100)
    if not counts:
        what = "it has no leads" if not done else f"none of its {done} leads can be dialed"
        do = "Add a list" if not done else "See why: `trunkline why`, or what would be dialed on its page"
        raise BadInput(f"campaign {campaign.name}", what, do)
    return tuple(replace(group, count=count) for group, count in counts.items())


def _group(lead: Lead, list_name: str, until: datetime | None, zone: str) -> LeadGroup:
    live = [number for number in lead.numbers if not number.dead and number.block is None]
    known = lead.zone or next((number.zone for number in live if number.zone), None) or zone
    due = max((at for at in (lead.next_attempt_at, lead.callback_at, until) if at is not None), default=None)
    return LeadGroup(
        part=Part(list_name, known),
        count=0,
        priority=lead.priority,
        attempts=lead.attempts,
        due=None if due is None else due.replace(minute=due.minute // 15 * 15, second=0, microsecond=0),
        callback=lead.callback_at is not None,
        spare=len(live) > 1,
    )
