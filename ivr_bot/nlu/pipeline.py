"""The one pipeline of both engines, as Rasa's configuration names it and as scikit-learn does it. Pure.

Source: Rasa 3.6, WhitespaceTokenizer, CountVectorsFeaturizer and LogisticRegressionClassifier.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

#: Word and character n-grams: (analyzer, fewest, most).
FEATURES: tuple[tuple[str, int, int], ...] = (("word", 1, 2), ("char_wb", 2, 5))
#: It goes to the bottom of the valley, ten times as fast as Rasa's usual lbfgs: two versions of scikit-learn agree.
SOLVER = "newton-cg"
#: What only one sentence holds teaches nothing, and doubles the time of the training.
LEAST_SENTENCES = 2
MAX_ITERATIONS = 100
#: Of the gradient of the loss summed over all sentences, as Rasa's scikit-learn (1.1) has it; later ones take the mean.
TOLERANCE = 0.1
_NOT_A_WORD = re.compile(
    r"[^\w#@&]+(?=\s|$)|(\s|^)[^\w#@&]+(?=[^0-9\s])|(?<=[^0-9\s])[^\w._~:/?#\[\]()@!$&*+,;=-]+(?=[^0-9\s])"
)
_DIGITS = re.compile(r"\b[0-9]+\b")


def rasa_config() -> Mapping[str, Any]:
    """What Rasa's config.yml says."""
    return {
        "recipe": "default.v1",
        "language": "en",  # the tokenizer goes by white space: the language changes nothing
        "assistant_id": "trunkline",
        "pipeline": [
            {"name": "WhitespaceTokenizer"},
            *(
                {
                    "name": "CountVectorsFeaturizer",
                    "analyzer": analyzer,
                    "min_ngram": least,
                    "max_ngram": most,
                    "min_df": LEAST_SENTENCES,
                }
                for analyzer, least, most in FEATURES
            ),
            {
                "name": "LogisticRegressionClassifier",
                "solver": SOLVER,
                "max_iter": MAX_ITERATIONS,
                "tol": TOLERANCE,
                "ranking_length": 0,  # all of them
            },
        ],
        "policies": None,
    }


def preprocessed(text: str) -> str:
    """A sentence as Rasa's tokenizer and featurizer leave it: words in a row, figures as one token."""
    words = _NOT_A_WORD.sub(" ", text).split() or [text]
    return " ".join(_DIGITS.sub("__NUMBER__", word).lower() for word in words)
