"""Campaigns as somebody may see them: the list, one of them, and its live board."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from crm_core.db import attempts, campaign_desk, campaigns, lead_lists, live_floor, quotas, site
from crm_core.db.campaign_desk import CampaignRow, Progress, Team
from crm_core.db.engine import Database
from crm_core.db.lead_lists import LeadList
from crm_core.db.pilots import PilotCall, visible_pilot_calls
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.access import Actor, Right
from crm_core.domain.campaign_board import HOUR, Funnel, Minute, OpenDial, last_hour, time_left
from crm_core.domain.campaign_orders import Order, orders_allowed
from crm_core.domain.campaigns import Campaign, CampaignState, Trunk
from crm_core.domain.pilots import is_pilot_over, pilot_room
from crm_core.domain.quotas import QuotaState
from crm_core.handlers.policy_versions import policy_version

#: A pilot is looked at call by call; of a large one the first calls are enough.
_PILOT_SHOWN = 50
#: Lines shown as being dialed now; the counts say how many there are.
DIALS_SHOWN = 50


class Since(StrEnum):
    """How far back a funnel looks."""

    TODAY = "today"
    WEEK = "week"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Figures:
    """A campaign now. `today`: counters of the UTC day; `lines`: ringing, waiting, talking; `agents` by state."""

    today: Mapping[str, int]
    abandoned_share: float
    lines: Mapping[str, int]
    agents: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Card:
    """A campaign with all that a list or its own page says of it. `version` is that of the policy."""

    campaign: Campaign
    created_at: datetime
    version: int
    teams: tuple[Team, ...]
    progress: Progress
    figures: Figures
    dialed: int
    pilot_left: int | None
    pilot_is_over: bool
    approved_by: str | None

    @property
    def orders(self) -> tuple[Order, ...]:
        """What may be asked of it now; a pilot that is over wants approval instead of a start."""
        return tuple(o for o in orders_allowed(self.campaign.state) if not (o is Order.START and self.pilot_is_over))


@dataclass(frozen=True, slots=True)
class Overview:
    """The list: `cards`, how many there are in each state, and who stopped all dialing, if somebody did."""

    cards: tuple[Card, ...]
    counts: Mapping[CampaignState, int]
    stopped: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Board:
    """What moves while a campaign dials. `agents`: name, state, since when, why paused, of those he may see."""

    card: Card
    minutes: tuple[Minute, ...]
    time_left: timedelta | None
    dials: tuple[OpenDial, ...]
    agents: tuple[Mapping[str, Any], ...]
    stopped: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Detail:
    """What stands beside the board and moves rarely."""

    lists: tuple[LeadList, ...]
    quotas: tuple[QuotaState, ...]
    pilot: tuple[PilotCall, ...]


async def list_campaigns(
    actor: Actor,
    database: Database,
    now: datetime,
    *,
    states: Collection[CampaignState] = (),
    name: str = "",
    before: int | None = None,
    limit: int = 50,
) -> Overview:
    """The campaigns he sees, the newest first. Raises Forbidden."""
    actor.require(Right.SEE_CAMPAIGNS)
    async with database.reading() as work:
        rows = await campaign_desk.visible_rows(work, actor, states=states, name=name, before=before, limit=limit)
        cards = await _cards(work, rows, now)
        counts = await campaign_desk.visible_counts(work, actor)
        return Overview(tuple(cards), counts, await site.dialing_stopped(work))


async def one_campaign(actor: Actor, campaign_id: int, database: Database, now: datetime) -> Card:
    """One of them. Raises Forbidden, NotFound."""
    actor.require(Right.SEE_CAMPAIGNS)
    async with database.reading() as work:
        return await card_in(work, actor, campaign_id, now)


async def board(actor: Actor, campaign_id: int, database: Database, now: datetime) -> Board:
    """The campaign as it dials. Raises Forbidden, NotFound."""
    actor.require(Right.SEE_CAMPAIGNS)
    async with database.reading() as work:
        card = await card_in(work, actor, campaign_id, now)
        hour = last_hour(await campaign_desk.minutes(work, campaign_id, now - HOUR - timedelta(minutes=1)), now)
        is_running = card.campaign.state is CampaignState.RUNNING
        left = time_left(card.progress.open, card.progress.closed, card.dialed, hour) if is_running else None
        return Board(
            card=card,
            minutes=hour,
            time_left=left,
            dials=tuple(await campaign_desk.open_dials(work, actor, card.campaign, DIALS_SHOWN)),
            agents=tuple(await campaign_desk.agents_in(work, actor, campaign_id)),
            stopped=await site.dialing_stopped(work),
        )


async def detail(actor: Actor, campaign_id: int, database: Database) -> Detail:
    """Lists, quotas, and the pilot's calls while it waits for approval. Raises Forbidden, NotFound."""
    actor.require(Right.SEE_CAMPAIGNS)
    async with database.reading() as work:
        campaign = (await campaign_desk.visible_campaign(work, actor, campaign_id)).campaign
        dialed = (await attempts.dialed(work, [campaign_id])).get(campaign_id, 0)
        calls: list[PilotCall] = []
        if is_pilot_over(campaign, dialed):
            most = min(campaign.policy.pilot or 0, _PILOT_SHOWN)
            calls = await visible_pilot_calls(work, actor, campaign_id, most)
        return Detail(
            lists=tuple(await lead_lists.lists_in(work, campaign_id)),
            quotas=tuple(await quotas.quota_states(work, campaign)) if campaign.policy.quotas else (),
            pilot=tuple(calls),
        )


async def funnel(actor: Actor, campaign_id: int, since: Since, database: Database, now: datetime) -> Funnel:
    """What became of the dials of today (the UTC day, as the counters), of seven days, or of all."""
    actor.require(Right.SEE_CAMPAIGNS)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    first = {Since.TODAY: midnight, Since.WEEK: midnight - timedelta(days=6), Since.ALL: None}[since]
    async with database.reading() as work:
        await campaign_desk.visible_campaign(work, actor, campaign_id)
        return await campaign_desk.funnel(work, campaign_id, first)


async def every_trunk(actor: Actor, database: Database) -> list[Trunk]:
    """The trunks a campaign may dial over. Raises Forbidden."""
    actor.require(Right.CHANGE_CAMPAIGNS)
    async with database.reading() as work:
        return list((await campaigns.every_trunk(work)).values())


async def every_team(actor: Actor, database: Database) -> list[Team]:
    """The teams that a campaign may be shown to. Raises Forbidden."""
    actor.require(Right.CHANGE_CAMPAIGNS)
    async with database.reading() as work:
        return await campaign_desk.every_team(work)


async def card_in(work: UnitOfWork, actor: Actor, campaign_id: int, now: datetime) -> Card:
    """The card within a unit of work. Raises NotFound."""
    row = await campaign_desk.visible_campaign(work, actor, campaign_id)
    return (await _cards(work, [row], now))[0]


async def _cards(work: UnitOfWork, rows: Sequence[CampaignRow], now: datetime) -> list[Card]:
    ids = [row.campaign.id for row in rows]
    if not ids:
        return []
    teams = await campaign_desk.teams_of(work, ids)
    progress = await campaign_desk.progress_of(work, ids)
    bodies = {push.campaign_id: push.body for push in await live_floor.campaigns_among(work, ids, now)}
    dialed = await attempts.dialed(work, ids)
    return [
        Card(
            campaign=row.campaign,
            created_at=row.created_at,
            version=policy_version(row.campaign.policy),
            teams=tuple(teams.get(row.campaign.id, ())),
            progress=progress.get(row.campaign.id, Progress()),
            figures=_figures(bodies[row.campaign.id]),
            dialed=dialed.get(row.campaign.id, 0),
            pilot_left=pilot_room(row.campaign, dialed.get(row.campaign.id, 0)),
            pilot_is_over=is_pilot_over(row.campaign, dialed.get(row.campaign.id, 0)),
            approved_by=row.approved_by,
        )
        for row in rows
    ]


def _figures(body: Mapping[str, Any]) -> Figures:
    return Figures(body["today"], body["abandoned_share"], body["lines"], body["agents"])
