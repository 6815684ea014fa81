"""The look-ahead rule keeps its promises whatever the floor looks like and whatever was learned."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.domain.campaigns import CampaignPolicy, DialMode
from crm_core.domain.floor import Floor
from dialer.laws import FCC, LAWS, OFCOM, Law
from dialer.learning import End, Happened, Learned, learn, logged_in, nothing_learned
from dialer.pacing import Why, decide
from tests.dialer.clock import START
from tests.dialer.scene import policy
from tests.dialer.test_pacing import a_floor

NOW = START + timedelta(hours=1)
PREDICTIVE = policy(mode=DialMode.PREDICTIVE, max_lines=1000, max_lines_per_agent=10.0)

_few = st.integers(0, 40)
#: Also of the future, for clocks may disagree, and of yesterday.
_instants = st.one_of(st.floats(-30, 200), st.just(100_000.0)).map(lambda s: NOW - timedelta(seconds=s))


@st.composite
def floors(draw: st.DrawFn) -> Floor:
    ringing = tuple(draw(st.lists(_instants, max_size=60)))
    on_call, wrapping = draw(_few), draw(_few)
    people, answered = draw(st.integers(0, 5000)), draw(_few)
    return a_floor(
        at=NOW,
        agents_available=draw(_few),
        agents_ringing=draw(st.integers(0, 5)),
        agents_on_call=on_call,
        agents_wrapping_up=wrapping,
        agents_paused=draw(_few),
        ringing_since=ringing,
        waiting=draw(_few),
        open_lines=len(ringing) + answered,
        guaranteed=draw(st.integers(0, len(ringing) + answered)),
        people=people,
        abandoned=draw(st.integers(0, people)),
        talking_since=tuple(draw(st.lists(_instants, max_size=on_call))),
        wrapping_since=tuple(draw(st.lists(_instants, max_size=wrapping))),
        seconds_left=draw(st.sampled_from([0.0, 60.0, 28_800.0, 600_000.0])),
    )


_lines = st.tuples(st.floats(0, 90), st.sampled_from(End))
_happened = st.builds(
    Happened,
    st.lists(_lines, max_size=80).map(tuple),
    st.lists(st.floats(0, 4000), max_size=20).map(tuple),
    st.lists(st.floats(0, 400), max_size=20).map(tuple),
)
_policies = st.builds(
    policy,
    mode=st.just(DialMode.PREDICTIVE),
    max_lines_per_agent=st.floats(0, 12),
    abandon_limit=st.floats(0, 1),
    max_lines=st.integers(0, 300),
)
_laws = st.sampled_from(list(LAWS.values()))
_rest = st.floats(0, 0.5)


@st.composite
def knowledge(draw: st.DrawFn) -> Learned:
    learned = nothing_learned(PREDICTIVE)
    for second, happened in enumerate(draw(st.lists(_happened, max_size=3))):
        learned = learn(learned, happened, replace(draw(floors()), at=NOW + timedelta(seconds=second)), 0.03)
    return learned


@settings(max_examples=150, deadline=None)
@given(floors(), _policies, knowledge(), _laws, _rest)
def test_no_floor_makes_it_break_a_promise(
    floor: Floor, of: CampaignPolicy, learned: Learned, law: Law, rest: float
) -> None:
    decision = decide(floor, of, learned, law, rest)
    ringing, agents = len(floor.ringing_since), logged_in(floor)
    old = sum(NOW - since >= law.ring_at_least for since in floor.ringing_since)
    assert decision.lines_to_open >= 0
    assert decision.lines_to_open == 0 or decision.lines_to_open + floor.open_lines <= of.max_lines
    assert decision.lines_to_open == 0 or decision.lines_to_open + ringing <= math.ceil(of.max_lines_per_agent * agents)
    assert 0 <= decision.lines_to_give_up <= old
    assert decision.lines_to_open == 0 or decision.lines_to_give_up == 0, "what is given up is not dialed anew"
    assert math.isfinite(decision.risk)
    assert 0 <= decision.price <= 1
    assert decide(floor, of, learned, law, rest) == decision, "the same was seen"


@settings(max_examples=50, deadline=None)
@given(floors(), _policies, knowledge(), _laws)
def test_no_line_without_an_agent_logged_in(floor: Floor, of: CampaignPolicy, learned: Learned, law: Law) -> None:
    nobody = replace(
        floor,
        agents_available=0,
        agents_ringing=0,
        agents_on_call=0,
        agents_wrapping_up=0,
        talking_since=(),
        wrapping_since=(),
    )
    decision = decide(nobody, of, learned, law)
    assert decision.lines_to_open == 0
    assert decision.why is Why.NO_AGENTS
    assert decision.lines_to_give_up == sum(NOW - since >= law.ring_at_least for since in floor.ringing_since)


@settings(max_examples=50, deadline=None)
@given(floors(), knowledge())
def test_one_more_free_agent_never_means_fewer_lines(floor: Floor, learned: Learned) -> None:
    # With many lines the reckoning goes over from sums of single lines to a curve, which may take one line back.
    more = replace(floor, agents_available=floor.agents_available + 1)
    assert decide(more, PREDICTIVE, learned).lines_to_open >= decide(floor, PREDICTIVE, learned).lines_to_open - 1


def experienced(wrap_up: float = 15.0) -> Learned:
    """A third of the lines answered after 5 to 19 s, the others ring 25 s."""
    learned = nothing_learned(PREDICTIVE)
    for round_ in range(40):
        lines = [(5.0 + (3 * i + round_) % 15, End.PERSON) for i in range(6)] + [(25.0, End.OTHER)] * 12
        happened = Happened(tuple(lines), (60.0, 90.0, 120.0), (wrap_up,) * 6)
        learned = learn(learned, happened, _busy(0, at=NOW - timedelta(seconds=60 * (40 - round_))), 0.03)
    return learned


def _busy(available: int, at: datetime = NOW, **changes: Any) -> Floor:
    values: dict[str, Any] = {
        "at": at,
        "agents_available": available,
        "agents_on_call": 10 - available,
        "talking_since": (at - timedelta(seconds=40),) * (10 - available),
        "people": 1000,
        "abandoned": 20,
        "seconds_left": 14_400.0,
    }
    return a_floor(**(values | changes))


def test_more_lines_than_free_agents_and_the_more_the_fewer_answer() -> None:
    often = experienced()
    rarely = learn(often, Happened(((25.0, End.OTHER),) * 400), _busy(0), 0.03)
    few, many = (decide(_busy(3), PREDICTIVE, learned).lines_to_open for learned in (often, rarely))
    assert 3 < few < many


def test_wrap_up_about_to_end_is_dialed_for_and_wrap_up_just_begun_is_not() -> None:
    learned = experienced()

    def lines(seconds: float) -> int:
        wrapping: dict[str, Any] = {"agents_wrapping_up": 4, "wrapping_since": (NOW - timedelta(seconds=seconds),) * 4}
        talking: dict[str, Any] = {"agents_on_call": 6, "talking_since": (NOW - timedelta(seconds=10),) * 6}
        return decide(_busy(0, **wrapping, **talking), PREDICTIVE, learned).lines_to_open

    assert lines(13) > lines(0)


def test_long_ringing_lines_are_given_up_when_agents_have_filled_up_and_not_before_the_law_allows() -> None:
    learned = experienced()

    def given_up(age: float, free: int, law: Law = FCC) -> int:
        ringing = tuple(NOW - timedelta(seconds=age) for _ in range(8))
        return decide(_busy(free, ringing_since=ringing, open_lines=8), PREDICTIVE, learned, law).lines_to_give_up

    assert given_up(16, 0) > 0
    assert given_up(16, 10) == 0, "whoever answers finds an agent"
    assert given_up(14, 0) == 0, "a phone rings fifteen seconds at least"
    assert given_up(16, 0, LAWS["strict"]) == 0, "and where nothing is known, twenty"


def test_a_phone_is_not_let_ring_for_nothing_where_that_hardly_saves_anybody() -> None:
    learned = experienced()
    ringing = (NOW - timedelta(seconds=16),) * 2

    def given_up(free: int, abandoned: int, ringing: tuple[datetime, ...] = ringing) -> int:
        talking: dict[str, Any] = {"agents_on_call": 8, "talking_since": (NOW - timedelta(seconds=10),) * 8}
        floor = _busy(free, ringing_since=ringing, open_lines=len(ringing), abandoned=abandoned, **talking)
        return decide(floor, PREDICTIVE, learned).lines_to_give_up

    assert given_up(0, 30) == 2, "whoever answers is lost"
    assert given_up(1, 30) == 0, "both would have to answer in a moment"
    assert given_up(1, 400) > 0, "the budget is spent: nobody may be lost"
    assert given_up(0, 30, (NOW - timedelta(seconds=40),) * 4) == 0, "nobody answers after so long"


def test_when_the_budget_is_spent_only_sure_agents_are_dialed_for() -> None:
    learned = experienced()
    spent = _busy(3, abandoned=400)
    decision = decide(spent, PREDICTIVE, learned)
    assert decision.why is Why.BUDGET_SPENT
    assert decision.lines_to_open == 3
    ending: dict[str, Any] = {
        "agents_wrapping_up": 2,
        "wrapping_since": (NOW - timedelta(seconds=14.4),) * 2,
        "agents_on_call": 5,
        "talking_since": (NOW - timedelta(seconds=40),) * 5,
    }
    assert decide(replace(spent, **ending), PREDICTIVE, learned).lines_to_open == 5, "wrap-up has always taken 15 s"


def test_when_such_lines_did_cost_somebody_one_agent_is_kept_free() -> None:
    learned = experienced()
    leaked = replace(learned, spending=replace(learned.spending, leaked=1))
    spent = _busy(3, abandoned=400)
    assert decide(spent, PREDICTIVE, leaked).lines_to_open == 2
    assert decide(_busy(3), PREDICTIVE, leaked) == decide(_busy(3), PREDICTIVE, learned), "while the budget bears it"


def test_where_nobody_may_be_abandoned_it_is_so_from_the_start() -> None:
    decision = decide(_busy(3, people=0, abandoned=0), PREDICTIVE, experienced(), OFCOM)
    assert decision.lines_to_open == 3
    assert decision.why is Why.BUDGET_SPENT


def test_while_nothing_is_known_a_great_team_starts_with_few_lines() -> None:
    floor = a_floor(at=NOW, agents_available=200, seconds_left=28_800.0)
    assert 0 < decide(floor, PREDICTIVE, nothing_learned(PREDICTIVE)).lines_to_open <= 300


def test_agents_who_shall_rest_are_held_back_once_they_have_been_too_busy() -> None:
    learned = experienced()
    tired = replace(learned, spending=replace(learned.spending, busy=0.95))
    fresh = replace(learned, spending=replace(learned.spending, busy=0.5))
    floor = _busy(3)
    assert decide(floor, PREDICTIVE, tired, rest=0.2).lines_to_open < decide(floor, PREDICTIVE, tired).lines_to_open
    assert decide(floor, PREDICTIVE, fresh, rest=0.2) == decide(floor, PREDICTIVE, fresh)


def test_a_decision_says_what_was_seen() -> None:
    ringing = (NOW - timedelta(seconds=6),) * 4
    decision = decide(_busy(2, ringing_since=ringing, open_lines=4), PREDICTIVE, experienced())
    assert 0.5 < decision.answering < 3
    assert 0 < decision.coming < 8
    assert 0.2 < decision.answer_chance < 0.45
    assert decision.why is Why.RISK
