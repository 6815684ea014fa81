"""The wire to the worker processes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ivr_bot.speech.worker_wire import HEAD_BYTES, Reply, Request, length_of, packed, unpacked


@given(st.integers(0), st.recursive(st.none() | st.text() | st.binary(), st.lists, max_leaves=5))
def test_what_is_sent_is_what_arrives(number: int, what: object) -> None:
    for value in (Request(number, what), Reply(number, what), Reply(number, fault="why")):
        sent = packed(value)
        assert length_of(sent[:HEAD_BYTES]) == len(sent) - HEAD_BYTES
        assert unpacked(sent[HEAD_BYTES:]) == value
