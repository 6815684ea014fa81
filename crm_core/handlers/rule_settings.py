"""Automation rules as whoever may change settings wants them; and what one would have done with the past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from crm_core.db import audit, rule_book, rule_writing, sales, site
from crm_core.db import rules as rows
from crm_core.db.codec import event_payload, to_json
from crm_core.db.dispositions import all_dispositions
from crm_core.db.engine import Database
from crm_core.db.event_reach import sight_of
from crm_core.db.rules import RuleRun
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.access import Actor, Right
from crm_core.domain.rule_acts import stage_named
from crm_core.domain.rule_forms import Fact, facts_of_kind
from crm_core.domain.rule_plans import Step, check_rule, plan
from crm_core.domain.rules import EVENT_FACTS, ActionKind, Rule, applies
from crm_core.domain.webhooks import kind_of, told
from crm_core.errors import BadInput, NotFound
from crm_core.handlers.automation import facts_of
from crm_core.handlers.rules import EVENT_KINDS

#: Events that say of whom they are: what rules do is done to a number, a contact, a call or a lead.
TRIGGERS: Mapping[str, tuple[Fact, ...]] = {
    name: facts_of_kind(EVENT_KINDS[name], EVENT_FACTS.get(name, ()))
    for name in (
        "CallEnded",
        "CallMissed",
        "CallAbandoned",
        "CallBridged",
        "LeadDisposed",
        "AttemptEnded",
        "LeadClosed",
        "ConversationEnded",
        "DealChanged",
    )
}
_LONGEST_NAME, _MOST_PARTS = 120, 20


@dataclass(frozen=True, slots=True)
class Tried:
    """A past event and what the rule would have done for it, or `fault`: why it would have failed. `number`: whose
    event it was, "" where nobody knows or the reader does not see it."""

    event_id: int
    at: datetime
    number: str
    steps: tuple[Step, ...]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class TriedRule:
    """`looked_at` events of its kind that the reader sees; `hits` are those for which it would have done something."""

    looked_at: int
    hits: tuple[Tried, ...]


async def list_rules(actor: Actor, database: Database) -> tuple[list[Rule], list[BadInput]]:
    """All rules in order of running, and what is wrong with rows that are none. Raises Forbidden."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.reading() as work:
        return await rows.all_rules(work)


async def one_rule(actor: Actor, rule_id: int, database: Database) -> Rule:
    """Raises Forbidden and NotFound."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.reading() as work:
        return await _one(work, rule_id)


async def create_rule(actor: Actor, rule: Rule, database: Database, now: datetime) -> Rule:
    """Add a rule behind the others. Raises Forbidden, BadInput, and Conflict when its name is taken."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.work() as work:
        checked = await _checked(work, rule)
        rule_id = await rule_writing.add_rule(work, checked)
        await _note(work, actor, "rule.created", replace(checked, id=rule_id), now)
    return replace(checked, id=rule_id)


async def save_rule(actor: Actor, rule: Rule, database: Database, now: datetime) -> Rule:
    """Replace a rule; runners obey within five seconds. Raises Forbidden, BadInput, NotFound, Conflict."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.work() as work:
        await _one(work, rule.id)
        checked = await _checked(work, rule)
        await rows.save_rule(work, checked)
        await _note(work, actor, "rule.changed", checked, now)
    return checked


async def switch_rule(actor: Actor, rule_id: int, database: Database, now: datetime, *, enabled: bool) -> Rule:
    """Turn a rule on or off. Raises Forbidden and NotFound."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.work() as work:
        rule = replace(await _one(work, rule_id), enabled=enabled)
        await rows.save_rule(work, rule)
        await _note(work, actor, "rule.switched_on" if enabled else "rule.switched_off", rule, now)
    return rule


async def order_rules(actor: Actor, ids: Sequence[int], database: Database, now: datetime) -> None:
    """Let rules run in this order; all must be named. Raises Forbidden and BadInput."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.work() as work:
        standing, _ = await rows.all_rules(work)
        if sorted(ids) != sorted(rule.id for rule in standing):
            raise BadInput("ids", "these are not the rules there are", "Name each of them once")
        await rule_writing.order_rules(work, ids)
        await audit.record(work, actor, "rule.ordered", "rule", "all", now, details={"order": list(ids)})


async def remove_rule(actor: Actor, rule_id: int, database: Database, now: datetime) -> None:
    """Remove a rule and its log; what it has done stays done. Raises Forbidden and NotFound."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.work() as work:
        rule = await _one(work, rule_id)
        await rule_writing.remove_rule(work, rule_id)
        await _note(work, actor, "rule.removed", rule, now)


async def list_runs(actor: Actor, rule_id: int, database: Database, limit: int = 50) -> list[RuleRun]:
    """What the rule did, newest first. Raises Forbidden and NotFound."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.reading() as work:
        await _one(work, rule_id)
        return await rows.latest_runs(work, rule_id, limit)


async def try_rule(actor: Actor, rule: Rule, database: Database, limit: int = 200) -> TriedRule:
    """What the rule, switched on, would have done for the newest `limit` events of its kind, of those the actor sees.
    Nothing is changed. Raises Forbidden and BadInput."""
    actor.require(Right.CHANGE_SETTINGS)
    hits: list[Tried] = []
    looked_at = 0
    async with database.reading() as work:
        rule = replace(await _checked(work, rule), enabled=True)
        past = await rule_book.past_events(work, rule.trigger, limit)
        dispositions, hours = await all_dispositions(work), await site.calendar(work)
        for envelope in reversed(past):
            payload: dict[str, Any] = event_payload(envelope.event)
            sight = await sight_of(work, actor, kind_of(rule.trigger), payload)
            if not sight.event:
                continue
            looked_at += 1
            if not applies(rule, envelope.event, facts_of(envelope.event, dispositions)):
                continue
            known = told(payload, masked=False, sees_person=sight.person, sees_number=sight.number)
            number = known.get("number") or ""
            try:
                steps, fault = plan(rule, envelope.event, hours), ""
            except BadInput as error:
                steps, fault = (), str(error)
            hits.append(Tried(envelope.id, envelope.event.at, number, steps, fault))
    return TriedRule(looked_at, tuple(hits))


async def _one(work: UnitOfWork, rule_id: int) -> Rule:
    found, _ = await rows.all_rules(work)
    for rule in found:
        if rule.id == rule_id:
            return rule
    raise NotFound("rule", rule_id)


async def _checked(work: UnitOfWork, rule: Rule) -> Rule:
    """The rule as it is stored. Raises BadInput for what could never run, also for a stage that does not exist."""
    name = " ".join(rule.name.split())
    if not name or len(name) > _LONGEST_NAME:
        raise BadInput("name", f"the name is empty or longer than {_LONGEST_NAME} characters")
    if not rule.actions:
        raise BadInput("actions", "the rule does nothing", "Say what is to be done")
    if len(rule.actions) > _MOST_PARTS or len(rule.conditions) > _MOST_PARTS:
        raise BadInput("rule", f"it has more than {_MOST_PARTS} conditions or actions", "Make two of it")
    checked = replace(rule, name=name)
    check_rule(checked, EVENT_KINDS)
    stages = await sales.default_stages(work)
    for action in checked.actions:
        if action.kind is ActionKind.CREATE_DEAL:
            stage_named(stages, str(action.options.get("stage", "")))
    return checked


async def _note(work: UnitOfWork, actor: Actor, action: str, rule: Rule, now: datetime) -> None:
    details = {"name": rule.name, "trigger": rule.trigger, "enabled": rule.enabled}
    details |= {"conditions": [to_json(c) for c in rule.conditions], "actions": [to_json(a) for a in rule.actions]}
    await audit.record(work, actor, action, "rule", rule.id, now, details=details)
