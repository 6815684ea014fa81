"""`trunkline deals`: what may become a sale."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crm_core.cli.tasks import BY
from crm_core.commands import CreateDeal
from crm_core.db.engine import opened_database
from crm_core.db.sales import DealLine
from crm_core.errors import BadInput
from crm_core.handlers import sales as handlers
from crm_core.handlers.tasks import user_id_of
from crm_core.settings import Settings


def add_deal_commands(subparsers: Any) -> None:
    """`deals list | add | move | history`."""
    parser = subparsers.add_parser("deals", help="what may become a sale")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="deals, newest first")
    listing.add_argument("--stage", help="only those in this stage")
    listing.add_argument("--user", help="only those of this user")
    listing.add_argument("--open", action="store_true", help="without those won and lost")
    listing.add_argument("--limit", type=int, default=50)
    listing.set_defaults(run=_list)
    adding = commands.add_parser("add", help="make a deal")
    adding.add_argument("title")
    adding.add_argument("--stage", help="the first one unless given")
    adding.add_argument("--contact", type=int, help="number of the contact")
    adding.add_argument("--user", help="whose deal it is")
    adding.add_argument("--amount", help='with currency, such as "1500 USD"')
    adding.set_defaults(run=_add)
    moving = commands.add_parser("move", help="put a deal into another stage")
    moving.add_argument("deal", type=int)
    moving.add_argument("stage")
    moving.add_argument("--by", default=BY, help="who moved it")
    moving.set_defaults(run=_move)
    history = commands.add_parser("history", help="how a deal moved")
    history.add_argument("deal", type=int)
    history.set_defaults(run=_history)


async def _list(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        owner_id = await user_id_of(args.user, database) if args.user else None
        lines = await handlers.list_deals(
            database, stage=args.stage, owner_id=owner_id, only_open=args.open, limit=args.limit
        )
    console = Console()
    if not lines:
        console.print("No deals. `trunkline deals add` makes one; calls with new numbers make them by rule.")
        return 0
    console.print(_table(lines))
    return 0


def _table(lines: list[DealLine]) -> Table:
    table = Table("Deal", "Title", "Stage", "Contact", "Owner")
    table.add_column("Amount", justify="right")
    for line in lines:
        deal = line.deal
        amount = "" if deal.amount is None else f"{deal.amount:,.2f} {deal.currency}"
        names = (escape(line.contact or ""), escape(line.owner or "nobody"))
        table.add_row(str(deal.id), escape(deal.title), escape(line.stage.name), *names, amount)
    return table


def _money(text: str | None) -> tuple[Decimal | None, str | None]:
    if text is None:
        return None, None
    amount, _, currency = text.strip().rpartition(" ")
    try:
        return Decimal(amount.replace(" ", "")), currency
    except InvalidOperation as error:
        raise BadInput("amount", f"{text!r} is no sum of money", 'Write it as "1500 USD"') from error


async def _add(args: argparse.Namespace, settings: Settings) -> int:
    amount, currency = _money(args.amount)
    async with opened_database(settings.database_url) as database:
        command = CreateDeal(
            title=args.title,
            by=BY,
            stage=args.stage,
            contact_id=args.contact,
            owner_id=await user_id_of(args.user, database) if args.user else None,
            amount=amount,
            currency=currency,
        )
        deal_id = await handlers.create_deal(command, database, datetime.now(UTC))
    Console().print(f"Deal {deal_id} made.")
    return 0


async def _move(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        moved = await handlers.move_deal(args.deal, args.stage, args.by, database, datetime.now(UTC))
    Console().print(f"Deal {args.deal} {'moved to' if moved else 'stands already in'} {escape(args.stage)}.")
    return 0


async def _history(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        moves = await handlers.deal_history(args.deal, database)
    table = Table("At (UTC)", "Stage", "By")
    for move in moves:
        table.add_row(f"{move.at:%Y-%m-%d %H:%M:%S}", escape(move.stage), escape(move.by))
    Console().print(table)
    return 0
