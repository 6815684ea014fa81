"""What must hold of a whole script before anybody is called with it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ivr_bot.dialog.marks import ScriptFault
from ivr_bot.dialog.pieces import Text
from ivr_bot.dialog.script import (
    BACK,
    AnyNode,
    Ask,
    AskKind,
    Branch,
    CallBackAt,
    Deal,
    Disposition,
    End,
    Message,
    Prompt,
    RefuseCalls,
    Say,
    Script,
    Task,
    TransferTo,
    ways,
)

FIELD = re.compile(r"\{([^{}]*)\}")
#: Dispositions that change what is known of a number: never without a spoken yes.
CONFIRMED_DISPOSITIONS = ("wrong_number", "do_not_call")


def faults(script: Script, file: str, line: int) -> tuple[ScriptFault, ...]:
    """All faults of a script that reads well; `line` is that of `start`."""
    missing = tuple(_missing_targets(script, file, line))
    if missing:
        return missing
    checks = (_unreachable, _loops, _unknown_names, _unconfirmed, _without_operators, _half_money)
    return tuple(fault for check in checks for fault in check(script, file))


def slots(script: Script) -> dict[str, AskKind]:
    """Every slot a question of the script fills, with what it holds."""
    return {node.slot: node.kind for node in script.nodes.values() if isinstance(node, Ask)}


def _missing_targets(script: Script, file: str, line: int) -> Iterator[ScriptFault]:
    known = {*script.nodes, BACK}
    if script.start not in script.nodes:
        yield ScriptFault(file, line, f"the start {script.start!r} is no node", "Name one of the nodes")
    for intent, target in script.at_any_time.items():
        if target not in known:
            yield ScriptFault(file, line, f"at_any_time: {intent} leads to {target!r}, which is no node")
    for node in script.nodes.values():
        for label, target in ways(node):
            if target not in known:
                way = f"{label} leads to" if label else "leads to"
                yield ScriptFault(file, node.line, f"{node.name}: {way} {target!r}, which is no node")


def _unreachable(script: Script, file: str) -> Iterator[ScriptFault]:
    reached: set[str] = set()
    waiting = [script.start, *script.at_any_time.values()]
    while waiting:
        name = waiting.pop()
        if name not in reached and name != BACK:
            reached.add(name)
            waiting.extend(target for _, target in ways(script.nodes[name]))
    for node in script.nodes.values():
        if node.name not in reached and not node.name.startswith("any."):
            yield ScriptFault(file, node.line, f"{node.name}: no way leads here", "Lead a node to it, or take it out")


def _loops(script: Script, file: str) -> Iterator[ScriptFault]:
    done: set[str] = set()
    for start in script.nodes:
        path: list[str] = []
        yield from _loop_from(script, file, start, path, done)


def _loop_from(script: Script, file: str, name: str, path: list[str], done: set[str]) -> Iterator[ScriptFault]:
    node = script.nodes.get(name)
    if name in path and node is not None:
        loop = " → ".join([*path[path.index(name) :], name])
        yield ScriptFault(file, node.line, f"{loop} goes round without a question", "Ask something on the way")
    elif name not in done and node is not None and not isinstance(node, Ask):
        path.append(name)
        for _, target in ways(node):
            yield from _loop_from(script, file, target, path, done)
        path.pop()
        done.add(name)


def _unknown_names(script: Script, file: str) -> Iterator[ScriptFault]:
    filled = slots(script)
    known = {*filled, *script.fields}
    for node in script.nodes.values():
        for name in _used(node):
            if name not in known and not (isinstance(node, Branch) and name == "intent"):
                expected = ", ".join(sorted(known))
                yield ScriptFault(
                    file, node.line, f"{node.name}: {{{name}}} is no lead field or slot", f"Known: {expected}"
                )
        needed = node.slot if isinstance(node, CallBackAt) else node.due_slot if isinstance(node, Task) else ""
        wanted = (AskKind.WHEN,) if isinstance(node, CallBackAt) else (AskKind.WHEN, AskKind.DATE)
        if needed and filled.get(needed) not in wanted:
            yield ScriptFault(file, node.line, f"{node.name}: {needed!r} is no slot with a date", "Ask date or when")


def _used(node: AnyNode) -> Iterator[str]:
    if isinstance(node, Branch):
        yield from (case.of for case in node.cases)
    for text in _texts(node):
        yield from FIELD.findall(text)


def _texts(node: AnyNode) -> Iterator[str]:
    match node:
        case Say() | Ask() | End() | TransferTo():
            prompts = (node.prompt, node.again) if isinstance(node, Ask) else (node.prompt,)
            yield from (text for prompt in prompts if prompt for text in _spoken(prompt))
            if isinstance(node, TransferTo):
                yield from node.summary.values()
        case Message() | Deal() | Task():
            yield from node.fields.values()
            if isinstance(node, Task):
                yield node.text
        case _:
            return


def _spoken(prompt: Prompt) -> Iterator[str]:
    for wordings in prompt.wordings.values():
        yield from (piece.text for pieces in wordings for piece in pieces if isinstance(piece, Text))


def _changes_record(node: AnyNode) -> bool:
    return isinstance(node, RefuseCalls) or (isinstance(node, Disposition) and node.code in CONFIRMED_DISPOSITIONS)


def _unconfirmed(script: Script, file: str) -> Iterator[ScriptFault]:
    """Nothing but the yes of a question leads to a node that changes a record (or another such node)."""
    entries = [script.start, *script.at_any_time.values()]
    for node in script.nodes.values():
        if not _changes_record(node):
            entries.extend(target for label, target in ways(node) if not (_is_question(node) and label == "yes"))
    for name in dict.fromkeys(entries):
        target = script.nodes.get(name)
        if target is not None and _changes_record(target):
            what = f"{name}: this can be reached without a yes of the person"
            yield ScriptFault(file, target.line, what, "Let only the if_yes of a yes_no question lead here")


def _is_question(node: AnyNode) -> bool:
    return isinstance(node, Ask) and node.kind is AskKind.YES_NO


def _without_operators(script: Script, file: str) -> Iterator[ScriptFault]:
    for node in script.nodes.values():
        own = not node.name.startswith("any.")
        if own and isinstance(node, TransferTo) and not node.queue and not script.operators:
            yield ScriptFault(
                file, node.line, f"{node.name}: no queue to transfer to", "Give `queue`, or `operators` above"
            )


def _half_money(script: Script, file: str) -> Iterator[ScriptFault]:
    for node in script.nodes.values():
        if isinstance(node, Deal) and ("amount" in node.fields) != ("currency" in node.fields):
            do = "Give both, the currency as its ISO code or as a field of the lead"
            yield ScriptFault(file, node.line, f"{node.name}: a deal has amount and currency, or neither", do)
