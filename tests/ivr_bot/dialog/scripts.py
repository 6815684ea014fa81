"""Small scripts and moves that the dialog tests share."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from ivr_bot.dialog.actions import Action, Play
from ivr_bot.dialog.heard import Said
from ivr_bot.dialog.pieces import Text
from ivr_bot.dialog.reading import load_script, read_script
from ivr_bot.dialog.script import Script
from ivr_bot.dialog.shipped import shipped_scripts

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=timezone(timedelta(hours=5)))
HEAD = 'script: small\nlanguages: [en]\nfields: [name]\nwho: "Lola calls."\nstart: first\nnodes:\n'
SHIPPED = tuple(load_script(path) for path in shipped_scripts())


def script(nodes: str, head: str = HEAD) -> Script:
    """A script with these nodes, written two spaces in."""
    return read_script(head + nodes, "small.yml")


def lead(of: Script) -> dict[str, str]:
    return {name: f"the {name}" for name in of.fields}


def said(text: str, intent: str | None = None, confidence: float = 1.0) -> Said:
    return Said(text, confidence, NOW, intent, 1.0 if intent else 0.0)


def words(actions: tuple[Action, ...]) -> str:
    """All that is spoken."""
    pieces = [piece for action in actions if isinstance(action, Play) for piece in action.pieces]
    return " ".join(piece.text if isinstance(piece, Text) else piece.path for piece in pieces)
