"""Arithmetic on line audio."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_bot.media import ulaw as g711
from ivr_bot.speech.audio import (
    SILENCE_DBFS,
    Samples,
    active_dbfs,
    dbfs,
    doubled,
    levelled,
    samples_of,
    ulaw_of,
)
from ivr_bot.speech.ports import SPEECH_DBFS

_AUDIO = st.lists(st.floats(-1, 1, width=32), max_size=600).map(lambda values: np.array(values, np.float32))


def _tone(pitch: float, seconds: float = 1.0, rate: int = 8000, loud: float = 0.5) -> Samples:
    return (loud * np.sin(2 * np.pi * pitch * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


@given(st.binary(max_size=300))
def test_ulaw_survives_the_way_to_samples_and_back(ulaw: bytes) -> None:
    # 0x7F is negative zero, which linear audio does not know.
    assert ulaw_of(samples_of(ulaw)) == ulaw.replace(b"\x7f", b"\xff")


@given(st.integers(-32768, 32767))
def test_ulaw_is_off_by_at_most_a_step_of_its_segment(value: int) -> None:
    back = int(g711.decode(g711.encode(np.array([value], np.int16)))[0])
    assert abs(back - max(-32635, min(32635, value))) <= max(8, abs(value) // 16 + 8)


def test_what_is_out_of_range_is_clipped_not_wrapped() -> None:
    assert samples_of(ulaw_of(np.array([3.0, -3.0], np.float32))) == pytest.approx([0.98, -0.98], abs=0.01)


@pytest.mark.parametrize("pitch", [300, 1000, 2000, 3000, 3400])
def test_doubling_keeps_a_tone_of_the_telephone_band_to_a_thousandth(pitch: float) -> None:
    middle = slice(200, -200)  # the ends ring
    assert np.abs(doubled(_tone(pitch)) - _tone(pitch, rate=16000))[middle].max() < 0.001


@given(_AUDIO)
def test_doubling_gives_twice_the_samples_and_keeps_each(samples: Samples) -> None:
    out = doubled(samples)
    assert len(out) == 2 * len(samples)
    assert np.array_equal(out[0::2], samples)


@given(_AUDIO)
def test_levelling_never_exceeds_the_peak(samples: Samples) -> None:
    assert np.abs(levelled(samples)).max(initial=0) <= 0.9


def test_levels_are_in_dbfs() -> None:
    assert dbfs(np.ones(800, np.float32)) == pytest.approx(0)
    assert dbfs(_tone(1000, loud=1.0)) == pytest.approx(-3.01, abs=0.01)
    assert dbfs(np.zeros(800, np.float32)) == SILENCE_DBFS
    assert dbfs(np.zeros(0, np.float32)) == SILENCE_DBFS


def test_pauses_do_not_lower_the_speech_level() -> None:
    with_pauses = np.concatenate([_tone(500), np.zeros(24000, np.float32), _tone(500)])
    assert active_dbfs(with_pauses) == pytest.approx(active_dbfs(_tone(500)), abs=0.1)


@pytest.mark.parametrize("loud", [0.001, 0.05, 0.9])
def test_prompts_come_out_equally_loud(loud: float) -> None:
    assert active_dbfs(levelled(_tone(700, loud=loud))) == pytest.approx(SPEECH_DBFS, abs=0.1)


def test_a_click_keeps_the_rest_from_being_turned_up_over_the_peak() -> None:
    clicked = _tone(700, loud=0.01)
    clicked[4000] = 0.5
    assert np.abs(levelled(clicked)).max() == pytest.approx(0.89, abs=0.01)


def test_silence_stays_silence() -> None:
    assert not levelled(np.zeros(8000, np.float32)).any()
