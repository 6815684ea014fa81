"""A call whose recogniser hears while the person speaks, in virtual time."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_core.domain.conversations import Party
from ivr_bot.media.ports import SILENCE
from ivr_bot.speech.errors import RecogniserGone
from tests.fakes.transcriber import FakeStreamingTranscriber
from tests.ivr_bot.rooms import Room, Whoever, run, voice


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def _streams(room: Room, *texts: tuple[float, str]) -> FakeStreamingTranscriber:
    """Hears each text once so many seconds were spoken."""
    fake = room.hears = FakeStreamingTranscriber()
    fake.texts = [(round(8000 * seconds), text) for seconds, text in texts]
    return fake


def test_a_partial_text_that_is_a_whole_answer_ends_the_turn_and_is_read_no_second_time(room: Room) -> None:
    fake = _streams(room, (0.8, "nine"))
    whole = run(room.talk((5, voice(0.6))))
    (said,) = [turn for turn in whole.turns if turn.party is Party.PERSON]
    silence = (whole.turns[-1].began_at - said.ended_at).total_seconds()
    assert silence < 0.1, "0.3 s of silence, all of them with the words, and nothing to read"
    assert (said.text, said.engine) == ("nine", "fake/stream")
    assert fake.asked == []
    (stream,) = fake.streams
    assert stream.ended == "finished"


def test_a_partial_text_that_comes_within_the_pause_ends_the_turn_then(room: Room) -> None:
    _streams(room, (0.5, "hm"), (1.4, "nine"))
    whole = run(room.talk((5, voice(0.6))))
    (said,) = [turn for turn in whole.turns if turn.party is Party.PERSON]
    assert said.text == "nine"
    assert 0.1 < (whole.turns[-1].began_at - said.ended_at).total_seconds() < 0.3


def test_who_speaks_on_is_heard_on_in_the_same_stream(room: Room) -> None:
    fake = _streams(room, (0.5, "the"), (1.5, "nine"))
    pause = bytes([SILENCE[0]]) * 8 * 450
    whole = run(room.talk((5, voice(0.6) + pause + voice(0.6))))
    assert [answer.value for answer in whole.answers] == ["9"]
    assert len(fake.streams) == 1
    assert fake.asked == []


def test_a_stream_that_breaks_off_costs_a_reading_and_no_answer(room: Room) -> None:
    fake = _streams(room)
    fake.stream_fault = RecogniserGone("gone")
    room.hears = Whoever("nine")
    room.hears.listen = fake.listen
    whole = run(room.talk((5, voice(0.6))))
    assert [answer.value for answer in whole.answers] == ["9"]
    assert len(room.hears.asked) == 1


def test_who_hangs_up_while_he_speaks_leaves_no_recogniser_taken(room: Room) -> None:
    fake = _streams(room, (0.5, "the"))
    run(room.talk((5, voice(0.9)), (0.6, "leave")))
    (stream,) = fake.streams
    assert stream.ended == "dropped"
