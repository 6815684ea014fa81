"""Which words of a person's own the bot may come to say, the likeliest first. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ivr_bot.dialog.checks import FIELD, slots
from ivr_bot.dialog.handing_over import NAME
from ivr_bot.dialog.pieces import Text
from ivr_bot.dialog.script import BACK, AnyNode, Ask, End, Prompt, Say, TransferTo, ways
from ivr_bot.dialog.spoken import filled
from ivr_bot.dialog.state import Dialog


@dataclass(frozen=True, slots=True)
class OwnText:
    """A text with a person's own words, ready to be spoken; it is said after so many answers at the soonest."""

    text: Text
    after: int


def own_texts(dialog: Dialog) -> tuple[OwnText, ...]:
    """Each text that names the person or his answers and can be said from here on, in the dialog's language: the
    soonest first. Not those that wait for an answer, nor those that are the same in every call."""
    found: dict[Text, OwnText] = {}
    if dialog.ended:
        return ()
    for prompt, after in sorted(_prompts(dialog), key=lambda one: one[1]):
        for pieces in prompt.wordings[dialog.language]:
            for piece in pieces:
                if isinstance(piece, Text) and _is_known(dialog, piece):
                    text = replace(piece, text=filled(piece.text, dialog, spoken=True))
                    found.setdefault(text, OwnText(text, after))
    return tuple(found.values())


def without_name(dialog: Dialog, text: Text) -> Text | None:
    """The same text as it is said to somebody whose name nobody knows; None where it does not name the person."""
    nobody = replace(dialog, lead={**dialog.lead, NAME: ""})
    for node in dialog.script.nodes.values():
        for prompt in _prompts_of(node):
            for piece in (piece for pieces in prompt.wordings[dialog.language] for piece in pieces):
                if isinstance(piece, Text) and filled(piece.text, dialog, spoken=True) == text.text:
                    nameless = replace(piece, text=filled(piece.text, nobody, spoken=True))
                    return nameless if nameless != text else None
    return None


def _is_known(dialog: Dialog, piece: Text) -> bool:
    named = {field[1] for field in FIELD.finditer(piece.text)}
    return bool(named) and not named & set(slots(dialog.script)) - set(dialog.slots)


def _prompts(dialog: Dialog) -> Iterator[tuple[Prompt, int]]:
    """Every prompt that can still come, with the answers that come before it."""
    for name, after in _reachable(dialog).items():
        for number, prompt in enumerate(_prompts_of(dialog.script.nodes[name])):
            yield prompt, after + number


def _prompts_of(node: AnyNode) -> tuple[Prompt, ...]:
    """What a node says, and what it says at the second ask."""
    match node:
        case Ask(prompt=prompt, again=again):
            return (prompt,) if again is None else (prompt, again)
        case Say(prompt=prompt):
            return (prompt,)
        case TransferTo(prompt=prompt) | End(prompt=prompt) if prompt is not None:
            return (prompt,)
        case _:
            return ()


def _reachable(dialog: Dialog) -> dict[str, int]:
    """Nodes by the answers that lead to them; what may be asked at any time comes after the next answer as well."""
    script = dialog.script
    found: dict[str, int] = {}
    waiting = deque([(dialog.node, 0)])
    anywhere = tuple(script.at_any_time.values())
    while waiting:  # those behind fewer answers stand in front
        name, after = waiting.popleft()
        if name == BACK or name in found:
            continue
        found[name] = after
        node = script.nodes[name]
        targets = [target for _, target in ways(node)]
        if isinstance(node, Ask):
            waiting.extend((target, after + 1) for target in (*targets, *anywhere))
        else:
            waiting.extendleft((target, after) for target in reversed(targets))
    return found
