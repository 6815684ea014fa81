"""`trunkline rules`: what the CRM does by itself."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crm_core.db.codec import to_json
from crm_core.db.engine import opened_database
from crm_core.handlers import rules as handlers
from crm_core.settings import Settings

_NO_RULES = "No rules yet. `trunkline rules install` stores the shipped ones."


def add_rule_commands(subparsers: Any) -> None:
    """`rules list | show | on | off | runs | try | install`."""
    parser = subparsers.add_parser("rules", help="what the CRM does by itself")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("list", help="all rules in order of running").set_defaults(run=_list)
    for name, enabled, text in (("on", True, "turn a rule on"), ("off", False, "turn a rule off")):
        switch = commands.add_parser(name, help=text)
        switch.add_argument("rule", help="name or number")
        switch.set_defaults(run=_switch, enabled=enabled)
    showing = commands.add_parser("show", help="a rule with its conditions and actions")
    showing.add_argument("rule", help="name or number")
    showing.set_defaults(run=_show)
    runs = commands.add_parser("runs", help="what rules did, newest first")
    runs.add_argument("rule", nargs="?", help="name or number; all unless given")
    runs.add_argument("--limit", type=int, default=50)
    runs.set_defaults(run=_runs)
    trying = commands.add_parser("try", help="what a rule would have done for past events; changes nothing")
    trying.add_argument("rule", help="name or number")
    trying.add_argument("--limit", type=int, default=200, help="how many past events")
    trying.set_defaults(run=_try)
    commands.add_parser("install", help="store the shipped dispositions, stages and rules").set_defaults(run=_install)


async def _list(_args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        rules = await handlers.list_rules(database)
    console = Console()
    if not rules:
        console.print(_NO_RULES)
        return 0
    table = Table("Rule", "Name", "When", "If", "Then", "On")
    for rule in rules:
        conditions = ", ".join(f"{c.field} {c.op.replace('_', ' ')} {c.value}" for c in rule.conditions)
        actions = ", ".join(a.kind.replace("_", " ") for a in rule.actions)
        on = "yes" if rule.enabled else "no"
        table.add_row(str(rule.id), escape(rule.name), rule.trigger, escape(conditions), actions, on)
    console.print(table)
    return 0


async def _switch(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        rule = await handlers.switch_rule(args.rule, database, enabled=args.enabled)
    Console().print(f"{escape(rule.name)!s} is {'on' if rule.enabled else 'off'}.")
    return 0


async def _show(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        rule = await handlers.rule_named(database, args.rule)
    Console().print_json(json.dumps(to_json(rule)))
    return 0


async def _runs(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        rule_id = (await handlers.rule_named(database, args.rule)).id if args.rule else None
        runs = await handlers.list_runs(database, rule_id, args.limit)
    console = Console()
    if not runs:
        console.print("No rule has run yet. They run while `trunkline serve` has the role worker.")
        return 0
    table = Table("At (UTC)", "Rule", "Event", "Did")
    for run in runs:
        did = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in run.effects.items()) or "nothing"
        event = f"{run.event_type or 'event'} {run.event_id}"
        table.add_row(f"{run.at:%Y-%m-%d %H:%M:%S}", escape(run.rule), event, escape(did))
    console.print(table)
    return 0


async def _try(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        rule = await handlers.rule_named(database, args.rule)
        found = await handlers.try_rule(rule, database, args.limit)
    console = Console()
    if not found:
        console.print(f"Of the last {args.limit} {rule.trigger} events the rule would have run for none.")
        return 0
    table = Table("Event", "At (UTC)", "Would have done")
    for envelope, steps in found:
        for step in steps:
            options = ", ".join(f"{name} {value}" for name, value in asdict(step).items())
            did = escape(f"{type(step).__name__}: {options}")
            table.add_row(str(envelope.id), f"{envelope.event.at:%Y-%m-%d %H:%M:%S}", did)
    console.print(table)
    return 0


async def _install(_args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        await handlers.install_defaults(database)
    Console().print("The shipped dispositions, stages and rules are in place.")
    return 0
