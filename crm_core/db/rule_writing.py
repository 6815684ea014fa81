"""Rules added, put in order and removed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select, update

from crm_core.db.rules import add_rules
from crm_core.db.tables import rule_runs, rules
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.rules import Rule
from crm_core.errors import Conflict, NotFound


async def add_rule(work: UnitOfWork, rule: Rule) -> int:
    """Store a rule behind the others; returns its id. Raises Conflict when another one has its name."""
    if not await add_rules(work, [rule]):
        raise Conflict(f"another rule is called {rule.name!r}")
    return int(await work.scalar(select(rules.c.id).where(rules.c.name == rule.name)))


async def order_rules(work: UnitOfWork, ids: Sequence[int]) -> None:
    for position, rule_id in enumerate(ids):
        await work.run(update(rules).where(rules.c.id == rule_id).values(position=position))


async def remove_rule(work: UnitOfWork, rule_id: int) -> None:
    """The rule and its log. Raises NotFound."""
    await work.run(delete(rule_runs).where(rule_runs.c.rule_id == rule_id))
    if not (await work.run(delete(rules).where(rules.c.id == rule_id))).rowcount:
        raise NotFound("rule", rule_id)
