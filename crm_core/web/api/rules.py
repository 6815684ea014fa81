"""Automation rules: when something happens, and if it is so, then this is done."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from crm_core.domain.access import Actor, Right
from crm_core.domain.rule_forms import Fact, FactKind, ops_for
from crm_core.domain.rules import ActionKind, Condition, Op, Rule, RuleAction
from crm_core.handlers import rule_settings
from crm_core.handlers.rule_settings import TRIGGERS, Tried
from crm_core.web.api.routing import Asked, Created, Model, Routes
from crm_core.web.api.shown import number_for, text_for

routes = Routes("rules")

Word = Annotated[str, Field(min_length=1, max_length=40)]
Text = Annotated[str, Field(max_length=200)]
Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]
Plain = bool | Whole | Text | None


class ConditionBody(Model):
    """`field`: a fact of the event (GET /rule-triggers). `value` null: it is unknown; a list for one_of."""

    field: Word
    op: Op
    value: Plain | Annotated[list[Plain], Field(max_length=50)] = None


class ActionBody(Model):
    """`options` by kind: create_deal stage, title, move; create_task kind, title, due (event, next_working_time), once;
    close_tasks kind, of (number, call); close_lead reason, note; add_note text. {number} stands for a fact."""

    kind: ActionKind
    options: Annotated[dict[Word, bool | Text], Field(max_length=10, default_factory=dict)]


class RuleBody(Model):
    """A rule as it is to be."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    trigger: Word
    conditions: Annotated[list[ConditionBody], Field(max_length=20, default_factory=list)]
    actions: Annotated[list[ActionBody], Field(min_length=1, max_length=20)]
    enabled: bool = True


class ConditionOut(Model):
    field: str
    op: Op
    value: Any


class ActionOut(Model):
    kind: ActionKind
    options: dict[str, Any]


class RuleOut(Model):
    id: int
    name: str
    trigger: str
    conditions: list[ConditionOut]
    actions: list[ActionOut]
    enabled: bool


class Switch(Model):
    enabled: bool


class RuleOrder(Model):
    """All ids, in the order in which the rules are to run."""

    ids: Annotated[list[Annotated[int, Field(ge=1, lt=2**62)]], Field(max_length=500)]


class FactOut(Model):
    """What a condition may ask of an event, by which comparisons."""

    name: str
    kind: FactKind
    may_lack: bool
    options: list[str]
    ops: list[Op]


class TriggerOut(Model):
    name: str
    facts: list[FactOut]


class RunOut(Model):
    """What a rule did: ids of what was made, or an error."""

    event_id: int
    event_type: str | None
    effects: dict[str, Any]
    at: datetime


class StepOut(Model):
    """`step`: MakeDeal, MakeTask, CloseTasks, CloseLead or MakeNote; `used`: with what."""

    step: str
    used: dict[str, Any]


class TriedOut(Model):
    """A past event and what would have been done, or why that would have failed."""

    event_id: int
    at: datetime
    number: str
    steps: list[StepOut]
    fault: str


class TriedRuleOut(Model):
    """Of `looked_at` past events, those for which something would have been done, newest first."""

    looked_at: int
    hits: list[TriedOut]


def _rule(body: RuleBody, rule_id: int = 0) -> Rule:
    conditions = tuple(Condition(one.field, one.op, one.value) for one in body.conditions)
    actions = tuple(RuleAction(one.kind, dict(one.options)) for one in body.actions)
    return Rule(rule_id, body.name, body.trigger, conditions, actions, body.enabled)


def _fact(fact: Fact) -> FactOut:
    return FactOut(
        name=fact.name, kind=fact.kind, may_lack=fact.may_lack, options=list(fact.options), ops=list(ops_for(fact))
    )


def _tried(actor: Actor, tried: Tried) -> TriedOut:
    steps = []
    for step in tried.steps:
        used = {name: getattr(step, name) for name in step.__dataclass_fields__}
        shown = {name: text_for(actor, value) if isinstance(value, str) else value for name, value in used.items()}
        steps.append(StepOut(step=type(step).__name__, used=shown))
    number = number_for(actor, tried.number) if tried.number else ""
    return TriedOut(event_id=tried.event_id, at=tried.at, number=number, steps=steps, fault=tried.fault)


@routes("GET", "/rule-triggers", right=Right.CHANGE_SETTINGS)
async def list_rule_triggers(_asked: Asked) -> list[TriggerOut]:
    """What rules can be triggered by, and what conditions may ask."""
    return [TriggerOut(name=name, facts=[_fact(fact) for fact in facts]) for name, facts in TRIGGERS.items()]


@routes("GET", "/rules", right=Right.CHANGE_SETTINGS)
async def list_rules(asked: Asked) -> list[RuleOut]:
    """All rules, in the order in which they run."""
    found, _ = await rule_settings.list_rules(asked.actor, asked.database)
    return [RuleOut.model_validate(rule) for rule in found]


@routes("POST", "/rules", right=Right.CHANGE_SETTINGS)
async def create_rule(asked: Asked, body: RuleBody) -> Created[RuleOut]:
    """Add a rule behind the others."""
    made = await rule_settings.create_rule(asked.actor, _rule(body), asked.database, asked.now)
    return Created(RuleOut.model_validate(made), f"/rules/{made.id}")


@routes("PUT", "/rules", right=Right.CHANGE_SETTINGS)
async def order_rules(asked: Asked, body: RuleOrder) -> None:
    """Let the rules run in this order."""
    await rule_settings.order_rules(asked.actor, body.ids, asked.database, asked.now)


@routes("POST", "/rules/try", right=Right.CHANGE_SETTINGS)
async def try_rule(asked: Asked, body: RuleBody) -> TriedRuleOut:
    """What a rule would have done with the last 200 events of its kind. Nothing is changed."""
    found = await rule_settings.try_rule(asked.actor, _rule(body), asked.database)
    return TriedRuleOut(looked_at=found.looked_at, hits=[_tried(asked.actor, one) for one in found.hits])


@routes("GET", "/rules/{rule_id}", right=Right.CHANGE_SETTINGS)
async def get_rule(asked: Asked, rule_id: int) -> RuleOut:
    """One rule."""
    return RuleOut.model_validate(await rule_settings.one_rule(asked.actor, rule_id, asked.database))


@routes("PUT", "/rules/{rule_id}", right=Right.CHANGE_SETTINGS)
async def save_rule(asked: Asked, rule_id: int, body: RuleBody) -> RuleOut:
    """Replace a rule; it holds within five seconds."""
    saved = await rule_settings.save_rule(asked.actor, _rule(body, rule_id), asked.database, asked.now)
    return RuleOut.model_validate(saved)


@routes("PATCH", "/rules/{rule_id}", right=Right.CHANGE_SETTINGS)
async def switch_rule(asked: Asked, rule_id: int, body: Switch) -> RuleOut:
    """Turn a rule on or off."""
    found = await rule_settings.switch_rule(asked.actor, rule_id, asked.database, asked.now, enabled=body.enabled)
    return RuleOut.model_validate(found)


@routes("DELETE", "/rules/{rule_id}", right=Right.CHANGE_SETTINGS)
async def remove_rule(asked: Asked, rule_id: int) -> None:
    """Remove a rule and its log; what it has done stays done."""
    await rule_settings.remove_rule(asked.actor, rule_id, asked.database, asked.now)


@routes("GET", "/rules/{rule_id}/runs", right=Right.CHANGE_SETTINGS)
async def list_rule_runs(asked: Asked, rule_id: int) -> list[RunOut]:
    """What the rule did, newest first."""
    found = await rule_settings.list_runs(asked.actor, rule_id, asked.database)
    return [RunOut.model_validate(run) for run in found]
