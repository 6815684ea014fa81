"""YAML read with the line of every value, so that each fault can be found. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

import yaml

from crm_core.errors import BadInput

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class ScriptFault:
    """One fault: where it is, what is wrong, what is expected."""

    file: str
    line: int
    what: str
    do: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}" + (f". {self.do}" if self.do else "")


class BadScript(BadInput):
    """A script cannot be used; `faults` are all that were found."""

    def __init__(self, faults: Sequence[ScriptFault]) -> None:
        self.faults = tuple(faults)
        first, *others = self.faults
        rest = "".join(f"\n{fault}" for fault in others)
        super().__init__(f"{first.file}:{first.line}", first.what, first.do + rest)


@dataclass(frozen=True, slots=True)
class Marked:
    """A YAML value that knows its file."""

    file: str
    node: yaml.Node

    @property
    def line(self) -> int:
        return int(self.node.start_mark.line) + 1

    def fault(self, what: str, do: str = "") -> NoReturn:
        raise BadScript([ScriptFault(self.file, self.line, what, do)])

    def is_text(self) -> bool:
        return isinstance(self.node, yaml.ScalarNode)

    def is_list(self) -> bool:
        return isinstance(self.node, yaml.SequenceNode)

    def text(self) -> str:
        if not isinstance(self.node, yaml.ScalarNode):
            self.fault("a text is expected here")
        value = str(self.node.value).strip()
        return value or self.fault("this is empty", "A text is expected")

    def name(self) -> str:
        value = self.text()
        if not _NAME.fullmatch(value):
            self.fault(f"{value!r} is no name", "Small letters a to z, digits and _ are expected")
        return value

    def one_of(self, allowed: Collection[str]) -> str:
        value = self.text()
        if value not in allowed:
            self.fault(f"{value!r} is not known here", f"Expected: {', '.join(allowed)}")
        return value

    def number(self, low: int, high: int) -> int:
        value = self.text()
        if not re.fullmatch(r"-?[0-9]{1,9}", value) or not low <= int(value) <= high:
            self.fault(f"{value!r} is not a number from {low} to {high}")
        return int(value)

    def flag(self) -> bool:
        return self.one_of(("true", "false")) == "true"

    def items(self) -> list[Marked]:
        if not isinstance(self.node, yaml.SequenceNode) or not self.node.value:
            self.fault("a list with at least one entry is expected here")
        return [Marked(self.file, node) for node in self.node.value]

    def mapping(self) -> dict[str, Marked]:
        """Keys and values; a key given twice is a fault."""
        if not isinstance(self.node, yaml.MappingNode):
            self.fault("a mapping (key: value) is expected here")
        found: dict[str, Marked] = {}
        for key, value in self.node.value:
            name = Marked(self.file, key).text()
            if name in found:
                Marked(self.file, key).fault(f"the key {name!r} is given twice")
            found[name] = Marked(self.file, value)
        return found

    def record(self, required: Collection[str], optional: Collection[str] = ()) -> Mapping[str, Marked]:
        """A mapping with these keys and no others."""
        found = self.mapping()
        known = (*required, *optional)
        for key, value in found.items():
            if key not in known:
                value.fault(f"the key {key!r} is not known here", f"Expected: {', '.join(known)}")
        for key in required:
            if key not in found:
                self.fault(f"the key {key!r} is missing")
        return found


def marked(text: str, file: str) -> Marked:
    """Read YAML text; BadScript says where it is no YAML."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadScript([ScriptFault(file, line, f"this is not YAML: {error.problem or error.context}")]) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise BadScript([ScriptFault(file, 1, f"this is not YAML: {error}")]) from error
    if node is None:
        raise BadScript([ScriptFault(file, 1, "the file is empty")])
    return Marked(file, node)
