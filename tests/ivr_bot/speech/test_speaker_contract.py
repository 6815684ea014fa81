"""What every voice keeps to: the fake, pyttsx3, piper's shell and recordings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crm_core.errors import BadInput
from ivr_bot.speech.audio import active_dbfs, samples_of
from ivr_bot.speech.piper_tts import PiperSpeaker
from ivr_bot.speech.ports import LINE_RATE, Speaker
from ivr_bot.speech.pyttsx3_tts import Pyttsx3Speaker
from ivr_bot.speech.recorded import RecordedSpeaker
from tests.fakes.speaker import FakeSpeaker
from tests.ivr_bot.speech.piper_program import piper_program
from tests.ivr_bot.speech.voices import flite

_TEXT = "Your appointment is tomorrow at nine."


@pytest.fixture(params=["fake", "pyttsx3", "piper", "recorded"])
async def speaker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Speaker]:
    speaker = _speaker(request.param, tmp_path)
    yield speaker
    await speaker.close()


def _speaker(kind: str, tmp_path: Path) -> Speaker:
    match kind:
        case "pyttsx3":
            return Pyttsx3Speaker()
        case "piper":
            voice = tmp_path / "voice.onnx"
            voice.write_bytes(b"a voice")
            return PiperSpeaker(piper_program(tmp_path), {"en": voice})
        case "recorded":
            file = tmp_path / "appointment.wav"
            file.write_bytes(flite(_TEXT))
            return RecordedSpeaker({(_TEXT, "en"): file})
    return FakeSpeaker()


async def test_a_text_becomes_line_audio_of_a_likely_length_at_the_usual_level(speaker: Speaker) -> None:
    audio = await speaker.speak(_TEXT, "en")
    assert 1 < len(audio) / LINE_RATE < 6
    # Peaks are guarded first: a peaky voice stays below the level.
    assert -30 < active_dbfs(samples_of(audio)) < -22


async def test_the_same_text_sounds_the_same(speaker: Speaker) -> None:
    assert await speaker.speak(_TEXT, "en") == await speaker.speak(_TEXT, "en")


async def test_what_cannot_be_said_is_refused(speaker: Speaker) -> None:
    for text in ("", "  "):
        with pytest.raises(BadInput, match="prompt"):
            await speaker.speak(text, "en")


async def test_a_language_without_a_voice_is_refused(speaker: Speaker) -> None:
    with pytest.raises(BadInput):
        speaker.identity("xx")
    with pytest.raises(BadInput):
        await speaker.speak(_TEXT, "xx")


def test_the_identity_says_who_speaks_and_stays(speaker: Speaker) -> None:
    assert speaker.identity("en") == speaker.identity("en") != ""
