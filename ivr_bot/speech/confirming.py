"""Whether what begins while the bot speaks is speech: only then the prompt is stopped.

webrtcvad alone takes 195 of 200 coughs, clicks, tones and hums for the beginning of a turn. With Silero, three windows
of 32 ms at 0.3, it is 4 of them; speech is confirmed 130 ms after its first sound (median; p95 310 ms, 300 without it).
"""

from __future__ import annotations

from collections import deque

import numpy as np

from ivr_bot.speech.audio import Samples, samples_of
from ivr_bot.speech.ports import Utterance
from ivr_bot.speech.silero import SPEECH_FROM, Detector

_WINDOWS, _OF = 3, 5


class Confirmer:
    """Listens to one beginning. Give it back (`close`) when it is decided."""

    def __init__(self, owner: Confirmers, detector: Detector, heard: Utterance) -> None:
        self._owner, self._detector = owner, detector
        self._recent: deque[bool] = deque(maxlen=_OF)
        self._left: Samples = np.zeros(0, np.float32)
        detector.warm_up(heard.before)
        self.confirmed = False
        self.feed(heard.ulaw)

    def feed(self, ulaw: bytes) -> bool:
        """Take more of the line, in pieces of any size; whether it is speech. Once confirmed, it stays so."""
        samples = np.concatenate([self._left, samples_of(ulaw)])
        size = self._detector.window
        whole = len(samples) // size * size
        for at in range(0, whole, size):
            self._recent.append(self._detector.probability(samples[at : at + size]) >= SPEECH_FROM)
            self.confirmed = self.confirmed or sum(self._recent) >= _WINDOWS
        self._left = samples[whole:]
        return self.confirmed

    def close(self) -> None:
        self._owner.give_back(self._detector)


class Confirmers:
    """Detectors for the calls of a process: 11 MB each, and only as many as calls are interrupted at one moment."""

    def __init__(self) -> None:
        self._free: list[Detector] = []

    def begin(self, heard: Utterance) -> Confirmer:
        """Listen to what begins; `heard` is as the endpointer told it."""
        return Confirmer(self, self._free.pop() if self._free else Detector(), heard)

    def give_back(self, detector: Detector) -> None:
        self._free.append(detector)
