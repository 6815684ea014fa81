"""Vosk in a worker process: streams and stored utterances, with a question's answers as its grammar, or freely.

Recognisers are kept warm: a new one of the free graph costs 1 CPU second, a used one 0.17.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from crm_core.errors import BadInput
from ivr_bot.media import ulaw as g711
from ivr_bot.speech.ports import LINE_RATE
from ivr_bot.speech.vosk_model import check_vosk_model

#: What a grammar makes of words that are not in it.
UNKNOWN = "[unk]"
_KEPT = 8  # recognisers that rest in each process, the grammars used last
_PIECE_BYTES = LINE_RATE // 5  # audio given at once: vosk works in steps of that order
_FLUSH = b"\xff" * _PIECE_BYTES  # silence after the last word: without it a short one can be lost

Grammar = tuple[str, ...]  # phrases; none: the free graph


@dataclass(frozen=True, slots=True)
class Open:
    """Take a recogniser for a new stream. Answer: the words of the grammar that the model lacks."""

    stream: int
    grammar: Grammar


@dataclass(frozen=True, slots=True)
class Feed:
    """Audio of a stream. Answer: the text so far."""

    stream: int
    ulaw: bytes


@dataclass(frozen=True, slots=True)
class Finish:
    """No more audio. Answer: a Final. The recogniser goes back."""

    stream: int


@dataclass(frozen=True, slots=True)
class Drop:
    """Nobody wants this stream's text. Answer: nothing. The recogniser goes back."""

    stream: int


@dataclass(frozen=True, slots=True)
class ReadWhole:
    """A stored utterance from beginning to end. Answer: a Final."""

    ulaw: bytes
    grammar: Grammar


@dataclass(frozen=True, slots=True)
class Final:
    """The text, the mean confidence of its words (0 to 1), and words of the grammar that the model lacks."""

    text: str
    confidence: float
    unknown_words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VoskSpec:
    """The folder of a model, as unzipped; so many free recognisers are made `ready`: 16 MB each."""

    folder: Path
    ready: int = 1

    def load(self) -> VoskEngine:
        """Check, load, and warm. Raises BadInput."""
        check_vosk_model(self.folder)
        engine = VoskEngine(self.folder)
        engine.warm(min(self.ready, _KEPT))
        return engine


@dataclass(slots=True)
class _Stream:
    """A recogniser at work. `done`: texts that vosk has settled at pauses within the utterance."""

    recogniser: Any
    grammar: Grammar
    unknown: tuple[str, ...]
    done: list[str] = field(default_factory=list)
    confidences: list[float] = field(default_factory=list)


class VoskEngine:
    """Lives in a worker process. Any number of streams, each with its recogniser."""

    def __init__(self, folder: Path) -> None:
        import vosk

        vosk.SetLogLevel(-1)
        self._vosk = vosk
        try:
            self._model = vosk.Model(str(folder))
        except Exception as error:
            raise BadInput(str(folder), "vosk cannot load this model", "Fetch it again") from error
        self._streams: dict[int, _Stream] = {}
        self._resting: OrderedDict[int, tuple[Grammar, Any]] = OrderedDict()
        self._rested = count()

    def answer(self, request: Open | Feed | Finish | Drop | ReadWhole) -> Any:
        match request:
            case Open(number, grammar):
                self._streams[number] = stream = self._opened(grammar)
                return stream.unknown
            case Feed(number, ulaw):
                return self._fed(self._streams[number], ulaw)
            case Finish(number):
                return self._finished(self._streams.pop(number))
            case Drop(number):
                return self._dropped(number)
            case ReadWhole(ulaw, grammar):
                stream = self._opened(grammar)
                self._fed(stream, ulaw)
                return self._finished(stream)

    def warm(self, recognisers: int) -> None:
        """Have so many free ones at rest: the first sound that one hears costs it half a CPU second or more."""
        streams = [self._opened(()) for _ in range(recognisers)]
        for stream in streams:
            self._fed(stream, b"\xff" * LINE_RATE)
            self._finished(stream)

    def _opened(self, grammar: Grammar) -> _Stream:
        unknown = tuple(word for word in _words(grammar) if not self._knows(word))
        # vosk drops the word alone and would hear the rest of the phrase as the answer: drop the phrase.
        heard = tuple(phrase for phrase in grammar if not set(phrase.split()) & set(unknown))
        if grammar and not heard:
            raise BadInput("grammar", f"the model knows none of {', '.join(unknown)}", "Use the free graph")
        return _Stream(self._rested_one(heard) or self._new(heard), heard, unknown)

    def _knows(self, word: str) -> bool:
        return int(self._model.vosk_model_find_word(word)) >= 0

    def _rested_one(self, grammar: Grammar) -> Any:
        # The one used last: each has a cache of its own, which what it has heard has filled.
        key = next((key for key, (kept, _) in reversed(self._resting.items()) if kept == grammar), None)
        return None if key is None else self._resting.pop(key)[1]

    def _new(self, grammar: Grammar) -> Any:
        others = [UNKNOWN] if self._knows(UNKNOWN) else []
        phrases = [json.dumps([*grammar, *others], ensure_ascii=False)] if grammar else []
        recogniser = self._vosk.KaldiRecognizer(self._model, LINE_RATE, *phrases)
        recogniser.SetWords(True)
        return recogniser

    def _fed(self, stream: _Stream, ulaw: bytes) -> str:
        for at in range(0, len(ulaw), _PIECE_BYTES):
            if stream.recogniser.AcceptWaveform(g711.decode(ulaw[at : at + _PIECE_BYTES]).tobytes()):
                self._settle(stream, stream.recogniser.Result())
        # Just after a settled pause there is no such field.
        partial = str(json.loads(stream.recogniser.PartialResult()).get("partial", ""))
        return " ".join(filter(None, [*stream.done, partial]))

    def _finished(self, stream: _Stream) -> Final:
        self._fed(stream, _FLUSH)
        self._settle(stream, stream.recogniser.FinalResult())  # also what makes it ready for the next one
        self._rest(stream)
        sure = sum(stream.confidences) / len(stream.confidences) if stream.confidences else 0.0
        return Final(" ".join(stream.done), sure, stream.unknown)

    def _dropped(self, number: int) -> None:
        """Also one that was never opened: whoever gives up while it is asked for cannot know."""
        if (stream := self._streams.pop(number, None)) is not None:
            stream.recogniser.FinalResult()  # Reset() would let the next one hear its sound go on
            self._rest(stream)

    def _rest(self, stream: _Stream) -> None:
        self._resting[next(self._rested)] = stream.grammar, stream.recogniser
        while len(self._resting) > _KEPT:
            self._resting.popitem(last=False)

    def _settle(self, stream: _Stream, result: str) -> None:
        parsed = json.loads(result)
        if parsed["text"]:
            stream.done.append(str(parsed["text"]))
        stream.confidences += [float(word["conf"]) for word in parsed.get("result", ())]


def _words(grammar: Grammar) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for phrase in grammar for word in phrase.split()))
