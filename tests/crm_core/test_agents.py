"""The table of agent states: complete, and no way leads into a corner."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.agents import _NEXT, AgentState, Trigger, next_state
from crm_core.errors import IllegalTransition

S, T = AgentState, Trigger


@pytest.mark.parametrize("state", AgentState)
@pytest.mark.parametrize("trigger", Trigger)
def test_every_pair_is_in_the_table_or_illegal_by_name(state: AgentState, trigger: Trigger) -> None:
    if (state, trigger) in _NEXT:
        assert next_state(state, trigger) is _NEXT[state, trigger]
    else:
        with pytest.raises(IllegalTransition, match=f"{state.value} does not allow {trigger.value}"):
            next_state(state, trigger)


def _reachable(start: AgentState) -> set[AgentState]:
    seen = {start}
    while more := {to for (state, _), to in _NEXT.items() if state in seen} - seen:
        seen |= more
    return seen


@pytest.mark.parametrize("state", AgentState)
def test_every_state_can_be_reached_from_every_other(state: AgentState) -> None:
    assert _reachable(state) == set(AgentState)  # LOGGED_OUT among them


@pytest.mark.parametrize("state", sorted(set(AgentState) - {S.LOGGED_OUT}))
def test_an_agent_whose_leg_drops_is_not_available(state: AgentState) -> None:
    assert next_state(state, T.LEG_DOWN) is S.LOGGED_OUT


@pytest.mark.parametrize("state", [S.RINGING, S.ON_CALL])
def test_a_talk_cannot_be_paused_or_left(state: AgentState) -> None:
    for trigger in (T.PAUSE, T.LOG_OUT, T.ASSIGNED):
        with pytest.raises(IllegalTransition):
            next_state(state, trigger)


@given(st.lists(st.sampled_from(Trigger)))
def test_whatever_happens_a_person_is_given_only_to_an_agent_who_is_available(triggers: list[Trigger]) -> None:
    state = S.LOGGED_OUT
    for trigger in triggers:
        before = state
        try:
            state = next_state(state, trigger)
        except IllegalTransition:
            continue
        if state is S.ON_CALL and before is not S.ON_CALL:
            assert (before, trigger) == (S.RINGING, T.BRIDGED)
        if state is S.RINGING and before is not S.RINGING:
            assert (before, trigger) == (S.AVAILABLE, T.ASSIGNED)


def test_the_day_of_an_agent() -> None:
    state = S.LOGGED_OUT
    day = (T.LOG_IN, T.LEG_UP, T.ASSIGNED, T.BRIDGED, T.CALL_ENDED, T.DISPOSED, T.PAUSE, T.RESUME, T.LOG_OUT)
    states = [state := next_state(state, trigger) for trigger in day]
    assert states == [
        S.CONNECTING,
        S.AVAILABLE,
        S.RINGING,
        S.ON_CALL,
        S.WRAP_UP,
        S.AVAILABLE,
        S.PAUSED,
        S.AVAILABLE,
        S.LOGGED_OUT,
    ]
