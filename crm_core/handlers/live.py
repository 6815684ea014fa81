"""The floor as somebody may see it now: what a browser is given when it connects, and what the API answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm_core.db import live_desk, live_floor, live_reach
from crm_core.db.engine import Database
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.visibility import visible_agents, visible_calls, visible_campaigns
from crm_core.domain.access import Actor, Right
from crm_core.domain.floor_board import FloorAgent, FloorBoard, agent_in, floor_board
from crm_core.domain.pushes import Push, Reach, told, view
from crm_core.errors import NotFound

_NOTICES = 20


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that is under way within `reach`, as it was at `at`."""

    reach: Reach
    at: datetime
    pushes: tuple[Push, ...]

    def told(self) -> list[dict[str, Any]]:
        """As it leaves for a browser."""
        masked = self.reach.actor.masked
        return [told(push, how, masked) for push in self.pushes if (how := view(push, self.reach)) is not None]


async def snapshot(actor: Actor, database: Database, now: datetime) -> Snapshot:
    """What `actor` sees of agents, calls under way and campaigns, and his unread notices."""
    async with database.reading() as work:
        reach = await live_reach.reach_of(work, actor)
        pushes = [
            *await live_floor.agent_pushes(work, visible_agents(actor)),
            *await _calls(work, actor),
            *await _campaigns(work, actor, now),
            *await live_desk.unread_notices(work, actor.user_id, _NOTICES),
        ]
    return Snapshot(reach, now, tuple(pushes))


async def floor(actor: Actor, database: Database, now: datetime) -> FloorBoard:
    """The floor as far as the actor sees it. Raises Forbidden."""
    actor.require(Right.SEE_FLOOR)
    seen = await snapshot(actor, database, now)
    return floor_board(seen.told(), seen.at)


async def floor_agent(actor: Actor, agent_id: int, database: Database) -> FloorAgent:
    """One agent's state. Raises NotFound."""
    async with database.reading() as work:
        found = await live_floor.agent_pushes(work, live_floor.is_agent(agent_id), visible_agents(actor))
    if not found:
        raise NotFound("agent", agent_id)
    return agent_in(found[0].body)


async def _calls(work: UnitOfWork, actor: Actor) -> list[Push]:
    """Calls under way that he sees, and the one that is being given to him, which no row says yet."""
    seen = await live_floor.open_calls(work, visible_calls(actor))
    mine = await live_floor.call_given_to(work, actor.user_id)
    known = {push.key for push in seen}
    return [*seen, *(push for push in mine if push.key not in known)]


async def _campaigns(work: UnitOfWork, actor: Actor, now: datetime) -> list[Push]:
    return await live_floor.campaigns_among(work, await live_floor.shown_campaigns(work, visible_campaigns(actor)), now)
