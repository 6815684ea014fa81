"""The risk of one more line, against reckoning every case by hand and against drawing lots."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.learning import nothing_learned
from dialer.lookahead import Sight, answering, risk_of_one_more, risk_soon, sight_of
from dialer.outlook import Tables, talk_row, wrap_row
from tests.dialer.clock import START
from tests.dialer.scene import policy
from tests.dialer.test_pacing import a_floor

NOW = START + timedelta(hours=1)
TABLES = nothing_learned(policy()).tables


def ago(*seconds: float) -> tuple:  # type: ignore[type-arg]
    return tuple(NOW - timedelta(seconds=s) for s in seconds)


def by_hand(
    free: int, lines: list[tuple[float, ...]], busy: list[tuple[float, ...]], more: int, tables: Tables
) -> float:
    """Every case of who answers and who comes free."""
    risk = 0.0
    for k, weight in enumerate(tables.weights):
        chances = [row[k] for row in lines] + [tables.answers[0][k]] * more
        frees = [row[k] for row in busy]
        for case in itertools.product((0, 1), repeat=len(chances) + len(frees)):
            all_chances = [*chances, *frees]
            p = math.prod(q if hit else 1 - q for q, hit in zip(all_chances, case, strict=True))
            if sum(case[: len(chances)]) >= free + sum(case[len(chances) :]):
                risk += weight * p
    return risk


def test_few_lines_and_agents_are_reckoned_exactly() -> None:
    floor = a_floor(
        at=NOW,
        agents_available=1,
        agents_on_call=2,
        agents_wrapping_up=1,
        ringing_since=ago(3, 9, 14),
        talking_since=ago(20, 100),
        wrapping_since=ago(4),
    )
    lines = [TABLES.answers[age] for age in (3, 9, 14)]
    busy = [talk_row(TABLES, 20), talk_row(TABLES, 100), wrap_row(TABLES, 4)]
    for more in (0, 2):
        found = risk_of_one_more(sight_of(floor, TABLES), TABLES, more, 1.0)
        assert found == pytest.approx(by_hand(1, lines, busy, more, TABLES), abs=1e-6)


@pytest.mark.parametrize("agents", [20, 400])
def test_many_come_close_to_drawing_lots(agents: int) -> None:
    random, tables = Random(agents), replace(TABLES, doubt=0.0)
    since = [random.uniform(0, 24) for _ in range(agents)]
    talks = [random.uniform(0, 200) for _ in range(agents)]
    floor = a_floor(
        at=NOW,
        agents_available=agents // 20,
        agents_on_call=agents,
        ringing_since=ago(*since),
        talking_since=ago(*talks),
    )
    sight = sight_of(floor, tables)
    k, draws, short = len(tables.weights) - 1, 4000, 0
    lines, busy = [tables.answers[int(s)][k] for s in since], [talk_row(tables, s)[k] for s in talks]
    for _ in range(draws):
        answered = sum(random.random() < p for p in lines)
        short += answered >= agents // 20 + sum(random.random() < p for p in busy)
    only_last = replace(tables, weights=(0.0,) * k + (1.0,))
    assert risk_of_one_more(sight, only_last, 0, 1.0) == pytest.approx(short / draws, abs=0.03)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 120), st.integers(0, 40), st.integers(0, 40), st.integers(-5, 40), st.floats(0, 1))
def test_risk_is_a_chance_and_grows_with_lines_and_doubt(
    ringing: int, talking: int, more: int, free: int, doubt: float
) -> None:
    tables = replace(TABLES, doubt=doubt)
    floor = a_floor(
        at=NOW,
        agents_available=max(0, free),
        waiting=max(0, -free),
        agents_on_call=talking,
        ringing_since=ago(*range(ringing)),
        talking_since=ago(*range(talking)),
    )
    sight = sight_of(floor, tables)
    here, beyond = (risk_of_one_more(sight, tables, n, 2.0) for n in (more, more + 1))
    assert -1e-9 <= here <= 1 + 1e-9
    assert beyond >= here - 0.02, "where one way to reckon gives over to the other"
    assert risk_soon(sight, answering(sight.ages[1:], tables)) <= risk_soon(sight, sight.answering) + 0.02


def test_doubt_of_the_level_spreads_the_number_of_answers() -> None:
    floor = a_floor(at=NOW, agents_available=12, ringing_since=ago(*[2.0] * 30))
    sure, unsure = (sight_of(floor, replace(TABLES, doubt=doubt)) for doubt in (0.0, 0.5))
    assert risk_of_one_more(unsure, TABLES, 0, 1.0) > 3 * risk_of_one_more(sure, TABLES, 0, 1.0)


def test_agents_of_whom_the_start_is_not_known_count_as_just_begun() -> None:
    known = a_floor(
        at=NOW, agents_on_call=3, agents_wrapping_up=2, talking_since=ago(0, 0, 0), wrapping_since=ago(0, 0)
    )
    assert sight_of(replace(known, talking_since=(), wrapping_since=()), TABLES) == sight_of(known, TABLES)


def test_a_guaranteed_line_and_whoever_waits_take_their_agents() -> None:
    floor = a_floor(at=NOW, agents_available=5, waiting=1, guaranteed=2, ringing_since=ago(1, 2, 3))
    assert sight_of(floor, TABLES).free == 2


def test_agents_between_whole_numbers_are_taken_in_proportion() -> None:
    sight: Sight = sight_of(a_floor(at=NOW, agents_available=2, ringing_since=ago(5, 5, 5, 5)), TABLES)
    two, one_and_a_half, one = (risk_of_one_more(sight.fuller(x), TABLES, 2, 1.0) for x in (0.0, 0.5, 1.0))
    assert one_and_a_half == pytest.approx((one + two) / 2)
