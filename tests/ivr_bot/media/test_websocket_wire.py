"""The texts of chan_websocket, as 22.10.1 sends them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_bot.media import websocket_wire as wire
from ivr_bot.media.errors import MalformedMedia

START = (
    "MEDIA_START connection_id:trunkline-bot channel:WebSocket/trunkline-bot/0x7f10a800fe80 "
    "channel_id:1785000000.7 format:ulaw optimal_frame_size:160 ptime:20"
)


def test_the_start_names_the_channel_and_the_format() -> None:
    assert wire.parse(START) == wire.MediaStarted(
        "trunkline-bot", "WebSocket/trunkline-bot/0x7f10a800fe80", "1785000000.7", "ulaw", 160
    )


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("MEDIA_XOFF", wire.QueueFull()),
        ("MEDIA_XON", wire.QueueFree()),
        ("DTMF_END digit:# channel_id:1785000000.7", wire.KeyPressed("#")),
        (
            "STATUS channel_id:1.7 queue_length:812 xon_level:800 xoff_level:900 queue_full:true bulk_media:false",
            wire.QueueState(812),
        ),
        ("ERROR channel_id:1.7 error_text:Unable to parse", wire.Refused("channel_id:1.7 error_text:Unable to parse")),
        ("QUEUE_DRAINED", wire.Other("QUEUE_DRAINED")),
    ],
)
def test_each_event_is_known(text: str, event: wire.WireEvent) -> None:
    assert wire.parse(text) == event


@given(st.integers(0), st.integers(0))
def test_a_mark_comes_back_as_it_went_and_fits_into_a_command(generation: int, position: int) -> None:
    command = wire.mark(generation % 10**9, position % 10**9)
    answer = command.replace("MARK_MEDIA", "MEDIA_MARK_PROCESSED")
    assert wire.parse(answer) == wire.MarkReached(generation % 10**9, position % 10**9)
    assert len(command) <= 128


@given(st.data())
def test_a_known_event_with_a_part_missing_is_refused(data: st.DataObject) -> None:
    words = START.split()
    del words[data.draw(st.sampled_from([1, 2, 3, 4, 5]))]
    with pytest.raises(MalformedMedia, match="MEDIA_START"):
        wire.parse(" ".join(words))


@pytest.mark.parametrize(
    "text",
    [
        START.replace("ulaw", "slin"),
        START.replace("160", "320"),
        "DTMF_END digit:x channel_id:1",
        "STATUS queue_length:-1",
        "MEDIA_MARK_PROCESSED",
        "MEDIA_MARK_PROCESSED 1-2-3",
    ],
)
def test_what_we_cannot_work_with_is_refused(text: str) -> None:
    with pytest.raises(MalformedMedia):
        wire.parse(text)


@given(st.one_of(st.text(), st.sampled_from(["STATUS", "MEDIA_START", "DTMF_END"]).map(lambda name: name + " :")))
def test_any_text_is_an_event_or_refused(text: str) -> None:
    try:
        event = wire.parse(text)
    except MalformedMedia:
        return
    assert isinstance(event, wire.WireEvent)
