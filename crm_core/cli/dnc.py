"""`trunkline dnc`: numbers and prefixes that are never dialed."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crm_core.db.do_not_call import WHOLE_SYSTEM, Blocked
from crm_core.db.engine import opened_database
from crm_core.handlers import do_not_call as handlers
from crm_core.settings import Settings

#: Bad lines shown of a file; the count says how many there are.
_SHOWN = 50


def add_dnc_commands(subparsers: Any) -> None:
    """`dnc list | add | remove | import`."""
    parser = subparsers.add_parser("dnc", help="do-not-call lists: numbers and prefixes never dialed")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="what stands on the lists")
    listing.add_argument("--starts-with", default="", metavar="+CODE")
    listing.add_argument("--limit", type=int, default=200)
    listing.set_defaults(run=_list)
    adding = commands.add_parser("add", help="put a number or a prefix (+99890*) on the list")
    adding.add_argument("value")
    adding.add_argument("--reason", required=True)
    adding.set_defaults(run=_add)
    removing = commands.add_parser("remove", help="take a number or a prefix off the list")
    removing.add_argument("value")
    removing.set_defaults(run=_remove)
    importing = commands.add_parser("import", help='add a file: one "number" or "number,reason" a line')
    importing.add_argument("file", type=Path)
    importing.add_argument("--reason", required=True, help="for lines that give none")
    importing.set_defaults(run=_import)
    for command in (listing, adding, removing, importing):
        command.add_argument("--campaign", type=int, help="number of the campaign; the whole system unless given")
    for command in (adding, removing, importing):
        command.add_argument("--country", metavar="CC", help="country of numbers without a code, such as UZ")


def _block(args: argparse.Namespace, reason: str) -> Blocked:
    return handlers.parse_block(args.value, reason, args.campaign or WHOLE_SYSTEM, args.country)


async def _list(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        found = await handlers.blocks(database, args.campaign, args.starts_with, args.limit)
    console = Console()
    if not found:
        console.print("Nothing is on the list. `trunkline dnc add` or `trunkline dnc import` puts numbers on it.")
        return 0
    table = Table("Number", "Kind", "For", "Reason", "Since (UTC)")
    for block in found:
        scope = "whole system" if block.campaign_id == WHOLE_SYSTEM else f"campaign {block.campaign_id}"
        star = "*" if block.kind == "prefix" else ""
        since = f"{block.at:%Y-%m-%d %H:%M}" if block.at else ""
        table.add_row(block.value + star, block.kind, scope, escape(block.reason), since)
    console.print(table)
    return 0


async def _add(args: argparse.Namespace, settings: Settings) -> int:
    block = _block(args, args.reason)
    async with opened_database(settings.database_url) as database:
        added = await handlers.add_block(block, database, datetime.now(UTC))
    Console().print(f"{block.value} {'is on the list now' if added else 'stood on the list already'}.")
    return 0


async def _remove(args: argparse.Namespace, settings: Settings) -> int:
    block = _block(args, "removed")
    async with opened_database(settings.database_url) as database:
        gone = await handlers.drop_block(block, database)
    Console().print(f"{block.value} {'is off the list' if gone else 'was not on the list'}.")
    return 0 if gone else 1


async def _import(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        outcome = await handlers.import_blocks(
            args.file,
            args.reason,
            database,
            datetime.now(UTC),
            campaign_id=args.campaign or WHOLE_SYSTEM,
            default_country=args.country,
        )
    console = Console()
    console.print(f"{outcome.added} added, {outcome.standing} stood there already, {len(outcome.bad)} not understood.")
    if not outcome.bad:
        return 0
    table = Table("Line", "Text", "Why")
    for bad in outcome.bad[:_SHOWN]:
        table.add_row(str(bad.line), escape(bad.text), escape(bad.why))
    console.print(table)
    return 1
