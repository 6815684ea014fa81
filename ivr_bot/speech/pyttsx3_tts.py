"""A voice out of the box: pyttsx3 over espeak-ng, one short-lived process per text.

In a long-lived process its loop hangs or deadlocks from the second text on (its issues #126, #131, #194), and 1 of 69
files came out empty: hence the process, the time-out, the check of the length and one more try.
"""

from __future__ import annotations

import asyncio
import ctypes
import sys
import tempfile
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from importlib.metadata import version
from pathlib import Path

from crm_core.errors import BadInput, Unavailable
from ivr_bot.speech.audio import levelled, ulaw_of
from ivr_bot.speech.ports import SPEECH_DBFS
from ivr_bot.speech.programs import run_program
from ivr_bot.speech.recorded import line_samples
from ivr_bot.speech.saying import check_sayable, check_whole, twice

#: espeak-ng's own names of its voices, per language.
VOICES: Mapping[str, str] = {"en": "gmw/en-us", "ru": "zle/ru", "uz": "trk/uz"}
_LIBRARY = "libespeak-ng.so.1"
_WORDS_PER_MINUTE = 150  # 200, espeak's own, is too fast for a telephone


class Pyttsx3Speaker:
    """Speaks the languages it has voices for; 0.06 s of wall time a text on a quiet machine."""

    def __init__(
        self,
        voices: Mapping[str, str] = VOICES,
        *,
        words_per_minute: int = _WORDS_PER_MINUTE,
        dbfs: float = SPEECH_DBFS,
        within: timedelta = timedelta(seconds=20),
    ) -> None:
        self._voices = dict(voices)
        self._rate = words_per_minute
        self._dbfs = dbfs
        self._within = within

    def identity(self, language: str) -> str:
        """Versions, voice, rate and level. Raises BadInput: no voice; Unavailable: espeak-ng is not installed."""
        voice = self._voice(language)
        return f"pyttsx3 {version('pyttsx3')} espeak-ng {_espeak_version()} {voice} {self._rate} {self._dbfs:g} dBFS"

    async def speak(self, text: str, language: str) -> bytes:
        """Render a text. Raises BadInput: nothing to say, no voice; Unavailable: it failed twice."""
        voice = self._voice(language)
        check_sayable(text)
        _espeak_version()  # its absence has a better message than pyttsx3's
        return await twice(lambda: self._rendered(text, voice))

    async def close(self) -> None:
        """Nothing stays between two texts."""

    async def _rendered(self, text: str, voice: str) -> bytes:
        with tempfile.TemporaryDirectory(prefix="trunkline-speech-") as folder:
            file = Path(folder) / "said.wav"
            command = (sys.executable, "-m", "ivr_bot.speech.pyttsx3_main", str(file), voice, str(self._rate))
            await run_program("pyttsx3", command, text, self._within)
            try:
                samples = await asyncio.to_thread(line_samples, file)
            except BadInput:
                raise Unavailable(f"pyttsx3 wrote no audio for {text!r}") from None
        check_whole("pyttsx3", text, len(samples))
        return ulaw_of(levelled(samples, self._dbfs))

    def _voice(self, language: str) -> str:
        if language not in self._voices:
            known = ", ".join(sorted(self._voices))
            raise BadInput("language", f"there is no espeak-ng voice set for {language!r}", f"There are: {known}")
        return self._voices[language]


@cache
def _espeak_version() -> str:
    """Of the library that pyttsx3 will load. Raises Unavailable when it is not installed."""
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError:
        raise Unavailable(f"{_LIBRARY} is not installed: it speaks the prompts (Debian: libespeak-ng1)") from None
    library.espeak_Info.restype = ctypes.c_char_p
    return str(library.espeak_Info(None).decode())
