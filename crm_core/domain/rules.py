"""Automation rules are data: trigger, conditions, actions. This module decides; handlers/automation.py acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Op(StrEnum):
    IS = "is"
    IS_NOT = "is_not"
    AT_LEAST = "at_least"
    ONE_OF = "one_of"


@dataclass(frozen=True, slots=True)
class Condition:
    """`field` is a field of the trigger's event, or one of the facts that go with it (EVENT_FACTS)."""

    field: str
    op: Op
    value: Any


class ActionKind(StrEnum):
    CREATE_DEAL = "create_deal"  # stage, title; with `move`: an open deal of the contact moves there instead
    CREATE_TASK = "create_task"  # kind, title, due: "event" (its callback_at) | "next_working_time"; `once` per number
    CLOSE_TASKS = "close_tasks"  # kind; of: "number" (default) | "call": the open tasks of the event's number or call
    CLOSE_LEAD = "close_lead"  # reason, note
    ADD_NOTE = "add_note"  # text


@dataclass(frozen=True, slots=True)
class RuleAction:
    kind: ActionKind
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """`trigger` is the name of an event class, such as "CallMissed"; `id` is 0 until it is stored."""

    id: int
    name: str
    trigger: str
    conditions: tuple[Condition, ...]
    actions: tuple[RuleAction, ...]
    enabled: bool = True


#: What a condition may ask besides the event's own fields: how the site set up the disposition of a LeadDisposed.
EVENT_FACTS: Mapping[str, tuple[str, ...]] = {"LeadDisposed": ("effect", "makes_deal")}
_NO_FACTS: Mapping[str, Any] = {}


def applies(rule: Rule, event: object, facts: Mapping[str, Any] = _NO_FACTS) -> bool:
    """Whether `rule` is to run for `event`. A field neither the event nor `facts` have never holds."""
    return (
        rule.enabled and rule.trigger == type(event).__name__ and all(_holds(c, event, facts) for c in rule.conditions)
    )


_MISSING = object()


def _holds(condition: Condition, event: object, facts: Mapping[str, Any]) -> bool:
    actual = getattr(event, condition.field, facts.get(condition.field, _MISSING))
    if actual is _MISSING:
        return False
    match condition.op:
        case Op.IS:
            return bool(actual == condition.value)
        case Op.IS_NOT:
            return bool(actual != condition.value)
        case Op.AT_LEAST:
            return actual is not None and bool(actual >= condition.value)
        case Op.ONE_OF:
            return actual in condition.value


def _when(field: str, op: Op, value: Any) -> Condition:
    return Condition(field, op, value)


def _do(kind: ActionKind, /, **options: Any) -> RuleAction:
    return RuleAction(kind, options)


_HAS_NUMBER = _when("number", Op.IS_NOT, None)
_CALL_BACK_SOON = {"kind": "callback", "due": "next_working_time", "once": True}

#: Shipped; a site changes them in the database. Order is the order of running.
DEFAULT_RULES = (
    Rule(
        0,
        "New number makes a deal",
        "CallEnded",
        (_when("known", Op.IS, False), _HAS_NUMBER, _when("direction", Op.IS_NOT, "internal")),
        (_do(ActionKind.CREATE_DEAL, stage="Unsorted", title="Call with {number}"),),
    ),
    Rule(
        0,
        "Withheld number is noted",  # nobody to call back and no contact to make; the call itself must not vanish
        "CallEnded",
        (_when("number", Op.IS, None), _when("direction", Op.IS, "incoming")),
        (_do(ActionKind.ADD_NOTE, text="Unknown caller: the number was withheld"),),
    ),
    Rule(
        0,
        "Interest makes a deal",
        "LeadDisposed",
        (_when("makes_deal", Op.IS, True), _when("disposition", Op.IS_NOT, "sale")),
        (_do(ActionKind.CREATE_DEAL, stage="New", title="Interested: {number}", move=True),),
    ),
    Rule(
        0,
        "Sale wins the deal",
        "LeadDisposed",
        (_when("disposition", Op.IS, "sale"),),
        (_do(ActionKind.CREATE_DEAL, stage="Won", title="Sale: {number}", move=True),),
    ),
    Rule(
        0,
        "Call back makes a task",
        "LeadDisposed",
        (_when("effect", Op.IS, "callback"), _when("callback_at", Op.IS_NOT, None)),
        (_do(ActionKind.CREATE_TASK, kind="callback", title="Call back {number}", due="event"),),
    ),
    Rule(
        0,
        "Changed result withdraws the callback",
        "LeadDisposed",
        (_when("effect", Op.IS_NOT, "callback"),),
        (_do(ActionKind.CLOSE_TASKS, kind="callback", of="call"),),
    ),
    Rule(
        0,
        "Missed call makes a callback task",
        "CallMissed",
        (_HAS_NUMBER,),
        (_do(ActionKind.CREATE_TASK, title="Missed call from {number}", **_CALL_BACK_SOON),),
    ),
    Rule(
        0,
        "Abandoned call makes a callback task",
        "CallAbandoned",
        (_HAS_NUMBER,),
        (_do(ActionKind.CREATE_TASK, title="Nobody was free for {number}", **_CALL_BACK_SOON),),
    ),
    Rule(
        0,
        "Reached number closes its callback tasks",
        "CallBridged",
        (_HAS_NUMBER,),
        (_do(ActionKind.CLOSE_TASKS, kind="callback"),),
    ),
    Rule(
        0,
        "Three attempts without an answer close the lead",
        "AttemptEnded",
        (_when("unanswered", Op.AT_LEAST, 3),),
        (_do(ActionKind.CLOSE_LEAD, reason="unanswered", note="Closed after {unanswered} attempts without an answer"),),
    ),
)
