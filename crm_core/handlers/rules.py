"""Looking after the rules: the shipped ones, switching, changing, trying out on the past."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from crm_core.db import rule_book
from crm_core.db import rules as rows
from crm_core.db.dispositions import all_dispositions
from crm_core.db.engine import Database
from crm_core.db.rules import RuleRun
from crm_core.db.seed import seed
from crm_core.db.site import calendar
from crm_core.domain.rule_plans import Step, check_rule, dry_run
from crm_core.domain.rules import DEFAULT_RULES, Rule
from crm_core.errors import BadInput
from crm_core.events import Envelope, Event
from crm_core.handlers.automation import facts_of

#: Event classes by name: what a rule may be triggered by.
EVENT_KINDS: dict[str, type] = {kind.__name__: kind for kind in get_args(Event)}


async def install_defaults(database: Database) -> None:
    """Store the shipped dispositions, pipeline and rules where a site has none yet; may be repeated."""
    async with database.work() as work:
        await seed(work, DEFAULT_RULES)


async def list_rules(database: Database) -> list[Rule]:
    """All rules in order of running; raises BadInput for a row that is no rule."""
    async with database.reading() as work:
        rules, bad = await rows.all_rules(work)
    if bad:
        raise bad[0]
    return rules


async def rule_named(database: Database, name: str) -> Rule:
    """The rule of this name or number; raises BadInput listing those there are."""
    rules = await list_rules(database)
    for rule in rules:
        if rule.name.casefold() == name.strip().casefold() or str(rule.id) == name.strip():
            return rule
    raise BadInput("rule", f"there is no rule {name!r}", f"Choose of {', '.join(r.name for r in rules) or 'none'}")


async def change_rule(rule: Rule, database: Database) -> None:
    """Replace a stored rule; raises BadInput if it could never run, NotFound, and Conflict if its name is taken."""
    check_rule(rule, EVENT_KINDS)
    async with database.work() as work:
        await rows.save_rule(work, rule)


async def switch_rule(name: str, database: Database, *, enabled: bool) -> Rule:
    """Turn a rule on or off; runners obey within five seconds."""
    rule = replace(await rule_named(database, name), enabled=enabled)
    async with database.work() as work:
        await rows.save_rule(work, rule)
    return rule


async def list_runs(database: Database, rule_id: int | None = None, limit: int = 50) -> list[RuleRun]:
    """What rules did, newest first."""
    async with database.reading() as work:
        return await rows.latest_runs(work, rule_id, limit)


async def try_rule(rule: Rule, database: Database, limit: int = 200) -> list[tuple[Envelope, tuple[Step, ...]]]:
    """What `rule`, switched on, would have done for the newest `limit` events of its kind. Nothing is changed."""
    check_rule(rule, EVENT_KINDS)
    async with database.reading() as work:
        past = await rule_book.past_events(work, rule.trigger, limit)
        dispositions = await all_dispositions(work)
        hours = await calendar(work)
    told = {envelope.id: envelope for envelope in past}
    facts = [(e.id, e.event, facts_of(e.event, dispositions)) for e in past]
    return [(told[key], steps) for key, steps in dry_run(replace(rule, enabled=True), facts, hours)]
