"""Picking leads for one pass."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.agents import AgentState
from crm_core.domain.leads import Lead, WhyNot
from dialer.picking import Hold, free_agents, picked
from tests.dialer.clock import START
from tests.dialer.scene import TRUNK, campaign, lead, number
from tests.fakes.roster import agent

HOUR = timedelta(hours=1)


def callback(lead_id: int, agent_id: int) -> Lead:
    return lead(lead_id, callback_at=START - HOUR, callback_agent_id=agent_id)


@given(
    st.lists(st.tuples(st.integers(1, 6), st.sampled_from([None, 1, 2]), st.sampled_from([None, 1, 2])), max_size=20),
    st.sets(st.integers(1, 2)),
    st.integers(0, 8),
)
def test_no_agent_is_held_twice_and_no_number_dialed_twice(
    wishes: list[tuple[int, int | None, int | None]], free: set[int], limit: int
) -> None:
    due = [
        (lead(n, numbers=(number(phone),), callback_agent_id=promised), confirmed)
        for n, (phone, promised, confirmed) in enumerate(wishes)
    ]
    found = picked(due, campaign(), TRUNK, START, free, limit)
    held = [pick.agent_id for pick in found.picks if pick.agent_id is not None]
    assert len(found.picks) <= limit
    assert len(held) == len(set(held))
    assert set(held) <= free
    assert len({pick.number for pick in found.picks}) == len(found.picks)
    assert not {pick.lead.id for pick in found.picks} & {one.lead_id for one in found.put_offs}


def test_the_second_callback_of_one_agent_waits_for_him() -> None:
    found = picked([(callback(1, 7), None), (callback(2, 7), None)], campaign(), TRUNK, START, {7}, 5)
    assert [(pick.lead.id, pick.agent_id) for pick in found.picks] == [(1, 7)]
    assert [(one.lead_id, one.why) for one in found.put_offs] == [(2, WhyNot.CALLBACK_OF_OTHER)]


def test_a_preview_confirmed_by_an_agent_who_is_taken_waits() -> None:
    found = picked([(lead(1), 7)], campaign(), TRUNK, START, frozenset(), 5)
    assert not found.picks
    assert [one.lead_id for one in found.put_offs] == [1]


def test_an_agent_is_free_again_when_the_call_he_was_held_for_is_over() -> None:
    ready = agent(7, START)
    hold = {7: Hold(since=START, until=START + HOUR)}
    assert free_agents([ready], campaign(), hold, START) == frozenset()
    assert free_agents([ready], campaign(), hold, START + HOUR) == {7}
    assert free_agents([agent(7, START + timedelta(minutes=1))], campaign(), hold, START) == {7}


def test_agents_of_other_campaigns_and_those_not_available_are_not_free() -> None:
    people = [agent(1, START, campaign_id=2), agent(2, START, state=AgentState.PAUSED), agent(3, START)]
    assert free_agents(people, campaign(), {}, START) == {3}
