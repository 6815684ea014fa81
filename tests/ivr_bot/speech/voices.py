"""Callers for the tests: other voices than the bot's, over a telephone line."""

from __future__ import annotations

import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from ivr_bot.speech.audio import Samples, levelled, ulaw_of
from ivr_bot.speech.ports import LINE_RATE
from ivr_bot.speech.recorded import line_samples

LINE_NOISE_DBFS = -65.0


@cache
def flite(text: str, voice: str = "slt") -> bytes:
    """WAV bytes of an English text by flite."""
    return _rendered("flite", "-voice", voice, "-t", text, "-o")


@cache
def espeak(text: str, voice: str = "en-gb") -> bytes:
    """WAV bytes of a text by espeak-ng."""
    return _rendered("espeak-ng", "-v", voice, "-s", "140", text, "-w")


def on_the_line(wav: bytes, *, dbfs: float = -25.0, before: float = 0.0, after: float = 0.0, seed: int = 1) -> bytes:
    """Any WAV as µ-law of a quiet line: 300 to 3400 Hz, at a level, with seconds of the line before and after."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "said.wav"
        file.write_bytes(wav)
        said = levelled(banded(line_samples(file)), dbfs)
    quiet = [np.zeros(int(seconds * LINE_RATE), np.float32) for seconds in (before, after)]
    return with_noise(np.concatenate([quiet[0], said, quiet[1]]), LINE_NOISE_DBFS, seed)


def with_noise(samples: Samples, dbfs: float, seed: int = 1) -> bytes:
    """µ-law of the samples with white noise at a level."""
    noise = np.random.default_rng(seed).normal(0, 10 ** (dbfs / 20), len(samples))
    return ulaw_of((samples + noise).astype(np.float32))


def banded(samples: Samples) -> Samples:
    """300 to 3400 Hz, as a telephone passes."""
    spectrum = np.fft.rfft(samples)
    pitch = np.fft.rfftfreq(len(samples), 1 / LINE_RATE)
    spectrum[(pitch < 300) | (pitch > 3400)] = 0
    return np.fft.irfft(spectrum, len(samples)).astype(np.float32)


def noise(seconds: float, dbfs: float, seed: int = 1) -> bytes:
    """White noise alone."""
    return with_noise(np.zeros(int(seconds * LINE_RATE), np.float32), dbfs, seed)


def _rendered(*command: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "said.wav"
        subprocess.run([*command, str(file)], check=True, capture_output=True, timeout=30)
        return file.read_bytes()
