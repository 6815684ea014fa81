"""Barge-in: how soon the bot falls silent for a word, and how often for a cough. Read from the stereo recordings."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np

from crm_core.voice_test.errands import Deed, Errand
from crm_core.voice_test.voices import Clips, voices_for
from ivr_bot.speech.audio import Samples, levelled, ulaw_of
from ivr_bot.speech.ports import LINE_RATE
from tests.bench.bot_people import clips_in, number
from tests.bench.bot_recordings import Stretch, heard_and_said, stop_seconds
from tests.bench.bot_site import held, running_bot
from tests.bench.rows import Row, at_most, figure, percentile
from tests.bench.site import Say
from tests.bench.speech_clips import noises
from tests.ivr_bot.speech.voices import banded

_WORDS = ("yes please", "no thank you", "who is calling", "I have no time", "can you repeat that", "stop calling me")
_INTERRUPTING, _NOISES, _NOISES_A_CALL = 60, 200, 5
#: Of a cough or a hum; no louder than people speak.
_NOISE_DBFS = -28.0
_APART = 4.5  # seconds from one noise to the next: the prompt has resumed by then
#: A stop within so long of a noise's beginning is because of it.
_BECAUSE = 1.0
#: One sentence without a pause of half a minute, so that every gap in it is a stop.
_LONG = " and ".join(f"the branch in street number {n} is open from nine until six" for n in range(21, 31))
_SCRIPT = f"""
script: bench
title: A long prompt
languages: [en]
fields: [name]
who: "This is the automatic assistant of Lola."
start: long
nodes:
  long: {{kind: yes_no, prompt: "{_LONG}", if_yes: thanks, if_no: thanks}}
  thanks: {{kind: hang_up, prompt: "Thank you, goodbye."}}
"""


async def measure(folder: Path, say: Say) -> list[Row]:
    """People who interrupt a long prompt, and people who only make noises during it."""
    script = folder / "bench.yml"
    script.write_text(_SCRIPT)
    clips = clips_in(folder)
    words = await asyncio.to_thread(_interrupters, clips)
    coughs = await asyncio.to_thread(_coughers)
    errands = {number(n): errand for n, errand in enumerate([*words, *coughs])}
    say(f"barge-in: {len(words)} who interrupt, {_NOISES} noises")
    async with running_bot(folder, {one.removeprefix("+"): errand for one, errand in errands.items()}) as site:
        campaign = await held(site, "barge-in", script, list(errands), 60)
        recordings = {one: file for one in errands if (file := campaign.recording(site, one)) is not None}
        heard = {one: heard_and_said(file) for one, file in recordings.items()}
    talkers = [heard[one] for one in list(errands)[: len(words)] if one in heard]
    stops = [seconds[0] for talk in talkers if (seconds := stop_seconds(*talk))]
    made = [noise for one in list(errands)[len(words) :] if one in heard for noise in _stopped(*heard[one])]
    return [
        at_most(f"barge-in: first word to silence, p95, of {len(stops)}", percentile(stops, 0.95), "s", 0.3),
        figure("barge-in: first word to silence, p50", percentile(stops, 0.5), "s"),
        at_most(f"barge-in: stops for nothing, of {len(made)} noises", 100 * sum(made) / max(1, len(made)), "%", 5),
    ]


def _interrupters(clips: Clips) -> list[Errand]:
    voices = voices_for("en")
    return [
        Errand((Deed(clips.line(voices[n % len(voices)], _WORDS[n % len(_WORDS)]), interrupts=True),), stays=True)
        for n in range(_INTERRUPTING)
    ]


def _coughers() -> list[Errand]:
    """Each makes some noises, one after the other, while the prompt plays; then he hangs up."""
    silence = np.zeros(int(_APART * LINE_RATE), np.float32)
    made = [_noise(clip.samples) for clip in noises(_NOISES)]
    errands = []
    for first in range(0, _NOISES, _NOISES_A_CALL):
        line = np.concatenate(
            [
                np.concatenate([noise, silence])[: len(silence) + len(noise)]
                for noise in made[first : first + _NOISES_A_CALL]
            ]
        )
        errands.append(Errand((Deed(ulaw_of(line), interrupts=True), Deed(hangs_up=True, interrupts=True))))
    return errands


def _noise(samples: Samples) -> Samples:
    """As it comes over a telephone line: no longer than a second and a half."""
    return levelled(banded(samples[: LINE_RATE * 3 // 2]), _NOISE_DBFS)


def _stopped(person: list[Stretch], bot: list[Stretch]) -> list[bool]:
    """For each noise made while the bot spoke, whether it fell silent because of it."""
    during = [noise for noise in person if any(one.began < noise.began < one.ended for one in bot)]
    return [any(noise.began <= one.ended <= noise.began + _BECAUSE for one in bot) for noise in during]
