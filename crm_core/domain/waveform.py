"""The picture of a recording: the loudest sample of each short stretch, a row per side."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

#: Stretches a recording is cut into: a picture of 1,000 points is fine enough for the widest player.
POINTS = 1000
_FULL = 32768


def peaks(pieces: Iterable[bytes], frames: int, channels: int, points: int = POINTS) -> list[list[float]]:
    """For each channel `points` peaks (0…1, three decimals) of interleaved 16 bit samples, little endian.

    `pieces` hold whole frames, `frames` of them together; a shorter recording has as many points as frames.
    """
    if frames <= 0 or channels <= 0:
        return [[] for _ in range(channels)]
    points = min(points, frames)
    found = [[0] * points for _ in range(channels)]
    at = 0
    for piece in pieces:
        samples = array("h")
        samples.frombytes(piece)
        here = len(samples) // channels
        for channel in range(channels):
            side = samples[channel::channels]
            _add(found[channel], side, at, frames, points)
        at += here
    return [[round(peak / _FULL, 3) for peak in side] for side in found]


def _add(found: list[int], side: array[int], at: int, frames: int, points: int) -> None:
    """Peaks of a piece that begins at frame `at`."""
    begin = 0
    while begin < len(side) and at + begin < frames:
        point = (at + begin) * points // frames
        # The first frame of the next point: the smallest f with f * points // frames == point + 1.
        end = min(-(-(point + 1) * frames // points) - at, len(side))
        part = side[begin:end]
        found[point] = max(found[point], max(part), -min(part))
        begin = end
