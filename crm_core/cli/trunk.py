"""`trunkline trunk`: the carrier lines that may be dialed over."""

from __future__ import annotations

import argparse
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crm_core.db.engine import opened_database
from crm_core.domain.campaigns import Trunk
from crm_core.handlers import campaigns as handlers
from crm_core.settings import Settings


def add_trunk_commands(subparsers: Any) -> None:
    """`trunk add | list`."""
    parser = subparsers.add_parser("trunk", help="carrier lines: add or change one, list them")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    adding = commands.add_parser("add", help="add a trunk, or change the one of this name")
    adding.add_argument("name")
    adding.add_argument("--endpoint", required=True, help="the PJSIP endpoint")
    adding.add_argument(
        "--prefix", action="append", default=[], metavar="+CODE", help="may be dialed; none: nothing may. Repeatable"
    )
    adding.add_argument("--caller-id", action="append", default=[], metavar="+NUMBER", help="repeatable")
    adding.add_argument("--calls-per-second", type=float, default=5.0)
    adding.add_argument("--max-lines", type=int, default=30, help="calls at once")
    adding.add_argument("--daily-calls", type=int, help="no more dials than these in a UTC day")
    adding.add_argument("--daily-minutes", type=int, help="no more dials once lines were up for so long in a UTC day")
    adding.set_defaults(run=_add)
    commands.add_parser("list", help="trunks and their limits").set_defaults(run=_list)


async def _add(args: argparse.Namespace, settings: Settings) -> int:
    trunk = Trunk(
        name=args.name,
        endpoint=args.endpoint,
        prefixes=tuple(args.prefix),
        calls_per_second=args.calls_per_second,
        max_lines=args.max_lines,
        daily_calls=args.daily_calls,
        daily_minutes=args.daily_minutes,
        caller_ids=tuple(args.caller_id),
    )
    async with opened_database(settings.database_url) as database:
        await handlers.put_trunk(database, trunk)
    said = ", ".join(trunk.prefixes) or "nothing yet: give it a --prefix"
    Console().print(f"Trunk {trunk.name} may dial {said}.", markup=False)
    return 0


async def _list(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        found = await handlers.every_trunk(database)
    table = Table("Trunk", "Endpoint", "Prefixes", "Caller ids", "Calls/s", "Lines", "Calls/day", "Minutes/day")
    for trunk in found:
        caps = (str(cap) if cap is not None else "" for cap in (trunk.daily_calls, trunk.daily_minutes))
        rates = (f"{trunk.calls_per_second:g}", str(trunk.max_lines))
        table.add_row(
            escape(trunk.name),
            escape(trunk.endpoint),
            " ".join(trunk.prefixes),
            " ".join(trunk.caller_ids),
            *rates,
            *caps,
        )
    Console().print(table if found else "There are no trunks. `trunkline trunk add` adds one.")
    return 0
