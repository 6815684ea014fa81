"""The floor as supervisors and the wallboard show it: agents, calls, callers who wait, campaigns. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm_core.domain.agents import AgentState
from crm_core.domain.pushes import Topic


@dataclass(frozen=True, slots=True)
class FloorAgent:
    id: int
    name: str
    state: AgentState
    since: datetime
    campaign: str | None
    call_id: str | None
    pause_reason: str | None


@dataclass(frozen=True, slots=True)
class FloorCall:
    """A call under way. `state`: ringing, robot, waiting, given, talking; `number` as whoever looks may read it."""

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

    @property
    def since(self) -> datetime:
        """Since when it is as it is: the talk, the wait, the ringing."""
        return self.bridged_at or self.answered_at or self.started_at

    @property
    def may_be_heard(self) -> bool:
        """Whether there is something to listen to."""
        return self.state in ("robot", "talking")


@dataclass(frozen=True, slots=True)
class FloorCampaign:
    """A campaign's figures of the (UTC) day; the abandoned share is that of its own window."""

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


@dataclass(frozen=True, slots=True)
class FloorBoard:
    """All of it at one instant, as far as one person sees it."""

    at: datetime
    agents: tuple[FloorAgent, ...]
    calls: tuple[FloorCall, ...]
    campaigns: tuple[FloorCampaign, ...]

    @property
    def waiting(self) -> tuple[FloorCall, ...]:
        """People who wait for an agent, longest first."""
        return tuple(sorted((call for call in self.calls if call.state == "waiting"), key=lambda call: call.since))

    @property
    def live(self) -> tuple[FloorCall, ...]:
        """Calls on which somebody talks, or is just being connected, longest first."""
        heard = (call for call in self.calls if call.state in ("robot", "given", "talking"))
        return tuple(sorted(heard, key=lambda call: call.since))

    @property
    def by_state(self) -> dict[AgentState, int]:
        """How many agents are in each state; all states are named."""
        return {state: sum(agent.state is state for agent in self.agents) for state in AgentState}

    @property
    def logged_in(self) -> int:
        return sum(agent.state is not AgentState.LOGGED_OUT for agent in self.agents)

    @property
    def worst(self) -> FloorCampaign | None:
        """The campaign that is nearest to its limit of abandoned calls, or farthest above it."""
        with_limit = [one for one in self.campaigns if one.abandon_limit > 0]
        return max(with_limit, key=lambda one: one.abandoned_share / one.abandon_limit, default=None)

    def today(self, figure: str) -> int:
        """A figure of the day (dialed, people, abandoned), all campaigns together."""
        return sum(getattr(campaign, figure) for campaign in self.campaigns)


def floor_board(told: Iterable[Mapping[str, Any]], at: datetime) -> FloorBoard:
    """The board of what somebody is told of the floor."""
    by_topic: dict[str, list[Mapping[str, Any]]] = {}
    for push in told:
        by_topic.setdefault(push["topic"], []).append(push)
    names = {push["id"]: push["name"] for push in by_topic.get(Topic.AGENT, [])}
    return FloorBoard(
        at,
        tuple(agent_in(push) for push in by_topic.get(Topic.AGENT, [])),
        tuple(_call(push, names) for push in by_topic.get(Topic.CALL, [])),
        tuple(_campaign(push) for push in by_topic.get(Topic.CAMPAIGN, [])),
    )


def agent_in(push: Mapping[str, Any]) -> FloorAgent:
    """The agent in a push about him."""
    kept = {name: push[name] for name in ("id", "name", "campaign", "call_id", "pause_reason")}
    return FloorAgent(state=AgentState(push["state"]), since=datetime.fromisoformat(push["since"]), **kept)


_OF_CALL = ("id", "state", "direction", "number", "contact_id", "contact", "agent_id", "campaign")


def _call(push: Mapping[str, Any], names: Mapping[int, str]) -> FloorCall:
    answered_at, bridged_at = _instant(push["answered_at"]), _instant(push["bridged_at"])
    started_at = _instant(push["started_at"]) or answered_at or bridged_at
    if started_at is None:
        raise ValueError(f"call {push['id']}: under way, and it has never begun")
    kept = {name: push[name] for name in _OF_CALL}
    return FloorCall(
        agent=names.get(push["agent_id"]),
        started_at=started_at,
        answered_at=answered_at,
        bridged_at=bridged_at,
        **kept,
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


_OF_CAMPAIGN = ("id", "name", "state", "mode", "abandoned_share", "abandon_limit", "abandon_window_days")


def _campaign(push: Mapping[str, Any]) -> FloorCampaign:
    agents = sum(count for state, count in push["agents"].items() if state != AgentState.LOGGED_OUT)
    today = {name: push["today"][name] for name in ("dialed", "people", "abandoned")}
    return FloorCampaign(agents=agents, **today, **push["lines"], **{name: push[name] for name in _OF_CAMPAIGN})
