"""The prompts of one call in order: what was handed to the switch, what it has played, what is left when stopped."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from ivr_bot.media.ports import FRAME_BYTES, FRAME_MS, SILENCE, Stopped, Unheard


@dataclass(frozen=True, slots=True)
class _Prompt:
    mark: str
    ulaw: bytes  # whole frames
    first: int  # position of its first frame in the playlist

    @property
    def end(self) -> int:
        return self.first + len(self.ulaw) // FRAME_BYTES


class Playlist:
    """Positions are frames (20 ms) since the beginning, or since the last stop."""

    def __init__(self) -> None:
        self._prompts: deque[_Prompt] = deque()  # those not yet played to their end
        self._end = 0
        self._given = 0
        self._played = 0

    @property
    def given(self) -> int:
        """Frames handed to the switch."""
        return self._given

    @property
    def outstanding(self) -> int:
        """Frames handed to the switch that it has not played, as far as it has told."""
        return self._given - self._played

    def add(self, ulaw: bytes, mark: str) -> None:
        """Put a prompt at the end. An empty one counts as a frame of silence, so that it is told as played."""
        frames = max(1, -(-len(ulaw) // FRAME_BYTES))
        self._prompts.append(_Prompt(mark, ulaw.ljust(frames * FRAME_BYTES, SILENCE), self._end))
        self._end += frames

    def take(self, frames: int) -> bytes:
        """The next audio to hand over: whole frames, at most so many, never beyond the end of a prompt."""
        prompt = next((prompt for prompt in self._prompts if prompt.end > self._given), None)
        if prompt is None:
            return b""
        start = (self._given - prompt.first) * FRAME_BYTES
        piece = prompt.ulaw[start : start + frames * FRAME_BYTES]
        self._given += len(piece) // FRAME_BYTES
        return piece

    def played(self, position: int) -> list[str]:
        """The switch has played up to `position`; the marks of the prompts that ended by that."""
        self._played = min(max(position, self._played), self._given)
        marks = []
        while self._prompts and self._prompts[0].end <= self._played:
            marks.append(self._prompts.popleft().mark)
        return marks

    def stop(self) -> Stopped:
        """Forget everything that was not played, tell what it is, and count from 0 again."""
        played, prompts = self._played, tuple(self._prompts)
        self._prompts.clear()
        self._end = self._given = self._played = 0
        if not prompts:
            return Stopped(0, ())
        rests = (Unheard(p.mark, p.ulaw[max(0, played - p.first) * FRAME_BYTES :]) for p in prompts)
        return Stopped((played - prompts[0].first) * FRAME_MS, tuple(rests))
