"""Pacing holds its promises whatever the floor looks like."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.campaigns import CampaignPolicy, DialMode
from crm_core.domain.floor import Floor
from dialer.abandon import abandons_left
from dialer.pacing import lines_to_open
from tests.dialer.clock import START
from tests.dialer.scene import policy

_small = st.integers(0, 60)


def a_floor(**changes: Any) -> Floor:
    values: dict[str, Any] = {
        "at": START,
        "agents_available": 0,
        "agents_ringing": 0,
        "agents_on_call": 0,
        "agents_wrapping_up": 0,
        "agents_paused": 0,
        "ringing_since": (),
        "waiting": 0,
        "open_lines": len(changes.get("ringing_since", ())),
        "guaranteed": 0,
        "recent_dials": 0,
        "recent_people": 0,
        "people": 0,
        "abandoned": 0,
    }
    return Floor(**(values | changes))


@st.composite
def floors(draw: st.DrawFn) -> Floor:
    ringing, answered = draw(_small), draw(_small)
    dials, people = draw(st.integers(0, 500)), draw(st.integers(0, 5000))
    return a_floor(
        agents_available=draw(_small),
        agents_ringing=draw(_small),
        agents_on_call=draw(_small),
        agents_wrapping_up=draw(_small),
        agents_paused=draw(_small),
        ringing_since=(START,) * ringing,
        waiting=draw(st.integers(0, answered)),
        open_lines=ringing + answered,
        guaranteed=draw(st.integers(0, ringing + answered)),
        recent_dials=dials,
        recent_people=draw(st.integers(0, dials)),
        people=people,
        abandoned=draw(st.integers(0, people)),
    )


policies = st.builds(
    policy,
    mode=st.sampled_from([mode for mode in DialMode if mode is not DialMode.BOT]),  # those that need agents
    lines_per_agent=st.floats(0, 10),
    max_lines_per_agent=st.floats(0, 10),
    abandon_limit=st.floats(0, 1),
    max_lines=st.integers(0, 200),
)


def progressive(of: CampaignPolicy) -> CampaignPolicy:
    return replace(of, mode=DialMode.PROGRESSIVE)


@given(floors(), policies)
def test_never_negative_and_never_beyond_the_lines_of_the_campaign(floor: Floor, of: CampaignPolicy) -> None:
    lines = lines_to_open(floor, of)
    assert lines >= 0
    assert lines == 0 or lines + floor.open_lines <= of.max_lines


@given(floors(), policies, _small)
def test_no_line_when_no_agent_could_take_it(floor: Floor, of: CampaignPolicy, paused: int) -> None:
    assert lines_to_open(replace(floor, agents_available=0, agents_wrapping_up=0, agents_paused=paused), of) == 0


@given(floors(), policies)
def test_preview_opens_no_line_by_itself(floor: Floor, of: CampaignPolicy) -> None:
    assert lines_to_open(floor, replace(of, mode=DialMode.PREVIEW)) == 0


@given(floors(), policies)
def test_the_bot_takes_every_line_the_campaign_allows_whoever_is_logged_in(floor: Floor, of: CampaignPolicy) -> None:
    of = replace(of, mode=DialMode.BOT)
    assert lines_to_open(floor, of) == max(0, of.max_lines - floor.open_lines)


@given(floors(), policies)
def test_progressive_has_an_agent_for_every_line_and_everybody_waiting(floor: Floor, of: CampaignPolicy) -> None:
    lines = lines_to_open(floor, progressive(of))
    assert lines == 0 or lines + len(floor.ringing_since) + floor.waiting <= floor.agents_available


@given(floors(), policies)
def test_where_one_more_abandon_breaks_the_limit_every_mode_is_progressive(floor: Floor, of: CampaignPolicy) -> None:
    if of.mode is not DialMode.PREVIEW and abandons_left(floor, of.abandon_limit) < 1:
        assert lines_to_open(floor, of) == lines_to_open(floor, progressive(of))


@given(floors(), policies)
def test_predictive_is_progressive_where_nothing_was_learned(floor: Floor, of: CampaignPolicy) -> None:
    assert lines_to_open(floor, replace(of, mode=DialMode.PREDICTIVE)) == lines_to_open(floor, progressive(of))


@given(floors(), policies)
def test_one_more_agent_never_means_fewer_lines(floor: Floor, of: CampaignPolicy) -> None:
    more = replace(floor, agents_available=floor.agents_available + 1)
    assert lines_to_open(more, of) >= lines_to_open(floor, of)


@given(floors(), policies)
def test_one_more_abandon_never_means_more_lines(floor: Floor, of: CampaignPolicy) -> None:
    more = replace(floor, people=floor.people + 1, abandoned=floor.abandoned + 1)
    assert lines_to_open(more, of) <= lines_to_open(floor, of)


@given(floors(), policies)
def test_one_more_person_waiting_never_means_more_lines(floor: Floor, of: CampaignPolicy) -> None:
    more = replace(floor, waiting=floor.waiting + 1, open_lines=floor.open_lines + 1)
    assert lines_to_open(more, of) <= lines_to_open(floor, of)


@given(st.integers(0, 20_000), st.integers(0, 500), st.floats(0, 0.999))
def test_the_abandons_left_keep_the_limit_and_one_more_breaks_it(people: int, abandoned: int, limit: float) -> None:
    floor = a_floor(people=people + abandoned, abandoned=abandoned)
    left = abandons_left(floor, limit)
    if left:
        assert (abandoned + left) / (people + abandoned + left) <= limit + 1e-6
    assert (abandoned + left + 1) / (people + abandoned + left + 1) > limit - 1e-6


def test_three_in_a_hundred_allows_the_first_abandon_after_33_people() -> None:
    assert abandons_left(a_floor(people=32), 0.03) == 0
    assert abandons_left(a_floor(people=33), 0.03) == 1


def test_power_opens_its_lines_per_agent() -> None:
    floor = a_floor(agents_available=5, ringing_since=(START,) * 3, recent_dials=100, recent_people=30, people=1000)
    assert lines_to_open(floor, policy(mode=DialMode.POWER, lines_per_agent=2.5)) == 9


def test_a_guaranteed_line_takes_its_agent_out_of_the_reckoning() -> None:
    of = policy(mode=DialMode.POWER, lines_per_agent=3.0, abandon_limit=1.0)
    held = a_floor(agents_available=2, ringing_since=(START,), guaranteed=1)
    assert lines_to_open(held, of) == 3
    assert lines_to_open(replace(held, guaranteed=0), of) == 5


def test_lines_beyond_the_agents_are_no_more_than_the_limit_bears() -> None:
    of = policy(mode=DialMode.POWER, lines_per_agent=10.0)
    floor = a_floor(agents_available=10, recent_dials=99, recent_people=49, people=34)
    assert lines_to_open(floor, of) == 12, "one abandon left, every second line is answered: two lines too many"
