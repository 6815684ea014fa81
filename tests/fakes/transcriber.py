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


class FakeStream:
    """Hears `texts` as they are fed: each once so many bytes have come."""

    def __init__(self, owner: FakeStreamingTranscriber) -> None:
        self._owner, self.fed, self.ended = owner, b"", ""

    async def feed(self, ulaw: bytes) -> str:
        if self._owner.stream_fault is not None:
            raise self._owner.stream_fault
        self.fed += ulaw
        return self._text()

    async def finish(self) -> Heard:
        self.ended = "finished"
        if self._owner.stream_fault is not None:
            raise self._owner.stream_fault
        return Heard(text := self._text(), 1.0 if text else 0.0, "fake/stream", timedelta(milliseconds=1))

    async def drop(self) -> None:
        self.ended = "dropped"

    def _text(self) -> str:
        known = [text for ulaw, text in self._owner.hears.items() if self.fed.startswith(ulaw)]
        so_far = [text for after, text in self._owner.texts if len(self.fed) >= after]
        return ["", *so_far, *known][-1]


class FakeStreamingTranscriber(FakeTranscriber):
    """`texts`: after so many bytes this is heard, in order. Keeps its streams."""

    def __init__(self, hears: Mapping[bytes, str] | None = None, language: str = "en") -> None:
        super().__init__(hears, language)
        self.texts: list[tuple[int, str]] = []
        self.streams: list[FakeStream] = []
        self.stream_fault: Exception | None = None

    async def listen(self, question: Question) -> FakeStream:
        if question.language != self.language:
            raise BadInput("language", f"this fake hears {self.language!r}, not {question.language!r}")
        self.streams.append(FakeStream(self))
        return self.streams[-1]
