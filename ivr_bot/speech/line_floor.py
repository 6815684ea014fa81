"""The noise of one line: its level outside speech, so that a voice is told from what always sounds."""

from __future__ import annotations

from collections.abc import Sequence

#: Below this a line is as good as silent: µ-law's own steps are near -72 dBFS.
LOWEST_DBFS = -60.0
#: How far over the floor a voice has to be. Measured: 3 dB ends the turn in babble and misses no speech.
MARGIN_DB = 3.0
_RISE = 0.04  # of the difference per 20 ms: half a second to settle
_FALL = 0.2  # a line that grew quiet is believed sooner
_FIRST_FRAMES = 5  # nothing stands out before so much was heard


class LineFloor:
    """Follows the level of 20 ms frames (dBFS) that are not speech."""

    def __init__(self) -> None:
        self._dbfs: float | None = None
        self._heard = 0

    @property
    def dbfs(self) -> float:
        return LOWEST_DBFS if self._dbfs is None else self._dbfs

    def is_above(self, level: float) -> bool:
        """Whether a frame of this level stands out of the noise. Never before the first 100 ms were heard."""
        return self._heard >= _FIRST_FRAMES and level > self.dbfs + MARGIN_DB

    def hear(self, level: float) -> None:
        """Take a frame that is not speech."""
        level = max(level, LOWEST_DBFS)
        self._heard += 1
        if self._dbfs is None or self._heard <= _FIRST_FRAMES:
            self._dbfs = min(level, self._dbfs if self._dbfs is not None else level)
            return
        self._dbfs += (level - self._dbfs) * (_RISE if level > self._dbfs else _FALL)

    def relearn(self, levels: Sequence[float]) -> None:
        """What was taken for speech never ended: its quieter half is the noise that began meanwhile."""
        if levels:
            quieter = sorted(levels)[: max(1, len(levels) // 2)]
            self._dbfs = max(LOWEST_DBFS, sum(quieter) / len(quieter))
