"""Whisper through a short window."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from crm_core.errors import BadInput
from ivr_bot.speech.models import find_whisper_model
from ivr_bot.speech.passes import SURE
from ivr_bot.speech.ports import AnswerShape, Question, Utterance
from ivr_bot.speech.whisper_stt import WhisperSpec, WhisperTranscriber, check_model
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


async def test_what_gave_no_answer_is_compared_with_the_answers(whisper_pool: WorkerPool) -> None:
    """Whatever the free reading was: at first it is no answer here."""
    seen: list[str] = []

    def later(text: str) -> object | None:
        words = set(re.findall("[a-z]+", text.lower()))
        if text not in _NUMBERS:
            seen.append(text)
        is_first = seen == [text]
        return words.pop() if len(words) == 1 and words <= set(_NUMBERS) and not is_first else None

    heard = await WhisperTranscriber(whisper_pool).transcribe(_said("seven"), Question("en", _NUMBERS, accepts=later))
    assert heard.engine == "whisper/compared"
    assert "seven" in heard.text.lower()
    assert heard.confidence >= SURE
    assert heard.also[0] == seen[0]


async def test_foreign_speech_is_no_answer_for_being_compared(whisper_pool: WorkerPool) -> None:
    accepts = {f"{word.capitalize()}.": word for word in _NUMBERS} | {word: word for word in _NUMBERS}
    heard = await WhisperTranscriber(whisper_pool).transcribe(
        _said("where did you get my number"), Question("en", _NUMBERS, accepts=accepts.get)
    )
    assert heard.engine == "whisper/free"
    assert "number" in heard.text.lower()
    assert len(heard.also) == 1


async def test_a_noisy_line_gets_no_second_look(whisper_pool: WorkerPool) -> None:
    noisy = Utterance(_said("seven").ulaw, noise(2.4, -65), snr_db=5)
    question = Question("en", ("one", "two"), accepts={"one": 1, "two": 2}.get)
    heard = await WhisperTranscriber(whisper_pool).transcribe(noisy, question)
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
