"""A caller knows by the level alone when the bot speaks, stops and answers."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.voice_test.ears import SOUND_DBFS, Ears, is_sound
from crm_core.voice_test.errands import Exchange, Taken
from ivr_bot.media.ports import FRAME_BYTES, SILENCE
from ivr_bot.speech.audio import dbfs, samples_of, ulaw_of

QUIET = SILENCE * FRAME_BYTES
LOUD = ulaw_of(np.full(FRAME_BYTES, 0.1, np.float32))


def _taken(*exchanges: Exchange) -> Taken:
    return Taken("998940000001", datetime(2031, 3, 4, tzinfo=UTC), 0.0, exchanges=list(exchanges))


def _hear(ears: Ears, *stretches: tuple[float, float, bytes]) -> None:
    """Frames of 20 ms, each heard when it has come to its end."""
    for start, end, frame in stretches:
        for place in range(round((end - start) / 0.02)):
            ears.hear(frame, start + 0.02 * (place + 1))


@given(st.binary(min_size=FRAME_BYTES, max_size=FRAME_BYTES))
def test_sound_is_what_is_louder_than_the_limit(frame: bytes) -> None:
    level = dbfs(samples_of(frame))
    if abs(level - SOUND_DBFS) > 0.01:
        assert is_sound(frame) == (level > SOUND_DBFS)


def test_noise_of_a_line_is_no_sound() -> None:
    noise = np.random.default_rng(1).normal(0, 10 ** (-65 / 20), FRAME_BYTES).astype(np.float32)
    assert not is_sound(ulaw_of(noise))


def test_the_greeting_is_what_is_heard_before_the_first_deed() -> None:
    taken = _taken()
    _hear(Ears(taken), (0, 0.5, QUIET), (0.5, 2, LOUD), (2, 3, QUIET))
    assert (taken.greeted, taken.greeted_until) == pytest.approx((0.5, 2.0))


def test_an_answer_begins_with_its_first_sound_and_may_pause() -> None:
    taken = _taken()
    ears = Ears(taken)
    _hear(ears, (0.5, 2, LOUD))
    taken.exchanges.append(exchange := Exchange(3.0, 3.5))
    _hear(ears, (2, 4.1, QUIET), (4.1, 5, LOUD), (5, 5.4, QUIET), (5.4, 6, LOUD))
    assert exchange.silenced is None
    assert (exchange.answered, exchange.finished) == pytest.approx((4.1, 6.0))
    assert exchange.response_seconds == pytest.approx(0.6)
    assert exchange.stop_seconds is None


def test_who_is_interrupted_falls_silent_and_then_answers() -> None:
    taken = _taken()
    ears = Ears(taken)
    _hear(ears, (0.5, 2, LOUD))
    taken.exchanges.append(exchange := Exchange(2.0, 2.4))
    _hear(ears, (2, 2.2, LOUD), (2.2, 3, QUIET), (3, 4, LOUD))
    assert exchange.stop_seconds == pytest.approx(0.2)
    assert exchange.response_seconds == pytest.approx(0.6)


def test_words_that_follow_close_upon_one_another_are_no_answer() -> None:
    taken = _taken()
    ears = Ears(taken)
    _hear(ears, (0.5, 2, LOUD))
    taken.exchanges.append(exchange := Exchange(2.0, 2.4))
    _hear(ears, (2, 2.2, LOUD), (2.2, 2.3, QUIET), (2.3, 2.6, LOUD))
    assert exchange.answered is None
    assert exchange.silenced == pytest.approx(2.6)


def test_times_are_told_from_the_beginning_of_the_call() -> None:
    taken = Taken("998940000001", datetime(2031, 3, 4, tzinfo=UTC), 100.0)
    taken.exchanges.append(Exchange(103.0, 103.5, answered=104.1234))
    told = taken.as_data()
    assert told["at"] == "2031-03-04T00:00:00+00:00"
    exchanges = told["exchanges"]
    assert isinstance(exchanges, list)
    assert exchanges[0]["answered"] == pytest.approx(4.123)
    assert exchanges[0]["response_seconds"] == pytest.approx(0.623)
    assert exchanges[0]["stop_seconds"] is None
