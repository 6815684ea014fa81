"""What every script answers at any question: the shipped nodes, fitted to one script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files

from ivr_bot.dialog.marks import Marked, marked
from ivr_bot.dialog.reading_nodes import read_node
from ivr_bot.dialog.script import BACK, LANGUAGES, AnyNode, Ask, End, Prompt, Say, TransferTo

#: The engine answers these itself: a script cannot send them elsewhere.
REPEAT = "repeat"
HOLD_ON = "hold_on"
LANGUAGE = "any.language"
UNFINISHED = "any.unfinished"
NOBODY_SPOKE = "any.nobody_spoke"
TROUBLE = "any.trouble"
#: Other names under which an understanding may report the same wish.
SAME_AS: Mapping[str, str] = {
    "busy": "later",
    "louder": REPEAT,
    "greeting": REPEAT,  # "Hello?": the prompt was not heard
    "not_the_person": "wrong_number",
    "where_did_you_get_my_number": "who_is_calling",
    "where_number": "who_is_calling",
}
_ANSWERED_BY: Mapping[str, str] = {
    "operator": "any.operator",
    "who_is_calling": "any.who",
    "are_you_a_robot": "any.robot",
    "later": "any.later",
    "wrong_number": "any.wrong_number",
    "do_not_call": "any.do_not_call",
    "complaint": "any.complaint",
    "insult": "any.insult",
    "language": LANGUAGE,
    "goodbye": "any.goodbye",
    "voicemail": "any.voicemail",
}
#: What a script may answer otherwise.
GLOBAL_INTENTS = tuple(_ANSWERED_BY)


def defaults(operators: str, languages: tuple[str, ...]) -> dict[str, str]:
    """The node that answers each global intent of a script with these operators (a queue, or empty) and languages."""
    found = dict(_ANSWERED_BY)
    if not operators:
        found["operator"] = "any.nobody"
    if len(languages) == 1:
        found["language"] = "any.one_language"
    return found


def shipped_nodes(who: Prompt, line: int, languages: tuple[str, ...]) -> dict[str, AnyNode]:
    """The shipped nodes in these languages; `who` says who calls and why."""
    nodes = {name: _narrowed(node, languages) for name, node in _read().items()}
    nodes["any.who"] = Say("any.who", line, who, BACK)
    return nodes


@cache
def _read() -> Mapping[str, AnyNode]:
    name = "at_any_time.yml"
    text = files("ivr_bot.dialog").joinpath(name).read_text(encoding="utf-8")
    given: Mapping[str, Marked] = marked(text, name).mapping()
    return {f"any.{key}": read_node(f"any.{key}", value, LANGUAGES) for key, value in given.items()}


def _narrowed(node: AnyNode, languages: tuple[str, ...]) -> AnyNode:
    if isinstance(node, Say | End | TransferTo) and node.prompt is not None:
        return replace(node, prompt=_only(node.prompt, languages))
    if isinstance(node, Ask):
        options = node.options
        if node.name == LANGUAGE:
            options = tuple(option for option in options if option.name in languages)
        return replace(node, prompt=_only(node.prompt, languages), options=options)
    return node


def _only(prompt: Prompt, languages: tuple[str, ...]) -> Prompt:
    return Prompt({language: prompt.wordings[language] for language in languages})
