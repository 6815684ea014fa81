"""Neural voices by piper, an optional extra. It is GPL-3.0: only ever run as a program of its own, never imported."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from crm_core.errors import BadInput, Unavailable
from ivr_bot.speech.audio import levelled, ulaw_of
from ivr_bot.speech.ports import SPEECH_DBFS
from ivr_bot.speech.programs import run_program
from ivr_bot.speech.recorded import content_hash, line_samples


class PiperSpeaker:
    """Speaks by `program` (a path, or a command as a list) with one voice file (.onnx) per language."""

    def __init__(
        self,
        program: str | Sequence[str],
        voices: Mapping[str, Path],
        *,
        dbfs: float = SPEECH_DBFS,
        within: timedelta = timedelta(seconds=60),
    ) -> None:
        """Raises BadInput when a voice file is missing."""
        self._program = (program,) if isinstance(program, str) else tuple(program)
        self._voices = dict(voices)
        self._hashes = {language: content_hash(file)[:16] for language, file in self._voices.items()}
        self._dbfs = dbfs
        self._within = within

    def identity(self, language: str) -> str:
        """The voice by its content, and the level. Raises BadInput: no voice."""
        return f"piper {self._voice(language).name} {self._hashes[language]} {self._dbfs:g} dBFS"

    async def speak(self, text: str, language: str) -> bytes:
        """Render a text. Raises BadInput: nothing to say, no voice; Unavailable: piper failed."""
        voice = self._voice(language)
        if not any(sign.isalnum() for sign in text):
            raise BadInput("prompt", f"{text!r} has nothing that can be said")
        line = " ".join(text.split())  # piper takes each line of its input for a text of its own
        with tempfile.TemporaryDirectory(prefix="trunkline-speech-") as folder:
            file = Path(folder) / "said.wav"
            command = (*self._program, "--model", str(voice), "--output_file", str(file))
            await run_program("piper", command, line + "\n", self._within)
            try:
                samples = await asyncio.to_thread(line_samples, file)
            except BadInput:
                raise Unavailable(f"piper wrote no audio for {text!r}") from None
        return ulaw_of(levelled(samples, self._dbfs))

    def _voice(self, language: str) -> Path:
        if language not in self._voices:
            raise BadInput("language", f"there is no piper voice for {language!r}", "Set PIPER_VOICE_... to its file")
        return self._voices[language]
