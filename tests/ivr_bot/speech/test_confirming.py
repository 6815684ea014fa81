"""Speech that begins while the bot speaks is told from coughs and noises, early enough to stop the prompt."""

from __future__ import annotations

import numpy as np
import pytest

from ivr_bot.speech.audio import ulaw_of
from ivr_bot.speech.confirming import Confirmers
from ivr_bot.speech.endpointing import Endpointer, SpeechBegan
from ivr_bot.speech.ports import Utterance
from tests.bench.speech_clips import noises, on_a_line
from tests.ivr_bot.speech.voices import flite, on_the_line


def confirmed_after(line: bytes) -> int | None:
    """Milliseconds from the endpointer's word to Silero's; None: never. A prompt plays all the while."""
    endpointer, confirmers = Endpointer(), Confirmers()
    for at in range(0, len(line), 160):
        for event in endpointer.feed(line[at : at + 160]):
            if not isinstance(event, SpeechBegan):
                continue
            confirmer = confirmers.begin(event.heard)
            try:
                for later in range(at + 160, min(len(line), at + 160 + 8000), 160):
                    if confirmer.confirmed:
                        return (later - 160 - at) // 8
                    confirmer.feed(line[later : later + 160])
            finally:
                confirmer.close()
    return None


@pytest.mark.parametrize("said", ["yes please", "stop", "who is calling", "eight", "I have no time"])
def test_speech_is_confirmed_soon(said: str) -> None:
    after = confirmed_after(on_the_line(flite(said, "slt")))
    assert after is not None
    assert after <= 200


def test_hardly_any_noise_is_taken_for_speech() -> None:
    taken = [clip.said for n, clip in enumerate(noises(60)) if confirmed_after(on_a_line(clip, None, n)) is not None]
    assert len(taken) <= 4, taken


def test_a_detector_is_used_again_and_forgets_the_line_before() -> None:
    confirmers = Confirmers()
    quiet = Utterance(ulaw_of(np.zeros(4000, np.float32)), b"", None)
    spoken = Utterance(on_the_line(flite("who is calling please", "slt")), b"", None)
    first = confirmers.begin(spoken)
    assert first.confirmed
    detector = first._detector
    first.close()
    second = confirmers.begin(quiet)
    assert second._detector is detector
    assert not second.confirmed
