"""`trunkline campaign`, and the kill switch: `trunkline stop-dialing`, `trunkline resume-dialing`."""

from __future__ import annotations

import argparse
import getpass
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crm_core.db.codec import from_json
from crm_core.db.engine import opened_database
from crm_core.domain.campaigns import Campaign, CampaignPolicy, DialMode
from crm_core.errors import BadInput
from crm_core.handlers import campaigns as handlers
from crm_core.handlers import kill_switch
from crm_core.handlers.campaigns import Order
from crm_core.settings import Settings
from ivr_bot.scripts import Scripts

_ORDERS = {
    Order.START: "let it dial",
    Order.PAUSE: "dial no more for now; talks go on",
    Order.STOP: "dial no more; talks go on",
    Order.FINISH: "for good",
}


def add_campaign_commands(subparsers: Any) -> None:
    """`campaign create | attach | list | report | start | pause | stop | finish`, `stop-dialing`, `resume-dialing`."""
    parser = subparsers.add_parser("campaign", help="campaigns: create, give leads, start, pause, stop, report")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    creating = commands.add_parser("create", help="make a campaign from lists, a trunk and a policy")
    creating.add_argument("name")
    creating.add_argument("--list", action="append", default=[], dest="lists", metavar="LIST", help="repeatable")
    creating.add_argument("--trunk", help="name of the trunk")
    creating.add_argument("--mode", choices=[mode.value for mode in DialMode])
    creating.add_argument("--script", help="mode bot: the script the infobot talks by (`trunkline bot list`)")
    fields = "what a field of the script holds where a lead has no such column; repeatable"
    creating.add_argument("--field", action="append", default=[], dest="fields", metavar="NAME=VALUE", help=fields)
    creating.add_argument("--policy", type=Path, metavar="FILE.toml", help="all rules of the campaign; see docs")
    creating.set_defaults(run=_create)
    attaching = commands.add_parser("attach", help="add the leads of a list")
    attaching.add_argument("name")
    attaching.add_argument("list")
    attaching.set_defaults(run=_attach)
    commands.add_parser("list", help="campaigns and their states").set_defaults(run=_list)
    reporting = commands.add_parser("report", help="what came of a campaign so far")
    reporting.add_argument("name")
    reporting.set_defaults(run=_report)
    for order, help_text in _ORDERS.items():
        ordering = commands.add_parser(order.value, help=help_text)
        ordering.add_argument("name")
        ordering.set_defaults(run=_order, order=order)
    stopping = subparsers.add_parser("stop-dialing", help="stop all dialing at once, in every campaign")
    stopping.set_defaults(run=_stop_dialing)
    resuming = subparsers.add_parser("resume-dialing", help="let campaigns that run dial again")
    resuming.set_defaults(run=_resume_dialing)
    for command in (stopping, resuming):
        command.add_argument("--why", required=True, help="kept and logged with your name")


async def _create(args: argparse.Namespace, settings: Settings) -> int:
    policy = policy_from(args.policy, args.trunk, args.mode, args.script)
    policy = replace(policy, script_fields=policy.script_fields | _fields(args.fields))
    if policy.script is not None:  # what is wrong with it is better known before the first call
        Scripts(settings.home / "scripts")(policy.script)
    async with opened_database(settings.database_url) as database:
        campaign, leads = await handlers.create_campaign(database, args.name, policy, args.lists, datetime.now(UTC))
    Console().print(f"Campaign {campaign.name} ({policy.mode}) has {leads} leads and is a draft.", markup=False)
    return 0


def policy_from(file: Path | None, trunk: str | None, mode: str | None, script: str | None = None) -> CampaignPolicy:
    """The policy in `file`, what else is given in place of its own; raises BadInput naming the wrong field.

    A script asks for mode bot."""
    stated: dict[str, Any] = {}
    if file is not None:
        try:
            stated = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise BadInput(str(file), f"cannot be read as TOML: {error}") from error
    given = {"trunk": trunk, "mode": mode or (DialMode.BOT.value if script else None), "script": script}
    stated |= {name: value for name, value in given.items() if value is not None}
    if "trunk" not in stated:
        raise BadInput("trunk", "none given", 'Add --trunk NAME, or a line trunk = "NAME" to the policy file')
    for window in stated.get("windows", []):  # TOML knows times of day; the stored form is text
        if isinstance(window, dict):
            window |= {edge: str(window[edge]) for edge in ("opens", "closes") if edge in window}
    return from_json(stated, CampaignPolicy, str(file) if file is not None else "policy")


def _fields(given: Sequence[str]) -> dict[str, str]:
    """Raises BadInput for one that has no name."""
    parted = [one.partition("=") for one in given]
    if any(not name.strip() or not sign for name, sign, _ in parted):
        raise BadInput("--field", "a field is a name and a value", "Write --field company=Lola")
    return {name.strip(): value.strip() for name, _, value in parted}


async def _attach(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        added = await handlers.attach_list(database, args.name, args.list)
    Console().print(f"{added} leads added to {args.name}.", markup=False)
    return 0


async def _order(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        campaign, warnings = await handlers.order_campaign(database, args.name, args.order, datetime.now(UTC))
        stopped = await kill_switch.dialing_stopped(database) if args.order is Order.START else None
    console = Console()
    console.print(f"Campaign {campaign.name} is {campaign.state}.", markup=False)
    for warning in warnings:
        console.print(f"But {warning}.", markup=False)
    if stopped is not None:
        said = f"all dialing was stopped by {stopped['by']} ({stopped['why']}): `trunkline resume-dialing`"
        console.print(f"But {said}.", markup=False)
    return 0


async def _list(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        found = await handlers.every_campaign(database)
    table = Table("Campaign", "State", "Mode", "Trunk")
    for campaign in found:
        table.add_row(escape(campaign.name), campaign.state, campaign.policy.mode, escape(campaign.policy.trunk))
    Console().print(table if found else "There are no campaigns. `trunkline campaign create` makes one.")
    return 0


async def _report(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        campaign, figures = await handlers.campaign_report(database, args.name)
    table = _table(campaign)
    for outcome, count in sorted(figures.attempts.items()):
        table.add_row(f"attempts: {outcome.replace('_', ' ')}", str(count))
    table.add_row("answered by people", str(figures.people))
    table.add_row("bridged", str(figures.bridged))
    table.add_row("abandoned, of people", f"{figures.abandoned_share:.1%} (limit {campaign.policy.abandon_limit:.1%})")
    table.add_row("talk", f"{figures.talk_seconds / 60:.1f} min")
    for state, count in sorted(figures.agents.items()):
        table.add_row(f"agents: {state.replace('_', ' ')}", str(count))
    for state_of_leads, count in sorted(figures.leads.items()):
        table.add_row(escape(f"leads: {state_of_leads.replace('_', ' ')}"), str(count))
    Console().print(table)
    return 0


def _table(campaign: Campaign) -> Table:
    table = Table(escape(f"{campaign.name} ({campaign.state})"), "")
    table.columns[1].justify = "right"
    return table


async def _stop_dialing(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        await kill_switch.stop_dialing(database, getpass.getuser(), args.why, datetime.now(UTC))
    Console().print("Dialing has stopped. Calls under way go on. `trunkline resume-dialing` lets it go on.")
    return 0


async def _resume_dialing(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        was_stopped = await kill_switch.resume_dialing(database, getpass.getuser(), args.why)
    Console().print("Campaigns that run dial again." if was_stopped else "Dialing was not stopped.")
    return 0
