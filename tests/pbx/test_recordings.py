"""Finished recordings become WAV files with length, level and hash, and are linked however late."""

from __future__ import annotations

import errno
import hashlib
import math
import os
import wave
from array import array
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crm_core.domain.recordings import recording_path
from pbx.recording_files import SILENCE_DBFS, convert
from pbx.recordings import RecordingKeeper, free_bytes
from pbx.settings import RecordingSettings
from tests.pbx.book import KeptCallBook

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def sine(amplitude: float, frames: int) -> list[int]:
    return [round(amplitude * 32767 * math.sin(2 * math.pi * 440 * n / 8000)) for n in range(frames)]


def write_raw(folder: Path, call: str, *, seconds: float = 1.0, at: datetime = NOW, age: float = 10.0) -> Path:
    """A raw stereo file: a loud person on the left, a quiet agent on the right."""
    raw = folder / recording_path(call, at)
    raw.parent.mkdir(parents=True, exist_ok=True)
    frames = int(seconds * 8000)
    samples = array("h", [0]) * (frames * 2)
    samples[0::2], samples[1::2] = array("h", sine(0.5, frames)), array("h", sine(0.05, frames))
    raw.write_bytes(samples.tobytes())
    written = (NOW - timedelta(seconds=age)).timestamp()
    os.utime(raw, (written, written))
    return raw


class Site:
    """A keeper over a folder, with its book and the calls that are open."""

    def __init__(self, folder: Path, **changes: float) -> None:
        self.folder, self.book, self.open, self.now = folder, KeptCallBook(), set[str](), NOW
        settings = replace(RecordingSettings(folder), **changes)  # type: ignore[arg-type]
        self.keeper = RecordingKeeper(settings, self.book, self.open.__contains__, lambda: self.now)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


async def test_a_finished_recording_is_converted_linked_and_its_raw_removed(site: Site) -> None:
    raw = write_raw(site.folder, "a-1", seconds=2.5)
    audio = raw.read_bytes()
    assert await site.keeper.scan() == 1
    (file,) = site.book.files
    wav = site.folder / file.path
    assert (file.call_id, file.path) == ("a-1", "2026/11/22/a-1.wav")
    assert (file.seconds, file.channels, file.bytes) == (2.5, 2, wav.stat().st_size)
    assert file.sha256 == hashlib.sha256(wav.read_bytes()).hexdigest()
    with wave.open(str(wav)) as opened:
        assert (opened.getnchannels(), opened.getsampwidth(), opened.getframerate()) == (2, 2, 8000)
        assert opened.readframes(opened.getnframes()) == audio
    assert [path.name for path in wav.parent.iterdir()] == ["a-1.wav"]


async def test_levels_are_told_per_side_in_dbfs(site: Site) -> None:
    write_raw(site.folder, "a-1")
    await site.keeper.scan()
    (file,) = site.book.files
    # The root mean square of a sine lies 3 dB below its peak: 20·log10(0.5) - 3, 20·log10(0.05) - 3.
    assert file.customer_dbfs == pytest.approx(-9.0, abs=0.2)
    assert file.agent_dbfs == pytest.approx(-29.0, abs=0.2)


def test_the_level_of_a_long_recording_is_that_of_a_short_one(tmp_path: Path) -> None:
    short = convert(write_raw(tmp_path, "short", seconds=2), tmp_path)
    long = convert(write_raw(tmp_path, "long", seconds=150), tmp_path)
    assert short is not None
    assert long is not None
    assert long.seconds == 150
    assert long.customer_dbfs == pytest.approx(short.customer_dbfs, abs=0.2)
    assert long.agent_dbfs == pytest.approx(short.agent_dbfs, abs=0.2)


def test_silence_has_a_level_and_a_half_frame_is_left_off(tmp_path: Path) -> None:
    raw = tmp_path / "a-1.raw"
    raw.write_bytes(bytes(4 * 800 + 3))
    file = convert(raw, tmp_path)
    assert file is not None
    assert (file.seconds, file.customer_dbfs, file.agent_dbfs) == (0.1, SILENCE_DBFS, SILENCE_DBFS)


async def test_an_empty_recording_is_removed_without_a_word(site: Site) -> None:
    raw = write_raw(site.folder, "a-1", seconds=0)
    assert await site.keeper.scan() == 0
    assert not raw.exists()
    assert site.book.files == []


async def test_a_file_that_still_grows_is_left_alone(site: Site) -> None:
    raw = write_raw(site.folder, "a-1", age=1)
    assert await site.keeper.scan() == 0
    site.now += timedelta(seconds=2)
    assert await site.keeper.scan() == 1
    assert not raw.exists()


async def test_a_still_file_of_a_call_that_lasts_is_left_alone(site: Site) -> None:
    raw = write_raw(site.folder, "a-1")
    site.open.add("a-1")
    assert await site.keeper.scan() == 0
    assert raw.exists()
    site.open.clear()
    assert await site.keeper.scan() == 1


async def test_a_recording_waits_for_the_database(site: Site) -> None:
    raw = write_raw(site.folder, "a-1")
    site.book.broken = True
    assert await site.keeper.scan() == 0
    assert raw.exists()
    site.book.broken = False
    assert await site.keeper.scan() == 1
    assert not raw.exists()


async def test_a_recording_of_long_ago_is_found_at_the_start(site: Site) -> None:
    write_raw(site.folder, "old", at=NOW - timedelta(days=400))
    assert await site.keeper.scan() == 1
    assert [file.path for file in site.book.files] == ["2025/10/18/old.wav"]


async def test_after_the_start_new_ones_are_found_in_the_folders_of_the_last_days(site: Site) -> None:
    await site.keeper.scan()
    write_raw(site.folder, "today")
    write_raw(site.folder, "last-night", at=NOW - timedelta(hours=13))
    assert await site.keeper.scan() == 2


async def test_a_full_disk_keeps_the_raw_file_and_says_what_to_do(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    raw = write_raw(site.folder, "a-1")
    write_raw(site.folder, "a-2")

    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)  # where the kernel tells of a full disk
        assert await site.keeper.scan() == 0
    assert raw.exists()
    assert sorted(path.name for path in raw.parent.iterdir()) == ["a-1.raw", "a-2.raw"]
    assert site.keeper.failed == 2
    assert "make room" in caplog.records[0].__dict__["why"]
    assert await site.keeper.scan() == 2


def test_no_recording_starts_when_the_disk_is_nearly_full(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert Site(tmp_path, min_free_bytes=1).keeper.may_record()
    assert caplog.records == []
    assert not Site(tmp_path, min_free_bytes=2**62).keeper.may_record()
    assert caplog.records[0].__dict__["needed_bytes"] == 2**62


def test_free_space_is_known_before_the_folder_is_made(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "not" / "yet") == pytest.approx(free_bytes(tmp_path), rel=0.1)
