"""Teams, and by what phone each agent takes calls."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crm_core.domain.access import Right
from crm_core.domain.agents import HandOffMode
from crm_core.handlers import teams
from crm_core.web.api.routing import Asked, Created, Model, Routes

routes = Routes("teams")


class TeamBody(Model):
    name: Annotated[str, Field(min_length=1, max_length=120)]


class TeamOut(Model):
    """`members` counts users who are active."""

    id: int
    name: str
    members: int


class PhoneBody(Model):
    """`phone`: a PJSIP endpoint. `browser`: calls come to his browser, not to a phone on his desk."""

    phone: Annotated[str, Field(min_length=1, max_length=40)]
    browser: bool = False
    hand_off: HandOffMode = HandOffMode.PARKED


class PhoneOut(Model):
    user_id: int
    phone: str
    browser: bool
    hand_off: HandOffMode


@routes("GET", "/teams", right=Right.CHANGE_USERS)
async def list_teams(asked: Asked) -> list[TeamOut]:
    """All teams."""
    return [TeamOut.model_validate(team) for team in await teams.list_teams(asked.actor, asked.database)]


@routes("POST", "/teams", right=Right.CHANGE_USERS)
async def create_team(asked: Asked, body: TeamBody) -> Created[TeamOut]:
    """Make a team."""
    team = await teams.create_team(asked.actor, body.name, asked.database, asked.now)
    return Created(TeamOut.model_validate(team), f"/teams/{team.id}")


@routes("PATCH", "/teams/{team_id}", right=Right.CHANGE_USERS)
async def rename_team(asked: Asked, team_id: int, body: TeamBody) -> TeamOut:
    """Rename a team."""
    team = await teams.rename_team(asked.actor, team_id, body.name, asked.database, asked.now)
    return TeamOut.model_validate(team)


@routes("DELETE", "/teams/{team_id}", right=Right.CHANGE_USERS)
async def remove_team(asked: Asked, team_id: int) -> None:
    """Remove a team to which nobody and nothing belongs."""
    await teams.remove_team(asked.actor, team_id, asked.database, asked.now)


@routes("PUT", "/users/{user_id}/phone", right=Right.CHANGE_USERS, errors=(409,))
async def set_user_phone(asked: Asked, user_id: int, body: PhoneBody) -> PhoneOut:
    """Let a user take calls by this phone."""
    found = await teams.set_phone(
        asked.actor, user_id, body.phone, body.hand_off, asked.database, asked.now, browser=body.browser
    )
    return PhoneOut.model_validate(found)
