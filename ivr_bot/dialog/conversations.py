"""Conversations that try a script out: read from YAML, run as text, compared. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from ivr_bot.dialog.actions import (
    Action,
    CallBack,
    CreateDeal,
    CreateTask,
    DoNotCall,
    Listen,
    Play,
    SendMessage,
    SetDisposition,
    Transfer,
)
from ivr_bot.dialog.answering import needs_intent, possible_intents
from ivr_bot.dialog.engine import begin, step
from ivr_bot.dialog.heard import Failed, Fault, Heard, HungUp, Noise, Played, Pressed, Said, Silence
from ivr_bot.dialog.marks import Marked, marked
from ivr_bot.dialog.pieces import Audio, Pieces
from ivr_bot.dialog.script import Ask, Script
from ivr_bot.dialog.state import Dialog

_PLAIN: Mapping[str, Heard] = {"silence": Silence(), "noise": Noise(), "played": Played(), "hangs_up": HungUp()}
_MOVES = ("says", "presses", "fails", "hears")
_EXPECTED = (
    "node",
    "intent",
    "slots",
    "result",
    "deal",
    "task",
    "transfer",
    "message",
    "do_not_call",
    "call_back",
    "ended",
    "bot",
)


@dataclass(frozen=True, slots=True)
class Move:
    """One move of the person (None: before he has said anything) and what is expected after it.

    `interrupts`: by voice he does not wait for the bot to finish; as text it makes no difference."""

    line: int
    heard: Heard | None
    expected: Mapping[str, Marked]
    interrupts: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    name: str
    line: int
    now: datetime
    language: str
    lead: Mapping[str, str]
    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What was expected at a line of the file and was not so."""

    line: int
    what: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Tried:
    """One conversation after it was run; `told` is it as text, one line a turn."""

    conversation: Conversation
    differences: tuple[Difference, ...]
    told: tuple[str, ...]


#: The dialog after a move, and every action so far.
Seen: TypeAlias = tuple[Dialog, tuple[Action, ...]]


#: The intent of a text, of those that are possible at a question, and how sure it is; None: none of them.
IntentOf: TypeAlias = Callable[[str, Collection[str]], tuple[str | None, float]]


def read_conversations(text: str, file: str) -> tuple[Conversation, ...]:
    """Read a test file: `now`, `lead` and `conversations`. BadScript names file and line."""
    keys = marked(text, file).record(("now", "conversations"), ("lead", "language"))
    try:
        now = datetime.fromisoformat(keys["now"].text())
    except ValueError:
        keys["now"].fault("this is no date and time", "For example 2026-11-25T10:00:00+05:00")
    if now.tzinfo is None:
        keys["now"].fault("the time has no zone", "For example 2026-11-25T10:00:00+05:00")
    lead = _texts(keys.get("lead"))
    language = keys["language"].text() if "language" in keys else "en"
    return tuple(_conversation(item, lead, language, now) for item in keys["conversations"].items())


def try_out(script: Script, conversation: Conversation, intent_of: IntentOf | None = None) -> Tried:
    """Run one conversation; `intent_of`: an intent model, asked as in a call."""
    dialog, actions = begin(script, conversation.lead, conversation.language, conversation.now)
    told = [f"bot: {words_of(actions)}"]
    found: list[Difference] = []
    everything = actions
    for move in conversation.moves:
        if move.heard is not None:
            heard = with_intent(move.heard, dialog, actions, intent_of)
            dialog, actions = step(dialog, heard)
            everything = (*everything, *actions)
            told += [f"person: {_named(heard)}", f"bot: {words_of(actions)}"]
        found += _differences(move, (dialog, everything), actions)
    return Tried(conversation, tuple(found), tuple(told))


def with_intent(heard: Heard, dialog: Dialog, actions: tuple[Action, ...], intent_of: IntentOf | None) -> Heard:
    """What is said without being told how it is understood is shown to the model, as a call does."""
    listen = next((action for action in reversed(actions) if isinstance(action, Listen)), None)
    if intent_of is None or listen is None or not isinstance(heard, Said) or heard.intent is not None:
        return heard
    ask = dialog.script.nodes[listen.question]
    if not isinstance(ask, Ask) or not needs_intent(dialog, ask, heard):
        return heard
    intent, sure = intent_of(heard.text, possible_intents(ask))
    return replace(heard, intent=intent, intent_confidence=sure)


def _texts(value: Marked | None) -> dict[str, str]:
    return {name: item.text() for name, item in value.mapping().items()} if value is not None else {}


def _conversation(value: Marked, lead: Mapping[str, str], language: str, now: datetime) -> Conversation:
    keys = value.record(("name", "moves"), ("lead", "language"))
    own = keys["language"].text() if "language" in keys else language
    moves = tuple(_move(item, now) for item in keys["moves"].items())
    return Conversation(keys["name"].text(), value.line, now, own, {**lead, **_texts(keys.get("lead"))}, moves)


def _move(value: Marked, now: datetime) -> Move:
    given = value.record((), (*_MOVES, "understood_as", "confidence", "interrupts", "expect"))
    moves = [name for name in _MOVES if name in given]
    if len(moves) > 1 or (not moves and "expect" not in given):
        value.fault("one move is expected here", f"Expected: one of {', '.join(_MOVES)}")
    heard = _heard(moves[0], given, now) if moves else None
    expected = given["expect"].record((), _EXPECTED) if "expect" in given else {}
    return Move(value.line, heard, expected, "interrupts" in given and given["interrupts"].flag())


def _heard(move: str, given: Mapping[str, Marked], now: datetime) -> Heard:
    value = given[move]
    match move:
        case "says":
            intent = given["understood_as"].text() if "understood_as" in given else None
            sure = given["confidence"].number(0, 100) / 100 if "confidence" in given else 1.0
            return Said(value.text(), sure, now, intent, 1.0 if intent else 0.0)
        case "presses":
            return Pressed(value.text())
        case "fails":
            return Failed(Fault(value.one_of([fault.value for fault in Fault])))
        case _:
            return _PLAIN[value.one_of(_PLAIN)]


def _differences(move: Move, seen: Seen, actions: tuple[Action, ...]) -> list[Difference]:
    found = []
    for what, value in move.expected.items():
        if what in ("slots", "deal"):
            actual = dict(seen[0].slots) if what == "slots" else deal_of(seen[1])
            for name, wanted in value.mapping().items():
                got = actual.get(name, "(nothing)")
                if got != wanted.text():
                    found.append(Difference(wanted.line, f"{what} {name}", wanted.text(), got))
        elif what == "bot":
            if _plain(value.text()) not in _plain(words_of(actions)):
                found.append(Difference(value.line, "bot", value.text(), words_of(actions)))
        else:
            got = state_of(what, seen)
            if got != value.text():
                found.append(Difference(value.line, what, value.text(), got))
    return found


def state_of(what: str, seen: Seen) -> str:
    """How things stand by one of the words of `expect` (slots, deal and bot aside), as text."""
    dialog, actions = seen
    own = {"node": dialog.node, "intent": dialog.intent, "ended": "true" if dialog.ended else "false"}
    if what in own:
        return own[what] or "(none)"
    for action in reversed(actions):
        match what, action:
            case "result", SetDisposition(code=code):
                return code
            case "task", CreateTask(kind=kind):
                return kind
            case "transfer", Transfer(queue=queue):
                return queue
            case "message", SendMessage(template=template):
                return template
            case "do_not_call", DoNotCall(scope=scope):
                return scope
            case "call_back", CallBack(at=at):
                return at.strftime("%Y-%m-%d %H:%M")
    return "(none)"


def deal_of(actions: tuple[Action, ...]) -> Mapping[str, str]:
    """The fields of the last deal; none: nothing."""
    return next((action.fields for action in reversed(actions) if isinstance(action, CreateDeal)), {})


def words_of(actions: tuple[Action, ...]) -> str:
    """What the bot says by these actions, as text."""
    return " ".join(_text(action.pieces) for action in actions if isinstance(action, Play)) or "(says nothing)"


def _text(pieces: Pieces) -> str:
    return " ".join(f"♪ {piece.path}" if isinstance(piece, Audio) else piece.text for piece in pieces)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).casefold()


def _named(heard: Heard) -> str:
    match heard:
        case Said(text=text, intent=intent):
            return text + (f" (understood as {intent})" if intent else "")
        case Pressed(digits=digits):
            return f"presses {digits}"
        case Failed(what=what):
            return f"({what} fails)"
        case _:
            return f"({next(name for name, plain in _PLAIN.items() if plain == heard)})"
