"""What is done when no answer came: reword, then offer keys, then a person or goodbye; and when a part fails. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from ivr_bot.dialog.actions import Actions, Play
from ivr_bot.dialog.asking import listen, offer_keys
from ivr_bot.dialog.at_any_time import NOBODY_SPOKE, UNFINISHED
from ivr_bot.dialog.heard import Fault
from ivr_bot.dialog.keys import TOLD_BY_DAY, offer
from ivr_bot.dialog.pieces import Pieces, Text
from ivr_bot.dialog.script import Ask, AskKind, Script
from ivr_bot.dialog.spoken import worded
from ivr_bot.dialog.state import Dialog
from ivr_bot.dialog.walking import enter, way_out

_NOT_HEARD: Mapping[str, str] = {
    "en": "I cannot hear you.",
    "ru": "Я вас не слышу.",
    "uz": "Sizni eshitmayapman.",
}
_NOT_UNDERSTOOD: Mapping[str, str] = {
    "en": "Sorry, I did not understand.",
    "ru": "Извините, я не понял.",
    "uz": "Uzr, tushunmadim.",
}
#: Played where a prompt is gone and the question has no keys.
_SPEAK: Mapping[str, str] = {
    "en": "Please tell me in your own words.",
    "ru": "Расскажите, пожалуйста, своими словами.",
    "uz": "Iltimos, oʻz soʻzlaringiz bilan ayting.",
}
_WAITING: Mapping[str, str] = {"en": "I will wait.", "ru": "Подожду.", "uz": "Kutaman."}
#: How long to wait for a person who asked for a moment.
HOLD_PATIENCE = timedelta(seconds=30)


def said_anywhere(script: Script, language: str, now: datetime) -> tuple[Text, ...]:
    """What the ladder of any question may say beside the script's own prompts, and the offers of its keys."""
    texts = [texts[language] for texts in (_NOT_HEARD, _NOT_UNDERSTOOD, _SPEAK, _WAITING)]
    asks = [node for node in script.nodes.values() if isinstance(node, Ask) and node.kind is not TOLD_BY_DAY]
    texts += [text for ask in asks if (text := offer(ask, language, now))]
    return tuple(Text(text, language) for text in dict.fromkeys(texts))


def missed(dialog: Dialog, ask: Ask, was_silent: bool) -> tuple[Dialog, Actions]:
    """Nothing usable was heard: the next rung of the ladder."""
    dialog = replace(dialog, misses=dialog.misses + 1, noises=0)
    sorry = Text((_NOT_HEARD if was_silent else _NOT_UNDERSTOOD)[dialog.language], dialog.language)
    if dialog.misses == 1:
        dialog, pieces = worded(dialog, ask.again or ask.prompt, f"{ask.name}/again" if ask.again else ask.name)
        return _ask_again(dialog, ask, (sorry, *pieces))
    if dialog.misses == 2:
        offered = _offered(dialog, ask)
        if ask.kind is AskKind.FREE:
            dialog, offered = worded(dialog, ask.prompt, ask.name)
        return _ask_again(dialog, ask, (sorry, *offered))
    if ask.unanswered:
        return enter(dialog, ask.unanswered)
    if not dialog.spoke:  # an operator is not called to an empty line
        return enter(dialog, NOBODY_SPOKE)
    return enter(dialog, "any.operator" if dialog.script.operators else UNFINISHED)


def held(dialog: Dialog, ask: Ask) -> tuple[Dialog, Actions]:
    """The person asks for a moment: wait longer than usual, without counting it as a miss."""
    pieces = (Text(_WAITING[dialog.language], dialog.language),)
    listening = replace(listen(dialog, ask), patience=HOLD_PATIENCE)
    return replace(dialog, unheard=pieces), (Play(pieces, ask.barge_in), listening)


def failed(dialog: Dialog, ask: Ask, what: Fault) -> tuple[Dialog, Actions]:
    """A part is gone: answer by keys, play a default prompt, or a person, or an apology and a task to call back."""
    is_open = ask.kind is AskKind.FREE
    match what:
        case Fault.NLU:  # the rules still understand answers; keys help where they do not
            return _ask_again(dialog, ask, _offered(dialog, ask))
        case Fault.RECOGNISER if not is_open:
            return _ask_again(replace(dialog, keys_only=True), ask, _offered(dialog, ask))
        case Fault.PROMPT if not dialog.prompt_failed:
            dialog = replace(dialog, prompt_failed=True)
            default: Pieces = (Text(_SPEAK[dialog.language], dialog.language),) if is_open else ()
            return _ask_again(dialog, ask, default or _offered(dialog, ask))
        case _:
            return enter(replace(dialog, keys_only=dialog.keys_only or what is Fault.RECOGNISER), way_out(dialog))


def _offered(dialog: Dialog, ask: Ask) -> Pieces:
    return tuple(piece for action in offer_keys(dialog, ask) if isinstance(action, Play) for piece in action.pieces)


def _ask_again(dialog: Dialog, ask: Ask, pieces: Pieces) -> tuple[Dialog, Actions]:
    plays = (Play(pieces, ask.barge_in),) if pieces else ()
    return replace(dialog, unheard=pieces), (*plays, listen(dialog, ask))
