"""The sentences of a site: the shipped ones of each language and its own, and the name they give to a model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import yaml

from crm_core.errors import BadInput
from ivr_bot.nlu.examples import Example, plain, read_examples, written
from ivr_bot.nlu.pipeline import rasa_config

LANGUAGES = ("en", "ru", "uz")
#: A site's own sentences, in its folder, named like the shipped ones.
_NAME = "{language}.yml"


def all_examples(own: Path) -> list[Example]:
    """The shipped sentences of all languages and the site's own. Raises BadScript for a file that is not sound."""
    found: list[Example] = []
    for language in LANGUAGES:
        found += shipped_examples(language)
        file = own_file(own, language)
        if file.is_file():
            found += read_examples(_text(file), str(file))
    return list(dict.fromkeys(found))


def shipped_examples(language: str) -> list[Example]:
    file = files("ivr_bot.nlu").joinpath(_NAME.format(language=language))
    return read_examples(file.read_text(encoding="utf-8"), f"{language}.yml")


def name_of(examples: Sequence[Example]) -> str:
    """Sixteen hex digits: the same for the same sentences and pipeline, whichever engine is trained on them."""
    told = json.dumps(rasa_config(), sort_keys=True) + written(examples)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def held_out(language: str) -> list[Example]:
    """The shipped sentences of a language that nobody trains on: a model is measured with them."""
    return _unknown("held_out", language)


def tuning(language: str) -> list[Example]:
    """More of them, by another hand: how sure a model must be is found with these, and nothing is measured."""
    return _unknown("tuning", language)


def _unknown(folder: str, language: str) -> list[Example]:
    text = files("ivr_bot.nlu").joinpath(folder, _NAME.format(language=language)).read_text(encoding="utf-8")
    return [Example(intent, plain(said)) for intent, texts in yaml.safe_load(text).items() for said in texts]


def own_file(own: Path, language: str) -> Path:
    """Where a site's own sentences of a language stand."""
    return own / _NAME.format(language=language)


def stamps(own: Path) -> tuple[float, ...]:
    """When each of the site's own files changed last; 0: there is none."""
    own_files = [own_file(own, language) for language in LANGUAGES]
    return tuple(file.stat().st_mtime if file.is_file() else 0.0 for file in own_files)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(str(file), f"it cannot be read: {error}") from error
