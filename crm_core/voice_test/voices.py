"""Voices of callers, other than the bot's: flite, festival, espeak-ng's variants; each line rendered once."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crm_core.errors import Unavailable
from ivr_bot.speech.audio import Samples, levelled, ulaw_of
from ivr_bot.speech.ports import LINE_RATE
from ivr_bot.speech.recorded import line_samples

#: A little below the bot's own level, as people on telephones are.
_SPEECH_DBFS = -25.0
#: Quieter than this against the loudest frame is the silence that synthesisers put around what they say.
_EDGE_DB = 40.0
_FRAME = 160
_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Voice:
    """`command` speaks; the last of its words before text and file depend on the program."""

    name: str
    command: tuple[str, ...]

    @property
    def program(self) -> str:
        return self.command[0]


def _flite(voice: str) -> Voice:
    return Voice(f"flite {voice}", ("flite", "-voice", voice))


def _festival(voice: str) -> Voice:
    return Voice(f"festival {voice}", ("text2wave", "-eval", f"(voice_{voice})"))


def _espeak(voice: str) -> Voice:
    return Voice(f"espeak-ng {voice}", ("espeak-ng", "-s", "140", "-v", voice))


#: In turn. Diphone voices are left out: recognisers hear them worse than any person.
_VOICES: Mapping[str, Sequence[Voice]] = {
    "en": (
        *(_flite(voice) for voice in ("slt", "rms", "awb")),
        _festival("cmu_us_slt_arctic_hts"),
    ),
    "ru": tuple(_espeak(voice) for voice in ("ru+f3", "ru+m3", "ru+f2")),
    "uz": tuple(_espeak(voice) for voice in ("uz+f3", "uz+m3", "uz+f2")),
}
#: English where there is neither flite nor festival.
_PLAIN_ENGLISH = tuple(_espeak(voice) for voice in ("en-gb", "en-us+f3", "en-gb-scotland+m3"))


def voices_for(language: str, festival_voices: frozenset[str] | None = None) -> tuple[Voice, ...]:
    """The voices this machine has for a language. Raises Unavailable when there is none."""
    festival = installed_festival_voices() if festival_voices is None else festival_voices
    known = [*_VOICES.get(language, ()), *(_PLAIN_ENGLISH if language == "en" else ())]
    found = tuple(voice for voice in known if _is_here(voice, festival))
    own = tuple(voice for voice in found if voice.program != "espeak-ng")
    if not found:
        raise Unavailable(f"no program speaks {language!r} here: install espeak-ng (and flite, for English)")
    return own or found


def installed_festival_voices() -> frozenset[str]:
    """Names of the voices that festival has on this machine."""
    folder = Path("/usr/share/festival/voices")
    return frozenset(path.name for path in folder.glob("*/*") if path.is_dir()) if folder.is_dir() else frozenset()


class Clips:
    """Lines as µ-law without silence around them, kept in `folder` by voice and text."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def line(self, voice: Voice, text: str) -> bytes:
        """What is said, at a caller's level; blocks while it is rendered. Raises Unavailable when that fails."""
        digest = hashlib.sha256("\n".join((*voice.command, text)).encode()).hexdigest()[:32]
        kept = self._folder / f"{digest}.ulaw"
        if kept.is_file():
            return kept.read_bytes()
        sound = ulaw_of(trimmed(levelled(_rendered(voice, text), _SPEECH_DBFS)))
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_suffix(".new")
        fresh.write_bytes(sound)
        fresh.replace(kept)
        return sound


def mumble(seed: int) -> bytes:
    """A cough: two bursts of noise and no speech. Another for each seed."""
    rng = np.random.default_rng(seed)
    at = np.arange(int(rng.uniform(0.25, 0.5) * LINE_RATE)) / LINE_RATE
    bursts = np.exp(-((at - 0.06) ** 2) / 0.001) + rng.uniform(0, 1) * np.exp(-((at - 0.2) ** 2) / 0.002)
    return ulaw_of(levelled(np.asarray(rng.normal(0, 0.15, len(at)) * bursts, np.float32), _SPEECH_DBFS))


def trimmed(samples: Samples) -> Samples:
    """Without the silence at both ends, in whole frames: what is measured from is the end of speech."""
    whole = np.concatenate([samples, np.zeros(-len(samples) % _FRAME, np.float32)])
    powers = np.mean(np.square(whole.reshape(-1, _FRAME), dtype=np.float64), axis=1)
    loud = np.flatnonzero(powers > powers.max(initial=0.0) / 10 ** (_EDGE_DB / 10))
    return whole[loud[0] * _FRAME : (loud[-1] + 1) * _FRAME] if len(loud) else whole


def _is_here(voice: Voice, festival: frozenset[str]) -> bool:
    if shutil.which(voice.program) is None:
        return False
    return voice.program != "text2wave" or voice.name.partition(" ")[2] in festival


def _rendered(voice: Voice, text: str) -> Samples:
    with tempfile.TemporaryDirectory() as folder:
        file, script = Path(folder) / "said.wav", Path(folder) / "text"
        script.write_text(text, encoding="utf-8")
        match voice.program:
            case "flite":
                rest = ["-f", str(script), "-o", str(file)]
            case "espeak-ng":
                rest = ["-f", str(script), "-w", str(file)]
            case _:
                rest = ["-o", str(file), str(script)]
        try:
            subprocess.run([*voice.command, *rest], check=True, capture_output=True, timeout=_SECONDS)
            return line_samples(file)
        except (OSError, subprocess.SubprocessError) as error:
            raise Unavailable(f"{voice.name} does not say {text!r}: {error}") from error
