"""What else settings change: teams, phones of agents, trunks, message templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, exists, func, insert, select, update

from crm_core.db.tables import agents, campaign_teams, message_templates, plans, teams, trunks, users
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.errors import BadInput, Conflict, NotFound


@dataclass(frozen=True, slots=True)
class Team:
    """`members` counts users who are active."""

    id: int
    name: str
    members: int


@dataclass(frozen=True, slots=True)
class AgentPhone:
    """By what somebody takes calls: `phone` is a PJSIP endpoint; `browser`: his phone is his browser."""

    user_id: int
    phone: str
    hand_off: str
    browser: bool
    state: str


async def all_teams(work: UnitOfWork) -> list[Team]:
    joined = teams.outerjoin(users, (users.c.team_id == teams.c.id) & users.c.active)
    query = select(teams.c.id, teams.c.name, func.count(users.c.id).label("members")).select_from(joined)
    rows = await work.all(query.group_by(teams.c.id, teams.c.name).order_by(teams.c.name))
    return [Team(row.id, row.name, int(row.members)) for row in rows]


async def rename_team(work: UnitOfWork, team_id: int, name: str) -> None:
    """Raises NotFound, and BadInput for a name that is taken."""
    for team in await all_teams(work):
        if team.id != team_id and team.name.casefold() == name.casefold():
            raise BadInput("name", f"there is a team {team.name!r} already", "Choose another name")
    if not (await work.run(update(teams).where(teams.c.id == team_id).values(name=name))).rowcount:
        raise NotFound("team", team_id)


async def add_team(work: UnitOfWork, name: str, at: Any) -> int:
    """Raises BadInput for a name that is taken."""
    for team in await all_teams(work):
        if team.name.casefold() == name.casefold():
            raise BadInput("name", f"there is a team {team.name!r} already", "Choose another name")
    return int((await work.run(insert(teams).values(name=name, created_at=at).returning(teams.c.id))).scalar_one())


async def remove_team(work: UnitOfWork, team_id: int) -> None:
    """Raises NotFound, and Conflict while somebody, a campaign or a plan belongs to it."""
    belongs = {
        "users": exists().where(users.c.team_id == team_id),
        "campaigns": exists().where(campaign_teams.c.team_id == team_id),
        "plans": exists().where(plans.c.team_id == team_id),
    }
    for what, condition in belongs.items():
        if await work.scalar(select(condition)):
            raise Conflict(f"there are {what} that belong to this team: give them to another one first")
    if not (await work.run(delete(teams).where(teams.c.id == team_id))).rowcount:
        raise NotFound("team", team_id)


# --- phones -------------------------------------------------------------------------------------------------
_PHONE = [agents.c[name] for name in ("phone", "hand_off", "browser", "state")]


async def phones(work: UnitOfWork) -> dict[int, AgentPhone]:
    """By user; whoever takes no calls has none."""
    rows = await work.all(select(agents.c.id, *_PHONE))
    return {row.id: AgentPhone(row.id, row.phone, row.hand_off, row.browser, row.state) for row in rows}


async def whose_phone(work: UnitOfWork, phone: str) -> int | None:
    found: int | None = await work.scalar(select(agents.c.id).where(agents.c.phone == phone))
    return found


async def change_phone(work: UnitOfWork, user_id: int, **values: Any) -> None:
    await work.run(update(agents).where(agents.c.id == user_id).values(**values))


# --- trunks, templates --------------------------------------------------------------------------------------
async def remove_trunk(work: UnitOfWork, name: str) -> bool:
    """False if there is none of that name."""
    return bool((await work.run(delete(trunks).where(trunks.c.name == name))).rowcount)


async def remove_template(work: UnitOfWork, name: str, channel: str, language: str) -> bool:
    """False if there is none such."""
    key = (message_templates.c.name == name, message_templates.c.channel == channel)
    same = delete(message_templates).where(*key, message_templates.c.language == language)
    return bool((await work.run(same)).rowcount)
