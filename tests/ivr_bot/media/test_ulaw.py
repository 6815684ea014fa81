"""The tables against the definition in G.711."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ivr_bot.media import ulaw

#: Table 2a of G.711: where segments 1 to 7 begin (14 bits); 16 bits are four times that.
_SEGMENT_STARTS = [31, 95, 223, 479, 991, 2015, 4063]
#: The same table's values at the decoder output, at the beginning of each segment.
_OUTPUTS = {0xFF: 0, 0xFE: 2, 0xEF: 33, 0xDF: 99, 0xCF: 231, 0xBF: 495, 0xAF: 1023, 0x9F: 2079, 0x8F: 4191, 0x80: 8031}


def _pcm(*values: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.array(values, np.int16)


def test_output_values_are_those_of_the_recommendation() -> None:
    for code, value in _OUTPUTS.items():
        assert ulaw.decode(bytes([code])).tolist() == [4 * value]
        assert ulaw.decode(bytes([code & 0x7F])).tolist() == [-4 * value]


def test_segments_begin_at_the_decision_values_of_the_recommendation() -> None:
    for number, start in enumerate(_SEGMENT_STARTS, 1):
        below, at = ulaw.encode(_pcm(4 * start - 1, 4 * start))
        assert ((~below >> 4) & 7, (~at >> 4) & 7) == (number - 1, number)


def test_every_code_comes_back_as_it_was() -> None:
    codes = bytes(set(range(256)) - {0x7F})
    assert ulaw.encode(ulaw.decode(codes)) == codes
    assert ulaw.encode(ulaw.decode(b"\x7f")) == b"\xff"  # minus zero is zero


@given(st.integers(-32635, 32635))  # louder is overload: the last decision value is 8159, in 16 bits 32636
def test_a_sample_comes_back_within_half_a_step_of_its_segment(sample: int) -> None:
    code = ulaw.encode(_pcm(sample))
    step = 8 << ((~code[0] >> 4) & 7)  # 2 in 14 bits, doubled with each segment
    (value,) = ulaw.decode(code).tolist()
    assert abs(value - sample) <= step // 2


@given(st.integers(-32767, 32767))
def test_the_sign_changes_one_bit(sample: int) -> None:
    (one,), (other,) = ulaw.encode(_pcm(sample)), ulaw.encode(_pcm(-sample))
    assert one ^ other == (0x80 if sample else 0)


@given(st.lists(st.integers(-32768, 32766), min_size=1))
def test_louder_stays_louder(samples: list[int]) -> None:
    values = ulaw.decode(ulaw.encode(_pcm(*sorted(samples))))
    assert values.tolist() == sorted(values.tolist())
