"""Raw stereo audio becomes a WAV file with its length, level and hash. Blocking: run it in a thread.

MixMonitor with option D writes signed 16 bit, 8 kHz, interleaved: the person left, the agent right, no header.
"""

from __future__ import annotations

import hashlib
import math
import operator
import os
import wave
from array import array
from dataclasses import dataclass, field
from pathlib import Path

from crm_core.domain.recordings import RecordingFile

SAMPLE_RATE = 8000
CHANNELS = 2
_FRAME_BYTES = 2 * CHANNELS
_CHUNK_FRAMES = 128 * 1024
#: Level is taken of every n-th frame, so that no more than so many count: some 30 ms of work for any length.
_LEVEL_FRAMES = 400_000
#: What silence is written as: no 16 bit signal lies lower.
SILENCE_DBFS = -96.3


@dataclass(slots=True)
class _Level:
    squares: int = 0
    samples: int = 0

    def add(self, samples: array[int]) -> None:
        self.squares += sum(map(operator.mul, samples, samples))
        self.samples += len(samples)

    @property
    def dbfs(self) -> float:
        """Root mean square against full scale."""
        if not self.squares:
            return SILENCE_DBFS
        return round(max(SILENCE_DBFS, 10 * math.log10(self.squares / self.samples / 32768**2)), 1)


@dataclass(slots=True)
class _Levels:
    step: int
    left: _Level = field(default_factory=_Level)
    right: _Level = field(default_factory=_Level)

    def add(self, frames: bytes) -> None:
        samples = array("h")
        samples.frombytes(frames)
        self.left.add(samples[0 :: CHANNELS * self.step])
        self.right.add(samples[1 :: CHANNELS * self.step])


def convert(raw: Path, folder: Path) -> RecordingFile | None:
    """Write the WAV file beside `raw` and describe it; None if there is no audio in it. `raw` stays.

    The file appears whole or not at all. Raises OSError, as with a full disk.
    """
    frames = raw.stat().st_size // _FRAME_BYTES
    if frames == 0:
        return None
    target = raw.with_suffix(".wav")
    part = raw.with_suffix(".wav.part")
    levels = _Levels(step=max(1, frames // _LEVEL_FRAMES))
    try:
        _write_wav(raw, part, frames, levels)
        digest = _sha256(part)
        part.replace(target)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    return RecordingFile(
        call_id=raw.stem,
        path=target.relative_to(folder).as_posix(),
        bytes=target.stat().st_size,
        seconds=frames / SAMPLE_RATE,
        sha256=digest,
        channels=CHANNELS,
        customer_dbfs=levels.left.dbfs,
        agent_dbfs=levels.right.dbfs,
    )


def _write_wav(raw: Path, part: Path, frames: int, levels: _Levels) -> None:
    with raw.open("rb") as source, part.open("wb") as sink:
        with wave.open(sink, "wb") as wav:
            wav.setnchannels(CHANNELS)
            wav.setsampwidth(2)
            wav.setframerate(SAMPLE_RATE)
            wav.setnframes(frames)
            while frames and (piece := source.read(min(frames, _CHUNK_FRAMES) * _FRAME_BYTES)):
                wav.writeframesraw(piece)
                levels.add(piece)
                frames -= len(piece) // _FRAME_BYTES
        sink.flush()
        os.fsync(sink.fileno())


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
