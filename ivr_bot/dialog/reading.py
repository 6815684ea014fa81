"""From the text of a YAML file to a checked script."""

from __future__ import annotations

from pathlib import Path

from ivr_bot.dialog.at_any_time import GLOBAL_INTENTS, defaults, shipped_nodes
from ivr_bot.dialog.checks import faults
from ivr_bot.dialog.marks import BadScript, Marked, ScriptFault, marked
from ivr_bot.dialog.reading_nodes import read_node, read_prompt
from ivr_bot.dialog.script import LANGUAGES, AnyNode, Script

_REQUIRED = ("script", "languages", "who", "start", "nodes")
_OPTIONAL = ("title", "fields", "operators", "at_any_time")


def load_script(path: Path) -> Script:
    """Read and check a script file. BadScript names file, line and what is expected, for every fault found."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadScript([ScriptFault(str(path), 1, f"the file cannot be read: {error}")]) from error
    return read_script(text, str(path))


def read_script(text: str, file: str) -> Script:
    """Read and check a script; `file` is for the messages."""
    keys = marked(text, file).record(_REQUIRED, _OPTIONAL)
    languages = tuple(item.one_of(LANGUAGES) for item in keys["languages"].items())
    operators = keys["operators"].name() if "operators" in keys else ""
    own = _nodes(keys["nodes"], languages)
    who = read_prompt(keys["who"], languages)
    name = keys["script"].name()
    script = Script(
        name=name,
        title=keys["title"].text() if "title" in keys else name,
        languages=languages,
        fields=tuple(item.name() for item in keys["fields"].items()) if "fields" in keys else (),
        operators=operators,
        start=keys["start"].text(),
        nodes={**own, **shipped_nodes(who, keys["who"].line, languages)},
        at_any_time={**defaults(operators, languages), **_changed(keys.get("at_any_time"))},
    )
    found = faults(script, file, keys["start"].line)
    if found:
        raise BadScript(found)
    return script


def _changed(value: Marked | None) -> dict[str, str]:
    if value is None:
        return {}
    found = {}
    for intent, target in value.mapping().items():
        if intent not in GLOBAL_INTENTS:
            target.fault(f"{intent!r} cannot be changed here", f"Expected: {', '.join(GLOBAL_INTENTS)}")
        found[intent] = target.text()
    return found


def _nodes(value: Marked, languages: tuple[str, ...]) -> dict[str, AnyNode]:
    nodes: dict[str, AnyNode] = {}
    found: list[ScriptFault] = []
    for name, item in value.mapping().items():
        try:
            if name == "back" or not name.replace("_", "a").isalnum() or not name.isascii() or name != name.lower():
                item.fault(
                    f"{name!r} is no name for a node", "Small letters, digits and _ are expected, but not `back`"
                )
            nodes[name] = read_node(name, item, languages)
        except BadScript as error:
            found.extend(error.faults)
    if found:
        raise BadScript(found)
    return nodes
