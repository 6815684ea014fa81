"""A rule as a form and back: rows of conditions and actions, each with what goes with it. Pure but for names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm_core.domain.rule_forms import Fact, FactKind, ops_for, parsed, written
from crm_core.domain.rules import ActionKind, Condition, Op, Rule, RuleAction
from crm_core.domain.sales import TaskKind
from crm_core.errors import BadInput
from crm_core.handlers.rule_settings import TRIGGERS

#: Which options each action has, and what they are at first.
OPTIONS: Mapping[ActionKind, Mapping[str, str]] = {
    ActionKind.CREATE_DEAL: {"stage": "", "title": "{number}", "move": ""},
    ActionKind.CREATE_TASK: {"kind": "callback", "title": "{number}", "due": "next_working_time", "once": ""},
    ActionKind.CLOSE_TASKS: {"kind": "callback", "of": "number"},
    ActionKind.CLOSE_LEAD: {"reason": "", "note": ""},
    ActionKind.ADD_NOTE: {"text": ""},
}
#: Those that are yes or no.
_FLAGS = ("move", "once")
_MOST_ROWS = 20


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """One line of "if": what is asked, how, of which value (as text)."""

    fact: Fact
    op: Op
    value: str

    @property
    def ops(self) -> tuple[Op, ...]:
        return ops_for(self.fact)

    @property
    def choices(self) -> tuple[str, ...]:
        """Values to choose of; none: it is written."""
        if self.op is Op.ONE_OF:
            return ()
        if self.fact.kind is FactKind.TIME:
            return ("",)
        known = ("yes", "no") if self.fact.kind is FactKind.YES_NO else self.fact.options
        return (*known, "") if known and self.fact.may_lack else known


@dataclass(frozen=True, slots=True)
class ActionRow:
    """One line of "then"."""

    kind: ActionKind
    options: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RuleForm:
    """A rule as it is being written."""

    name: str = ""
    trigger: str = "CallEnded"
    conditions: tuple[ConditionRow, ...] = ()
    actions: tuple[ActionRow, ...] = field(default=())
    enabled: bool = True

    @property
    def facts(self) -> tuple[Fact, ...]:
        return TRIGGERS[self.trigger]


def new_form(stages: Sequence[str]) -> RuleForm:
    """What one begins with."""
    return RuleForm(actions=(_new_action(ActionKind.CREATE_TASK, stages),))


def form_of_rule(rule: Rule) -> RuleForm:
    """A stored rule. One whose trigger or facts are none that a form knows raises BadInput: by the API it can be."""
    facts = {fact.name: fact for fact in TRIGGERS.get(rule.trigger, ())}
    if rule.trigger not in TRIGGERS or any(one.field not in facts for one in rule.conditions):
        raise BadInput("rule", "it asks for what this form does not know", "Change it by the API")
    conditions = tuple(ConditionRow(facts[one.field], one.op, written(one.value)) for one in rule.conditions)
    actions = tuple(
        ActionRow(one.kind, {name: _text(one.options.get(name, "")) for name in OPTIONS[one.kind]})
        for one in rule.actions
    )
    return RuleForm(rule.name, rule.trigger, conditions, actions, rule.enabled)


def _text(value: Any) -> str:
    return "1" if value is True else "" if value is False else str(value)


def form_given(given: Mapping[str, str], stages: Sequence[str]) -> RuleForm:
    """What was written so far, with what a button (`do`) adds or takes away; what no longer fits the trigger goes."""
    trigger = given.get("trigger", "")
    trigger = trigger if trigger in TRIGGERS else "CallEnded"
    facts = {fact.name: fact for fact in TRIGGERS[trigger]}
    do, _, which = given.get("do", "").partition(" ")
    conditions = []
    for n in _rows(given, "c"):
        fact = facts.get(given.get(f"c{n}.field", ""))
        if fact is None or (do == "drop-condition" and which == str(n)):
            continue
        ops = ops_for(fact)
        op = next((one for one in ops if one == given.get(f"c{n}.op")), ops[0])
        row = ConditionRow(fact, op, given.get(f"c{n}.value", "")[:2000])
        if row.choices and row.value not in row.choices:
            row = ConditionRow(fact, op, row.choices[0])
        conditions.append(row)
    actions = []
    for n in _rows(given, "a"):
        if do == "drop-action" and which == str(n):
            continue
        kind = next((one for one in ActionKind if one == given.get(f"a{n}.kind")), ActionKind.ADD_NOTE)
        fresh = _new_action(kind, stages).options
        if given.get(f"a{n}.was", kind.value) != kind.value:  # another action: its own options
            actions.append(ActionRow(kind, fresh))
            continue
        options = {}
        for name, first in fresh.items():
            field_name = "task" if name == "kind" else name  # `kind` is that of the action
            # A tick that is not set is not sent.
            options[name] = given.get(f"a{n}.{field_name}", "" if name in _FLAGS else first)[:2000]
        actions.append(ActionRow(kind, options))
    if do == "add-condition":
        fact = next(iter(facts.values()))
        row = ConditionRow(fact, ops_for(fact)[0], "")
        conditions.append(ConditionRow(fact, row.op, row.choices[0] if row.choices else ""))
    if do == "add-action":
        actions.append(_new_action(ActionKind.ADD_NOTE, stages))
    return RuleForm(given.get("name", "")[:200], trigger, tuple(conditions), tuple(actions), "enabled" in given)


def _rows(given: Mapping[str, str], letter: str) -> list[int]:
    name = {"c": "field", "a": "kind"}[letter]
    return [n for n in range(_MOST_ROWS) if f"{letter}{n}.{name}" in given]


def _new_action(kind: ActionKind, stages: Sequence[str]) -> ActionRow:
    first = {"stage": stages[0] if stages else ""} if kind is ActionKind.CREATE_DEAL else {}
    return ActionRow(kind, {**OPTIONS[kind], **first})


def rule_of(form: RuleForm, rule_id: int = 0) -> Rule:
    """The rule that the form describes. Raises BadInput naming the row (`c0.value`)."""
    conditions = []
    for n, row in enumerate(form.conditions):
        try:
            conditions.append(Condition(row.fact.name, row.op, parsed(row.fact, row.op, row.value)))
        except BadInput as error:
            raise BadInput(f"c{n}.value", error.what, error.do) from error
    actions = []
    for action in form.actions:
        options: dict[str, Any] = {name: text for name, text in action.options.items() if name not in _FLAGS and text}
        if options.get("of") == "number":  # as it is without saying so
            del options["of"]
        options |= {name: True for name in _FLAGS if action.options.get(name)}
        if action.kind in (ActionKind.CREATE_TASK, ActionKind.CLOSE_TASKS):
            options.setdefault("kind", TaskKind.CALLBACK.value)
        actions.append(RuleAction(action.kind, options))
    return Rule(rule_id, form.name, form.trigger, tuple(conditions), tuple(actions), form.enabled)
