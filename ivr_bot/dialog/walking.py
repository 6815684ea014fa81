"""Walking from node to node until the person is asked something or the call is over. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation

from ivr_bot.dialog.actions import (
    Action,
    Actions,
    CallBack,
    CreateDeal,
    CreateTask,
    DoNotCall,
    HangUp,
    Play,
    SendMessage,
    SetDisposition,
    Transfer,
)
from ivr_bot.dialog.asking import listen, offer_keys
from ivr_bot.dialog.at_any_time import TROUBLE, UNFINISHED
from ivr_bot.dialog.handing_over import summary
from ivr_bot.dialog.pieces import Pieces
from ivr_bot.dialog.script import (
    BACK,
    AnyNode,
    Ask,
    AskKind,
    Branch,
    CallBackAt,
    Case,
    Compare,
    Deal,
    Disposition,
    End,
    Message,
    Prompt,
    RefuseCalls,
    Say,
    Task,
    TransferTo,
)
from ivr_bot.dialog.spoken import filled, worded
from ivr_bot.dialog.state import Dialog

#: When a task is due on a day without an hour.
_MORNING = time(9)


def enter(dialog: Dialog, name: str) -> tuple[Dialog, Actions]:
    """Go to a node and on from there. The checks keep a walk from going round; `back` leads to a question."""
    done: list[Action] = []
    heard: Pieces = ()
    while True:
        if name == BACK:
            name = dialog.resume or UNFINISHED
        node = dialog.script.nodes[name]
        dialog, actions, following = _visit(replace(dialog, node=name), node)
        done.extend(actions)
        heard += tuple(piece for action in actions if isinstance(action, Play) for piece in action.pieces)
        if following is None:
            return replace(dialog, unheard=() if dialog.ended else heard), tuple(done)
        name = following


def _visit(dialog: Dialog, node: AnyNode) -> tuple[Dialog, Actions, str | None]:
    match node:
        case Ask():
            return _ask(dialog, node)
        case Say():
            dialog, plays = _play(dialog, node.prompt, node.name, node.barge_in)
            return dialog, plays, node.next
        case Branch():
            return dialog, (), next((case.go for case in node.cases if _holds(dialog, case)), node.otherwise)
        case TransferTo() | End():
            dialog, plays = _play(dialog, node.prompt, node.name, barge_in=False)
            return replace(dialog, ended=True), (*plays, _end(dialog, node)), None
        case _:
            return dialog, (_effect(dialog, node),), node.next


def way_out(dialog: Dialog) -> str:
    """The node to go to when the bot cannot do its work: a person, or an apology and a task to call back."""
    return "any.operator" if dialog.script.operators else TROUBLE


def _ask(dialog: Dialog, ask: Ask) -> tuple[Dialog, Actions, str | None]:
    if dialog.keys_only and ask.kind is AskKind.FREE:
        return dialog, (), way_out(dialog)
    is_own = not ask.name.startswith("any.")
    dialog = replace(dialog, misses=0, noises=0, resume=ask.name if is_own else dialog.resume)
    dialog, plays = _play(dialog, ask.prompt, ask.name, ask.barge_in)
    if dialog.keys_only:
        plays = (*plays, *offer_keys(dialog, ask))
    return dialog, (*plays, listen(dialog, ask)), None


def _play(dialog: Dialog, prompt: Prompt | None, key: str, barge_in: bool) -> tuple[Dialog, Actions]:
    if prompt is None:
        return dialog, ()
    dialog, pieces = worded(dialog, prompt, key)
    return dialog, (Play(pieces, barge_in),)


def _end(dialog: Dialog, node: TransferTo | End) -> Action:
    if isinstance(node, End):
        return HangUp()
    return Transfer(node.queue or dialog.script.operators, summary(dialog, node), dialog.operators_language)


def _effect(dialog: Dialog, node: Message | Disposition | Deal | Task | RefuseCalls | CallBackAt) -> Action:
    match node:
        case Message():
            return SendMessage(node.template, node.channel, _fields(dialog, node.fields))
        case Disposition():
            return SetDisposition(node.code)
        case Deal():
            return CreateDeal(_fields(dialog, node.fields))
        case Task():
            text = filled(node.text, dialog, spoken=True)
            return CreateTask(node.task, text, _due(dialog, node), _fields(dialog, node.fields))
        case RefuseCalls():
            return DoNotCall(node.scope)
        case CallBackAt():
            stored = dialog.slots.get(node.slot)
            return CallBack(datetime.fromisoformat(stored) if stored else dialog.now + timedelta(days=1))


def _fields(dialog: Dialog, given: Mapping[str, str]) -> dict[str, str]:
    return {name: filled(text, dialog, spoken=False) for name, text in given.items()}


def _due(dialog: Dialog, node: Task) -> datetime:
    stored = dialog.slots.get(node.due_slot) if node.due_slot else None
    if stored is None:
        return dialog.now + timedelta(hours=node.due_hours)
    if "T" in stored:
        return datetime.fromisoformat(stored)
    return datetime.combine(date.fromisoformat(stored), _MORNING, dialog.now.tzinfo)


def _holds(dialog: Dialog, case: Case) -> bool:
    value = dialog.intent if case.of == "intent" else dialog.slots.get(case.of, dialog.lead.get(case.of, ""))
    match case.test:
        case Compare.IS:
            return value == case.value
        case Compare.IS_NOT:
            return value != case.value
        case _:
            number = _number(value)
            limit = Decimal(case.value)
            return number is not None and (number >= limit if case.test is Compare.AT_LEAST else number <= limit)


def _number(value: str) -> Decimal | None:
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
