"""Neural voices by piper, an optional extra. It is GPL-3.0: only ever run as a program of its own, never imported.

To load a voice takes it most of a second: one program for each voice stays, and takes texts as lines.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from crm_core.errors import BadInput, Unavailable
from ivr_bot.speech.audio import Samples, levelled, ulaw_of
from ivr_bot.speech.ports import SPEECH_DBFS
from ivr_bot.speech.recorded import content_hash, line_samples
from ivr_bot.speech.resident import ResidentProgram
from ivr_bot.speech.saying import check_sayable, check_whole, twice

#: What piper logs when a text is said: "INFO:__main__:Wrote /folder/55601920514919.wav".
_WROTE = re.compile(r"INFO:[\w.]+:Wrote ")


class PiperSpeaker:
    """Speaks by `program` (a command) with one voice file (.onnx) per language."""

    def __init__(
        self,
        program: Sequence[str],
        voices: Mapping[str, Path],
        *,
        dbfs: float = SPEECH_DBFS,
        within: timedelta = timedelta(seconds=20),
    ) -> None:
        """Raises BadInput when a voice file is missing."""
        self._command = tuple(program)
        self._voices = dict(voices)
        self._hashes = {language: content_hash(file)[:16] for language, file in self._voices.items()}
        self._dbfs, self._within = dbfs, within
        self._folder: Path | None = None  # of what has just been said, while programs run
        self._programs: dict[Path, ResidentProgram] = {}

    def identity(self, language: str) -> str:
        """The voice by its content, and the level. Raises BadInput: no voice."""
        return f"piper {self._voice(language).name} {self._hashes[language]} {self._dbfs:g} dBFS"

    async def speak(self, text: str, language: str) -> bytes:
        """Render a text. Raises BadInput: nothing to say, no voice; Unavailable: piper failed twice."""
        voice = self._voice(language)
        check_sayable(text)
        line = " ".join(text.split())  # each line is a text of its own
        return await twice(lambda: self._rendered(line, voice))

    async def close(self) -> None:
        """End the programs; whoever asks again has them started anew."""
        programs, self._programs = list(self._programs.values()), {}
        folder, self._folder = self._folder, None
        await asyncio.gather(*(program.close() for program in programs))
        if folder is not None:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    def _program(self, voice: Path) -> ResidentProgram:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="trunkline-speech-"))
        if voice not in self._programs:
            options = ("--model", str(voice), "--output-dir", str(self._folder))
            self._programs[voice] = ResidentProgram("piper", (*self._command, *options), _WROTE, self._within)
        return self._programs[voice]

    async def _rendered(self, line: str, voice: Path) -> bytes:
        file = Path(await self._program(voice).ask(line))
        try:
            samples = await asyncio.to_thread(_taken, file)
        except BadInput:
            raise Unavailable(f"piper wrote no audio for {line!r}") from None
        check_whole("piper", line, len(samples))
        return ulaw_of(levelled(samples, self._dbfs))

    def _voice(self, language: str) -> Path:
        if language not in self._voices:
            raise BadInput("language", f"there is no piper voice for {language!r}", "Set PIPER_VOICE_... to its file")
        return self._voices[language]


def _taken(file: Path) -> Samples:
    """What is in the file, which is then gone. Raises BadInput: no audio."""
    try:
        return line_samples(file)
    finally:
        file.unlink(missing_ok=True)
