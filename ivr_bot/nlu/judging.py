"""From probabilities to an intent: only what may be said here counts, and only when the model is sure. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ivr_bot.nlu.examples import OUT_OF_SCOPE
from ivr_bot.nlu.ports import Parsed, Ranking


@dataclass(frozen=True, slots=True)
class Calibration:
    """`sharpness` makes the model's probabilities honest: each to this power, then to a sum of 1 (a balanced model with
    few examples is too modest). Below `sure` of its language an intent is not reported.

    Source: Guo et al., "On Calibration of Modern Neural Networks", 2017, temperature scaling.
    """

    sharpness: float
    sure: Mapping[str, float]


def judged(
    ranking: Ranking, language: str, among: Collection[str], calibration: Calibration, engine: str = ""
) -> Parsed:
    """The likeliest intent if it is one of `among` and sure enough; in a language that is not known none is.

    What cannot be meant here does not lend its probability to what can: a sentence that says something else is not
    understood, rather than taken for the nearest answer.
    """
    sharp = {intent: share**calibration.sharpness for intent, share in ranking.items()}
    total = sum(sharp.values())
    if not total:
        return Parsed(None, 0.0, engine)
    best = max(sharp, key=lambda intent: sharp[intent])
    confidence = sharp[best] / total
    if best == OUT_OF_SCOPE or best not in among or confidence < calibration.sure.get(language, 1.0):
        return Parsed(None, confidence, engine)
    return Parsed(best, confidence, engine)
