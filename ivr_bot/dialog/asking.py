"""How a question is listened to, and how its keys are offered. Pure."""

from __future__ import annotations

from ivr_bot.dialog.actions import Actions, Listen, Play
from ivr_bot.dialog.keys import expected, offer, taken
from ivr_bot.dialog.pieces import Text
from ivr_bot.dialog.script import Ask, AskKind
from ivr_bot.dialog.state import Dialog


def listen(dialog: Dialog, ask: Ask) -> Listen:
    """Wait for the answer to a question."""
    keys, most = taken(ask)
    phrases = expected(ask, dialog.language)
    return Listen(ask.name, ask.kind.value, phrases, keys, most, ask.patience, ask.kind is AskKind.FREE)


def offer_keys(dialog: Dialog, ask: Ask) -> Actions:
    """Say which keys answer the question; nothing at an open one."""
    text = offer(ask, dialog.language, dialog.now)
    return (Play((Text(text, dialog.language),), ask.barge_in),) if text else ()
