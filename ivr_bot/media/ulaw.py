"""G.711 µ-law by tables: one look-up a sample in either direction (ITU-T G.711, table 2a)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_BIAS = 132  # 33 in the 14-bit terms of G.711, four times that in 16 bits
_CLIP = 32635  # the largest level that does not overflow with the bias added


def decode(ulaw: bytes) -> NDArray[np.int16]:
    """Linear samples, one per byte."""
    return _LINEAR[np.frombuffer(ulaw, np.uint8)]


def encode(pcm: NDArray[np.int16]) -> bytes:
    """µ-law bytes, one per sample."""
    return _BYTES[pcm.view(np.uint16)].tobytes()


def _linear_table() -> NDArray[np.int16]:
    code = ~np.arange(256, dtype=np.uint8)
    exponent, mantissa = (code >> 4) & 7, (code & 15).astype(np.int32)
    level = (((mantissa << 3) + _BIAS) << exponent.astype(np.int32)) - _BIAS
    return np.where(code & 0x80, -level, level).astype(np.int16)


def _byte_table() -> NDArray[np.uint8]:
    pcm = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    level = np.minimum(np.abs(pcm), _CLIP) + _BIAS
    exponent = np.floor(np.log2(level)).astype(np.int32) - 7
    mantissa = (level >> (exponent + 3)) & 15
    sign = np.where(pcm < 0, 0x80, 0)
    code: NDArray[np.int32] = ~(sign | (exponent << 4) | mantissa) & 0xFF
    return code.astype(np.uint8)


_LINEAR = _linear_table()
_BYTES = _byte_table()
