"""What every recogniser keeps to: the fake, Whisper and vosk."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from crm_core.errors import BadInput
from ivr_bot.speech.ports import Question, Transcriber, Utterance
from ivr_bot.speech.vosk_transcriber import VoskTranscriber
from ivr_bot.speech.whisper_stt import WhisperTranscriber
from tests.fakes.transcriber import FakeTranscriber
from tests.ivr_bot.speech.voices import espeak, flite, noise, on_the_line


@dataclass(frozen=True)
class Case:
    """A recogniser, and speech that it knows."""

    transcriber: Transcriber
    said: Utterance
    word: str
    question: Question


def _utterance(wav: bytes) -> Utterance:
    return Utterance(on_the_line(wav, before=0.3, after=0.35), noise(2.4, -65), 35)


@pytest.fixture(params=["fake", "whisper", "vosk"])
def case(request: pytest.FixtureRequest) -> Case:
    english = Question("en", ("yes", "no"), accepts=lambda text: text or None)
    if request.param == "vosk":
        vosk = VoskTranscriber(request.getfixturevalue("vosk_pool"), "ko")
        said = _utterance(espeak("감사합니다", "ko+f2"))
        return Case(vosk, said, "감사합니다", Question("ko", ("네", "아니요", "감사합니다", "안녕하세요")))
    said = _utterance(flite("I would say nine"))
    if request.param == "whisper":
        return Case(WhisperTranscriber(request.getfixturevalue("whisper_pool")), said, "nine", english)
    return Case(FakeTranscriber({said.ulaw: "I would say nine"}), said, "nine", english)


async def test_speech_is_heard_with_a_confidence_and_the_engine_named(case: Case) -> None:
    heard = await case.transcriber.transcribe(case.said, case.question)
    assert case.word in heard.text.lower()
    assert 0 < heard.confidence <= 1
    assert heard.engine
    assert heard.took.total_seconds() > 0


async def test_silence_is_nothing_heard(case: Case) -> None:
    heard = await case.transcriber.transcribe(Utterance(b"\xff" * 12000, noise(2.4, -65)), case.question)
    assert (heard.text, heard.confidence) == ("", 0)


async def test_two_at_once_each_get_their_own(case: Case) -> None:
    quiet = Utterance(b"\xff" * 12000, noise(2.4, -65))
    one, none = await asyncio.gather(
        case.transcriber.transcribe(case.said, case.question), case.transcriber.transcribe(quiet, case.question)
    )
    assert case.word in one.text.lower()
    assert none.text == ""


async def test_a_language_it_does_not_hear_is_refused(case: Case) -> None:
    with pytest.raises(BadInput, match="language"):
        await case.transcriber.transcribe(case.said, Question("uz", ("ha",)))
