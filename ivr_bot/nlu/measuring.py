"""How good an intent model is, on sentences it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ivr_bot.nlu.examples import OUT_OF_SCOPE, Example
from ivr_bot.nlu.judging import judged
from ivr_bot.nlu.training import SiteModel


@dataclass(frozen=True, slots=True)
class Score:
    """Of `sentences` that mean something: `right`, `refused` (not understood), `wrong`; of those `outside` every
    intent: `accepted` as one. `mistakes`: text, what it means, what it was taken for."""

    sentences: int
    right: int
    refused: int
    wrong: int
    outside: int
    accepted: int
    mistakes: tuple[tuple[str, str, str], ...]


def measured(model: SiteModel, language: str, unknown: Sequence[Example]) -> Score:
    """Ask the model about every sentence, with all intents allowed."""
    intents = set(model.twin.intents) - {OUT_OF_SCOPE}
    right = refused = outside = accepted = 0
    mistakes: list[tuple[str, str, str]] = []
    for example in unknown:
        taken = judged(model.twin.ranking(example.text), language, intents, model.calibration).intent
        if example.intent == OUT_OF_SCOPE:
            outside += 1
            accepted += taken is not None
        else:
            right += taken == example.intent
            refused += taken is None
        if taken is not None and taken != example.intent:
            mistakes.append((example.text, example.intent, taken))
    sentences = len(unknown) - outside
    return Score(sentences, right, refused, sentences - right - refused, outside, accepted, tuple(mistakes))
