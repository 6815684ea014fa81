"""A script as a Mermaid flow chart. Pure."""

from __future__ import annotations

from ivr_bot.dialog.pieces import Audio
from ivr_bot.dialog.script import (
    BACK,
    AnyNode,
    Ask,
    Branch,
    CallBackAt,
    Deal,
    Disposition,
    End,
    Message,
    RefuseCalls,
    Say,
    Script,
    Task,
    TransferTo,
    ways,
)

_LONGEST = 60


def mermaid(script: Script) -> str:
    """The script's own nodes and whatever they lead to, in the first of its languages."""
    nodes = drawn_nodes(script)
    lines = ["flowchart TD", f"  start_([{_quoted(script.title)}]) --> {_id(script.start)}"]
    lines += [_box(node, script.languages[0]) for node in nodes]
    if any(target == BACK for node in nodes for _, target in ways(node)):
        lines.append(f"  {_id(BACK)}(({_quoted('back to the question')}))")
    for node in nodes:
        for label, target in ways(node):
            arrow = f"-->|{_quoted(label)}|" if label and label != "next" else "-->"
            lines.append(f"  {_id(node.name)} {arrow} {_id(target)}")
    for intent, target in script.at_any_time.items():
        if not target.startswith("any.") and target != BACK:
            lines.append(f"  any_time_([{_quoted('at any time')}]) -.->|{_quoted(intent)}| {_id(target)}")
    return "\n".join(lines) + "\n"


def drawn_nodes(script: Script) -> tuple[AnyNode, ...]:
    """The script's own nodes, then the shipped ones that they lead to."""
    found = [node for node in script.nodes.values() if not node.name.startswith("any.")]
    for node in found:  # grows while it is walked
        found += [script.nodes[name] for _, name in ways(node) if name != BACK and script.nodes[name] not in found]
    return tuple(found)


def _box(node: AnyNode, language: str) -> str:
    text = _quoted(f"{node.name}: {told(node, language)}")
    match node:
        case Ask():
            return f"  {_id(node.name)}[/{text}/]"
        case Branch():
            return f"  {_id(node.name)}{{{text}}}"
        case TransferTo() | End():
            return f"  {_id(node.name)}([{text}])"
        case _:
            return f"  {_id(node.name)}[{text}]"


def told(node: AnyNode, language: str) -> str:
    """What a node says or does, short enough for a box."""
    match node:
        case Say() | Ask():
            told = _first_wording(node, language)
        case Branch():
            told = "which?"
        case TransferTo():
            told = f"to {node.queue or 'the operators'}"
        case Message():
            told = f"{node.channel} {node.template}"
        case Disposition():
            told = f"result {node.code}"
        case Deal():
            told = "new deal"
        case Task():
            told = f"task {node.task}"
        case RefuseCalls():
            told = f"do not call ({node.scope})"
        case CallBackAt():
            told = f"call back at {node.slot}"
        case End():
            told = "hang up"
    return told if len(told) <= _LONGEST else told[: _LONGEST - 1] + "…"


def _first_wording(node: Say | Ask, language: str) -> str:
    kind = f"{node.kind.value}? " if isinstance(node, Ask) else ""
    return kind + " ".join(
        f"♪ {piece.path}" if isinstance(piece, Audio) else piece.text for piece in node.prompt.wordings[language][0]
    )


def _id(name: str) -> str:
    """`end` and `default` are words of Mermaid's own, so every id gets a letter in front."""
    return "n_" + name.replace(".", "_any_")


def _quoted(text: str) -> str:
    return '"' + text.replace('"', "#quot;").replace("\n", " ") + '"'
