"""The floor: agents' states, calls under way, campaigns; and what a supervisor does there."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from crm_core.domain.access import Right
from crm_core.domain.agents import AgentState
from crm_core.domain.monitoring import MonitorMode
from crm_core.handlers import live, supervising
from crm_core.web.api.routing import Asked, Model, Routes
from crm_core.web.doors import door_of
from crm_core.web.switch import switch_of

routes = Routes("floor")


class FloorAgentOut(Model):
    """An agent and his state. `since`: when it began."""

    id: int
    name: str
    state: AgentState
    since: datetime
    campaign: str | None
    call_id: str | None
    pause_reason: str | None


class FloorCallOut(Model):
    """A call under way: ringing, robot (with the infobot), waiting (for an agent), given (to one), talking."""

    id: str
    state: str
    direction: str
    number: str | None
    contact_id: int | None
    contact: str | None
    agent_id: int | None
    agent: str | None
    campaign: str | None
    started_at: datetime
    answered_at: datetime | None
    bridged_at: datetime | None


class FloorCampaignOut(Model):
    """A campaign that runs or pauses. Counts are of the UTC day, the abandoned share of the campaign's own window."""

    id: int
    name: str
    state: str
    mode: str
    dialed: int
    people: int
    abandoned: int
    abandoned_share: float
    abandon_limit: float
    abandon_window_days: int
    ringing: int
    waiting: int
    talking: int
    agents: int


class FloorOut(Model):
    """The floor at one instant, as far as whoever asks sees it."""

    at: datetime
    agents: list[FloorAgentOut]
    calls: list[FloorCallOut]
    campaigns: list[FloorCampaignOut]


class Monitored(Model):
    """How to take part in a call."""

    mode: MonitorMode


class MonitoringOut(Model):
    """Your phone rings; `channel` is its leg on the switch."""

    channel: str


class PauseOrder(Model):
    """Why he is given no calls."""

    reason: Annotated[str, Field(min_length=1, max_length=40)]


@routes("GET", "/floor", right=Right.SEE_FLOOR)
async def get_floor(asked: Asked) -> FloorOut:
    """The floor now."""
    return FloorOut.model_validate(await live.floor(asked.actor, asked.database, asked.now))


@routes("POST", "/calls/{call_id}/monitor", right=Right.MONITOR, errors=(409, 503))
async def monitor_call(asked: Asked, call_id: str, body: Monitored) -> MonitoringOut:
    """Listen to, whisper into or barge in to a call, from your own phone.

    It rings; when you answer you take part until you or the person hangs up. It is noted in the audit log.
    """
    switch, address = switch_of(asked.request).monitoring, door_of(asked.request).address
    channel = await supervising.monitor(
        asked.actor, call_id, body.mode, asked.database, switch, asked.now, address=address
    )
    return MonitoringOut(channel=channel)


@routes("POST", "/agents/{agent_id}/pause", right=Right.CONTROL_AGENTS, errors=(409,))
async def pause_agent(asked: Asked, agent_id: int, body: PauseOrder) -> FloorAgentOut:
    """Give an agent no more calls; after the call if he has one, so then it is refused."""
    address = door_of(asked.request).address
    await supervising.pause_agent(asked.actor, agent_id, body.reason, asked.database, asked.now, address)
    return await _agent(asked, agent_id)


@routes("POST", "/agents/{agent_id}/log-out", right=Right.CONTROL_AGENTS, errors=(409,))
async def log_out_agent(asked: Asked, agent_id: int) -> FloorAgentOut:
    """Log an agent out. Refused while he has a person on the line."""
    address = door_of(asked.request).address
    await supervising.log_out_agent(asked.actor, agent_id, asked.database, asked.now, address)
    return await _agent(asked, agent_id)


async def _agent(asked: Asked, agent_id: int) -> FloorAgentOut:
    found = await live.floor_agent(asked.actor, agent_id, asked.database)
    return FloorAgentOut.model_validate(found)
