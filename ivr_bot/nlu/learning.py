"""Whether a model that has learned something new is better: it must know the sentences nobody trained on as well as the
one in use, and the scripts' conversations must go as before."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ivr_bot.nlu.examples import Example, plain, read_examples, written
from ivr_bot.nlu.measuring import Score, measured
from ivr_bot.nlu.sentences import LANGUAGES, all_examples, held_out, own_file
from ivr_bot.nlu.training import SiteModel, site_model, train_model

#: Every training turns one or two sentences of a thousand over: so small a fall is none.
_NOISE = 0.003
#: The model in use, the new one, the sentences nobody trained on, the scripts' conversations.
_STEPS = 4
#: Names of the conversations that do not go as expected with a model.
ScriptTests = Callable[[SiteModel], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What came of it: `model` is the new one where it is `taken`; `why` says why not."""

    taken: bool
    why: str
    model: SiteModel
    before: Mapping[str, Score]
    after: Mapping[str, Score]


def learn(
    own: Path,
    kept: Path,
    new: Mapping[str, Sequence[Example]],
    script_tests: ScriptTests,
    told: Callable[[int, int], None] = lambda done, whole: None,
) -> Lesson:
    """Train with these sentences by language, compare, and only if nothing is worse add them to the site's own.

    The sentences then stand in `own`, and a running bot takes the model up. `told` hears how many of how many steps are
    done. Raises BadScript when a sentence is known with another meaning.
    """
    told(0, _STEPS)
    own_now = {language: _own(own, language) for language in LANGUAGES}
    own_new = {language: [*own_now[language], *_plain(new.get(language, ()))] for language in LANGUAGES}
    before = site_model(own, kept)
    told(1, _STEPS)
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder)
        _write(trial, own_new)
        after = train_model(all_examples(trial), kept)
    told(2, _STEPS)
    scores = [
        {language: measured(one, language, held_out(language)) for language in LANGUAGES} for one in (before, after)
    ]
    told(3, _STEPS)
    why = _worse(*scores) or _differing(script_tests(before), script_tests(after))
    if not why:
        _write(own, {language: examples for language, examples in own_new.items() if new.get(language)})
    told(_STEPS, _STEPS)
    return Lesson(not why, why, after, *scores)


def net(scores: Mapping[str, Score]) -> int:
    """Sentences understood rightly, less those taken for something they do not mean."""
    return sum(score.right - score.wrong - score.accepted for score in scores.values())


def _worse(before: Mapping[str, Score], after: Mapping[str, Score]) -> str:
    sentences = sum(score.sentences + score.outside for score in before.values())
    if net(after) >= net(before) - _NOISE * sentences:
        return ""
    return f"on the sentences nobody trained on it is worse: {net(before)} before, {net(after)} after"


def _differing(before: Sequence[str], after: Sequence[str]) -> str:
    """What differed before is not the new model's fault."""
    new = [name for name in after if name not in before]
    return f"conversations of scripts no longer go as expected: {', '.join(new)}" if new else ""


def _own(own: Path, language: str) -> list[Example]:
    file = own_file(own, language)
    return read_examples(file.read_text(encoding="utf-8"), str(file)) if file.is_file() else []


def _plain(examples: Sequence[Example]) -> list[Example]:
    return [Example(example.intent, said) for example in examples if (said := plain(example.text))]


def _write(folder: Path, by_language: Mapping[str, Sequence[Example]]) -> None:
    """Each file at one stroke: whoever reads finds the old sentences or the new ones."""
    folder.mkdir(parents=True, exist_ok=True)
    for language, examples in by_language.items():
        if examples:
            with tempfile.NamedTemporaryFile("w", dir=folder, prefix=".", delete=False, encoding="utf-8") as out:
                out.write(written(dict.fromkeys(examples)))
            os.replace(out.name, own_file(folder, language))
