"""Settings of hearing and speaking."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from crm_core.errors import BadSetting
from ivr_bot.speech.settings import speech_settings_from_env


def test_without_any_the_usual_stand() -> None:
    settings = speech_settings_from_env({})
    assert settings.models_folder == Path("var/models")
    assert settings.workers == os.cpu_count()
    assert settings.vosk_models == {}


def test_models_and_voices_are_per_language() -> None:
    env = {"VOSK_MODEL_RU": "vosk-model-small-ru-0.22", "VOSK_MODEL_PATH": "/models", "PIPER_VOICE_EN": "joe.onnx"}
    settings = speech_settings_from_env(env | {"VOSK_MODELS_URL": "https://models.example/vosk"})
    assert settings.vosk_models == {"ru": "vosk-model-small-ru-0.22"}
    assert settings.piper_voices == {"en": Path("joe.onnx")}
    assert settings.vosk_models_url == "https://models.example/vosk"


@pytest.mark.parametrize(
    ("name", "value"),
    [("SPEECH_WORKERS", "0"), ("SPEECH_WORKERS", "two"), ("SPEECH_PROMPT_DBFS", "3"), ("SPEECH_PROMPT_DBFS", "nan")],
)
def test_a_wrong_value_names_its_variable(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=name):
        speech_settings_from_env({name: value})


def test_folders_stand_under_home_unless_set() -> None:
    home = Path("/srv/trunkline")
    assert speech_settings_from_env({}, home).models_folder == home / "models"
    assert speech_settings_from_env({"SPEECH_PROMPTS": "/prompts"}, home).prompts_folder == Path("/prompts")
