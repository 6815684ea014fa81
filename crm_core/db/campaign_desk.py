"""Campaigns as somebody may see them: the rows within his reach, their teams, progress and what is being dialed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, Select, and_, case, cast, delete, extract, func, insert, select

from crm_core.db.attempts import PEOPLE
from crm_core.db.batches import one_of
from crm_core.db.campaigns import policy_of
from crm_core.db.live_floor import agent_pushes
from crm_core.db.tables import (
    agents,
    attempts,
    campaign_leads,
    campaign_teams,
    campaigns,
    contacts,
    leads,
    teams,
    users,
)
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.visibility import visible_agents, visible_campaigns, visible_contacts
from crm_core.domain.access import Actor
from crm_core.domain.attempts import Outcome
from crm_core.domain.campaign_board import DialStage, Funnel, Minute, OpenDial
from crm_core.domain.campaigns import Campaign, CampaignState, DialMode
from crm_core.domain.leads import LeadState
from crm_core.errors import NotFound

#: Answered, and nobody has said that it was a machine.
_IS_PERSON = and_(
    attempts.c.answered_at.is_not(None),
    attempts.c.outcome.is_(None) | attempts.c.outcome.in_([outcome.value for outcome in PEOPLE]),
)


@dataclass(frozen=True, slots=True)
class Team:
    """A team that may see a campaign."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a campaign is through its leads."""

    open: int = 0
    closed: int = 0

    @property
    def total(self) -> int:
        return self.open + self.closed


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """A campaign with what its own row says besides."""

    campaign: Campaign
    created_at: datetime
    approved_by: str | None


# --- campaigns ----------------------------------------------------------------------------------------------
async def visible_campaign(work: UnitOfWork, actor: Actor, campaign_id: int, *, lock: bool = False) -> CampaignRow:
    """The campaign if he sees it; with `lock` nobody else changes it before the commit. Raises NotFound."""
    query = select(campaigns).where(campaigns.c.id == campaign_id, visible_campaigns(actor))
    row = await work.first(query.with_for_update() if lock else query)
    if row is None:
        raise NotFound("campaign", campaign_id)
    return _row(row)


async def sees_campaign(work: UnitOfWork, actor: Actor, campaign_id: int) -> bool:
    """Whether he sees the campaign."""
    seen = select(campaigns.c.id).where(campaigns.c.id == campaign_id, visible_campaigns(actor))
    return await work.scalar(seen) is not None


async def visible_rows(
    work: UnitOfWork,
    actor: Actor,
    *,
    states: Collection[CampaignState] = (),
    name: str = "",
    before: int | None = None,
    limit: int = 50,
) -> list[CampaignRow]:
    """Those he sees, the newest first; `before`: those with smaller ids. `name`: a part of it."""
    query = select(campaigns).where(visible_campaigns(actor))
    if states:
        query = query.where(campaigns.c.state.in_([state.value for state in states]))
    if name.strip():
        query = query.where(campaigns.c.name.icontains(name.strip(), autoescape=True))
    if before is not None:
        query = query.where(campaigns.c.id < before)
    return [_row(row) for row in await work.all(query.order_by(campaigns.c.id.desc()).limit(limit))]


async def visible_counts(work: UnitOfWork, actor: Actor) -> dict[CampaignState, int]:
    """How many of those he sees are in each state."""
    counted = select(campaigns.c.state, func.count().label("n")).where(visible_campaigns(actor))
    return {CampaignState(row.state): int(row.n) for row in await work.all(counted.group_by(campaigns.c.state))}


def _row(row: Row[Any]) -> CampaignRow:
    campaign = Campaign(row.id, row.name, CampaignState(row.state), policy_of(row.policy), row.approved_at)
    return CampaignRow(campaign, row.created_at, row.approved_by)


# --- teams --------------------------------------------------------------------------------------------------
async def teams_of(work: UnitOfWork, campaign_ids: Collection[int]) -> dict[int, list[Team]]:
    """The teams that see each campaign, by name."""
    joined = campaign_teams.join(teams, teams.c.id == campaign_teams.c.team_id)
    query = select(campaign_teams.c.campaign_id, teams.c.id, teams.c.name).select_from(joined)
    found: dict[int, list[Team]] = {}
    for row in await work.all(query.where(one_of(campaign_teams.c.campaign_id, campaign_ids)).order_by(teams.c.name)):
        found.setdefault(row.campaign_id, []).append(Team(row.id, row.name))
    return found


async def every_team(work: UnitOfWork) -> list[Team]:
    return [Team(row.id, row.name) for row in await work.all(select(teams).order_by(teams.c.name))]


async def set_teams(work: UnitOfWork, campaign_id: int, team_ids: Collection[int]) -> None:
    """Let exactly these teams see the campaign. Raises NotFound for one that does not exist."""
    known = {team.id for team in await every_team(work)}
    if unknown := sorted(set(team_ids) - known):
        raise NotFound("team", unknown[0])
    await work.run(delete(campaign_teams).where(campaign_teams.c.campaign_id == campaign_id))
    rows = [{"campaign_id": campaign_id, "team_id": team_id} for team_id in sorted(set(team_ids))]
    if rows:
        await work.run(insert(campaign_teams), rows)


# --- how far, how fast, what came of it ---------------------------------------------------------------------
async def progress_of(work: UnitOfWork, campaign_ids: Sequence[int]) -> dict[int, Progress]:
    """How far each campaign is through its leads."""
    of = campaign_leads.c
    done = func.sum(case((of.state == LeadState.CLOSED.value, 1), else_=0)).label("done")
    counted = select(of.campaign_id, func.count().label("n"), done).where(one_of(of.campaign_id, campaign_ids))
    rows = await work.all(counted.group_by(of.campaign_id))
    return {row.campaign_id: Progress(int(row.n) - int(row.done), int(row.done)) for row in rows}


async def minutes(work: UnitOfWork, campaign_id: int, since: datetime) -> list[Minute]:
    """Minutes since then in which something was dialed, oldest first; `at` in seconds since 1970."""
    minute = _minute(work).label("minute")
    people = func.sum(case((_IS_PERSON, 1), else_=0)).label("people")
    counted = select(minute, func.count().label("dialed"), people).where(
        attempts.c.campaign_id == campaign_id, attempts.c.created_at >= since
    )
    rows = await work.all(counted.group_by(minute).order_by(minute))
    return [Minute(int(row.minute) * 60, int(row.dialed), int(row.people)) for row in rows]


def _minute(work: UnitOfWork) -> ColumnElement[Any]:
    """Minutes since 1970."""
    at = attempts.c.created_at
    if work.connection.dialect.name == "sqlite":
        return cast(func.strftime("%s", at), BigInteger) // 60
    return cast(func.floor(extract("epoch", at) / 60), BigInteger)


async def funnel(work: UnitOfWork, campaign_id: int, since: datetime | None) -> Funnel:
    """What became of the dials since then (None: of all)."""
    within = [attempts.c.campaign_id == campaign_id]
    if since is not None:
        within.append(attempts.c.created_at >= since)
    counts = {
        "dialed": func.count(),
        "answered": func.count(attempts.c.answered_at),
        "people": func.sum(case((_IS_PERSON, 1), else_=0)),
        "bridged": func.count(attempts.c.bridged_at),
        "with_result": func.count(attempts.c.disposition),
    }
    row = await work.first(select(*(counts[name].label(name) for name in counts)).where(*within))
    results = select(attempts.c.disposition, func.count().label("n")).where(*within)
    found = await work.all(results.where(attempts.c.disposition.is_not(None)).group_by(attempts.c.disposition))
    told = sorted(((r.disposition, int(r.n)) for r in found), key=lambda one: (-one[1], one[0]))
    outcome = select(attempts.c.outcome, func.count().label("n")).where(*within, attempts.c.outcome.is_not(None))
    outcomes = {Outcome(r.outcome): int(r.n) for r in await work.all(outcome.group_by(attempts.c.outcome))}
    assert row is not None
    return Funnel(**{name: int(getattr(row, name) or 0) for name in counts}, results=tuple(told), outcomes=outcomes)


# --- what is being dialed now -------------------------------------------------------------------------------
async def open_dials(work: UnitOfWork, actor: Actor, campaign: Campaign, limit: int) -> list[OpenDial]:
    """Open lines, the longest first. People and agents are named only where `actor` sees them."""
    known = select(contacts.c.id, contacts.c.name).where(visible_contacts(actor)).subquery()
    rows = await work.all(_open(actor, campaign.id, known).order_by(attempts.c.created_at).limit(limit))
    return [_open_dial(row, campaign.policy.mode) for row in rows]


def _open(actor: Actor, campaign_id: int, known: Any) -> Select[Any]:
    mates = select(users.c.id, users.c.name).where(visible_agents(actor, users)).subquery()
    joined = (
        attempts.join(leads, leads.c.id == attempts.c.lead_id)
        .outerjoin(known, known.c.id == leads.c.contact_id)
        .outerjoin(mates, mates.c.id == attempts.c.agent_id)
    )
    columns = (attempts, known.c.id.label("contact_id"), known.c.name.label("contact"), mates.c.name.label("agent"))
    return (
        select(*columns).select_from(joined).where(attempts.c.campaign_id == campaign_id, attempts.c.ended_at.is_(None))
    )


def _open_dial(row: Row[Any], mode: DialMode) -> OpenDial:
    is_seen = row.contact_id is not None
    return OpenDial(
        id=row.id,
        stage=_stage(row, mode),
        since=row.bridged_at or row.answered_at or row.created_at,
        number=row.number if is_seen else None,
        contact_id=row.contact_id,
        contact=row.contact,
        agent=row.agent,
    )


def _stage(row: Row[Any], mode: DialMode) -> DialStage:
    if row.bridged_at is not None:
        return DialStage.TALKING
    if row.answered_at is None:
        return DialStage.RINGING
    if row.outcome == Outcome.MACHINE.value:
        return DialStage.MACHINE
    return DialStage.ROBOT if mode is DialMode.BOT else DialStage.WAITING


async def agents_in(work: UnitOfWork, actor: Actor, campaign_id: int) -> list[Mapping[str, Any]]:
    """The agents of a campaign that he sees, by name, as they are pushed to boards."""
    pushes = await agent_pushes(work, agents.c.campaign_id == campaign_id, visible_agents(actor))
    return [push.body for push in pushes]
