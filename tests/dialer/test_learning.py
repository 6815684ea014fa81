"""What is learned comes near to the truth: quickly after a jump, carefully when little was seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from dialer.learning import End, Happened, Learned, learn, nothing_learned
from tests.dialer.clock import START
from tests.dialer.scene import policy
from tests.dialer.test_pacing import a_floor

POLICY = policy(wrap_up=timedelta(seconds=30))
LAST = 5  # the last look of a new line: all but the latest answers


def drawn(random: Random, share: float, count: int) -> Happened:
    """`count` lines of which so many are answered, after 4 to 20 s."""
    lines = [
        (random.uniform(4, 20), End.PERSON) if random.random() < share else (25.0, End.OTHER) for _ in range(count)
    ]
    return Happened(tuple(lines))


def after(learned: Learned, share: float, rounds: int, seed: int = 1, agents: int = 10) -> Learned:
    random = Random(seed)
    for _ in range(rounds):
        at = START if learned.at is None else learned.at + timedelta(seconds=20)
        learned = learn(learned, drawn(random, share, agents), a_floor(at=at, agents_on_call=agents), 0.03)
    return learned


def chance(learned: Learned) -> float:
    return learned.tables.answers[0][LAST]


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3, 0.6])
def test_the_share_that_answers_is_learned(share: float) -> None:
    # The last look is the middle of the last sixth of the answers.
    assert chance(after(nothing_learned(POLICY), share, 200)) == pytest.approx(share * 11 / 12, rel=0.25)


def test_after_a_jump_it_follows_within_some_lines_per_agent() -> None:
    before = after(nothing_learned(POLICY), 0.1, 200)
    assert chance(after(before, 0.4, 20, seed=2)) > 0.25
    high = after(nothing_learned(POLICY), 0.4, 200)
    assert chance(after(high, 0.1, 12, seed=2)) < 0.2


def test_without_a_jump_the_share_wavers_little() -> None:
    learned, random, seen = after(nothing_learned(POLICY), 0.3, 200), Random(7), []
    for _ in range(100):
        at = (learned.at or START) + timedelta(seconds=20)
        learned = learn(learned, drawn(random, 0.3, 10), a_floor(at=at, agents_on_call=10), 0.03)
        seen.append(chance(learned))
    assert max(seen) / min(seen) < 2.2


def test_doubt_is_great_at_first_and_shrinks_with_what_was_seen() -> None:
    nothing = learn(nothing_learned(POLICY), Happened(), a_floor(at=START, agents_on_call=3), 0.03)
    much = after(nothing, 0.3, 200)
    assert nothing.tables.doubt > 0.5
    assert much.tables.doubt < nothing.tables.doubt / 3


def test_lines_that_still_ring_unanswered_speak_against_the_level() -> None:
    learned = after(nothing_learned(POLICY), 0.3, 100)
    at = (learned.at or START) + timedelta(seconds=1)
    silent = a_floor(at=at, agents_on_call=10, ringing_since=(at - timedelta(seconds=20),) * 200)
    assert chance(learn(learned, Happened(), silent, 0.03)) < 0.7 * chance(learned)


def test_a_line_given_up_says_nothing_of_later_answers() -> None:
    learned = after(nothing_learned(POLICY), 0.3, 100)
    at = (learned.at or START) + timedelta(seconds=1)
    given_up = Happened(((4.0, End.GIVEN_UP),) * 200)
    later = learn(learned, given_up, a_floor(at=at, agents_on_call=10), 0.03)
    assert chance(later) == pytest.approx(chance(learned), rel=0.2)


def test_new_ring_times_do_not_count_the_level_twice() -> None:
    # All the tables are made anew many times while the share is far from what was assumed.
    learned = after(nothing_learned(POLICY), 0.05, 400, agents=50)
    assert chance(learned) == pytest.approx(0.05 * 11 / 12, rel=0.2)


def test_when_wrap_up_ends_is_learned() -> None:
    learned = nothing_learned(POLICY)
    for second in range(60):
        floor = a_floor(at=START + timedelta(seconds=second), agents_on_call=5)
        learned = learn(learned, Happened((), (60.0,) * 3, (20.2,) * 3), floor, 0.03)
    wrap = learned.tables.wrap
    horizon = learned.tables.looks[0] + 1
    begun, ending = wrap[0][0], wrap[int(2 * (20 - horizon)) + 4][0]
    assert begun < 0.2
    assert ending > 0.9
    assert learned.tables.handling == pytest.approx(80, rel=0.25)


def test_nothing_new_changes_nothing_but_the_time() -> None:
    learned = after(nothing_learned(POLICY), 0.3, 50)
    at = (learned.at or START) + timedelta(seconds=1)
    later = learn(learned, Happened(), a_floor(at=at, agents_on_call=10), 0.03)
    assert replace(later, at=learned.at, spending=learned.spending) == learned


def test_people_who_are_only_reckoned_with_are_kept_beside_the_budget() -> None:
    learned = nothing_learned(POLICY)
    first = learn(learned, Happened(unseen=2.5), a_floor(at=START, agents_on_call=10), 0.03)
    later = learn(first, Happened(unseen=3.5), a_floor(at=START + timedelta(seconds=1), agents_on_call=10), 0.03)
    assert (first.spending.unseen, later.spending.unseen) == (2.5, 3.5)
