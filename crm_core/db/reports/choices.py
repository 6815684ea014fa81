"""What a report can be narrowed to, as far as whoever asks sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from crm_core.db.plans import visible_team
from crm_core.db.tables import campaigns, pipelines, teams, users
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.visibility import visible_campaigns, visible_users
from crm_core.domain.access import Actor


@dataclass(frozen=True, slots=True)
class Choice:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Choices:
    """By name; campaigns the latest first, pipelines the default one first."""

    teams: Sequence[Choice]
    users: Sequence[Choice]
    campaigns: Sequence[Choice]
    pipelines: Sequence[Choice]


async def choices(work: UnitOfWork, actor: Actor, most: int) -> Choices:
    """As many as `most` of each."""
    asked = (
        select(teams.c.id, teams.c.name).where(visible_team(actor)).order_by(teams.c.name),
        select(users.c.id, users.c.name).where(visible_users(actor), users.c.active).order_by(users.c.name),
        select(campaigns.c.id, campaigns.c.name).where(visible_campaigns(actor)).order_by(campaigns.c.id.desc()),
        select(pipelines.c.id, pipelines.c.name).order_by(pipelines.c.is_default.desc(), pipelines.c.name),
    )
    found = [[Choice(row.id, row.name) for row in await work.all(query.limit(most))] for query in asked]
    return Choices(*found)
