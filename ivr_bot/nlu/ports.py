"""What both engines are to the bot: a sentence in, the probability of every intent out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

#: Probability (0 to 1) of each intent the model knows; they add up to 1.
Ranking: TypeAlias = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a sentence is meant to be; `intent` None: nothing that is asked for, or the model is not sure enough.

    `confidence` is calibrated: of ten intents seen with 0.8, eight are right. `engine`: who said so.
    """

    intent: str | None
    confidence: float
    engine: str = ""


class Ranker(Protocol):
    """An engine. `plain` text in small letters, not blank. Raises Unavailable."""

    @property
    def name(self) -> str: ...

    async def rank(self, plain: str) -> Ranking: ...
