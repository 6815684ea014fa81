"""A talk by text: a script walked from its beginning by what the person did, told line by line. Pure.

The whole talk is walked anew for each move, so there is nothing to keep between them, and a text that is being changed
is talked to as it now stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from crm_core.domain.scripts import How, Move, ScriptTalk, TalkLine, Told
from ivr_bot.dialog.actions import (
    Action,
    Actions,
    Answered,
    CallBack,
    CreateDeal,
    CreateTask,
    DoNotCall,
    HangUp,
    Play,
    SendMessage,
    SetDisposition,
    SetLanguage,
    Transfer,
)
from ivr_bot.dialog.conversations import IntentOf, with_intent, words_of
from ivr_bot.dialog.engine import begin, step
from ivr_bot.dialog.heard import Heard, HungUp, Pressed, Said, Silence
from ivr_bot.dialog.script import Script
from ivr_bot.dialog.state import Dialog


def talk(
    script: Script,
    fields: Mapping[str, str],
    language: str,
    moves: Sequence[Move],
    now: datetime,
    intents: Callable[[str], IntentOf] | None,
) -> ScriptTalk:
    """`intents`: the intent model for a language, None: the rules alone. Raises BadInput for a field that is missing,
    and a language the script has not."""
    dialog, actions = begin(script, fields, language, now)
    lines = list(_told(actions))
    for move in moves:
        if dialog.ended:
            break
        heard = _heard(move, now)
        lines.append(TalkLine(Told.PERSON, _person(move)))
        if intents is not None:
            heard = with_intent(heard, dialog, actions, intents(dialog.language))
        before = dialog
        dialog, actions = step(dialog, heard)
        lines += [*_understood(before, dialog), *_told(actions)]
    return ScriptTalk(tuple(lines), dialog.node, dialog.language, dialog.ended, intents is not None)


def _heard(move: Move, now: datetime) -> Heard:
    match move.how:
        case How.SAYS:
            return Said(move.text, 1.0, now)
        case How.PRESSES:
            return Pressed(move.text)
        case How.SILENCE:
            return Silence()
        case How.HANGS_UP:
            return HungUp()


def _person(move: Move) -> str:
    return move.text if move.how in (How.SAYS, How.PRESSES) else ""


def _understood(before: Dialog, after: Dialog) -> Iterable[TalkLine]:
    if after.wishes != before.wishes or (after.intent and after.intent != before.intent):
        return (TalkLine(Told.UNDERSTOOD, after.intent),)
    return ()


def _told(actions: Actions) -> Iterator[TalkLine]:
    """What the bot says in a piece, and what it does, in order."""
    said: list[Action] = []
    for action in actions:
        line = _line(action)
        if isinstance(action, Play):
            said.append(action)
        elif line is not None:
            if said:
                yield TalkLine(Told.BOT, words_of(tuple(said)))
                said = []
            yield line
    if said:
        yield TalkLine(Told.BOT, words_of(tuple(said)))


def _line(action: Action) -> TalkLine | None:
    match action:
        case Answered(question, value):
            return TalkLine(Told.ANSWER, f"{question}: {value}")
        case SetDisposition(code):
            return TalkLine(Told.RESULT, code)
        case CreateDeal(fields):
            return TalkLine(Told.DEAL, _pairs(fields))
        case CreateTask(text=text, due=due):
            return TalkLine(Told.TASK, f"{text} ({due:%Y-%m-%d %H:%M})")
        case SendMessage(template, channel):
            return TalkLine(Told.MESSAGE, f"{template} ({channel})")
        case Transfer(queue=queue, summary=summary):
            return TalkLine(Told.TRANSFER, ": ".join(filter(None, (queue, summary))))
        case CallBack(at):
            return TalkLine(Told.CALL_BACK, f"{at:%Y-%m-%d %H:%M}")
        case DoNotCall(scope):
            return TalkLine(Told.DO_NOT_CALL, scope)
        case SetLanguage(language):
            return TalkLine(Told.LANGUAGE, language)
        case HangUp():
            return TalkLine(Told.HANG_UP, "")
        case _:
            return None


def _pairs(fields: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {value}" for name, value in fields.items() if value)
