"""People who answer the bot of the bench: what each says, in which voice, and whether a recogniser reads it at all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crm_core.voice_test.errands import Deed, Errand
from crm_core.voice_test.voices import Clips, Voice, voices_for
from ivr_bot.speech.audio import Samples, samples_of, ulaw_of
from ivr_bot.speech.endpointing import Endpointer, SpeechEnded
from ivr_bot.speech.ports import LINE_RATE, Question, Transcriber
from ivr_bot.understanding.answers import AnswerKind, choose, understand
from tests.bench.site import now

SCRIPT = """
script: bench
title: Three closed questions, answered by voice
languages: [en]
fields: [name]
who: "This is the automatic assistant of Lola."
start: may_ask
nodes:
  may_ask: {kind: yes_no, prompt: "Good day, this is Lola. May I ask two things?", if_yes: rating, if_no: rating}
  rating: {kind: rating, from: 0, to: 10, prompt: "How was your visit, from zero to ten?", next: part}
  part:
    kind: choice
    prompt: "When may we call again: in the morning, in the afternoon or in the evening?"
    options:
      morning: {phrases: [morning, in the morning], go: surveyed}
      afternoon: {phrases: [afternoon, in the afternoon], go: surveyed}
      evening: {phrases: [evening, in the evening], go: surveyed}
  surveyed: {kind: disposition, code: surveyed, next: thanks}
  thanks: {kind: hang_up, prompt: "Thank you, goodbye."}
"""
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_PARTS = {"in the morning": "morning", "in the afternoon": "afternoon", "in the evening": "evening"}
_YES = {"yes": "yes", "yes please": "yes"}
_QUIET_DBFS = -65.0


@dataclass(frozen=True, slots=True)
class Answers:
    """What one person says to the three questions, and what it means."""

    voice: Voice
    said: tuple[str, str, str]
    meant: tuple[str, str, str]


async def people(count: int, clips: Clips, hearer: Transcriber) -> list[Answers]:
    """So many people, who say different things in every voice this machine has.

    Only what the recogniser reads rightly on a quiet line is said: how well it hears is measured elsewhere (speech).
    """
    choices = [
        [
            (voice, [one for one in offered if await _is_read(clips.line(voice, one[0]), one[1], place, hearer)])
            for voice in voices_for("en")
        ]
        for place, offered in enumerate((list(_YES.items()), _ratings(), list(_PARTS.items())))
    ]
    made: list[Answers] = []
    speaking = [n for n in range(len(choices[0])) if all(question[n][1] for question in choices)]
    for n in range(count):
        place = speaking[n % len(speaking)]
        turn = n // len(speaking)
        (a, b, c) = (question[place][1][turn % len(question[place][1])] for question in choices)
        made.append(Answers(choices[0][place][0], (a[0], b[0], c[0]), (a[1], b[1], c[1])))
    return made


def errand(one: Answers, clips: Clips) -> Errand:
    """Three answers, then he waits for the bot to say goodbye."""
    return Errand(tuple(Deed(clips.line(one.voice, said)) for said in one.said), stays=True)


def _ratings() -> list[tuple[str, str]]:
    return [(word, str(value)) for value, word in enumerate(_WORDS)]


async def _is_read(sound: bytes, meant: str, place: int, hearer: Transcriber) -> bool:
    question = Question("en", _PHRASES[place], accepts=lambda text: _meaning(place, text))
    events = Endpointer().feed(_on_a_quiet_line(sound))
    utterance = next((event.utterance for event in events if isinstance(event, SpeechEnded)), None)
    if utterance is None:
        return False
    heard = await hearer.transcribe(utterance, question)
    return _meaning(place, heard.text) == meant


_PHRASES = (("yes", "no"), _WORDS, tuple(_PARTS))


def _meaning(place: int, text: str) -> str | None:
    if place == 2:
        return choose(text, {part: (part, f"in the {part}") for part in _PARTS.values()}, "en")
    found = understand(text, (AnswerKind.YES_NO, AnswerKind.NUMBER)[place], "en", now())
    if found is None:
        return None
    return ("yes" if found.value else "no") if place == 0 else str(found.value)


def _on_a_quiet_line(sound: bytes) -> bytes:
    said = samples_of(sound)
    silence = np.zeros(2 * LINE_RATE, np.float32)
    line = np.concatenate([silence, said, silence])
    noise: Samples = np.random.default_rng(1).normal(0, 10 ** (_QUIET_DBFS / 20), len(line)).astype(np.float32)
    return ulaw_of(line + noise)


async def rendered(clips: Clips, made: Sequence[Answers]) -> dict[str, Errand]:
    """Errands by number without plus sign."""
    errands = await asyncio.to_thread(lambda: [errand(one, clips) for one in made])
    return {number(n).removeprefix("+"): errand for n, errand in enumerate(errands)}


def number(place: int) -> str:
    """The number of a person who is played (asterisk_conf/network/extensions.conf)."""
    return f"+99894{place:07}"


def silent_number(place: int) -> str:
    """Nobody there: of ten, six ring in vain, three are busy, one is not in service."""
    kind = (3, 3, 3, 3, 3, 3, 2, 2, 2, 4)[place % 10]
    return f"+99890{kind}00{place % 10000:04}"


def clips_in(folder: Path) -> Clips:
    return Clips(folder / "clips")
