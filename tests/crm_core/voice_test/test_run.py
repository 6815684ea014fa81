"""`trunkline bot test --voice` where nothing can be held, and what is chosen to be held."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from rich.console import Console

from crm_core.errors import BadInput
from crm_core.settings import settings_from_env
from crm_core.voice_test.holding import heard_languages
from crm_core.voice_test.run import Report, VoiceTest, run_by_voice
from crm_core.voice_test.stage import Switches
from ivr_bot.dialog.conversations import read_conversations
from ivr_bot.speech.settings import SpeechSettings
from tests.crm_core.voice_test.test_plans import HEAD, NODES
from tests.ivr_bot.dialog.scripts import script

TESTS = """now: 2026-11-25T10:00:00+05:00
conversations:
  - name: In Russian
    language: ru
    moves: [{says: да}]
  - name: Fails
    moves: [{fails: recogniser}]
"""


@asynccontextmanager
async def _no_switches(_folder: Path, _say: Callable[[str], None]) -> AsyncIterator[Switches]:
    raise AssertionError("two Asterisks are started for nothing")
    yield


async def test_where_nothing_can_be_held_nothing_is_started_and_all_is_said(tmp_path: Path) -> None:
    times, told = tmp_path / "times.json", io.StringIO()
    file = tmp_path / "small.test.yml"
    conversations = read_conversations(TESTS, str(file))
    test = VoiceTest(script(NODES, HEAD), tmp_path / "small.yml", file, conversations, 4, 2, times=times)
    settings = settings_from_env({"TRUNKLINE_HOME": str(tmp_path)})
    report = await run_by_voice(test, settings, Console(file=told, width=200), _no_switches)
    assert not report.good
    assert "In Russian" in told.getvalue()
    assert "see `trunkline models list`" in told.getvalue()
    assert "small by voice: nothing was held, 1 not held, 1 for text only" in told.getvalue()
    assert json.loads(times.read_text()) == []


async def test_times_that_cannot_be_written_are_an_error_that_says_where(tmp_path: Path) -> None:
    conversations = read_conversations(TESTS, "small.test.yml")
    nowhere = tmp_path / "nowhere" / "times.json"
    test = VoiceTest(script(NODES, HEAD), tmp_path, tmp_path, conversations, 4, 2, times=nowhere)
    settings = settings_from_env({"TRUNKLINE_HOME": str(tmp_path)})
    with pytest.raises(BadInput, match=r"times\.json: it cannot be written"):
        await run_by_voice(test, settings, Console(file=io.StringIO()), _no_switches)


def test_what_is_for_text_only_is_no_fault() -> None:
    assert Report().good


def test_english_is_heard_out_of_the_box_and_others_by_the_models_that_are_set(tmp_path: Path) -> None:
    assert heard_languages(SpeechSettings(tmp_path), {}) == {"en"}
    with pytest.raises(BadInput, match="there is no such model"):
        heard_languages(SpeechSettings(tmp_path, vosk_models={"ru": "vosk-model-small-ru-0.22"}), {})
