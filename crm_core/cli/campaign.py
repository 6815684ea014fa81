"""`trunkline campaign`, and the kill switch: `trunkline stop-dialing`, `trunkline resume-dialing`."""

from __future__ import annotations

import argparse
import getpass
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crm_core.cli.abandoned import add_abandoned_command
from crm_core.cli.bot_ready import render_prompts
from crm_core.cli.pilot import add_pilot_row, add_quota_rows, approve, note_of, print_pilot
from crm_core.cli.policy_options import add_policy_options, policy_of_line
from crm_core.cli.rehearsal import add_rehearse_command
from crm_core.db.campaign_figures import CampaignFigures
from crm_core.db.engine import opened_database
from crm_core.domain.campaigns import Campaign, CampaignPolicy
from crm_core.domain.pilots import is_pilot_over
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
    """`campaign create | change | attach | list | report | abandoned | approve | start | pause | stop | finish`,
    `rehearse`, `stop-dialing`, `resume-dialing`."""
    parser = subparsers.add_parser("campaign", help="campaigns: create, give leads, start, approve, report")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    creating = commands.add_parser("create", help="make a campaign from lists, a trunk and a policy")
    creating.add_argument("name")
    creating.add_argument("--list", action="append", default=[], dest="lists", metavar="LIST", help="repeatable")
    add_policy_options(creating)
    creating.set_defaults(run=_create)
    changing = commands.add_parser(
        "change", help="change what is said here of its policy, or put another file in place"
    )
    changing.add_argument("name")
    add_policy_options(changing)
    changing.set_defaults(run=_change)
    attaching = commands.add_parser("attach", help="add the leads of a list")
    attaching.add_argument("name")
    attaching.add_argument("list")
    attaching.set_defaults(run=_attach)
    commands.add_parser("list", help="campaigns and their states").set_defaults(run=_list)
    reporting = commands.add_parser("report", help="what came of a campaign so far")
    reporting.add_argument("name")
    reporting.set_defaults(run=_report)
    add_abandoned_command(commands)
    add_rehearse_command(commands)
    approving = commands.add_parser("approve", help="let a campaign go on after its pilot")
    approving.add_argument("name")
    approving.set_defaults(run=approve)
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
    policy = _checked(policy_of_line(args), settings)
    async with opened_database(settings.database_url) as database:
        campaign, leads = await handlers.create_campaign(database, args.name, policy, args.lists, datetime.now(UTC))
    Console().print(f"Campaign {campaign.name} ({policy.mode}) has {leads} leads and is a draft.", markup=False)
    return 0


async def _change(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        before, _ = await handlers.campaign_report(database, args.name)
        policy = _checked(policy_of_line(args, before.policy), settings)
        campaign = await handlers.change_policy(database, args.name, policy)
    same = "as it was" if policy == before.policy else "changed"
    Console().print(f"Campaign {campaign.name} is {campaign.state}, its policy {same}.", markup=False)
    return 0


def _checked(policy: CampaignPolicy, settings: Settings) -> CampaignPolicy:
    """What is wrong with a script is better known before the first call."""
    if policy.script is not None:
        Scripts(settings.home / "scripts")(policy.script)
    return policy


async def _attach(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        added = await handlers.attach_list(database, args.name, args.list)
    Console().print(f"{added} leads added to {args.name}.", markup=False)
    return 0


async def _order(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        if args.order is Order.START:  # nobody is called with a script of which a prompt cannot be played
            await render_prompts((await handlers.campaign_report(database, args.name))[0].policy, settings)
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
        over = await handlers.pilots_over(database, found)
    table = Table("Campaign", "State", "Mode", "Trunk", "")
    for campaign in found:
        note = escape(note_of(campaign, campaign.id in over))
        table.add_row(escape(campaign.name), campaign.state, campaign.policy.mode, escape(campaign.policy.trunk), note)
    Console().print(table if found else "There are no campaigns. `trunkline campaign create` makes one.")
    return 0


async def _report(args: argparse.Namespace, settings: Settings) -> int:
    console = Console()
    async with opened_database(settings.database_url) as database:
        campaign, figures = await handlers.campaign_report(database, args.name)
        table = _table(campaign)
        table.add_row("dials at most, a minute", f"{campaign.policy.calls_per_second * 60:g}")
        add_pilot_row(table, campaign, figures.dialed)
        add_quota_rows(table, await handlers.quotas_of(database, campaign))
        _add_figures(table, campaign, figures)
        console.print(table)
        if is_pilot_over(campaign, figures.dialed):
            await print_pilot(console, database, campaign, settings.recordings)
    return 0


def _add_figures(table: Table, campaign: Campaign, figures: CampaignFigures) -> None:
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
