"""The shell around piper: one program for each voice that stays, and what happens when it does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from crm_core.errors import BadInput, Unavailable
from ivr_bot.speech.piper_tts import PiperSpeaker
from ivr_bot.speech.ports import LINE_RATE
from tests.ivr_bot.speech.piper_program import piper_program, starts

Make = Callable[..., PiperSpeaker]


@pytest.fixture
async def speaker(tmp_path: Path) -> AsyncIterator[Make]:
    """Makes one by what its voice file holds; all are closed at the end."""
    async with AsyncExitStack() as stack:

        def make(voice: str = "a voice", within: float = 20.0) -> PiperSpeaker:
            file = tmp_path / "voice.onnx"
            file.write_text(voice)
            made = PiperSpeaker(piper_program(tmp_path), {"en": file}, within=timedelta(seconds=within))
            stack.push_async_callback(made.close)
            return made

        yield make


async def test_a_text_of_several_lines_is_one_prompt(speaker: Make) -> None:
    one = speaker()
    assert await one.speak("Good morning.\nHow are you?", "en") == await one.speak("Good morning. How are you?", "en")


async def test_one_program_says_all_texts_each_its_own(speaker: Make, tmp_path: Path) -> None:
    one = speaker()
    texts = ["Yes.", "Good morning, how are you today?", "Goodbye."]
    alone = [await one.speak(text, "en") for text in texts]
    assert await asyncio.gather(*(one.speak(text, "en") for text in texts)) == alone
    assert len(set(alone)) == 3
    assert starts(tmp_path / "voice.onnx") == 1


async def test_closed_it_leaves_nothing_and_speaks_again_when_asked(speaker: Make, tmp_path: Path) -> None:
    one = speaker()
    said = await one.speak("Hello", "en")
    folder = one._folder
    assert folder is not None
    assert list(folder.iterdir()) == []
    await one.close()
    assert not folder.exists()
    assert await one.speak("Hello", "en") == said
    assert starts(tmp_path / "voice.onnx") == 2


@pytest.mark.parametrize("voice", ["dies once", "hangs once"])
async def test_a_program_that_dies_or_hangs_is_started_again(voice: str, speaker: Make, tmp_path: Path) -> None:
    one = speaker(voice, within=3.0)
    assert len(await one.speak("Good morning.", "en")) > LINE_RATE / 2
    assert starts(tmp_path / "voice.onnx") == 2
    await one.speak("Goodbye.", "en")
    assert starts(tmp_path / "voice.onnx") == 2


async def test_what_was_given_up_is_never_taken_for_the_next_text(speaker: Make) -> None:
    one = speaker("slow with Ali")
    wanted = await one.speak("Goodbye then.", "en")
    given_up = asyncio.create_task(one.speak("Good morning Ali, how are you?", "en"))
    await asyncio.sleep(0.3)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    assert await one.speak("Goodbye then.", "en") == wanted


@pytest.mark.parametrize(
    ("voice", "said"),
    [
        ("broken", "the voice cannot be loaded"),
        ("mute", "wrote no audio for 'Good morning to you all, and thank you for your patience'"),
        ("stops early", "said only a part of 'Good morning to you all, and thank you for your patience'"),
    ],
)
async def test_a_fault_of_piper_is_told_in_its_own_words(voice: str, said: str, speaker: Make) -> None:
    with pytest.raises(Unavailable, match=said):
        await speaker(voice).speak("Good morning to you all, and thank you for your patience", "en")


async def test_one_that_hangs_for_good_is_given_up(speaker: Make) -> None:
    with pytest.raises(Unavailable, match=r"piper took longer than 0\.5 s"):
        await speaker("hangs", within=0.5).speak("Hello", "en")


def test_another_voice_under_the_same_name_is_another_identity(tmp_path: Path) -> None:
    file = tmp_path / "voice.onnx"
    file.write_text("one")
    before = PiperSpeaker(("piper",), {"en": file}).identity("en")
    file.write_text("two")
    assert PiperSpeaker(("piper",), {"en": file}).identity("en") != before


def test_a_missing_voice_file_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nobody\.onnx"):
        PiperSpeaker(("piper",), {"en": tmp_path / "nobody.onnx"})


async def test_a_missing_program_is_told(tmp_path: Path) -> None:
    voice = tmp_path / "voice.onnx"
    voice.touch()
    speaker = PiperSpeaker((str(tmp_path / "piper"),), {"en": voice})
    with pytest.raises(Unavailable, match="piper cannot be started"):
        await speaker.speak("Hello", "en")
    await speaker.close()
