"""Recordings: where a call's audio lies and what it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True)
class RecordingFile:
    """A finished WAV file: `path` relative to the recordings folder, `seconds` of audio, levels in dBFS per side."""

    call_id: str
    path: str
    bytes: int
    seconds: float
    sha256: str
    channels: int
    customer_dbfs: float
    agent_dbfs: float


def recording_path(call_id: str, at: datetime, suffix: str = ".raw") -> PurePosixPath:
    """The path rule: `YYYY/MM/DD/<call id>.raw`, by the UTC day in which the call began."""
    return PurePosixPath(f"{at:%Y/%m/%d}/{call_id}{suffix}")
