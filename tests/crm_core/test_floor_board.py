"""The floor as boards show it, from what somebody is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crm_core.domain.agents import AgentState
from crm_core.domain.floor_board import floor_board
from tests.crm_core.crm import NOW


def agent(id: int, state: str) -> dict[str, Any]:
    told = {"topic": "agent", "id": id, "name": f"Agent {id}", "state": state, "since": NOW.isoformat()}
    return told | {"campaign": None, "call_id": None, "pause_reason": None}


def call(id: str, state: str, seconds: int, **more: Any) -> dict[str, Any]:
    told: dict[str, Any] = dict.fromkeys(("number", "contact_id", "contact", "agent_id", "campaign", "bridged_at"))
    times = {"started_at": (NOW - timedelta(minutes=9)).isoformat()}
    times["answered_at"] = (NOW - timedelta(seconds=seconds)).isoformat()
    return told | times | {"topic": "call", "id": id, "state": state, "direction": "incoming"} | more


def campaign(id: int, share: float, limit: float = 0.03) -> dict[str, Any]:
    told = {"topic": "campaign", "id": id, "name": f"campaign {id}", "state": "running", "mode": "power"}
    figures = {"abandoned_share": share, "abandon_limit": limit, "abandon_window_days": 30}
    today = {"dialed": 10, "people": 4, "abandoned": 1, "machines": 0, "talk_seconds": 60}
    lines = {"ringing": 1, "waiting": 2, "talking": 3}
    return told | figures | {"today": today, "lines": lines, "agents": {"available": 2, "logged_out": 5}}


def test_who_waits_is_in_the_order_of_waiting_and_who_talks_in_that_of_talking() -> None:
    told = [call("a", "waiting", 5), call("b", "waiting", 50), call("c", "talking", 7), call("d", "robot", 70)]
    board = floor_board([*told, call("e", "ringing", 3), call("f", "given", 1)], NOW)
    assert [one.id for one in board.waiting] == ["b", "a"]
    assert [one.id for one in board.live] == ["d", "c", "f"]
    assert [one.id for one in board.live if one.may_be_heard] == ["d", "c"]


def test_a_talk_counts_from_the_bridge_and_names_its_agent() -> None:
    told = call("a", "talking", 60, agent_id=1, bridged_at=NOW.isoformat())
    (seen,) = floor_board([agent(1, "on_call"), told], NOW).calls
    assert (seen.since, seen.agent) == (NOW, "Agent 1")


def test_agents_are_counted_in_every_state_there_is() -> None:
    board = floor_board([agent(1, "on_call"), agent(2, "on_call"), agent(3, "logged_out")], NOW)
    assert board.by_state == dict.fromkeys(AgentState, 0) | {AgentState.ON_CALL: 2, AgentState.LOGGED_OUT: 1}
    assert board.logged_in == 2


def test_the_campaign_nearest_to_its_own_limit_is_the_one_to_look_at() -> None:
    board = floor_board([campaign(1, 0.02), campaign(2, 0.04, limit=0.1), campaign(3, 0.5, limit=0.0)], NOW)
    assert board.worst is not None
    assert board.worst.id == 1
    assert (board.today("dialed"), board.today("people"), board.worst.agents) == (30, 12, 2)


def test_nothing_is_a_board_too() -> None:
    board = floor_board([{"topic": "you", "key": "1"}], NOW)
    assert (board.worst, board.waiting, board.live, board.today("people")) == (None, (), (), 0)


def test_a_call_that_never_began_is_a_fault_of_whoever_tells_it() -> None:
    with pytest.raises(ValueError, match="never begun"):
        floor_board([call("a", "waiting", 1, started_at=None, answered_at=None)], NOW)
