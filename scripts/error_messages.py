"""What the errors of crm_core say, read out of the source: for the catalogue area "errors".

Errors are raised with plain English texts, which logs and the command line need as they are. A text with values in it
is an f-string; here it becomes a message with a hole for each value, `the name is longer than %(longest_name)s
characters`. The pages find the message that an error's text was made of by these holes (web/pages/said.py).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CRM_CORE = Path(__file__).parents[1] / "crm_core"
#: Which arguments of an error are texts for people, by place and by name.
_TEXTS = {
    "BadInput": ((1, "what"), (2, "do")),
    "Conflict": ((0, ""),),
    "NotFound": ((2, "do"),),
    "NotLoggedIn": ((0, ""),),
    "TooMany": ((0, "what"),),
    "Unavailable": ((0, ""),),
    "NoPhoneColumn": ((2, "how"),),
}
#: What people meet when they work with the pages.
FOLDERS = ("domain", "handlers", "web", "imports", "db")
#: What no page and no answer of the API says, by the beginning of its place, and why.
LEFT = (
    # What only commands ask for by name: a transcript (`trunkline survey`), a rule of a file (`trunkline rules`).
    *("handlers/conversations", "handlers/rules.py"),
    # A process that does not start, and an upgrade that goes no further: in the log and on the terminal.
    *("db/migrations", "handlers/readiness"),
    # Faults of ours that no visitor can cause: a template names an icon or an asset that is not there.
    *("web/pages/rendering", "web/static_files"),
)
#: Words that name a thing in "there is no … 7"; they have a context of their own.
NOUN = "thing"
_LEAST = 6  # letters beside the holes: less would fit anything


@dataclass(frozen=True, slots=True)
class Message:
    """One text, and where it stands. `context`: None, or NOUN."""

    text: str
    module: str
    line: int
    context: str | None = None


def messages(root: Path = CRM_CORE) -> list[Message]:
    """All of them, by module and line."""
    found: list[Message] = []
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            if "node_modules" not in path.parts:
                found += of_module(ast.parse(path.read_text()), path.relative_to(root).as_posix())
    return found


def met() -> list[Message]:
    """Those that people meet on pages, each once."""
    found: dict[tuple[str, str | None], Message] = {}
    for one in messages():
        if not one.module.startswith(LEFT):
            found.setdefault((one.text, one.context), one)
    return list(found.values())


def left(root: Path = CRM_CORE) -> list[Message]:
    """Those that are not translated."""
    said = {one.text for one in met()}
    return [one for one in messages(root) if one.module.startswith(LEFT) and one.text not in said]


def of_module(tree: ast.Module, module: str) -> Iterator[Message]:
    """Those of one module, twice where they stand twice."""
    constants = _assigned(tree.body)
    for scope in ast.walk(tree):
        if isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef)):
            known = constants | _assigned(list(ast.walk(scope)))
            for call in ast.walk(scope):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                    yield from _of_call(call, call.func.id, known, module)


def _assigned(nodes: list[ast.stmt] | list[ast.AST]) -> dict[str, list[ast.expr]]:
    """What names stand for, as far as it is written: of several assignments all."""
    found: dict[str, list[ast.expr]] = {}
    for node in nodes:
        targets: list[tuple[ast.expr, ast.expr]] = []
        if isinstance(node, ast.Assign):
            for target in node.targets:
                pairs = zip(target.elts, node.value.elts, strict=False) if _both_tuples(target, node.value) else ()  # type: ignore[attr-defined]
                targets += pairs or [(target, node.value)]
        for name, value in targets:
            if isinstance(name, ast.Name):
                found.setdefault(name.id, []).append(value)
    return found


def _both_tuples(target: ast.expr, value: ast.expr) -> bool:
    return isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)


def _of_call(call: ast.Call, name: str, known: dict[str, list[ast.expr]], module: str) -> Iterator[Message]:
    for place, keyword in _TEXTS.get(name, ()):
        given = call.args[place] if place < len(call.args) else None
        given = next((k.value for k in call.keywords if k.arg == keyword and keyword), given)
        for text in _texts(given, known):
            if sum(c.isalpha() for c in re.sub(r"%\(\w+\)s", "", text)) >= _LEAST:
                yield Message(text, module, call.lineno)
    if name in ("NotFound", "Stale") and call.args:
        for noun in _texts(call.args[0], known):
            if "%(" not in noun:
                yield Message(noun, module, call.lineno, NOUN)


def _texts(given: ast.expr | None, known: dict[str, list[ast.expr]], depth: int = 0) -> Iterator[str]:
    match given:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr():
            yield _with_holes(given)
        case ast.BinOp(left=ast.Constant(value=str(left)), op=ast.Add(), right=ast.Constant(value=str(right))):
            yield left + right
        case ast.IfExp():
            yield from _texts(given.body, known, depth)
            yield from _texts(given.orelse, known, depth)
        case ast.Name() if depth < 2:
            for value in known.get(given.id, ()):
                yield from _texts(value, known, depth + 1)
        case _:
            return


def _with_holes(text: ast.JoinedStr) -> str:
    made, names = "", dict[str, int]()
    for part in text.values:
        if isinstance(part, ast.Constant):
            made += str(part.value)
        elif isinstance(part, ast.FormattedValue):
            name = _hole(part.value)
            names[name] = names.get(name, 0) + 1
            made += f"%({name if names[name] == 1 else f'{name}_{names[name]}'})s"
    return made


def _hole(value: ast.expr) -> str:
    """A name that tells the translator what stands there: the last one of the expression."""
    found = [
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in ast.walk(value)
        if isinstance(node, (ast.Attribute, ast.Name))
    ]
    plain = [name.strip("_").lower() for name in found if name not in ("str", "sorted", "len", "join", "strip", "self")]
    return plain[0] if plain else "value"
