"""A voice that hums: a tone as long as the text would take, another pitch for another text."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

import numpy as np

from crm_core.errors import BadInput
from ivr_bot.speech.audio import levelled, ulaw_of
from ivr_bot.speech.ports import LINE_RATE


class FakeSpeaker:
    """Speaks `languages`; keeps what it was asked to say. `faults`: texts that it fails on, with the error."""

    def __init__(self, languages: Collection[str] = ("en",), version: str = "1") -> None:
        self.languages = languages
        self.version = version
        self.said: list[str] = []
        self.faults: dict[str, Exception] = {}

    def identity(self, language: str) -> str:
        self._check(language)
        return f"fake {self.version} {language}"

    async def speak(self, text: str, language: str) -> bytes:
        self._check(language)
        if not text.strip():
            raise BadInput("prompt", f"{text!r} has nothing that can be said")
        self.said.append(text)
        if text in self.faults:
            raise self.faults[text]
        pitch = 200 + hashlib.sha256(text.encode()).digest()[0]
        at = np.arange(LINE_RATE * len(text) // 16 + LINE_RATE // 10) / LINE_RATE
        return ulaw_of(levelled(np.sin(2 * np.pi * pitch * at).astype(np.float32)))

    async def close(self) -> None:
        pass

    def _check(self, language: str) -> None:
        if language not in self.languages:
            raise BadInput("language", f"this fake does not speak {language!r}")
