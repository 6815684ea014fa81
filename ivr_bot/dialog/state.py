"""Where a dialog stands: frozen, of plain values, and written to text and back. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from ivr_bot.dialog.pieces import Audio, Pieces, Text
from ivr_bot.dialog.script import Script


@dataclass(frozen=True, slots=True)
class Dialog:
    """One conversation. `now` is the person's local time as last heard; slots hold plain text (ISO for dates)."""

    script: Script
    language: str
    lead: Mapping[str, str]
    now: datetime
    node: str = ""  # the question that is open, or the last node entered
    resume: str = ""  # the script's own question, to come back to
    slots: Mapping[str, str] = field(default_factory=dict)
    intent: str = ""  # the last one heard
    wishes: tuple[str, ...] = ()  # all that were heard, each once, in order
    operators_language: str = ""  # in which they are told of this person
    misses: int = 0  # of the open question
    noises: int = 0  # of the open question
    turns: int = 0  # heard so far, of any kind
    used: Mapping[str, int] = field(default_factory=dict)  # how often each prompt was worded
    unheard: Pieces = ()  # what is being played
    spoke: bool = False  # the person said or keyed anything at all
    keys_only: bool = False  # the recogniser is gone
    prompt_failed: bool = False
    ended: bool = False


def saved(dialog: Dialog) -> str:
    """The dialog as JSON, without its script."""
    plain = {f.name: getattr(dialog, f.name) for f in fields(dialog) if f.name != "script"}
    plain["now"] = dialog.now.isoformat()
    plain["unheard"] = [_saved_piece(piece) for piece in dialog.unheard]
    return json.dumps(plain, ensure_ascii=False)


def restored(script: Script, text: str) -> Dialog:
    """The dialog that `saved` wrote; `script` is the one it was begun with."""
    plain: dict[str, Any] = json.loads(text)
    plain["now"] = datetime.fromisoformat(plain["now"])
    plain["wishes"] = tuple(plain["wishes"])
    plain["unheard"] = tuple(Text(**piece) if "text" in piece else Audio(**piece) for piece in plain["unheard"])
    return Dialog(script=script, **plain)


def _saved_piece(piece: Text | Audio) -> dict[str, str]:
    if isinstance(piece, Audio):
        return {"path": piece.path}
    return {"text": piece.text, "language": piece.language}
