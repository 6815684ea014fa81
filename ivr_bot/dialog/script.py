"""A script as it is walked: frozen nodes with every name resolved to text. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias

from ivr_bot.dialog.pieces import Pieces

#: The target that leads back to the question which was open before something else came up.
BACK = "back"
#: The languages whose answers are understood.
LANGUAGES = ("en", "ru", "uz")


@dataclass(frozen=True, slots=True)
class Prompt:
    """Wordings per language, used in turn; their texts may hold `{field}`."""

    wordings: Mapping[str, tuple[Pieces, ...]]


class AskKind(StrEnum):
    YES_NO = "yes_no"
    CHOICE = "choice"
    NUMBER = "number"
    DATE = "date"
    TIME = "time"
    WHEN = "when"
    AMOUNT = "amount"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class Option:
    """One answer of a choice; the first phrase of a language is what the bot calls it."""

    name: str
    key: str
    phrases: Mapping[str, tuple[str, ...]]
    go: str


@dataclass(frozen=True, slots=True)
class Node:
    """`line` is where the script has it, for error messages."""

    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Say(Node):
    prompt: Prompt
    next: str
    barge_in: bool = True


@dataclass(frozen=True, slots=True)
class Ask(Node):
    """A question. `slot` keeps the answer; `unanswered` is where the ladder ends (empty: an operator or goodbye);
    `label`, per language, is what summaries call it (empty: its name)."""

    kind: AskKind
    prompt: Prompt
    slot: str
    next: str = ""
    if_yes: str = ""
    if_no: str = ""
    options: tuple[Option, ...] = ()
    low: int | None = None
    high: int | None = None
    within_days: int | None = None
    again: Prompt | None = None
    unanswered: str = ""
    intents: Mapping[str, str] = field(default_factory=dict)
    patience: timedelta = timedelta(seconds=6)
    barge_in: bool = True
    label: Mapping[str, str] = field(default_factory=dict)


class Compare(StrEnum):
    IS = "is"
    IS_NOT = "is_not"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"


@dataclass(frozen=True, slots=True)
class Case:
    """`of` is a slot, a lead field or `intent` (the last one heard)."""

    of: str
    test: Compare
    value: str
    go: str


@dataclass(frozen=True, slots=True)
class Branch(Node):
    cases: tuple[Case, ...]
    otherwise: str


@dataclass(frozen=True, slots=True)
class TransferTo(Node):
    """An empty queue stands for the script's `operators`; without a summary, per language, what is known is told."""

    queue: str
    summary: Mapping[str, str]
    prompt: Prompt | None = None


@dataclass(frozen=True, slots=True)
class Message(Node):
    template: str
    channel: str
    fields: Mapping[str, str]
    next: str


@dataclass(frozen=True, slots=True)
class Disposition(Node):
    code: str
    next: str


@dataclass(frozen=True, slots=True)
class Deal(Node):
    fields: Mapping[str, str]
    next: str


@dataclass(frozen=True, slots=True)
class Task(Node):
    """Due `due_hours` from now, or at the slot `due_slot` (a date, or a date and time)."""

    task: str
    text: str
    due_hours: int
    due_slot: str
    fields: Mapping[str, str]
    next: str


@dataclass(frozen=True, slots=True)
class RefuseCalls(Node):
    scope: str
    next: str


@dataclass(frozen=True, slots=True)
class CallBackAt(Node):
    slot: str
    next: str


@dataclass(frozen=True, slots=True)
class End(Node):
    prompt: Prompt | None = None


AnyNode: TypeAlias = (
    Say | Ask | Branch | TransferTo | Message | Disposition | Deal | Task | RefuseCalls | CallBackAt | End
)


@dataclass(frozen=True, slots=True)
class Script:
    """`at_any_time` maps what a person may say anywhere to the node that answers it."""

    name: str
    title: str
    languages: tuple[str, ...]
    fields: tuple[str, ...]
    operators: str
    start: str
    nodes: Mapping[str, AnyNode]
    at_any_time: Mapping[str, str]


def ways(node: AnyNode) -> tuple[tuple[str, str], ...]:
    """Where a node can lead, as (label, target)."""
    match node:
        case Ask():
            own = (("yes", node.if_yes), ("no", node.if_no), ("next", node.next), ("unanswered", node.unanswered))
            options = tuple((option.name, option.go) for option in node.options)
            all_ways = (*own, *options, *node.intents.items())
        case Branch():
            tests = tuple((f"{case.of} {case.test.replace('_', ' ')} {case.value}", case.go) for case in node.cases)
            all_ways = (*tests, ("otherwise", node.otherwise))
        case TransferTo() | End():
            all_ways = ()
        case _:
            all_ways = (("", node.next),)
    return tuple(way for way in all_ways if way[1])
