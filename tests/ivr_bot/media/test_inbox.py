"""Frames are whole, in order and complete; the end is the last event."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from ivr_bot.media.inbox import Inbox
from ivr_bot.media.ports import FRAME_BYTES, Heard, HungUp, Pressed


@given(st.lists(st.binary(max_size=500)))
def test_audio_cut_anyhow_comes_out_in_frames(pieces: list[bytes]) -> None:
    inbox = Inbox()
    for piece in pieces:
        assert inbox.hear(piece)
    inbox.close()
    *frames, last = asyncio.run(_fetched(inbox))
    assert last == HungUp()
    audio = b"".join(frame.ulaw for frame in frames if isinstance(frame, Heard))
    whole = b"".join(pieces)
    assert audio == whole[: len(whole) - len(whole) % FRAME_BYTES]
    assert all(isinstance(frame, Heard) and len(frame.ulaw) == FRAME_BYTES for frame in frames)


async def _fetched(inbox: Inbox) -> list[object]:
    return list(await inbox.fetch())


async def test_a_reader_waits_for_news_and_gets_all_of_it() -> None:
    inbox = Inbox()
    reader = asyncio.create_task(inbox.fetch())
    await asyncio.sleep(0)
    assert not reader.done()
    inbox.put(Pressed("1"))
    inbox.put(Pressed("2"))
    assert await reader == [Pressed("1"), Pressed("2")]


async def test_nothing_comes_after_the_end() -> None:
    inbox = Inbox()
    inbox.close()
    assert not inbox.put(Pressed("1"))
    inbox.close()
    assert await inbox.fetch() == [HungUp()]
    assert await inbox.fetch() == [HungUp()]


def test_a_reader_too_far_behind_is_told_and_memory_is_bounded() -> None:
    inbox = Inbox(longest=2)
    assert inbox.hear(bytes(2 * FRAME_BYTES))
    assert not inbox.hear(bytes(FRAME_BYTES))
