"""The summary as a sound: there in time, or the transfer goes on without it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from crm_core.errors import Unavailable
from ivr_bot.announcing import FOLDER, WAIT, Announcer
from ivr_bot.dialog.actions import Transfer
from ivr_bot.speech.prompts import Part
from tests.dialer import clock
from tests.fakes.prompts import FakePrompts
from tests.fakes.speaker import FakeSpeaker

ALI = Transfer("sales", "Ali asks for a person.", "en")


class Slow:
    """A voice that takes so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.cancelled = seconds, False

    async def audio(self, part: Part) -> bytes:
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return b"\xff" * 8000


async def test_it_stands_below_the_recordings_folder_under_the_calls_id(tmp_path: Path) -> None:
    speaker = FakeSpeaker()
    path = await Announcer(FakePrompts(speaker), tmp_path).begin("17.5", ALI).path()
    assert path == f"{FOLDER}/17.5.ulaw"
    sound = tmp_path / path
    assert sound.read_bytes() == await speaker.speak(ALI.summary, "en")
    assert sound.stat().st_mode & 0o777 == 0o644
    assert [file.name for file in sound.parent.iterdir()] == ["17.5.ulaw"]


async def test_what_cannot_be_said_or_written_is_left_out(tmp_path: Path) -> None:
    speaker = FakeSpeaker()
    announcer = Announcer(FakePrompts(speaker), tmp_path)
    assert await announcer.begin("1", Transfer("sales", "Али", "ru")).path() is None
    for fault in (Unavailable("no voice"), ValueError("a fault of ours")):
        speaker.faults[ALI.summary] = fault
        assert await announcer.begin("1", ALI).path() is None
    (tmp_path / FOLDER).write_text("in the way")
    assert await announcer.begin("2", Transfer("sales", "Ali.", "en")).path() is None


def test_nobody_waits_long_for_it(tmp_path: Path) -> None:
    voice = Slow(60)

    async def main() -> None:
        announcement = Announcer(voice, tmp_path).begin("1", ALI)
        began = asyncio.get_running_loop().time()
        assert await announcement.path() is None
        assert asyncio.get_running_loop().time() - began == pytest.approx(WAIT)
        assert voice.cancelled

    clock.run(main())


def test_what_is_no_longer_wanted_is_given_up(tmp_path: Path) -> None:
    voice = Slow(60)

    async def main() -> None:
        announcement = Announcer(voice, tmp_path).begin("1", ALI)
        await asyncio.sleep(0.1)
        await announcement.drop()
        assert voice.cancelled

    clock.run(main())


async def test_what_was_said_an_hour_ago_does_not_stay(tmp_path: Path) -> None:
    announcer = Announcer(FakePrompts(FakeSpeaker()), tmp_path)
    await announcer.begin("old", ALI).path()
    old = tmp_path / FOLDER / "old.ulaw"
    os.utime(old, (old.stat().st_atime, old.stat().st_mtime - 3700))
    await announcer.begin("new", ALI).path()
    assert [file.name for file in old.parent.iterdir()] == ["new.ulaw"]
