"""Whisper through a short window."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from crm_core.errors import BadInput
from ivr_bot.speech.models import find_whisper_model
from ivr_bot.speech.ports import AnswerShape, Question, Utterance
from ivr_bot.speech.whisper_stt import WhisperSpec, WhisperTranscriber, check_model, prompt_of
from ivr_bot.speech.workers import WorkerPool
from tests.ivr_bot.speech.voices import flite, noise, on_the_line

_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def _said(text: str, seconds: float = 0.3) -> Utterance:
    return Utterance(on_the_line(flite(text), before=seconds, after=0.35), noise(2.4, -65), snr_db=35)


async def test_a_sentence_is_read(whisper_pool: WorkerPool) -> None:
    heard = await WhisperTranscriber(whisper_pool).transcribe(
        _said("I would say nine"), Question("en", _NUMBERS, accepts=lambda text: text or None)
    )
    assert "nine" in heard.text.lower()
    assert heard.engine == "whisper/free"
    assert 0.3 < heard.confidence <= 1
    assert heard.also == ()


async def test_what_gave_no_value_is_read_again_with_the_answers_as_prompt(whisper_pool: WorkerPool) -> None:
    seen: list[str] = []

    def second_time(text: str) -> object | None:
        seen.append(text)
        return text if len(seen) > 1 else None

    heard = await WhisperTranscriber(whisper_pool).transcribe(
        _said("seven"), Question("en", _NUMBERS, accepts=second_time)
    )
    assert heard.engine == "whisper/prompted"
    assert "seven" in heard.text.lower() or "7" in heard.text
    assert heard.also == (seen[0],)


async def test_what_two_readings_missed_is_found_by_weighing_the_answers(whisper_pool: WorkerPool) -> None:
    """Whatever the readings were: only the phrase itself, as written, has a value here."""
    heard = await WhisperTranscriber(whisper_pool).transcribe(
        _said("seven"), Question("en", _NUMBERS, accepts={word: word for word in _NUMBERS}.get)
    )
    assert (heard.text, heard.engine) == ("seven", "whisper/weighed")
    assert len(heard.also) == 2


async def test_a_noisy_line_gets_no_prompted_pass(whisper_pool: WorkerPool) -> None:
    noisy = Utterance(_said("seven").ulaw, noise(2.4, -65), snr_db=5)
    heard = await WhisperTranscriber(whisper_pool).transcribe(noisy, Question("en", _NUMBERS))
    assert heard.engine == "whisper/free"
    assert heard.also == ()


async def test_noise_is_not_read(whisper_pool: WorkerPool) -> None:
    question = Question("en", ("yes", "no"), accepts=lambda text: text or None)
    heard = await WhisperTranscriber(whisper_pool).transcribe(
        Utterance(noise(1.5, -30, seed=3), noise(2.4, -65)), question
    )
    assert (heard.text, heard.engine, heard.confidence) == ("", "whisper/silero", 0)


async def test_a_long_answer_is_read_past_the_first_eight_seconds(whisper_pool: WorkerPool) -> None:
    said = _said("The room was clean and the staff were very kind to us", seconds=8)
    heard = await WhisperTranscriber(whisper_pool).transcribe(said, Question("en", kind=AnswerShape.OPEN))
    assert "kind" in heard.text.lower()


@pytest.mark.parametrize(
    ("fault", "said"), [("missing", "holds no model.bin"), ("other", "its sha256 is")], ids=["no model", "another one"]
)
def test_another_model_than_the_measured_one_is_refused(fault: str, said: str, tmp_path: Path) -> None:
    shutil.copytree(find_whisper_model(), tmp_path / "model", ignore=shutil.ignore_patterns("model.bin"))
    if fault == "other":
        (tmp_path / "model" / "model.bin").write_bytes(b"something else")
    with pytest.raises(BadInput, match=said):
        WhisperSpec(tmp_path / "model").load()


def test_a_model_of_ones_own_may_go_without_a_hash(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"mine")
    check_model(tmp_path, None)


def test_the_prompt_names_every_answer() -> None:
    assert prompt_of(("yes", "no", "call me later")) == "Yes, no, call me later."
