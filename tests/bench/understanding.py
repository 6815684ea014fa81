"""Understanding measured: rules on their phrases, the intent model on sentences nobody trained on, and its speed."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from ivr_bot.nlu.measuring import Score, measured
from ivr_bot.nlu.sentences import LANGUAGES, held_out
from ivr_bot.nlu.training import SiteModel, site_model
from tests.bench.rows import Row, at_least, at_most, figure, percentile
from tests.bench.site import Say
from tests.ivr_bot.understanding.phrase_lists import read_phrases


async def measure(folder: Path, say: Say) -> list[Row]:
    """The rules first, then the model, trained for the occasion."""
    say("understanding: rules, then the intent model")
    rows = [row for name in ("phrases.yml", "phrases_held_out.yml") for row in _rules(name)]
    began = time.monotonic()
    model = await asyncio.to_thread(site_model, folder / "own", folder / "models")
    trained = time.monotonic() - began
    for language in LANGUAGES:
        rows += _intents(language, measured(model, language, held_out(language)))
    rows.append(figure("intents: training", trained, "s"))
    rows.append(figure("intents: a sentence, p50", percentile(_milliseconds(model), 0.5), "ms"))
    return rows


def _rules(name: str) -> list[Row]:
    listed = read_phrases(name)
    right = sum(listed.found(phrase) == phrase.expected for phrase in listed.phrases)
    what = f"rules: understood as they should be, of {len(listed.phrases)} ({name})"
    return [at_least(what, 100 * right / len(listed.phrases), "%", 98)]


def _intents(language: str, score: Score) -> list[Row]:
    what = f"intents, {language}:"
    return [
        at_least(f"{what} right, of {score.sentences} not trained on", 100 * score.right / score.sentences, "%", 90),
        figure(f"{what} taken for another", 100 * score.wrong / score.sentences, "%"),
        at_most(
            f"{what} taken for one, of {score.outside} that are none", 100 * score.accepted / score.outside, "%", 5
        ),
    ]


def _milliseconds(model: SiteModel) -> list[float]:
    took = []
    for example in held_out("en"):
        began = time.perf_counter()
        model.twin.ranking(example.text)
        took.append((time.perf_counter() - began) * 1000)
    return took
