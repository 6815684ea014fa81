"""What can reach a dialog from the call: a closed union. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Said:
    """A turn of the person as recognised; `at` is his local time, confidences are 0 to 1."""

    text: str
    confidence: float
    at: datetime
    intent: str | None = None
    intent_confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Pressed:
    """Keys of the telephone, all of one answer."""

    digits: str


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing was heard within the patience of the question."""


@dataclass(frozen=True, slots=True)
class Noise:
    """A cough or a bang stopped the prompt: no speech."""


@dataclass(frozen=True, slots=True)
class Played:
    """All that was to be played has been played to its end."""


@dataclass(frozen=True, slots=True)
class HungUp:
    """The person has gone."""


class Fault(StrEnum):
    RECOGNISER = "recogniser"
    NLU = "nlu"
    PROMPT = "prompt"


@dataclass(frozen=True, slots=True)
class Failed:
    """A part that the bot needs is gone."""

    what: Fault


Heard: TypeAlias = Said | Pressed | Silence | Noise | Played | HungUp | Failed
