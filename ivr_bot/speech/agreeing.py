"""Two recognisers, one value: what only a grammar heard is not taken, and two different values mean ask again."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from ivr_bot.speech.ports import Heard, Question, Transcriber, Utterance


class AgreeingTranscriber:
    """`first` may force a match (a grammar); `second` reads freely and independently of it."""

    def __init__(self, first: Transcriber, second: Transcriber) -> None:
        self._first = first
        self._second = second

    async def transcribe(self, utterance: Utterance, question: Question) -> Heard:
        """Both at once; `agreed` says which counts. Raises what either raises."""
        try:
            async with asyncio.TaskGroup() as both:
                first = both.create_task(self._first.transcribe(utterance, question))
                second = both.create_task(self._second.transcribe(utterance, question))
        except ExceptionGroup as faults:
            raise faults.exceptions[0] from faults
        return agreed(question, first.result(), second.result())


def agreed(question: Question, first: Heard, second: Heard) -> Heard:
    """The second's reading, unless the two have different values: then nothing was heard that counts."""
    took = max(first.took, second.took)
    one, two = question.accepts(first.text), question.accepts(second.text)
    also = (*second.also, *filter(None, (first.text,)))
    if one is not None and two is not None and one != two:
        return replace(second, text="", confidence=0.0, engine="disagreement", took=took, also=(second.text, *also))
    sure = max(first.confidence, second.confidence) if one is not None and one == two else second.confidence
    unknown = (*first.unknown_words, *second.unknown_words)
    return replace(second, confidence=sure, took=took, also=also, unknown_words=unknown)
