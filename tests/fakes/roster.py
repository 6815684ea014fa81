"""A roster in memory, with the real state table."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from crm_core.domain.agents import Agent, AgentState, HandOffMode, Trigger, next_state
from crm_core.errors import NotFound, Unavailable


@dataclass
class FakeRoster:
    """`log` holds every hand-out: (call, agent). `rung` says when each phone was called last."""

    people: dict[int, Agent] = field(default_factory=dict)
    log: list[tuple[str, int]] = field(default_factory=list)
    taken_back: list[tuple[str, bool]] = field(default_factory=list)
    rung: dict[int, datetime] = field(default_factory=dict)
    down: bool = False

    def add(self, *people: Agent) -> None:
        self.people.update({agent.id: agent for agent in people})

    def _ask(self) -> None:
        if self.down:
            raise Unavailable("the database does not answer")

    async def agents(self) -> list[Agent]:
        self._ask()
        return list(self.people.values())

    async def assign(self, call_id: str, campaign_id: int | None, agent_id: int | None, now: datetime) -> Agent | None:
        self._ask()
        for agent in self.people.values():
            if agent.call_id == call_id:
                return agent
        free = [
            agent
            for agent in self.people.values()
            if agent.state is AgentState.AVAILABLE
            and (agent_id is None or agent.id == agent_id)
            and (agent_id is not None or campaign_id is None or agent.campaign_id == campaign_id)
        ]
        if not free:
            return None
        chosen = min(free, key=lambda agent: (agent.since, agent.id))
        given = replace(chosen, state=next_state(chosen.state, Trigger.ASSIGNED), since=now, call_id=call_id)
        self.people[given.id] = given
        self.log.append((call_id, given.id))
        return given

    async def take_back(self, call_id: str, now: datetime, *, gone: bool) -> None:
        self._ask()
        self.taken_back.append((call_id, gone))
        for agent in list(self.people.values()):
            if agent.call_id == call_id:
                await self.move(agent.id, Trigger.LEG_DOWN if gone else Trigger.CALL_ENDED, now)

    async def move(self, agent_id: int, trigger: Trigger, now: datetime, reason: str | None = None) -> Agent:
        self._ask()
        if agent_id not in self.people:
            raise NotFound("agent", agent_id)
        agent = self.people[agent_id]
        state = next_state(agent.state, trigger)
        keeps_call = state in (AgentState.RINGING, AgentState.ON_CALL, AgentState.WRAP_UP)
        moved = replace(
            agent,
            state=state,
            since=now,
            call_id=agent.call_id if keeps_call else None,
            pause_reason=reason,
            leg=None if trigger is Trigger.LEG_DOWN else agent.leg,
            leg_name=None if trigger is Trigger.LEG_DOWN else agent.leg_name,
        )
        self.people[agent_id] = moved
        return moved

    async def legs_wanted(self, now: datetime) -> list[Agent]:
        self._ask()
        long_ago = now - timedelta(seconds=30)
        connecting = [agent for agent in self.people.values() if agent.state is AgentState.CONNECTING]
        wanted = [agent for agent in connecting if agent.id not in self.rung or self.rung[agent.id] <= long_ago]
        self.rung.update({agent.id: now for agent in wanted})
        return wanted

    async def wrap_ups_over(self, now: datetime) -> int:
        self._ask()
        over = [
            agent.id
            for agent in self.people.values()
            if agent.state is AgentState.WRAP_UP and agent.wrap_up_until is not None and agent.wrap_up_until <= now
        ]
        for one in over:
            await self.move(one, Trigger.WRAP_UP_OVER, now)
        return len(over)


def agent(
    agent_id: int,
    since: datetime,
    *,
    campaign_id: int | None = 1,
    state: AgentState = AgentState.AVAILABLE,
    hand_off: HandOffMode = HandOffMode.PARKED,
) -> Agent:
    """An agent who is ready, at the phone `op<id>`."""
    leg_name = f"PJSIP/op{agent_id}-0000000{agent_id}" if hand_off is HandOffMode.PARKED else None
    return Agent(
        id=agent_id,
        name=f"Agent {agent_id}",
        phone=f"op{agent_id}",
        hand_off=hand_off,
        state=state,
        since=since,
        campaign_id=campaign_id,
        leg=None if leg_name is None else f"op-{agent_id}-leg",
        leg_name=leg_name,
    )
