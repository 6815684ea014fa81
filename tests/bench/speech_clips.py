"""Callers for the measurement of hearing: synthesised voices, a real one, and what makes a noise but says nothing."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ivr_bot.speech.audio import Samples, dbfs, levelled, ulaw_of
from ivr_bot.speech.ports import LINE_RATE, Question
from ivr_bot.speech.recorded import line_samples
from tests.bench.speech_questions import ANSWERS, FOREIGN, RATING, WHEN, YES_NO
from tests.ivr_bot.speech.voices import banded

#: Command lines of callers; the text and the file to write come after. None was used to choose a threshold here.
VOICES: dict[str, tuple[str, ...]] = {
    **{f"flite {voice}": ("flite", "-voice", voice) for voice in ("kal16", "awb", "rms", "slt")},
    **{
        f"espeak {voice}": ("espeak-ng", "-s", "140", "-v", voice)
        for voice in ("en-gb", "en-us+f3", "en-gb-scotland+m3", "en-us-nyc+f2")
    },
    **{
        f"festival {voice}": ("text2wave", "-eval", f"(voice_{voice})")
        for voice in ("kal_diphone", "ked_diphone", "cmu_us_slt_arctic_hts")
    },
}
_SPEECH_DBFS = -25.0
_QUIET_DBFS = -65.0
_BEFORE, _AFTER = 2.5, 2.0  # seconds of the line around what is said
_NUMBER_FILES = {str(n): n for n in range(1, 11)}
#: Real speech that answers none of the questions, from Asterisk's own sounds.
_REAL_FOREIGN = (
    *("digits/today", "digits/dollars", "digits/oclock", "digits/h-3", "digits/mon-4", "digits/day-2"),
    *("hello", "vm-goodbye", "vm-sorry", "vm-press", "transfer", "vm-extension", "one-moment-please"),
    *("please-try-again", "telephone-number", "vm-isunavail", "im-sorry", "conf-getpin", "agent-alreadyon"),
    *("call-waiting", "do-not-disturb", "hours", "number-not-answering", "vm-whichbox"),
)


@dataclass(frozen=True, slots=True)
class Clip:
    """Something said (or no speech at all), the question it was said to, and what it means (None: no answer)."""

    voice: str
    said: str
    question: Question
    value: object | None
    samples: Samples

    @property
    def real(self) -> bool:
        return self.voice in ("Allison", "reader")


def synthesised(folder: Path) -> Iterator[Clip]:
    """Every answer by every voice, and the foreign sentences by every third voice each."""
    for place, (voice, command) in enumerate(VOICES.items()):
        for question, said, value in ANSWERS:
            yield Clip(voice, said, question, value, _spoken(folder, command, said))
        for number, (question, said) in enumerate(FOREIGN):
            if number % 3 == place % 3:
                yield Clip(voice, said, question, None, _spoken(folder, command, said))


def recorded(sounds: Path, read_speech: Path) -> Iterator[Clip]:
    """A real voice: numbers, and prompts that are no answers; a reader of a novel besides."""
    for name, value in _NUMBER_FILES.items():
        yield _real("Allison", sounds / "digits" / f"{name}.gsm", RATING, value)
    questions = (RATING, YES_NO, WHEN)
    for number, name in enumerate(_REAL_FOREIGN):
        yield _real("Allison", sounds / f"{name}.gsm", questions[number % 3], None)
    for number, file in enumerate(sorted(read_speech.glob("*.wav"))):
        yield _real("reader", file, questions[number % 3], None)


def noises(count: int) -> Iterator[Clip]:
    """Coughs, clicks, tones and hum, each another: no speech."""
    kinds = (_cough, _clicks, _tone, _hum)
    for seed in range(count):
        rng = np.random.default_rng(seed)
        kind = kinds[seed % len(kinds)]
        question = (RATING, YES_NO, WHEN)[seed % 3]
        yield Clip("noise", kind.__name__.strip("_"), question, None, kind(rng).astype(np.float32))


def on_a_line(clip: Clip, snr_db: float | None, seed: int) -> bytes:
    """µ-law of a call in which the clip is said; pink noise so far below its speech, or a quiet line."""
    said = banded(clip.samples)
    if clip.voice != "noise":
        said = levelled(said, _SPEECH_DBFS)
    pads = [np.zeros(int(seconds * LINE_RATE), np.float32) for seconds in (_BEFORE, _AFTER)]
    line = np.concatenate([pads[0], said, pads[1]])
    rng = np.random.default_rng(seed)
    if snr_db is None:
        return ulaw_of((line + rng.normal(0, 10 ** (_QUIET_DBFS / 20), len(line))).astype(np.float32))
    pink = _pink(rng, len(line))
    gain = 10 ** ((_SPEECH_DBFS - snr_db - dbfs(pink)) / 20)
    return ulaw_of((line + pink * gain).astype(np.float32))


def _real(voice: str, file: Path, question: Question, value: object | None) -> Clip:
    return Clip(voice, file.stem, question, value, line_samples(file))


def _spoken(folder: Path, command: tuple[str, ...], said: str) -> Samples:
    with tempfile.TemporaryDirectory(dir=folder) as work:
        file, text = Path(work) / "said.wav", Path(work) / "text"
        text.write_text(said)
        match command[0]:
            case "flite":
                rest = ["-f", str(text), "-o", str(file)]
            case "espeak-ng":
                rest = ["-f", str(text), "-w", str(file)]
            case _:
                rest = ["-o", str(file), str(text)]
        subprocess.run([*command, *rest], check=True, capture_output=True, timeout=60)
        return line_samples(file)


def _pink(rng: np.random.Generator, length: int) -> Samples:
    """1/f noise within the band of a telephone."""
    spectrum = np.fft.rfft(rng.normal(size=length))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    return banded(np.fft.irfft(spectrum, length).astype(np.float32))


def _cough(rng: np.random.Generator) -> Samples:
    at = np.arange(int(rng.uniform(0.15, 0.5) * LINE_RATE)) / LINE_RATE
    bursts = np.exp(-((at - 0.05) ** 2) / 0.001) + rng.uniform(0, 1) * np.exp(-((at - 0.3) ** 2) / 0.002)
    return np.asarray(rng.normal(0, 0.15, len(at)) * bursts, np.float32)


def _clicks(rng: np.random.Generator) -> Samples:
    samples = np.zeros(LINE_RATE, np.float32)
    for at in rng.integers(0, LINE_RATE - 80, 6):
        samples[at : at + 40] = rng.normal(0, 0.4, 40)
    return samples


def _tone(rng: np.random.Generator) -> Samples:
    at = np.arange(int(rng.uniform(0.1, 1.5) * LINE_RATE)) / LINE_RATE
    pitches = rng.choice([350, 425, 440, 697, 852, 1209, 1336, 1400], 2, replace=False)
    return np.asarray(0.1 * sum(np.sin(2 * np.pi * pitch * at) for pitch in pitches), np.float32)


def _hum(rng: np.random.Generator) -> Samples:
    noise = _pink(rng, int(rng.uniform(0.5, 4) * LINE_RATE))
    return np.asarray(noise * 10 ** ((rng.uniform(-45, -20) - dbfs(noise)) / 20), np.float32)
