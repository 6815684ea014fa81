"""Whom an agent may hand a person on to, as the database has it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from crm_core.db.site import put_setting, setting
from crm_core.db.tables import agents, users
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.visibility import visible_colleagues
from crm_core.domain.access import Actor
from crm_core.domain.agents import AgentState, HandOffMode
from crm_core.domain.recipients import Colleague, NotedNumber

_NUMBERS = "transfer_numbers"


async def free_colleagues(work: UnitOfWork, actor: Actor) -> tuple[Colleague, ...]:
    """Agents near him who are free just now, by name."""
    joined = select(agents, users.c.name).join(users, users.c.id == agents.c.id)
    free = (agents.c.state == AgentState.AVAILABLE.value, agents.c.id != actor.user_id, users.c.active)
    rows = await work.all(joined.where(*free, visible_colleagues(actor)).order_by(users.c.name, agents.c.id))
    return tuple(Colleague(row.id, row.name, row.phone, _can_be_asked(row)) for row in rows)


def _can_be_asked(row: Any) -> bool:
    return not row.browser or row.hand_off == HandOffMode.RING.value


async def noted_numbers(work: UnitOfWork) -> tuple[NotedNumber, ...]:
    return tuple(NotedNumber(one["name"], one["number"]) for one in await setting(work, _NUMBERS) or [])


async def note_numbers(work: UnitOfWork, numbers: tuple[NotedNumber, ...]) -> None:
    """These and no others."""
    await put_setting(work, _NUMBERS, [{"name": one.name, "number": one.number} for one in numbers])
