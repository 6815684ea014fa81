"""Prompts kept ready."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from crm_core.errors import BadInput, Unavailable
from ivr_bot.speech.prompts import DEFAULT_TEXTS, WAIT_TEXTS, Failure, Line, Part, Prompts, Recording, two_tones
from tests.fakes.speaker import FakeSpeaker
from tests.ivr_bot.speech.voices import flite

_HELLO = Line("Hello, this is a survey.", "en")
_DEFAULT = Line(DEFAULT_TEXTS["en"], "en")


@pytest.fixture
def speaker() -> FakeSpeaker:
    return FakeSpeaker(languages=("en", "ru"))


def _prompts(folder: Path, speaker: FakeSpeaker) -> Prompts:
    return Prompts(folder / "prompts", {"en": speaker, "ru": speaker})


async def test_a_text_is_rendered_once_for_all_and_for_ever(tmp_path: Path, speaker: FakeSpeaker) -> None:
    prompts = _prompts(tmp_path, speaker)
    audio = await asyncio.gather(*(prompts.audio(_HELLO) for _ in range(5)))
    assert len(set(audio)) == 1
    assert await _prompts(tmp_path, speaker).audio(_HELLO) == audio[0]  # after a restart
    assert speaker.said == [_HELLO.text]


async def test_another_voice_renders_it_anew_and_the_old_one_is_not_played(tmp_path: Path) -> None:
    old, new = FakeSpeaker(version="1"), FakeSpeaker(version="2")
    await _prompts(tmp_path, old).audio(_HELLO)
    await _prompts(tmp_path, new).audio(_HELLO)
    assert new.said == [_HELLO.text]


async def test_the_same_text_in_another_language_is_another_prompt(tmp_path: Path, speaker: FakeSpeaker) -> None:
    prompts = _prompts(tmp_path, speaker)
    await prompts.audio(Line("Radio", "en"))
    await prompts.audio(Line("Radio", "ru"))
    assert speaker.said == ["Radio", "Radio"]


async def test_letters_written_in_two_ways_are_one_text(tmp_path: Path, speaker: FakeSpeaker) -> None:
    prompts = _prompts(tmp_path, speaker)
    await prompts.audio(Line("caf\u00e9", "en"))
    await prompts.audio(Line("cafe\u0301", "en"))
    assert len(speaker.said) == 1


async def test_a_campaigns_prompts_are_rendered_with_their_defaults_and_the_failures_told(
    tmp_path: Path, speaker: FakeSpeaker
) -> None:
    broken, missing = Line("broken", "en"), Recording(tmp_path / "nobody.wav")
    speaker.faults["broken"] = Unavailable("the voice is gone")
    seen: list[tuple[int, int]] = []
    parts: list[Part] = [_HELLO, broken, _HELLO, missing, Line("Bonjour", "fr")]
    failures = await _prompts(tmp_path, speaker).render_all(parts, lambda done, of: seen.append((done, of)))
    assert failures[0] == Failure(broken, "the voice is gone")
    assert failures[1].part == missing
    assert "nobody speaks 'fr'" in failures[2].why
    assert seen == [(done, 6) for done in range(1, 7)]
    assert sorted(speaker.said) == sorted([_HELLO.text, "broken", _DEFAULT.text, WAIT_TEXTS["en"]])


async def test_a_failed_text_is_tried_again_later(tmp_path: Path, speaker: FakeSpeaker) -> None:
    prompts = _prompts(tmp_path, speaker)
    speaker.faults[_HELLO.text] = Unavailable("not now")
    assert await prompts.render_all([_HELLO])
    del speaker.faults[_HELLO.text]
    assert await prompts.render_all([_HELLO]) == []


async def test_a_call_gets_what_is_ready(tmp_path: Path, speaker: FakeSpeaker) -> None:
    prompts = _prompts(tmp_path, speaker)
    audio = await prompts.audio(_HELLO)
    assert await prompts.for_call(_HELLO, "en") == (audio, None)
    assert await _prompts(tmp_path, speaker).for_call(_HELLO, "en") == (audio, None)


async def test_a_call_never_waits_for_a_rendering_nor_stays_silent(tmp_path: Path, speaker: FakeSpeaker) -> None:
    prompts = _prompts(tmp_path, speaker)
    assert await prompts.for_call(_HELLO, "en") == (two_tones(), "it was not rendered before the call")
    assert speaker.said == []
    await prompts.render_all([Line("Something else", "en")])
    default = await prompts.audio(_DEFAULT)
    assert await prompts.for_call(_HELLO, "en") == (default, "it was not rendered before the call")
    played, why = await prompts.for_call(Recording(tmp_path / "nobody.wav"), "en")
    assert played == default
    assert why is not None
    assert "there is no such file" in why


async def test_a_recording_is_a_prompt_like_another(tmp_path: Path, speaker: FakeSpeaker) -> None:
    file = tmp_path / "welcome.wav"
    file.write_bytes(flite("Welcome"))
    prompts = _prompts(tmp_path, speaker)
    first = await prompts.audio(Recording(file))
    file.write_bytes(flite("Good evening"))
    assert await prompts.audio(Recording(file)) != first


async def test_one_who_gives_up_does_not_take_the_prompt_from_the_others(tmp_path: Path) -> None:
    gate = asyncio.Event()

    class Slow(FakeSpeaker):
        async def speak(self, text: str, language: str) -> bytes:
            await gate.wait()
            return await super().speak(text, language)

    prompts = Prompts(tmp_path, {"en": Slow()})
    impatient, patient = (asyncio.create_task(prompts.audio(_HELLO)) for _ in range(2))
    while not prompts._making:  # noqa: ASYNC110  # until the rendering has begun
        await asyncio.sleep(0.001)
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    gate.set()
    assert await patient


async def test_closing_gives_up_what_is_being_rendered(tmp_path: Path) -> None:
    class Endless(FakeSpeaker):
        async def speak(self, text: str, language: str) -> bytes:
            await asyncio.Event().wait()
            return b""

    prompts = Prompts(tmp_path, {"en": Endless()})
    waiting = asyncio.create_task(prompts.audio(_HELLO))
    while not prompts._making:  # noqa: ASYNC110  # until the rendering has begun
        await asyncio.sleep(0.001)
    await prompts.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_language_nobody_speaks_is_refused(tmp_path: Path, speaker: FakeSpeaker) -> None:
    with pytest.raises(BadInput, match="nobody speaks 'fr'"):
        await _prompts(tmp_path, speaker).audio(Line("Bonjour", "fr"))


async def test_an_empty_file_left_by_a_full_disk_is_rendered_again(tmp_path: Path, speaker: FakeSpeaker) -> None:
    await _prompts(tmp_path, speaker).audio(_HELLO)
    (file,) = (tmp_path / "prompts").glob("*.ulaw")
    file.write_bytes(b"")
    assert await _prompts(tmp_path, speaker).audio(_HELLO)
    assert len(speaker.said) == 2


async def test_what_nobody_has_played_for_a_month_goes_when_a_campaign_starts(
    tmp_path: Path, speaker: FakeSpeaker
) -> None:
    forgotten, played, made = (Line(f"Hello {name}.", "en") for name in ("Ali", "Maria", "Peter"))
    prompts = _prompts(tmp_path, speaker)
    for line in (forgotten, played):
        await prompts.audio(line)
    for file in (tmp_path / "prompts").iterdir():
        os.utime(file, (0, 0))
    after_a_restart = _prompts(tmp_path, speaker)
    assert await after_a_restart.at_hand(played) is not None
    assert await after_a_restart.render_all([made]) == []
    later = _prompts(tmp_path, speaker)
    assert [await later.at_hand(line) is not None for line in (forgotten, played, made)] == [False, True, True]


async def test_closing_ends_what_speaks_once(tmp_path: Path) -> None:
    class Counted(FakeSpeaker):
        closed = 0

        async def close(self) -> None:
            self.closed += 1

    one = Counted()
    await Prompts(tmp_path, {"en": one, "ru": one}).close()
    assert one.closed == 1
