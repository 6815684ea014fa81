"""A recogniser that hears what it was told to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from crm_core.errors import BadInput
from ivr_bot.speech.ports import Heard, Question, Utterance


class FakeTranscriber:
    """`hears`: the text of each known audio; everything else is noise. Keeps the questions it was asked."""

    def __init__(self, hears: Mapping[bytes, str] | None = None, language: str = "en") -> None:
        self.hears = dict(hears or {})
        self.language = language
        self.asked: list[Question] = []
        self.fault: Exception | None = None

    async def transcribe(self, utterance: Utterance, question: Question) -> Heard:
        self.asked.append(question)
        if self.fault is not None:
            raise self.fault
        if question.language != self.language:
            raise BadInput("language", f"this fake hears {self.language!r}, not {question.language!r}")
        text = self.hears.get(utterance.ulaw, "")
        return Heard(text, 1.0 if text else 0.0, "fake", timedelta(milliseconds=1))
