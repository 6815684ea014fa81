"""The noise of one line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ivr_bot.speech.line_floor import LOWEST_DBFS, LineFloor

_LEVELS = st.lists(st.floats(-100, 0), max_size=100)


def _after(*levels: float) -> LineFloor:
    floor = LineFloor()
    for level in levels:
        floor.hear(level)
    return floor


def test_nothing_stands_out_of_a_line_not_heard_yet() -> None:
    assert not LineFloor().is_above(0)


def test_a_voice_stands_out_of_steady_noise_and_the_noise_does_not() -> None:
    floor = _after(*[-40.0] * 50)
    assert floor.is_above(-30)
    assert not floor.is_above(-39)


def test_a_line_that_grew_noisy_is_believed_within_two_seconds() -> None:
    floor = _after(*[-60.0] * 50, *[-35.0] * 100)
    assert not floor.is_above(-33)


def test_a_line_that_grew_quiet_is_believed_within_half_a_second() -> None:
    floor = _after(*[-35.0] * 50, *[-60.0] * 25)
    assert floor.is_above(-50)


def test_noise_taken_for_speech_becomes_the_floor() -> None:
    floor = _after(*[-60.0] * 50)
    floor.relearn([-30.0] * 300)
    assert not floor.is_above(-29)


@given(_LEVELS)
def test_the_floor_stays_within_what_was_heard(levels: list[float]) -> None:
    floor = _after(*levels)
    heard = [max(level, LOWEST_DBFS) for level in levels] or [LOWEST_DBFS]
    assert min(heard) - 1e-9 <= floor.dbfs <= max(heard) + 1e-9
