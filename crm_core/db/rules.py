"""Automation rules as rows, and the log of their runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.exc import IntegrityError

from crm_core.db.codec import from_json, to_json
from crm_core.db.tables import outbox, rule_runs, rules
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.rules import Condition, Rule, RuleAction
from crm_core.errors import BadInput, Conflict, NotFound


@dataclass(frozen=True, slots=True)
class RuleRun:
    """One run: what `rule` did because of the event; `effects` holds the ids of what was made, or an error."""

    rule: str
    event_id: int
    event_type: str | None
    effects: dict[str, Any]
    at: datetime


async def add_rules(work: UnitOfWork, new: Sequence[Rule]) -> int:
    """Store rules whose names are not taken yet, after those that stand; returns how many."""
    taken = {row.name for row in await work.all(select(rules.c.name))}
    last = await work.scalar(select(func.max(rules.c.position))) or 0
    rows = [
        _row(rule) | {"position": last + place}
        for place, rule in enumerate((rule for rule in new if rule.name not in taken), start=1)
    ]
    return await work.upsert(rules, rows, ["name"], keep=[c for c in rows[0] if c != "name"]) if rows else 0


def _row(rule: Rule) -> dict[str, Any]:
    parts = {"conditions": [to_json(c) for c in rule.conditions], "actions": [to_json(a) for a in rule.actions]}
    return {"name": rule.name, "trigger": rule.trigger, "enabled": rule.enabled, **parts}


async def all_rules(work: UnitOfWork) -> tuple[list[Rule], list[BadInput]]:
    """Rules in order of running, and what is wrong with the rows that are no rules."""
    good: list[Rule] = []
    bad: list[BadInput] = []
    for row in await work.all(select(rules).order_by(rules.c.position, rules.c.id)):
        where = f"rule {row.name!r}"
        try:
            conditions = from_json(row.conditions, tuple[Condition, ...], where)
            actions = from_json(row.actions, tuple[RuleAction, ...], where)
        except BadInput as error:
            bad.append(error)
            continue
        good.append(Rule(row.id, row.name, row.trigger, conditions, actions, row.enabled))
    return good, bad


async def save_rule(work: UnitOfWork, rule: Rule) -> None:
    """Replace a stored rule; raises NotFound, and Conflict when another rule has its name."""
    try:
        async with work.connection.begin_nested():
            changed = await work.run(update(rules).where(rules.c.id == rule.id).values(**_row(rule)))
    except IntegrityError as error:
        raise Conflict(f"another rule is called {rule.name!r}") from error
    if not changed.rowcount:
        raise NotFound("rule", rule.id)


async def latest_runs(work: UnitOfWork, rule_id: int | None = None, limit: int = 50) -> list[RuleRun]:
    """The log of runs, newest first."""
    query: Select[Any] = select(rules.c.name, rule_runs.c.event_id, outbox.c.type, rule_runs.c.effects, rule_runs.c.at)
    query = query.join(rules, rules.c.id == rule_runs.c.rule_id)
    query = query.outerjoin(outbox, outbox.c.id == rule_runs.c.event_id)
    if rule_id is not None:
        query = query.where(rule_runs.c.rule_id == rule_id)
    rows = await work.all(query.order_by(rule_runs.c.event_id.desc(), rule_runs.c.rule_id).limit(limit))
    return [RuleRun(r.name, r.event_id, r.type, r.effects, r.at) for r in rows]
