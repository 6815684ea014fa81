"""How sure an intent model must be, found on sentences it was not trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from ivr_bot.nlu.examples import OUT_OF_SCOPE, Example
from ivr_bot.nlu.judging import Calibration
from ivr_bot.nlu.twin import Twin

#: Of the sentences that mean none of the intents, so many at most are taken for one.
FALSE_ACCEPTANCE = 0.03
#: The dialog trusts no intent below 0.6 either (ivr_bot.dialog.answering).
_SUREST, _LEAST_SURE = 0.95, 0.60


def calibrated(model: Twin, tuning: Mapping[str, Sequence[Example]]) -> Calibration:
    """`tuning`: sentences the model does not know, by language. Fits the sharpness to what they mean, then for each
    language takes the lowest bar that keeps enough of what means nothing out."""
    judged = {language: _judged(model, examples) for language, examples in tuning.items()}
    shares = np.concatenate([one[0] for one in judged.values()])
    truth = np.concatenate([one[1] for one in judged.values()])
    sharpness = round(_sharpness(shares, truth), 3)
    outside = model.intents.index(OUT_OF_SCOPE) if OUT_OF_SCOPE in model.intents else -1
    bars = {language: _bar(_sharpened(one[0], sharpness), one[1], outside) for language, one in judged.items()}
    return Calibration(sharpness, bars)


def _judged(model: Twin, examples: Sequence[Example]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    known = [example for example in examples if example.intent in model.intents]
    truth = np.array([model.intents.index(example.intent) for example in known], np.int64)
    return model.probabilities([example.text for example in known]), truth


def _bar(shares: NDArray[np.float64], truth: NDArray[np.int64], outside: int) -> float:
    best, sure = shares.argmax(axis=1), shares.max(axis=1)
    mistaken = np.sort(sure[(truth == outside) & (best != outside)])[::-1]
    allowed = int(FALSE_ACCEPTANCE * np.count_nonzero(truth == outside))
    bar = float(mistaken[allowed]) + 0.001 if len(mistaken) > allowed else _LEAST_SURE
    return round(min(max(bar, _LEAST_SURE), _SUREST), 3)


def _sharpness(shares: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """What makes the true intents likeliest."""

    def surprise(power: float) -> float:
        sharp = _sharpened(shares, power)
        return float(-np.log(np.maximum(sharp[np.arange(len(truth)), truth], 1e-9)).mean())

    return float(minimize_scalar(surprise, bounds=(0.5, 5.0), method="bounded").x)


def _sharpened(shares: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    raised = shares**power
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
