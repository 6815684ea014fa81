"""Hearing measured: closed answers, foreign sentences and noises over a telephone line, and what an answer costs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from ivr_bot.dialog.answering import MIN_CONFIDENCE
from ivr_bot.speech.endpointing import Endpointer, SpeechEnded
from ivr_bot.speech.models import find_whisper_model
from ivr_bot.speech.ports import Heard, Transcriber, Utterance
from ivr_bot.speech.whisper_stt import WhisperSpec, WhisperTranscriber
from ivr_bot.speech.workers import PoolLimits, opened_pool
from pbx.install import found_asterisk
from tests.bench.rows import Row, at_least, at_most, figure, percentile
from tests.bench.site import Say
from tests.bench.speech_clips import VOICES, Clip, noises, on_a_line, recorded, synthesised
from tests.bench.speech_questions import SOUND_ALIKE

_READ_SPEECH = Path("/usr/share/pocketsphinx/test/data/librivox")
_NOISY_DB = 15.0
_NOISES = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """A clip, what was heard of it (None: no turn began), and the CPU and wall seconds that took."""

    clip: Clip
    heard: Heard | None
    cpu: float
    wall: float

    @property
    def value(self) -> object | None:
        """As the dialog would take it: what was heard too unsurely is no answer."""
        if self.heard is None or self.heard.confidence < MIN_CONFIDENCE:
            return None
        return self.clip.question.accepts(self.heard.text)


async def measure(folder: Path, say: Say) -> list[Row]:
    """Accuracy on a clean line and at 15 dB, with one Whisper worker."""
    root = found_asterisk().root or Path("/")
    sounds = next(root.glob("usr/share/asterisk/sounds/en_US_*"))
    say(f"speech: rendering {len(VOICES)} voices")
    clips = await asyncio.to_thread(lambda: [*synthesised(folder), *recorded(sounds, _READ_SPEECH)])
    rows: list[Row] = []
    async with opened_pool(WhisperSpec(find_whisper_model()), PoolLimits(workers=1)) as pool:
        hearer = WhisperTranscriber(pool)
        for name, snr_db in (("clean", None), ("15 dB", _NOISY_DB)):
            say(f"speech: {len(clips)} clips and {_NOISES} noises, {name}")
            answers = [await _answered(hearer, pool.pids, clip, snr_db, n) for n, clip in enumerate(clips)]
            nothing = [await _answered(hearer, pool.pids, clip, snr_db, n) for n, clip in enumerate(noises(_NOISES))]
            rows += rows_of(name, answers, nothing, clean=snr_db is None)
            for answer in (*answers, *nothing):
                if answer.value not in (None, answer.clip.value):
                    said = answer.heard and (answer.heard.text, answer.heard.engine)
                    say(f"  wrong: {answer.clip.voice} {answer.clip.said!r} read as {said}")
    return rows


def rows_of(line: str, answers: Sequence[Answer], nothing: Sequence[Answer], *, clean: bool) -> list[Row]:
    """The bounds are those of the issue: 87 / 1 / 2 % and none of the noises on a clean line, 62 / 2 / 5 % at 15 dB."""
    given = [answer for answer in answers if answer.clip.value is not None]
    foreign = [answer for answer in answers if answer.clip.value is None]
    right = [answer for answer in given if answer.value == answer.clip.value]
    wrong = [answer for answer in given if answer.value not in (None, answer.clip.value)]
    real = [answer for answer in given if answer.clip.real]
    taken = sum(answer.value is not None for answer in foreign)
    unlike = [answer for answer in foreign if answer.clip.said not in SOUND_ALIKE]
    decoded = [answer.wall for answer in given if answer.heard is not None]
    what = f"speech, {line}:"
    return [
        at_least(
            f"{what} right at the first ask, of {len(given)}", _share(len(right), len(given)), "%", 87 if clean else 62
        ),
        # Whoever was not understood is asked again with keys, and a key is what it is: only a wrong value stays wrong.
        at_least(
            f"{what} right after a second ask by keys", 100 - _share(len(wrong), len(given)), "%", 98 if clean else 97
        ),
        figure(f"{what} right, real voice, of {len(real)}", _share(sum(a in right for a in real), len(real)), "%"),
        at_most(f"{what} wrong value", _share(len(wrong), len(given)), "%", 1 if clean else 2),
        figure(f"{what} asked again", _share(len(given) - len(right) - len(wrong), len(given)), "%"),
        at_most(
            f"{what} foreign sentences taken, of {len(foreign)}", _share(taken, len(foreign)), "%", 2 if clean else 5
        ),
        figure(
            f"{what} of {len(unlike)} that sound like no answer",
            _share(sum(answer.value is not None for answer in unlike), len(unlike)),
            "%",
        ),
        at_most(f"{what} noises taken, of {len(nothing)}", sum(a.value is not None for a in nothing), "", 0),
        at_most(f"{what} an answer costs", sum(a.cpu for a in given) / len(given), "CPU s", 0.12),
        figure(f"{what} end of turn to text, p95", percentile(decoded, 0.95), "s"),
    ]


async def _answered(hearer: Transcriber, pids: Sequence[int], clip: Clip, snr_db: float | None, seed: int) -> Answer:
    line = on_a_line(clip, snr_db, seed)
    cpu = _cpu(pids)
    utterance = _first_turn(line)
    began = time.monotonic()
    heard = None if utterance is None else await hearer.transcribe(utterance, clip.question)
    return Answer(clip, heard, _cpu(pids) - cpu, time.monotonic() - began)


def _first_turn(line: bytes) -> Utterance | None:
    endpointer = Endpointer()
    events = endpointer.feed(line) + endpointer.hung_up()
    return next((event.utterance for event in events if isinstance(event, SpeechEnded)), None)


def _cpu(pids: Sequence[int]) -> float:
    """Of this process, which finds the turn, and of the workers."""
    times = [psutil.Process(pid).cpu_times() for pid in pids]
    return time.process_time() + sum(spent.user + spent.system for spent in times)


def _share(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0
