"""Frames survive any cut; what is no such frame is refused."""

from __future__ import annotations

from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_bot.media import audiosocket_wire as wire
from ivr_bot.media.errors import MalformedMedia

_FRAMES = st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=400)), max_size=6)


@given(_FRAMES, st.data())
def test_frames_survive_any_cut(frames: list[tuple[int, bytes]], data: st.DataObject) -> None:
    stream = b"".join(wire.frame(kind, payload) for kind, payload in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    reader = wire.FrameReader()
    read = [frame for a, b in pairwise([0, *cuts, len(stream)]) for frame in reader.feed(stream[a:b])]
    assert [(frame.kind, frame.payload) for frame in read] == frames


@given(st.binary(min_size=160, max_size=160))
def test_audio_comes_back_as_it_went(ulaw: bytes) -> None:
    (frame,) = wire.FrameReader().feed(wire.audio_frame(ulaw))
    assert (frame.kind, len(frame.payload)) == (wire.AUDIO, 320)
    assert frame.as_ulaw() == ulaw.replace(b"\x7f", b"\xff")  # minus zero is zero


def test_ids_and_keys_are_read() -> None:
    id = uuid4()
    assert wire.Frame(wire.ID, id.bytes).as_id() == id
    assert wire.Frame(wire.KEY, b"#").as_key() == "#"


def test_the_id_of_a_call_is_the_md5_sum_that_the_dialplan_makes() -> None:
    assert wire.call_id("secret", "1785.7") == UUID(
        "a3e6b118-61e3-1c2e-c0f9-f9246f891db1"
    )  # printf secret1785.7 | md5sum
    assert wire.call_id("other", "1785.7") != wire.call_id("secret", "1785.7")


@given(st.integers(0, 255), st.binary(max_size=20))
def test_a_payload_is_what_it_should_be_or_refused(kind: int, payload: bytes) -> None:
    frame = wire.Frame(kind, payload)
    for known, read in ((wire.ID, frame.as_id), (wire.AUDIO, frame.as_ulaw), (wire.KEY, frame.as_key)):
        if kind != known or (known == wire.ID and len(payload) != 16):
            with pytest.raises(MalformedMedia):
                read()
