"""Where a turn begins and ends."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_bot.speech.audio import dbfs, samples_of, ulaw_of
from ivr_bot.speech.endpointing import (
    CLOSED_TURN,
    OPEN_TURN,
    Endpointer,
    FalseAlarm,
    Paused,
    Resumed,
    SpeechBegan,
    SpeechEnded,
    TurnEvent,
    rules_for,
)
from ivr_bot.speech.ports import AnswerShape
from tests.ivr_bot.speech.voices import flite, noise, on_the_line, with_noise

_SEGMENTS = st.lists(st.tuples(st.booleans(), st.integers(1, 2500)), max_size=8)


def _loud(pcm: bytes) -> bool:
    """A gate whose answer the test knows: louder than -40 dBFS."""
    return bool(np.sqrt(np.mean(np.square(np.frombuffer(pcm, np.int16).astype(float)))) > 327)


def _line(*segments: tuple[bool, int]) -> bytes:
    """A line that hums for the milliseconds given, or is silent for them; 200 ms of it first."""
    at = np.arange(8 * 20000) / 8000
    hum = ulaw_of((0.2 * np.sin(2 * np.pi * 440 * at)).astype(np.float32))
    return b"\xff" * 1600 + b"".join(hum[: ms * 8] if loud else b"\xff" * (ms * 8) for loud, ms in segments)


def _heard(line: bytes, endpointer: Endpointer | None = None) -> list[TurnEvent]:
    endpointer = endpointer or Endpointer(is_speech=_loud)
    return endpointer.feed(line) + endpointer.hung_up()


def _edges(events: list[TurnEvent]) -> list[TurnEvent]:
    """Where turns begin and end; pauses in them left out."""
    return [event for event in events if not isinstance(event, Paused | Resumed)]


def _utterances(events: list[TurnEvent]) -> list[SpeechEnded]:
    return [event for event in events if isinstance(event, SpeechEnded)]


@given(_SEGMENTS, st.data())
def test_any_split_of_the_audio_gives_the_same_turns(segments: list[tuple[bool, int]], data: st.DataObject) -> None:
    line = _line(*segments)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(line)), max_size=6)))
    pieces = Endpointer(is_speech=_loud)
    events = [event for a, b in pairwise([0, *cuts, len(line)]) for event in pieces.feed(line[a:b])]
    assert events + pieces.hung_up() == _heard(line)


@given(_SEGMENTS)
def test_what_began_ends_once_and_never_more_comes_out_than_went_in(segments: list[tuple[bool, int]]) -> None:
    line = _line(*segments)
    events = _edges(_heard(line))
    assert [isinstance(event, SpeechBegan) for event in events] == [True, False] * (len(events) // 2)
    assert sum(len(ended.utterance.ulaw) for ended in _utterances(events)) <= len(line)
    assert [event.at_ms for event in events] == sorted(event.at_ms for event in events)


@given(_SEGMENTS)
def test_every_utterance_is_a_piece_of_the_line_with_its_past_before_it(segments: list[tuple[bool, int]]) -> None:
    line = _line(*segments)
    for ended in _utterances(_heard(line)):
        assert ended.utterance.before + ended.utterance.ulaw in line


def test_a_turn_ends_after_the_silence_of_its_question() -> None:
    line = _line((False, 1000), (True, 800), (False, 3000))
    began, ended = _edges(_heard(line))
    assert isinstance(began, SpeechBegan)
    assert began.at_ms == 1260  # three frames
    assert ended.at_ms == 2000 + CLOSED_TURN.silence_ms
    (slow,) = _utterances(_heard(line, Endpointer(OPEN_TURN, _loud)))
    assert slow.at_ms == 2000 + OPEN_TURN.silence_ms


def test_an_utterance_has_its_pre_roll_and_its_tail() -> None:
    (ended,) = _utterances(_heard(_line((False, 1000), (True, 800), (False, 3000))))
    assert ended.utterance.seconds == pytest.approx(0.3 + 0.8 + 0.35)
    assert not ended.cut


def test_a_pause_shows_what_was_said_and_the_turn_can_end_there() -> None:
    endpointer = Endpointer(is_speech=_loud)
    (_, paused) = endpointer.feed(_line((False, 1000), (True, 800), (False, 320)))
    assert isinstance(paused, Paused)
    assert paused.at_ms == 2000 + CLOSED_TURN.pause_ms
    assert paused.utterance.seconds == pytest.approx(0.3 + 0.8 + 0.3)
    (ended,) = endpointer.end_turn()
    assert isinstance(ended, SpeechEnded)
    assert not ended.cut
    assert not endpointer.speaking
    assert endpointer.end_turn() == []


def test_who_speaks_on_after_a_pause_is_not_cut() -> None:
    endpointer = Endpointer(is_speech=_loud)
    endpointer.feed(_line((False, 1000), (True, 800), (False, 400)))
    (resumed,) = endpointer.feed(_line((True, 300))[1600:])
    assert isinstance(resumed, Resumed)
    assert endpointer.end_turn() == [], "what was read at the pause is not the whole"
    events = endpointer.feed(b"\xff" * 8 * 3000)
    assert [type(event) for event in events] == [Paused, SpeechEnded]


def test_who_answers_freely_may_think_without_being_read() -> None:
    assert not any(
        isinstance(event, Paused) for event in _heard(_line((True, 900), (False, 900)), Endpointer(OPEN_TURN, _loud))
    )


@pytest.mark.parametrize("kind", list(AnswerShape))
def test_who_never_stops_is_cut_at_the_hard_stop(kind: AnswerShape) -> None:
    rules = rules_for(kind)
    line = _line((False, 500), (True, 20000), (True, 5000), (False, 100))
    first = _utterances(_heard(line, Endpointer(rules, _loud)))[0]
    assert first.cut
    assert first.at_ms == 700 + rules.hard_stop_ms


def test_what_goes_on_after_a_hard_stop_has_become_the_noise_of_the_line() -> None:
    events = _heard(_line((False, 500), (True, 19000)))
    assert len(_utterances(events)) == 1


def test_a_click_is_a_false_alarm() -> None:
    _, ended = _heard(_line((False, 1000), (True, 60), (False, 2000)))
    assert ended == FalseAlarm(at_ms=1860)


def test_a_hang_up_ends_the_turn() -> None:
    (ended,) = _utterances(_heard(_line((False, 1000), (True, 400))))
    assert ended.cut
    assert Endpointer(is_speech=_loud).hung_up() == []


def test_a_new_question_keeps_what_is_known_of_the_line() -> None:
    endpointer = Endpointer()
    endpointer.feed(noise(3, -40))
    floor = endpointer.floor_dbfs
    endpointer.new_turn(OPEN_TURN)
    assert endpointer.floor_dbfs == floor == pytest.approx(-40, abs=2)


def test_real_speech_is_found_whole_on_a_quiet_line() -> None:
    line = on_the_line(flite("I would say nine"), before=2, after=2)
    (ended,) = _utterances(_heard(line, Endpointer()))
    assert ended.utterance.snr_db is not None
    assert ended.utterance.snr_db > 20
    spoken = [at for at in range(0, len(line), 160) if dbfs(samples_of(line[at : at + 160])) > -45]
    place = line.index(ended.utterance.ulaw)
    assert place <= spoken[0]
    assert place + len(ended.utterance.ulaw) >= spoken[-1]


def test_a_turn_ends_in_noise_that_webrtcvad_takes_for_speech() -> None:
    said = samples_of(on_the_line(flite("I would say nine"), before=3, after=4))
    events = _heard(with_noise(said, -40), Endpointer())
    (ended,) = _utterances(events)
    assert not ended.cut
    assert ended.utterance.snr_db == pytest.approx(15, abs=5)


def test_a_quiet_line_begins_nothing() -> None:
    assert _heard(noise(10, -65), Endpointer()) == []


def test_memory_stays_bounded_on_a_long_call() -> None:
    endpointer = Endpointer(is_speech=_loud)
    for _ in range(60):
        endpointer.feed(b"\xff" * 8000)
    assert len(endpointer._audio) < 5 * 8000


def test_rules_can_be_changed_one_by_one() -> None:
    quick = replace(CLOSED_TURN, silence_ms=200)
    (ended,) = _utterances(_heard(_line((False, 500), (True, 400), (False, 900)), Endpointer(quick, _loud)))
    assert ended.at_ms == 1100 + 200
