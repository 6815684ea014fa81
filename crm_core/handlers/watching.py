"""A look at one campaign's floor: a few small statements of one transaction, several times a second."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from crm_core.db import campaigns
from crm_core.db import floor as floor_rows
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.agents import AgentState
from crm_core.domain.attempts import Outcome
from crm_core.domain.calling_hours import seconds_left_today
from crm_core.domain.campaigns import Campaign, DialMode
from crm_core.domain.floor import Floor
from crm_core.domain.floor_watch import Watched

#: The answer rate is reckoned from so many attempts, not older than this.
_RECENT = 200
_RECENT_WITHIN = timedelta(hours=1)


async def watched(
    work: UnitOfWork, campaign: Campaign, now: datetime, ended_since: datetime | None, zone: ZoneInfo
) -> Watched:
    """The floor, and the lines and agents it is made of. `zone`: the firm's."""
    policy = campaign.policy
    team = await floor_rows.logged_in(work, campaign.id)
    learns = policy.mode is DialMode.PREDICTIVE
    rows = await floor_rows.lines(work, campaign.id, ended_since, lost_only=not learns)
    dials, people = 0, 0
    if not learns:  # learning is more exact than this
        dials, people = await floor_rows.recent(work, campaign.id, now - _RECENT_WITHIN, _RECENT)
    scope = campaigns.campaign_scope(campaign.id)
    counts = await campaigns.counts_since(work, scope, campaigns.day_of(now - policy.abandon_window))
    lost = sum(row.line.outcome is Outcome.ABANDONED and not row.settled for row in rows)  # not in the counters yet
    lines = [row.line for row in rows]
    opened = [line for line in lines if line.ended_at is None]
    ringing = [line for line in opened if line.answered_at is None and line.given_up_at is None]

    def since(state: AgentState) -> tuple[datetime, ...]:
        return tuple(agent.since for agent in team if agent.state is state)

    floor = Floor(
        at=now,
        agents_available=len(since(AgentState.AVAILABLE)),
        agents_ringing=len(since(AgentState.RINGING)),
        agents_on_call=len(since(AgentState.ON_CALL)),
        agents_wrapping_up=len(since(AgentState.WRAP_UP)),
        agents_paused=len(since(AgentState.PAUSED)),
        ringing_since=tuple(sorted(line.dialed_at for line in ringing)),
        waiting=sum(row.waits for row in rows),
        open_lines=len(opened),
        guaranteed=sum(line.guaranteed for line in ringing),
        recent_dials=dials,
        recent_people=people,
        people=counts["people"] + lost,
        abandoned=counts["abandoned"] + lost,
        talking_since=since(AgentState.ON_CALL),
        wrapping_since=since(AgentState.WRAP_UP),
        seconds_left=seconds_left_today(now, zone, policy.windows),
    )
    return Watched(floor, tuple(lines), tuple(team), counts["machines"])
