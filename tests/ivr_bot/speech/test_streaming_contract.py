"""What every recogniser that hears while the caller speaks keeps to: the fake and vosk."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from crm_core.errors import BadInput
from ivr_bot.speech.live import LiveUtterance
from ivr_bot.speech.ports import Question, StreamingTranscriber
from ivr_bot.speech.vosk_transcriber import VoskTranscriber
from ivr_bot.speech.whisper_stt import WhisperTranscriber
from ivr_bot.speech.workers import WorkerPool
from tests.fakes.transcriber import FakeStreamingTranscriber
from tests.ivr_bot.speech.voices import espeak, on_the_line

_THANKS = "감사합니다"
_FRAME = 160


@dataclass(frozen=True)
class Case:
    """A recogniser, and speech that it knows; silence goes before and after."""

    transcriber: StreamingTranscriber
    said: bytes
    question: Question


@pytest.fixture(params=["fake", "vosk"])
def case(request: pytest.FixtureRequest) -> Case:
    said = on_the_line(espeak(_THANKS, "ko+f2"), before=0.3, after=0.4)
    question = Question("ko", ("네", "아니요", _THANKS, "안녕하세요"))
    if request.param == "vosk":
        return Case(VoskTranscriber(request.getfixturevalue("vosk_pool"), "ko"), said, question)
    return Case(FakeStreamingTranscriber({said: _THANKS}, "ko"), said, question)


async def _heard_until(live: LiveUtterance, text: str) -> bool:
    async for so_far in live.texts():
        if so_far == text:
            return True
    return False


async def test_what_was_said_is_known_before_its_end_and_is_the_same_at_the_end(case: Case) -> None:
    stream = await case.transcriber.listen(case.question)
    texts = [await stream.feed(case.said[at : at + 1600]) for at in range(0, len(case.said), 1600)]
    heard = await stream.finish()
    assert texts[0] == ""
    assert texts[-1] == heard.text == _THANKS
    assert 0 < heard.confidence <= 1


async def test_what_is_fed_frame_by_frame_is_heard_without_asking_for_each(case: Case) -> None:
    live = LiveUtterance(case.transcriber, case.question)
    for at in range(0, len(case.said), _FRAME):
        live.feed(case.said[at : at + _FRAME])
        await asyncio.sleep(0)
    assert await _heard_until(live, _THANKS)
    assert (await live.finish()).text == _THANKS
    assert [text async for text in live.texts()] == [], "it is over"


async def test_silence_is_nothing_heard(case: Case) -> None:
    stream = await case.transcriber.listen(case.question)
    assert await stream.feed(b"\xff" * 8000) == ""
    heard = await stream.finish()
    assert (heard.text, heard.confidence) == ("", 0)


async def test_what_is_dropped_goes_into_nothing_else(case: Case) -> None:
    for _ in range(20):  # more than are heard at once
        live = LiveUtterance(case.transcriber, case.question)
        live.feed(case.said[:8000])
        await asyncio.sleep(0.001)
        live.drop()
        await asyncio.sleep(0.001)
    again = LiveUtterance(case.transcriber, case.question)
    again.feed(b"\xff" * 8000)
    assert (await again.finish()).text == ""


async def test_a_language_it_does_not_hear_is_refused(case: Case) -> None:
    with pytest.raises(BadInput, match="language"):
        await case.transcriber.listen(Question("uz", ("ha",)))


def test_whisper_needs_the_whole(whisper_pool: WorkerPool) -> None:
    assert not isinstance(WhisperTranscriber(whisper_pool), StreamingTranscriber)
