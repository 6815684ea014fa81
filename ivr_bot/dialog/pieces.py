"""What a prompt is made of once it is ready to be played: texts and recorded audio. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Text:
    """Words to be spoken in a language ("en", "ru", "uz")."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Audio:
    """A recording; `path` is as written in the script, relative to the site's prompts folder."""

    path: str


Piece: TypeAlias = Text | Audio
Pieces: TypeAlias = tuple[Piece, ...]
