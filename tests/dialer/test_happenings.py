"""What came about between two looks at a floor: each line, talk and wrap-up is told once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.domain.agents import AgentState
from crm_core.domain.attempts import Outcome, Verdict
from crm_core.domain.floor import Floor
from crm_core.domain.floor_watch import Past, PastLine, Watched, WatchedAgent, WatchedLine
from dialer.happenings import Seen, happened, happened_before, seen_first
from dialer.learning import End, Happened
from tests.dialer.clock import START


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def line(name: str = "a", **facts: Any) -> WatchedLine:
    return WatchedLine(name, START, **facts)


def agent(state: AgentState, since: float, agent_id: int = 1) -> WatchedAgent:
    return WatchedAgent(agent_id, state, after(since))


def watched(*lines: WatchedLine, agents: tuple[WatchedAgent, ...] = ()) -> Watched:
    return Watched(Floor(START, 0, 0, 0, 0, 0, (), 0, 0, 0, 0, 0, 0, 0), lines, agents)


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({}, None),
        ({"answered_at": after(6)}, (6.0, End.PERSON)),
        ({"answered_at": after(6), "outcome": Outcome.ABANDONED}, (6.0, End.PERSON)),
        ({"answered_at": after(6), "ended_at": after(7), "outcome": Outcome.HUNG_UP}, (6.0, End.PERSON)),
        ({"answered_at": after(6), "ended_at": after(9), "outcome": Outcome.MACHINE}, (6.0, End.OTHER)),
        ({"ended_at": after(25), "outcome": Outcome.NO_ANSWER}, (25.0, End.OTHER)),
        ({"ended_at": after(3), "outcome": Outcome.BUSY}, (3.0, End.OTHER)),
        ({"given_up_at": after(16), "outcome": Outcome.GIVEN_UP}, (16.0, End.GIVEN_UP)),
        ({"given_up_at": after(16), "ended_at": after(17), "outcome": Outcome.GIVEN_UP}, (16.0, End.GIVEN_UP)),
        ({"given_up_at": after(16), "answered_at": after(16.1), "outcome": Outcome.ABANDONED}, (16.1, End.PERSON)),
        ({"ended_at": after(1), "outcome": Outcome.GIVEN_UP}, None),  # never sent
        ({"ended_at": after(60), "outcome": Outcome.LOST}, None),
    ],
)
def test_how_a_line_ended_is_told_once(facts: dict[str, Any], told: tuple[float, End] | None) -> None:
    new, _, seen = happened(Seen(), watched(line(**facts)), False)
    assert new.lines == (() if told is None else (told,))
    again, _, _ = happened(seen, watched(line(**facts | {"ended_at": after(70)})), False)
    assert again.lines == (() if facts else ((70.0, End.OTHER),))


def test_who_answered_is_told_when_the_machine_detection_has_spoken() -> None:
    listening = line(answered_at=after(6))
    new, _, seen = happened(Seen(), watched(listening), True)
    assert new.lines == ()
    for verdict, end in ((Verdict.MACHINE, End.OTHER), (Verdict.UNSURE, End.PERSON)):
        assert happened(seen, watched(replace(listening, verdict=verdict)), True)[0].lines == ((6.0, end),)


def test_a_person_lost_is_told_once() -> None:
    lost = line(answered_at=after(5), outcome=Outcome.ABANDONED)
    _, first, seen = happened(seen_first(watched(line(answered_at=after(5)))), watched(lost), False)
    _, second, _ = happened(seen, watched(lost), False)
    assert ([one.id for one in first], second) == (["a"], ())


def test_what_ended_before_the_first_look_is_the_past() -> None:
    first = watched(line("a", answered_at=after(5)), line("b", ended_at=after(5), outcome=Outcome.BUSY), line("c"))
    assert seen_first(first).told == {"a", "b"}


ON_CALL, WRAP_UP, AVAILABLE = AgentState.ON_CALL, AgentState.WRAP_UP, AgentState.AVAILABLE


@pytest.mark.parametrize(
    ("before", "then", "talks", "wrap_ups"),
    [
        (agent(ON_CALL, 0), agent(ON_CALL, 0), (), ()),
        (agent(ON_CALL, 0), agent(WRAP_UP, 60), (60,), ()),
        (agent(ON_CALL, 0), agent(AVAILABLE, 60), (60,), (0,)),
        (agent(WRAP_UP, 0), agent(AVAILABLE, 12), (), (12,)),
        (agent(WRAP_UP, 0), agent(ON_CALL, 12), (), (12,)),
        (agent(WRAP_UP, 0), agent(AgentState.PAUSED, 12), (), ()),
        (agent(ON_CALL, 0), agent(AgentState.PAUSED, 30), (30,), ()),
        (agent(AVAILABLE, 0), agent(AgentState.RINGING, 9), (), ()),
    ],
)
def test_talks_and_wrap_ups_are_told_by_the_changes_of_agents(
    before: WatchedAgent, then: WatchedAgent, talks: tuple[float, ...], wrap_ups: tuple[float, ...]
) -> None:
    seen = seen_first(watched(agents=(before,)))
    new, _, seen = happened(seen, watched(agents=(then,)), False)
    assert (new.talks, new.wrap_ups) == (talks, wrap_ups)
    assert happened(seen, watched(agents=(then,)), False)[0] == Happened()


def test_an_agent_who_logged_out_and_came_back_tells_nothing() -> None:
    seen = seen_first(watched(agents=(agent(ON_CALL, 0),)))
    _, _, seen = happened(seen, watched(), False)
    assert happened(seen, watched(agents=(agent(AVAILABLE, 600),)), False)[0] == Happened()


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.floats(0, 60)), max_size=20), st.integers(1, 5))
def test_every_line_that_ends_is_told_exactly_once(ends: list[tuple[str, float]], at_once: int) -> None:
    """Each look sees the lines of the last few ends; a line stays in view for a while after its end."""
    seen = Seen()
    told: list[tuple[float, End]] = []
    rows = list({name: line(name, ended_at=after(s), outcome=Outcome.BUSY) for name, s in ends}.values())
    for place in range(len(rows)):
        new, _, seen = happened(seen, watched(*rows[max(0, place - at_once) : place + 1]), False)
        told += new.lines
    assert sorted(age for age, _ in told) == sorted(((one.ended_at or START) - START).total_seconds() for one in rows)


def test_the_past_comes_in_pieces_and_in_order() -> None:
    lines = tuple(PastLine(float(n), n % 2 == 0, n % 3 == 1) for n in range(5))
    first, *pieces = happened_before(Past(lines, (60.0,), (9.0,)), 2)
    assert first == Happened(talks=(60.0,), wrap_ups=(9.0,))
    assert [age for piece in pieces for age, _ in piece.lines] == [0, 1, 2, 3, 4]
    assert pieces[0].lines == ((0.0, End.PERSON), (1.0, End.GIVEN_UP))
