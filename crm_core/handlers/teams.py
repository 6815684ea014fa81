"""Teams, and by what phone each agent takes calls."""

from __future__ import annotations

import secrets
from datetime import datetime

from crm_core.db import agents, audit, site_writing, users
from crm_core.db.engine import Database
from crm_core.db.site_writing import AgentPhone, Team
from crm_core.db.users import User
from crm_core.domain.access import Actor, Right
from crm_core.domain.agents import AgentState, HandOffMode
from crm_core.errors import BadInput, Conflict, NotFound
from crm_core.handlers.agents import PHONE_NAME

_LONGEST_NAME = 120


async def list_teams(actor: Actor, database: Database) -> list[Team]:
    """All teams by name. Raises Forbidden."""
    actor.require(Right.CHANGE_USERS)
    async with database.reading() as work:
        return await site_writing.all_teams(work)


async def create_team(actor: Actor, name: str, database: Database, now: datetime) -> Team:
    """Raises Forbidden and BadInput."""
    actor.require(Right.CHANGE_USERS)
    text = _name(name)
    async with database.work() as work:
        team_id = await site_writing.add_team(work, text, now)
        await audit.record(work, actor, "team.created", "team", team_id, now, details={"name": text})
    return Team(team_id, text, 0)


async def rename_team(actor: Actor, team_id: int, name: str, database: Database, now: datetime) -> Team:
    """Raises Forbidden, NotFound and BadInput."""
    actor.require(Right.CHANGE_USERS)
    text = _name(name)
    async with database.work() as work:
        await site_writing.rename_team(work, team_id, text)
        await audit.record(work, actor, "team.renamed", "team", team_id, now, details={"name": text})
        return next(team for team in await site_writing.all_teams(work) if team.id == team_id)


async def remove_team(actor: Actor, team_id: int, database: Database, now: datetime) -> None:
    """Raises Forbidden, NotFound, and Conflict while somebody or something belongs to it."""
    actor.require(Right.CHANGE_USERS)
    async with database.work() as work:
        await site_writing.remove_team(work, team_id)
        await audit.record(work, actor, "team.removed", "team", team_id, now)


def _name(name: str) -> str:
    text = " ".join(name.split())
    if not text or len(text) > _LONGEST_NAME:
        raise BadInput("name", f"the name is empty or longer than {_LONGEST_NAME} characters")
    return text


# --- phones -------------------------------------------------------------------------------------------------
async def list_phones(actor: Actor, database: Database) -> dict[int, AgentPhone]:
    """By user; whoever takes no calls has none. Raises Forbidden."""
    actor.require(Right.CHANGE_USERS)
    async with database.reading() as work:
        return await site_writing.phones(work)


async def user_with_phone(actor: Actor, user_id: int, database: Database) -> tuple[User, AgentPhone | None]:
    """A user and his phone. Raises Forbidden and NotFound."""
    actor.require(Right.CHANGE_USERS)
    async with database.reading() as work:
        return await users.user(work, user_id), (await site_writing.phones(work)).get(user_id)


async def set_phone(
    actor: Actor,
    user_id: int,
    phone: str,
    hand_off: HandOffMode,
    database: Database,
    now: datetime,
    *,
    browser: bool,
) -> AgentPhone:
    """Let a user take calls by this phone (a PJSIP endpoint); `browser`: by his browser, under that name.

    Raises Forbidden, NotFound, BadInput, and Conflict while he is logged in as an agent."""
    actor.require(Right.CHANGE_USERS)
    if not PHONE_NAME.fullmatch(phone):
        raise BadInput("phone", f"{phone[:40]!r} is no endpoint's name", "Write up to 40 letters, digits, - and _")
    async with database.work() as work:
        await users.user(work, user_id)
        owner = await site_writing.whose_phone(work, phone)
        if owner is not None and owner != user_id:
            raise BadInput("phone", "somebody else has this phone", "Choose another name")
        standing = (await site_writing.phones(work)).get(user_id)
        if standing is None:
            await agents.add_agent(work, user_id, phone, secrets.token_urlsafe(18), hand_off, now)
        elif standing.state != AgentState.LOGGED_OUT.value:
            raise Conflict("he takes calls just now: let him end his shift first")
        await site_writing.change_phone(work, user_id, phone=phone, hand_off=hand_off.value, browser=browser)
        details = {"phone": phone, "browser": browser, "hand_off": hand_off.value}
        await audit.record(work, actor, "user.phone_set", "user", user_id, now, details=details)
        found = (await site_writing.phones(work)).get(user_id)
    if found is None:
        raise NotFound("agent", user_id)
    return found
