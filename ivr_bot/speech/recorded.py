"""Recorded audio as prompts: WAV, MP3 or what else FFmpeg reads, at any rate, as the line's µ-law at one level."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from itertools import chain
from pathlib import Path

import av
import numpy as np

from crm_core.errors import BadInput
from ivr_bot.speech.audio import Samples, levelled, ulaw_of
from ivr_bot.speech.ports import LINE_RATE, SPEECH_DBFS

#: A longer prompt is a mistake (a whole call, a song).
MOST_SECONDS = 300
_DO = "Give a WAV or MP3 file"


def line_samples(file: Path) -> Samples:
    """The first audio track as 8 kHz mono. Raises BadInput: no file, no audio, cut short, or over five minutes."""
    if not file.is_file():
        raise BadInput(str(file), "there is no such file", _DO)
    try:
        pieces = _decoded(file)
    except (av.FFmpegError, ValueError, IndexError) as error:
        raise BadInput(str(file), f"cannot be read as audio: {error}", _DO) from None
    samples = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
    if not len(samples):
        raise BadInput(str(file), "holds no audio", _DO)
    return samples


def _decoded(file: Path) -> list[Samples]:
    pieces: list[Samples] = []
    length = 0
    resampler = av.AudioResampler(format="flt", layout="mono", rate=LINE_RATE)
    with av.open(str(file)) as container:
        if not container.streams.audio:
            raise BadInput(str(file), "holds no audio", _DO)
        for frame in chain(container.decode(container.streams.audio[0]), (None,)):  # None: what the resampler keeps
            for part in resampler.resample(frame):
                pieces.append(part.to_ndarray().reshape(-1).astype(np.float32, copy=False))
                length += len(pieces[-1])
            if length > MOST_SECONDS * LINE_RATE:
                raise BadInput(str(file), f"is longer than {MOST_SECONDS // 60} minutes", "Cut it")
    return pieces


def line_audio(file: Path, dbfs: float = SPEECH_DBFS) -> bytes:
    """A file as levelled µ-law. Raises BadInput."""
    return ulaw_of(levelled(line_samples(file), dbfs))


def content_hash(file: Path) -> str:
    """sha256 of a file. Raises BadInput when it is not there."""
    try:
        with file.open("rb") as source:
            return hashlib.file_digest(source, "sha256").hexdigest()
    except OSError:
        raise BadInput(str(file), "there is no such file", _DO) from None


class RecordedSpeaker:
    """A speaker that knows some texts by heart: a recording for each, per language."""

    def __init__(self, files: Mapping[tuple[str, str], Path], dbfs: float = SPEECH_DBFS) -> None:
        """`files`: by (text, language). Raises BadInput when one is missing."""
        self._files = dict(files)
        self._dbfs = dbfs
        self._hashes = {key: content_hash(file) for key, file in self._files.items()}

    def identity(self, language: str) -> str:
        """Changes when any recording of the language does."""
        own = sorted(digest for (_, lang), digest in self._hashes.items() if lang == language)
        if not own:
            raise BadInput("language", f"there are no recordings in {language!r}")
        return f"recorded {hashlib.sha256(''.join(own).encode()).hexdigest()} {self._dbfs:g} dBFS"

    async def speak(self, text: str, language: str) -> bytes:
        """The recording. Raises BadInput: none of this text, or not readable."""
        file = self._files.get((text, language))
        if file is None:
            raise BadInput("prompt", f"there is no recording of {text!r} in {language!r}")
        return await asyncio.to_thread(line_audio, file, self._dbfs)

    async def close(self) -> None:
        """Nothing runs."""
