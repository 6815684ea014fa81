"""Agents: added, logged in and out, paused."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from crm_core.db import agents, lead_moves
from crm_core.db.engine import Database
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.agents import PAUSE_REASONS, Agent, HandOffMode, Trigger
from crm_core.errors import BadInput
from crm_core.handlers.campaigns import named
from crm_core.handlers.commits import committed
from crm_core.handlers.roster import move

#: It becomes part of a dial string: nothing but these.
PHONE_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")


async def add_agent(
    database: Database,
    name: str,
    phone: str,
    now: datetime,
    secret: str = "",
    hand_off: HandOffMode = HandOffMode.PARKED,
    *,
    browser: bool = False,
) -> Agent:
    """Make somebody an agent with `phone` (a PJSIP endpoint, or `browser`), logged out; his user is added if there is
    none.

    Raises BadInput if he is an agent already or the phone is another's.
    """
    if not name.strip() or len(name) > 120:
        raise BadInput("agent", "the name is empty or longer than 120 characters")
    if not PHONE_NAME.fullmatch(phone):
        raise BadInput("phone", f"{phone!r} is no endpoint's name", "Write up to 40 letters, digits, - and _")
    async with database.work() as work:
        for known in await agents.every_agent(work):
            if name == known.name or phone == known.phone:
                raise BadInput("agent", f"{known.name} is an agent already, with phone {known.phone}")
        user_id = await agents.user_id(work, name, now)
        await agents.add_agent(work, user_id, phone, secret, hand_off, now, browser=browser)
        return await agents.agent(work, user_id)


async def every_agent(database: Database) -> list[Agent]:
    async with database.reading() as work:
        return await agents.every_agent(work)


async def log_in(database: Database, name: str, campaign_name: str | None, now: datetime) -> Agent:
    """Log an agent in, for a campaign or (None) for incoming calls only. A parked phone is called next.

    Raises NotFound, and IllegalTransition if he is logged in.
    """

    async def act(work: UnitOfWork) -> Agent:
        agent = await agents.agent_named(work, name)
        campaign = None if campaign_name is None else await named(work, campaign_name)
        joined = replace(agent, campaign_id=None if campaign is None else campaign.id)
        return await move(work, joined, Trigger.LOG_IN, now)

    return await committed(database, act)


async def log_out(database: Database, name: str, now: datetime) -> Agent:
    """Log an agent out; a card he has before him goes back. Raises IllegalTransition while he has a person."""

    async def act(work: UnitOfWork) -> Agent:
        agent = await agents.agent_named(work, name)
        await lead_moves.drop_previews(work, agent.id)
        return await move(work, agent, Trigger.LOG_OUT, now)

    return await committed(database, act)


async def pause(database: Database, name: str, reason: str, now: datetime) -> Agent:
    """Give the agent no calls. Raises IllegalTransition while he has a person: he pauses after the call."""
    if not reason.strip() or len(reason) > 40:
        raise BadInput("reason", "it is empty or longer than 40 characters", f"Such as {', '.join(PAUSE_REASONS)}")

    async def act(work: UnitOfWork) -> Agent:
        return await move(work, await agents.agent_named(work, name), Trigger.PAUSE, now, reason)

    return await committed(database, act)


async def resume(database: Database, name: str, now: datetime) -> Agent:
    """Give the agent calls again."""

    async def act(work: UnitOfWork) -> Agent:
        return await move(work, await agents.agent_named(work, name), Trigger.RESUME, now)

    return await committed(database, act)
