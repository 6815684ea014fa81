"""The second opinion on speech."""

from __future__ import annotations

import numpy as np

from ivr_bot.speech.audio import ulaw_of
from ivr_bot.speech.ports import Utterance
from ivr_bot.speech.silero import SPEECH_FROM, SpeechJudge
from tests.ivr_bot.speech.voices import flite, noise, on_the_line


def _tone() -> bytes:
    return ulaw_of((0.3 * np.sin(2 * np.pi * 425 * np.arange(8000) / 8000)).astype(np.float32))


def test_speech_is_told_from_silence_noise_and_tones() -> None:
    judge = SpeechJudge()
    quiet = noise(2.4, -65)
    assert judge.probability(Utterance(on_the_line(flite("yes please")), quiet)) > 0.8
    for other in (b"\xff" * 8000, noise(1, -65), noise(1, -30), _tone()):
        assert judge.probability(Utterance(other, quiet)) < SPEECH_FROM


def test_an_utterance_is_judged_alike_whatever_came_before_it() -> None:
    judge = SpeechJudge()
    said = Utterance(on_the_line(flite("yes please")), noise(2.4, -65))
    first = judge.probability(said)
    judge.probability(Utterance(noise(3, -20)))
    assert judge.probability(said) == first


def test_nothing_is_no_speech() -> None:
    assert SpeechJudge().probability(Utterance(b"")) == 0
