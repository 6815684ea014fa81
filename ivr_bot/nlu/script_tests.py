"""The intent model as scripts meet it: asked in their conversations, and tried against all of them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from ivr_bot.dialog.conversations import IntentOf, read_conversations, try_out
from ivr_bot.dialog.reading import load_script
from ivr_bot.dialog.shipped import conversations_of, shipped_scripts
from ivr_bot.nlu.examples import plain
from ivr_bot.nlu.judging import judged
from ivr_bot.nlu.training import SiteModel


def intent_of(model: SiteModel, language: str) -> IntentOf:
    """A model, as a script's conversations in a language ask it."""

    def asked(text: str, among: Collection[str]) -> tuple[str | None, float]:
        said = plain(text)
        if not said:
            return None, 0.0
        found = judged(model.twin.ranking(said), language, among, model.calibration)
        return found.intent, found.confidence

    return asked


def differing(model: SiteModel, own_scripts: Path) -> list[str]:
    """Conversations of the shipped and the site's own scripts that do not go as expected with this model."""
    names: list[str] = []
    for path in (*shipped_scripts(), *sorted(own_scripts.glob("*.yml"))):
        tests = conversations_of(path)
        if path.name.endswith(".test.yml") or not tests.is_file():
            continue
        script = load_script(path)
        for conversation in read_conversations(tests.read_text(encoding="utf-8"), str(tests)):
            if try_out(script, conversation, intent_of(model, conversation.language)).differences:
                names.append(f"{path.stem}: {conversation.name}")
    return names
