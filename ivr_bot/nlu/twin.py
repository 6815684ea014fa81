"""Rasa's pipeline in this process: the same features and classifier in scikit-learn, trained on the same sentences."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from crm_core.errors import BadInput
from ivr_bot.nlu.examples import Example
from ivr_bot.nlu.pipeline import FEATURES, LEAST_SENTENCES, MAX_ITERATIONS, SOLVER, TOLERANCE, preprocessed
from ivr_bot.nlu.ports import Ranking

_SEED = 42  # Rasa's own


@dataclass(frozen=True, slots=True)
class Twin:
    """A trained model. `weights`: intents x features."""

    intents: tuple[str, ...]
    vectorizers: tuple[CountVectorizer, ...]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    @property
    def name(self) -> str:
        return "twin"

    async def rank(self, plain: str) -> Ranking:
        """Takes 0.3 ms: no thread."""
        return self.ranking(plain)

    def ranking(self, plain: str) -> Ranking:
        (shares,) = self.probabilities([plain])
        return dict(zip(self.intents, shares.tolist(), strict=True))

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """A row for each text, a column for each intent."""
        scores: NDArray[np.float64] = _features(self.vectorizers, texts) @ self.weights.T + self.bias
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def trained(examples: Sequence[Example]) -> Twin:
    """Learn from these `plain` sentences; some seconds of one core. Raises BadInput for fewer than two intents."""
    intents = [example.intent for example in examples]
    if len(set(intents)) < 2:
        raise BadInput("training data", "there are no two intents to tell apart", "Add examples of another intent")
    texts = [example.text for example in examples]
    vectorizers = tuple(_vectorizer(index) for index in range(len(FEATURES)))
    for vectorizer in vectorizers:
        vectorizer.fit([preprocessed(text) for text in texts])
    classifier = LogisticRegression(
        solver=SOLVER, class_weight="balanced", max_iter=MAX_ITERATIONS, tol=TOLERANCE / len(texts), random_state=_SEED
    )
    classifier.fit(_features(vectorizers, texts), intents)
    weights, bias = np.asarray(classifier.coef_), np.asarray(classifier.intercept_)
    if len(classifier.classes_) == 2:  # of two, scikit-learn keeps the scores of the second alone
        weights, bias = np.vstack([-weights / 2, weights / 2]), np.concatenate([-bias / 2, bias / 2])
    return Twin(tuple(str(intent) for intent in classifier.classes_), vectorizers, weights, bias)


def save(twin: Twin, file: Path) -> None:
    """Write the model, in place at one stroke."""
    told = {"intents": twin.intents, "words": [_vocabulary(vectorizer) for vectorizer in twin.vectorizers]}
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    file.parent.mkdir(parents=True, exist_ok=True)
    with part.open("wb") as written:
        np.savez_compressed(written, told=json.dumps(told), weights=twin.weights, bias=twin.bias)
    part.replace(file)


def load(file: Path) -> Twin:
    """Read a model. Raises BadInput when it is none, or one of another pipeline."""
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as kept:
            told = json.loads(str(kept["told"]))
            weights, bias = np.asarray(kept["weights"]), np.asarray(kept["bias"])
        words = told["words"]
        vectorizers = tuple(_vectorizer(index, known) for index, known in enumerate(words))
    except (OSError, EOFError, ValueError, KeyError, IndexError, zipfile.BadZipFile, zlib.error) as error:
        raise BadInput(str(file), f"it is no intent model: {error}", "Delete it: it is trained anew") from error
    if weights.shape != (len(told["intents"]), sum(len(known) for known in words)):
        raise BadInput(str(file), "its parts do not fit together", "Delete it: it is trained anew")
    return Twin(tuple(told["intents"]), vectorizers, weights, bias)


def _vectorizer(index: int, vocabulary: Sequence[str] | None = None) -> CountVectorizer:
    analyzer, least, most = FEATURES[index]
    pattern = r"(?u)\b\w+\b" if analyzer == "word" else None
    return CountVectorizer(
        analyzer=analyzer,
        ngram_range=(least, most),
        token_pattern=pattern,
        lowercase=True,
        vocabulary=vocabulary,
        min_df=1 if vocabulary is not None else LEAST_SENTENCES,
    )


def _vocabulary(vectorizer: CountVectorizer) -> list[str]:
    return sorted(vectorizer.vocabulary_, key=lambda word: vectorizer.vocabulary_[word])


def _features(vectorizers: Sequence[CountVectorizer], texts: Sequence[str]) -> csr_matrix:
    ready = [preprocessed(text) for text in texts]
    return csr_matrix(hstack([vectorizer.transform(ready) for vectorizer in vectorizers]))
