"""The intent model of a site: trained on its sentences, kept by what it was trained on."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import sklearn

from crm_core.errors import BadInput
from ivr_bot.nlu.calibrating import calibrated
from ivr_bot.nlu.examples import Example
from ivr_bot.nlu.judging import Calibration
from ivr_bot.nlu.sentences import LANGUAGES, all_examples, name_of, tuning
from ivr_bot.nlu.twin import Twin, load, save, trained

log = logging.getLogger(__name__)

_WEIGHTS, _FACTS = "twin.npz", "calibration.json"


@dataclass(frozen=True, slots=True)
class SiteModel:
    """A twin, how sure it must be, and the name of the data it was trained on (Rasa's model bears it too)."""

    twin: Twin
    calibration: Calibration
    name: str


def site_model(own: Path, kept: Path) -> SiteModel:
    """The model of today's sentences: read from `kept`, or trained (some seconds of one core) and kept there."""
    examples = all_examples(own)
    return _kept(kept, name_of(examples)) or train_model(examples, kept)


def kept_model(own: Path, kept: Path) -> SiteModel | None:
    """The model of today's sentences if it was trained before."""
    return _kept(kept, name_of(all_examples(own)))


def train_model(examples: Sequence[Example], kept: Path) -> SiteModel:
    """Train, find out how sure it must be, and keep it."""
    name, twin = name_of(examples), trained(examples)
    model = SiteModel(twin, calibrated(twin, {language: tuning(language) for language in LANGUAGES}), name)
    folder = _folder(kept, name)
    save(model.twin, folder / _WEIGHTS)
    (folder / _FACTS).write_text(json.dumps(asdict(model.calibration)))
    return model


def _folder(kept: Path, name: str) -> Path:
    """Of another scikit-learn the weights would be a little different ones."""
    return kept / f"{name}-{sklearn.__version__}"


def _kept(kept: Path, name: str) -> SiteModel | None:
    folder = _folder(kept, name)
    try:
        facts = json.loads((folder / _FACTS).read_text())
        return SiteModel(load(folder / _WEIGHTS), Calibration(**facts), name)
    except FileNotFoundError:
        return None
    except (BadInput, OSError, ValueError, TypeError) as error:
        log.warning("a kept intent model is damaged: it is trained anew", extra={"error": str(error)})
        return None
