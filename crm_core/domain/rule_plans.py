"""What a rule would do for an event, worked out without doing it: the same plan is carried out or shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from crm_core.domain.rules import EVENT_FACTS, ActionKind, Op, Rule, RuleAction, applies
from crm_core.domain.sales import TaskKind
from crm_core.domain.work_calendar import WorkCalendar, next_working_time
from crm_core.errors import BadInput

#: Titles are one line of a list.
_TITLE_CHARS = 200


@dataclass(frozen=True, slots=True)
class MakeDeal:
    """`move`: an open deal of the contact moves to `stage` instead, never backwards."""

    stage: str
    title: str
    move: bool


@dataclass(frozen=True, slots=True)
class MakeTask:
    """`once`: not while a task of this kind is open for the number, nor when it has been reached since."""

    kind: TaskKind
    title: str
    due_at: datetime
    once: bool


@dataclass(frozen=True, slots=True)
class CloseTasks:
    """`of_call`: those that rules made of this very call; otherwise those of its number that stood before the call."""

    kind: TaskKind
    of_call: bool


@dataclass(frozen=True, slots=True)
class CloseLead:
    reason: str
    note: str


@dataclass(frozen=True, slots=True)
class MakeNote:
    text: str


Step = MakeDeal | MakeTask | CloseTasks | CloseLead | MakeNote


def plan(rule: Rule, event: object, calendar: WorkCalendar) -> tuple[Step, ...]:
    """The steps of `rule` for `event`; raises BadInput naming the rule and the option that is wrong."""
    return tuple(_step(rule, action, event, calendar) for action in rule.actions)


def dry_run(
    rule: Rule, past: Iterable[tuple[int, object, Mapping[str, Any]]], calendar: WorkCalendar
) -> list[tuple[int, tuple[Step, ...]]]:
    """What `rule` would have done for past events (id, event, facts): (id, steps) of those it applies to."""
    return [(key, plan(rule, event, calendar)) for key, event, facts in past if applies(rule, event, facts)]


def _step(rule: Rule, action: RuleAction, event: object, calendar: WorkCalendar) -> Step:
    options = _Options(rule.name, action)
    match action.kind:
        case ActionKind.CREATE_DEAL:
            return MakeDeal(options.text("stage"), fill(options.text("title"), event), options.flag("move"))
        case ActionKind.CREATE_TASK:
            due_at = _due(options, event, calendar)
            return MakeTask(options.task_kind(), fill(options.text("title"), event), due_at, options.flag("once"))
        case ActionKind.CLOSE_TASKS:
            return CloseTasks(options.task_kind(), options.one_of("of", ("number", "call"), "number") == "call")
        case ActionKind.CLOSE_LEAD:
            return CloseLead(options.text("reason"), fill(options.text("note"), event, None))
        case ActionKind.ADD_NOTE:
            return MakeNote(fill(options.text("text"), event, None))


def _due(options: _Options, event: object, calendar: WorkCalendar) -> datetime:
    if options.one_of("due", ("event", "next_working_time")) == "next_working_time":
        at: datetime = event.at  # type: ignore[attr-defined]  # every event has it
        return next_working_time(at, calendar)
    due_at = getattr(event, "callback_at", None)
    if not isinstance(due_at, datetime):
        raise options.wrong("due", f"{type(event).__name__} carries no time to call back")
    return due_at


def fill(text: str, event: object, limit: int | None = _TITLE_CHARS) -> str:
    """`text` with {field} replaced by the event's field; no other syntax, so a name cannot reach into objects."""
    filled = re.sub(r"\{(\w+)\}", lambda m: _shown(getattr(event, m[1], None)), text)
    return filled[:limit]


def _shown(value: object) -> str:
    return "unknown" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class _Options:
    """An action's options, read with errors that name the rule."""

    rule: str
    action: RuleAction

    def wrong(self, name: str, what: str, do: str = "") -> BadInput:
        return BadInput(f"rule {self.rule!r}, {self.action.kind}, option {name!r}", what, do)

    def text(self, name: str) -> str:
        value = self.action.options.get(name)
        if not isinstance(value, str) or not value:
            raise self.wrong(name, "no text given")
        return value

    def flag(self, name: str) -> bool:
        value = self.action.options.get(name, False)
        if not isinstance(value, bool):
            raise self.wrong(name, f"{value!r} is neither true nor false")
        return value

    def one_of(self, name: str, choices: tuple[str, ...], default: str | None = None) -> str:
        value = self.action.options.get(name, default)
        if value not in choices:
            raise self.wrong(name, f"{value!r} is unknown", f"Choose of {', '.join(choices)}")
        return str(value)

    def task_kind(self) -> TaskKind:
        return TaskKind(self.one_of("kind", tuple(TaskKind)))


def check_rule(rule: Rule, kinds: Mapping[str, type]) -> None:
    """Raise BadInput when `rule` could never run: `kinds` are the event classes by name."""
    where = f"rule {rule.name!r}"
    if rule.trigger not in kinds:
        raise BadInput(where, f"no event is called {rule.trigger!r}", f"Choose of {', '.join(kinds)}")
    known = {f.name for f in fields(kinds[rule.trigger])} | set(EVENT_FACTS.get(rule.trigger, ()))
    for condition in rule.conditions:
        if condition.field not in known:
            raise BadInput(where, f"{rule.trigger} has no {condition.field!r}", f"Choose of {', '.join(sorted(known))}")
        if condition.op is Op.ONE_OF and not isinstance(condition.value, (list, tuple)):
            raise BadInput(where, f"{condition.field}: one_of needs a list of values")
    for action in rule.actions:
        _check_action(rule, action)


def _check_action(rule: Rule, action: RuleAction) -> None:
    options = _Options(rule.name, action)
    wanted = {
        ActionKind.CREATE_DEAL: ("stage", "title"),
        ActionKind.CREATE_TASK: ("title",),
        ActionKind.CLOSE_TASKS: (),
        ActionKind.CLOSE_LEAD: ("reason", "note"),
        ActionKind.ADD_NOTE: ("text",),
    }
    for name in wanted[action.kind]:
        options.text(name)
    if action.kind in (ActionKind.CREATE_TASK, ActionKind.CLOSE_TASKS):
        options.task_kind()
    if action.kind is ActionKind.CREATE_TASK:
        options.one_of("due", ("event", "next_working_time"))
