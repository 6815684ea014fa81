"""Settings of hearing and speaking."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from crm_core.errors import BadSetting
from ivr_bot.speech.piper_site import PiperSite, piper_site, voices_in
from ivr_bot.speech.ports import SPEECH_DBFS

_VOSK = "VOSK_MODEL_"
_NO_VOICE = "none"


@dataclass(frozen=True, slots=True)
class SpeechSettings:
    """Folders, models per language (name or path), workers (one decode each), level of prompts."""

    models_folder: Path = Path("var/models")
    prompts_folder: Path = Path("var/prompts")
    vosk_models: Mapping[str, str] = field(default_factory=dict)
    vosk_models_url: str | None = None
    workers: int = 1
    prompt_dbfs: float = SPEECH_DBFS
    piper_program: tuple[str, ...] | None = None
    piper_voices: Mapping[str, Path] = field(default_factory=dict)


def speech_settings_from_env(env: Mapping[str, str], home: Path = Path("var")) -> SpeechSettings:
    """Read SPEECH_MODELS, SPEECH_PROMPTS (folders), SPEECH_WORKERS, SPEECH_PROMPT_DBFS, VOSK_MODEL_EN and the like
    (name or path), VOSK_MODELS_URL, PIPER_PROGRAM, PIPER_VOICE_EN and the like (onnx files; `none`: espeak-ng speaks);
    raises BadSetting.

    The folders stand under `home` where they are not set; piper's voices are those in the folder of models too."""
    usual = SpeechSettings()
    models = Path(env.get("SPEECH_MODELS") or home / "models")
    site = piper_site(env, models)
    return SpeechSettings(
        models_folder=models,
        prompts_folder=Path(env.get("SPEECH_PROMPTS") or home / "prompts"),
        vosk_models=_per_language(env, _VOSK),
        vosk_models_url=env.get("VOSK_MODELS_URL") or None,
        workers=int(_number(env, "SPEECH_WORKERS", os.cpu_count() or 1, 1, 256)),
        prompt_dbfs=_number(env, "SPEECH_PROMPT_DBFS", usual.prompt_dbfs, -40, -10),
        piper_program=_piper_program(env, site),
        piper_voices=_piper_voices(env, site),
    )


def _piper_program(env: Mapping[str, str], site: PiperSite) -> tuple[str, ...] | None:
    """The one set, else our own, else the one on the path."""
    if named := env.get("PIPER_PROGRAM"):
        return (named,)
    if site.is_installed:
        return site.program
    found = shutil.which("piper")
    return None if found is None else (found,)


def _piper_voices(env: Mapping[str, str], site: PiperSite) -> dict[str, Path]:
    named = _per_language(env, "PIPER_VOICE_")
    voices = voices_in(site.voices) | {language: Path(file) for language, file in named.items()}
    return {language: file for language, file in voices.items() if named.get(language) != _NO_VOICE}


def _per_language(env: Mapping[str, str], prefix: str) -> dict[str, str]:
    """VOSK_MODEL_PATH is vosk's own and names no language."""
    found = {
        name.removeprefix(prefix).lower(): value for name, value in env.items() if name.startswith(prefix) and value
    }
    return {language: value for language, value in found.items() if len(language) == 2}


def _number(env: Mapping[str, str], name: str, usual: float, least: float, most: float) -> float:
    text = env.get(name) or ""
    if not text:
        return usual
    try:
        value = float(text)
    except ValueError:
        raise BadSetting(name, f"{text!r} is no number") from None
    if not least <= value <= most:
        raise BadSetting(name, f"{text} is not between {least:g} and {most:g}")
    return value
