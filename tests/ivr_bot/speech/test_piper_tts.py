"""The shell around piper."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from crm_core.errors import BadInput, Unavailable
from ivr_bot.speech.piper_tts import PiperSpeaker
from tests.ivr_bot.speech.piper_program import piper_program


def _speaker(tmp_path: Path, voice: bytes) -> PiperSpeaker:
    file = tmp_path / "voice.onnx"
    file.write_bytes(voice)
    return PiperSpeaker(piper_program(tmp_path), {"en": file}, within=timedelta(seconds=20))


async def test_a_text_of_several_lines_is_one_prompt(tmp_path: Path) -> None:
    speaker = _speaker(tmp_path, b"a voice")
    assert await speaker.speak("Good morning.\nHow are you?", "en") == await speaker.speak(
        "Good morning. How are you?", "en"
    )


@pytest.mark.parametrize(
    ("voice", "said"), [(b"broken", "the voice cannot be loaded"), (b"mute", "wrote no audio for 'Hello'")]
)
async def test_a_fault_of_piper_is_told_in_its_own_words(voice: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=said):
        await _speaker(tmp_path, voice).speak("Hello", "en")


def test_another_voice_under_the_same_name_is_another_identity(tmp_path: Path) -> None:
    assert _speaker(tmp_path, b"one").identity("en") != _speaker(tmp_path, b"two").identity("en")


def test_a_missing_voice_file_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nobody\.onnx"):
        PiperSpeaker("piper", {"en": tmp_path / "nobody.onnx"})


async def test_a_missing_program_is_told(tmp_path: Path) -> None:
    voice = tmp_path / "voice.onnx"
    voice.touch()
    with pytest.raises(Unavailable, match="piper cannot be started"):
        await PiperSpeaker(str(tmp_path / "piper"), {"en": voice}).speak("Hello", "en")
