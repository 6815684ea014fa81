"""Arithmetic on line audio: µ-law and linear, 8 to 16 kHz, levels in dBFS, one loudness for all prompts."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ivr_bot.media import ulaw as g711
from ivr_bot.speech.ports import LINE_RATE, SPEECH_DBFS

Samples = NDArray[np.float32]  # linear, -1 to 1

SILENCE_DBFS = -100.0  # what digital silence counts as
PEAK = 0.89  # -1 dBFS
_FRAME = 160  # 20 ms at the line's rate
_TAPS = 64


def samples_of(ulaw: bytes) -> Samples:
    """µ-law bytes as linear samples."""
    return (g711.decode(ulaw).astype(np.float32) / np.float32(32768)).astype(np.float32)


def ulaw_of(samples: Samples) -> bytes:
    """Linear samples as µ-law; what is out of range is clipped."""
    scaled = np.clip(np.rint(samples * 32768), -32768, 32767)
    return g711.encode(scaled.astype(np.int16))


def doubled(samples: Samples) -> Samples:
    """8 kHz as 16 kHz: every sample kept, one between each two by a half-band windowed sinc of 64 taps.

    The filter is symmetric and the ends are taken as silence, so nothing is shifted and the length is exactly twice.
    """
    if not len(samples):
        return samples
    between = np.convolve(samples, _HALF_BAND)[_TAPS // 2 : _TAPS // 2 + len(samples)]
    out = np.empty(2 * len(samples), np.float32)
    out[0::2], out[1::2] = samples, between
    return out


def dbfs(samples: Samples) -> float:
    """RMS level against full scale, in dB; a full-scale square wave is 0."""
    if not len(samples):
        return SILENCE_DBFS
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    return 10 * math.log10(power) if power > 10 ** (SILENCE_DBFS / 10) else SILENCE_DBFS


def active_dbfs(samples: Samples) -> float:
    """Level of the speech in it, pauses left out: frames within 15 dB of the loudest 20 ms (after ITU-T P.56)."""
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    if not len(frames):
        return dbfs(samples)
    powers = np.mean(np.square(frames, dtype=np.float64), axis=1)
    active = powers[powers >= powers.max() / 10**1.5]
    return max(SILENCE_DBFS, 10 * math.log10(max(float(active.mean()), 1e-10)))


def levelled(samples: Samples, to_dbfs: float = SPEECH_DBFS) -> Samples:
    """The same at the level wanted, less where its peaks would go over -1 dBFS. Silence stays silence."""
    level = active_dbfs(samples)
    if level <= SILENCE_DBFS:
        return samples
    gain = 10 ** ((to_dbfs - level) / 20)
    peak = float(np.max(np.abs(samples)))
    return (samples * np.float32(min(gain, PEAK / peak))).astype(np.float32)


def seconds_of(ulaw: bytes) -> float:
    return len(ulaw) / LINE_RATE


def _half_band() -> Samples:
    at = np.arange(_TAPS) - (_TAPS - 1) / 2  # half a sample beside each given one
    taps: NDArray[np.float64] = np.sinc(at) * np.kaiser(_TAPS, 7.0)
    return (taps / np.sum(taps)).astype(np.float32)


_HALF_BAND = _half_band()
