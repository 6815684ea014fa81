"""The real piper: installed by our own command, found by the settings, and understood by a recogniser.

The first run of a machine fetches 110 MB (8 to 30 s); it is kept in the user's cache.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path

import pytest

from crm_core.errors import BadInput
from ivr_bot.settings import speech_of_bot
from ivr_bot.speech.audio import active_dbfs, samples_of
from ivr_bot.speech.piper_site import VOICE, PiperSite, piper_site, remove, voices_in
from ivr_bot.speech.piper_tts import PiperSpeaker
from ivr_bot.speech.ports import LINE_RATE, Question, Utterance
from ivr_bot.speech.prompts import Line, Prompts
from ivr_bot.speech.pyttsx3_tts import Pyttsx3Speaker
from ivr_bot.speech.settings import SpeechSettings, speech_settings_from_env
from ivr_bot.speech.site import opened_transcribers, speakers_of

pytestmark = pytest.mark.slow


def trunkline(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"TRUNKLINE_HOME": str(home), "COLUMNS": "200"}
    command = [sys.executable, "-m", "crm_core", *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=600)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site where `trunkline voices install piper` was run."""
    home = tmp_path_factory.mktemp("home")
    run = trunkline(home, "voices", "install", "piper")
    assert run.returncode == 0, run.stderr
    assert "says a sentence of" in run.stdout
    return home


@pytest.fixture(scope="module")
def settings(home: Path) -> SpeechSettings:
    """As the service has them, with nothing set."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PIPER_", "SPEECH_"))}
    return speech_of_bot(env, home)


@pytest.fixture
async def piper(settings: SpeechSettings) -> AsyncIterator[PiperSpeaker]:
    speaker = speakers_of(settings)["en"]
    assert isinstance(speaker, PiperSpeaker)
    yield speaker
    await speaker.close()


def test_after_the_command_piper_speaks_english_and_espeak_the_rest(settings: SpeechSettings, home: Path) -> None:
    assert settings.piper_voices == {"en": home / "models" / "piper" / VOICE}
    speakers = speakers_of(settings)
    assert isinstance(speakers["en"], PiperSpeaker)
    assert isinstance(speakers["ru"], Pyttsx3Speaker)
    assert isinstance(speakers["uz"], Pyttsx3Speaker)
    assert importlib.util.find_spec("piper") is None, "its licence keeps it out of our own environment"


def test_the_command_line_says_who_speaks(home: Path) -> None:
    run = trunkline(home, "voices", "list")
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"piper {VOICE}" in run.stdout
    assert run.stdout.count("ready: a sentence of") == 3


async def test_what_it_says_is_understood_and_as_loud_as_the_other_voices(piper: PiperSpeaker) -> None:
    said = await piper.speak("Your appointment is tomorrow at nine.", "en")
    assert 1.5 < len(said) / LINE_RATE < 5
    assert -30 < active_dbfs(samples_of(said)) < -22
    async with opened_transcribers(SpeechSettings(workers=1), {}) as transcribers:
        heard = await transcribers["en"].transcribe(Utterance(said), Question("en"))
    assert "appointment is tomorrow at" in heard.text.lower()


async def test_one_program_says_many_texts_also_after_it_was_killed(piper: PiperSpeaker) -> None:
    texts = [f"Hello {name}, this is the assistant of Lola." for name in ("Ali", "Maria", "Peter")]
    await asyncio.gather(*(piper.speak(text, "en") for text in texts))
    first = pid_of(piper)
    await piper.speak(texts[0], "en")
    assert pid_of(piper) == first
    os.kill(first, signal.SIGKILL)
    assert len(await piper.speak(texts[0], "en")) > LINE_RATE
    assert pid_of(piper) != first


async def test_what_has_no_sound_is_refused_and_the_next_text_is_said(piper: PiperSpeaker) -> None:
    with pytest.raises(BadInput, match="has nothing that can be said"):
        await piper.speak("...", "en")
    assert len(await piper.speak("Yes.", "en")) > LINE_RATE / 8


async def test_prompts_keep_what_it_said(settings: SpeechSettings, tmp_path: Path) -> None:
    prompts = Prompts(tmp_path, speakers_of(settings))
    said = await prompts.audio(Line("Good morning.", "en"))
    await prompts.close()
    assert await Prompts(tmp_path, speakers_of(settings)).at_hand(Line("Good morning.", "en")) == said


def pid_of(speaker: PiperSpeaker) -> int:
    (program,) = speaker._programs.values()
    assert program._process is not None
    return program._process.pid


# --- where it is found ----------------------------------------------------------------------------------------
def test_every_package_of_the_lock_is_pinned_with_hashes() -> None:
    lock = files("ivr_bot.speech").joinpath("piper.lock").read_text(encoding="utf-8")
    packages = lock.replace("\\\n", "").splitlines()
    assert any(line.startswith("piper-tts==1.8.0 ") for line in packages)
    assert all("==" in line and "--hash=sha256:" in line for line in packages)


def test_voices_are_found_by_their_names_and_whole_ones_alone(tmp_path: Path) -> None:
    for name in ("en_US-joe-medium.onnx", "en_GB-alan-low.onnx", "ru_RU-irina-medium.onnx", "readme.onnx"):
        (tmp_path / name).touch()
    for name in ("en_US-joe-medium.onnx", "en_GB-alan-low.onnx"):
        (tmp_path / f"{name}.json").touch()
    assert voices_in(tmp_path) == {"en": tmp_path / "en_GB-alan-low.onnx"}
    assert voices_in(tmp_path / "nowhere") == {}


def test_settings_name_another_voice_or_none(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "piper"
    folder.mkdir(parents=True)
    for name in (VOICE, f"{VOICE}.json"):
        (folder / name).touch()
    assert speech_settings_from_env({}, tmp_path).piper_voices == {"en": folder / VOICE}
    other = {"PIPER_VOICE_EN": "/voices/other.onnx", "PIPER_PROGRAM": "/opt/piper"}
    assert speech_settings_from_env(other, tmp_path).piper_voices == {"en": Path("/voices/other.onnx")}
    assert speech_settings_from_env(other, tmp_path).piper_program == ("/opt/piper",)
    assert speech_settings_from_env({"PIPER_VOICE_EN": "none"}, tmp_path).piper_voices == {}


def test_removed_it_is_gone_and_other_voices_stay(tmp_path: Path) -> None:
    site = PiperSite(tmp_path / "venv", tmp_path / "voices")
    for file in (site.venv / ".whole", *(site.voices / name for name in (VOICE, f"{VOICE}.json", "ru_RU-irina.onnx"))):
        file.parent.mkdir(exist_ok=True)
        file.touch()
    assert site.is_installed
    remove(site)
    assert not site.is_installed
    assert [file.name for file in site.voices.iterdir()] == ["ru_RU-irina.onnx"]
    remove(site)


def test_it_stands_in_the_users_cache_by_its_lock(tmp_path: Path) -> None:
    site = piper_site({"XDG_CACHE_HOME": str(tmp_path)}, tmp_path / "models")
    assert site.venv.parent == tmp_path / "trunkline" / "piper"
    assert not site.is_installed
