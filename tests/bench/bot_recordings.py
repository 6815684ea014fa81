"""What a stereo recording of the bot's call tells: when the person stopped, when the bot began.

Left is the customer, right is the bot (pbx/recordings.py).
"""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ivr_bot.speech.ports import LINE_RATE

_FRAME = LINE_RATE // 100  # 10 ms
#: Louder than this is speech; a caller's line hums at -65 dBFS, the bot's is still.
_SOUND = 10 ** (-45 / 20)
_GAP = 0.35  # seconds: a shorter one is between words
_SPECK = 0.08  # less is a click


@dataclass(frozen=True, slots=True)
class Stretch:
    """Sound without a gap, in seconds of the recording."""

    began: float
    ended: float


def heard_and_said(file: Path) -> tuple[list[Stretch], list[Stretch]]:
    """What the person said, and what the bot said."""
    with wave.open(str(file)) as recording:
        samples = np.frombuffer(recording.readframes(recording.getnframes()), np.int16).reshape(-1, 2)
    person, bot = (stretches(samples[:, channel]) for channel in (0, 1))
    return person, bot


def stretches(samples: NDArray[np.int16]) -> list[Stretch]:
    """Where there is sound."""
    whole = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME).astype(np.float64) / 32768
    loud = np.flatnonzero(np.sqrt(np.mean(np.square(whole), axis=1)) >= _SOUND) * _FRAME / LINE_RATE
    found: list[Stretch] = []
    for at in loud.tolist():
        if found and at - found[-1].ended < _GAP:
            found[-1] = Stretch(found[-1].began, at + _FRAME / LINE_RATE)
        else:
            found.append(Stretch(at, at + _FRAME / LINE_RATE))
    return [one for one in found if one.ended - one.began >= _SPECK]


def response_seconds(person: list[Stretch], bot: list[Stretch]) -> list[float]:
    """From the end of each thing the person said to the first sound of the bot after it, before he speaks again.

    A person who talked over the bot is left out: that is another measurement.
    """
    found: list[float] = []
    for place, said in enumerate(person):
        before = person[place + 1].began if place + 1 < len(person) else float("inf")
        talked_over = any(one.began < said.ended and one.ended > said.began for one in bot)
        answer = next((one.began for one in bot if said.ended <= one.began < before), None)
        if answer is not None and not talked_over:
            found.append(answer - said.ended)
    return found


def stop_seconds(person: list[Stretch], bot: list[Stretch]) -> list[float]:
    """From the first word of each who spoke into the bot's words to the bot's silence."""
    return [
        min(one.ended, said.ended + 5) - said.began
        for said in person
        for one in bot
        if one.began < said.began < one.ended
    ]
