"""The dialog engine: what the bot does next, given what was heard. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from crm_core.errors import BadInput
from ivr_bot.dialog.actions import Action, Actions, Answered, Play, SetLanguage
from ivr_bot.dialog.answering import Answer, Meaning, Unclear, Wish, meaning_of_keys, meaning_of_words, value_in
from ivr_bot.dialog.asking import listen
from ivr_bot.dialog.at_any_time import HOLD_ON, LANGUAGE, REPEAT, UNFINISHED
from ivr_bot.dialog.handing_over import NAME
from ivr_bot.dialog.heard import Failed, Heard, HungUp, Played, Pressed, Said, Silence
from ivr_bot.dialog.ladder import failed, held, missed
from ivr_bot.dialog.languages import language_named
from ivr_bot.dialog.script import BACK, Ask, AskKind, Script
from ivr_bot.dialog.state import Dialog
from ivr_bot.dialog.walking import enter

#: A conversation that takes more turns than this goes nowhere; it is ended with a goodbye.
MAX_TURNS = 80
#: So many coughs at one question count as an answer not understood.
MAX_NOISES = 3


def begin(
    script: Script, lead: Mapping[str, str], language: str, now: datetime, operators_language: str | None = None
) -> tuple[Dialog, Actions]:
    """Start talking. `now` is the person's local time. Operators are told of him in their language, unless given the
    script's first. BadInput says which of the script's fields the lead lacks."""
    if language not in script.languages:
        raise BadInput(script.name, f"it has no wording in {language!r}", f"Expected: {', '.join(script.languages)}")
    missing = [name for name in script.fields if name not in lead]
    if missing:
        raise BadInput(script.name, f"the lead has no {', '.join(missing)}", "Give every field that the script names")
    known = {name: lead[name] for name in (*script.fields, NAME) if name in lead}
    told_in = operators_language or script.languages[0]
    return enter(Dialog(script, language, known, now, operators_language=told_in), script.start)


def step(dialog: Dialog, heard: Heard) -> tuple[Dialog, Actions]:
    """One move: the dialog after what was heard, and what to do. Never raises; an ended dialog does nothing more."""
    if dialog.ended:
        return dialog, ()
    if isinstance(heard, HungUp):
        return replace(dialog, ended=True, unheard=()), ()
    dialog = replace(dialog, turns=dialog.turns + 1)
    if dialog.turns > MAX_TURNS:
        return enter(dialog, UNFINISHED)
    ask = dialog.script.nodes[dialog.node]
    assert isinstance(ask, Ask), "a dialog that has not ended waits at a question"
    return _at(dialog, ask, heard)


def _at(dialog: Dialog, ask: Ask, heard: Heard) -> tuple[Dialog, Actions]:
    match heard:
        case Said(text=text) if text.strip():
            dialog = replace(dialog, now=heard.at, unheard=(), spoke=True)
            return _do(dialog, ask, meaning_of_words(dialog, ask, heard), heard)
        case Pressed():
            dialog = replace(dialog, unheard=(), spoke=True)
            return _do(dialog, ask, meaning_of_keys(dialog, ask, heard), heard)
        case Silence():
            return missed(dialog, ask, was_silent=True)
        case Played():
            return replace(dialog, unheard=()), ()
        case Failed():
            return failed(dialog, ask, heard.what)
        case _:
            return _after_noise(dialog, ask)


def _after_noise(dialog: Dialog, ask: Ask) -> tuple[Dialog, Actions]:
    if dialog.noises >= MAX_NOISES:
        return missed(replace(dialog, noises=0), ask, was_silent=False)
    plays: tuple[Action, ...] = (Play(dialog.unheard, ask.barge_in),) if dialog.unheard else ()
    return replace(dialog, noises=dialog.noises + 1), (*plays, listen(dialog, ask))


def _do(dialog: Dialog, ask: Ask, meaning: Meaning, heard: Said | Pressed) -> tuple[Dialog, Actions]:
    match meaning:
        case Answer():
            return _answered(dialog, ask, meaning)
        case Wish(intent=intent):
            wishes = tuple(dict.fromkeys((*dialog.wishes, intent)))
            return _wished(replace(dialog, intent=intent, wishes=wishes), ask, intent, heard)
        case Unclear():
            return missed(dialog, ask, was_silent=False)


def _answered(dialog: Dialog, ask: Ask, answer: Answer) -> tuple[Dialog, Actions]:
    dialog = replace(dialog, slots={**dialog.slots, ask.slot: answer.value})
    logged: Actions = (Answered(ask.name, answer.value, answer.raw),)
    if ask.name == LANGUAGE:
        dialog = replace(dialog, language=answer.value)
        logged = (*logged, SetLanguage(answer.value))
    dialog, actions = enter(dialog, _after(ask, answer.value))
    return dialog, (*logged, *actions)


def _after(ask: Ask, value: str) -> str:
    match ask.kind:
        case AskKind.YES_NO:
            return ask.if_yes if value == "yes" else ask.if_no
        case AskKind.CHOICE:
            return next(option.go or ask.next for option in ask.options if option.name == value)
        case _:
            return ask.next


def _wished(dialog: Dialog, ask: Ask, intent: str, heard: Said | Pressed) -> tuple[Dialog, Actions]:
    if intent in ask.intents:
        return enter(dialog, ask.intents[intent])
    if intent == REPEAT:
        return enter(dialog, ask.name)
    if intent == HOLD_ON:
        return held(dialog, ask)
    target = dialog.script.at_any_time[intent]
    asked = dialog.script.nodes.get(target)
    if target != BACK and isinstance(asked, Ask) and isinstance(heard, Said):
        value = _told_already(dialog, asked, heard)
        if value is not None:
            return _answered(dialog, asked, Answer(value, heard.text))
    return enter(dialog, target)


def _told_already(dialog: Dialog, asked: Ask, said: Said) -> str | None:
    """ "Call me tomorrow at five" needs no question when to call. A yes is never taken from the wish itself."""
    if asked.name == LANGUAGE:
        return language_named(said.text, dialog.script.languages)
    if asked.kind is AskKind.WHEN:
        return value_in(asked, said.text, dialog.language, said.at)
    return None
