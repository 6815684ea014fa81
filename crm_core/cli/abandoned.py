"""`trunkline campaign abandoned`: what the pacing saw and decided before each person was lost."""

from __future__ import annotations

import argparse
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from crm_core.db.engine import opened_database
from crm_core.domain.pacing_records import PacingRecord
from crm_core.handlers.campaigns import abandoned_calls
from crm_core.settings import Settings


def add_abandoned_command(commands: Any) -> None:
    """`campaign abandoned NAME`."""
    listing = commands.add_parser("abandoned", help="abandoned calls, each with what the pacing saw and decided")
    listing.add_argument("name")
    listing.add_argument("--last", type=_count, default=20, metavar="N", help="so many, latest first (default 20)")
    listing.set_defaults(run=_abandoned)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 10000")
    return int(text)


async def _abandoned(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        found = await abandoned_calls(database, args.name, args.last)
    if not found:
        Console().print(f"Nobody was abandoned in {args.name}.", markup=False)
        return 0
    table = Table("lost at", "call", "number", Column("when dialed", overflow="fold"), Column("last", overflow="fold"))
    for record, number in found:
        at = f"{record.lost_at:%Y-%m-%d %H:%M:%S}"
        table.add_row(at, escape(record.attempt_id), number, _said(record.dialed), _said(record.last))
    console = Console()
    console.print(table)
    console.print("Agents: free/in talks/writing up; then lines ringing, what was decided, and what bounded it.")
    return 0


def _said(seen: PacingRecord | None) -> str:
    if seen is None:
        return "not known"
    agents = f"{seen.available}/{seen.on_call}/{seen.wrapping_up} agents, {seen.ringing} ringing"
    lost = f"{seen.abandoned} of {seen.people} lost"
    decided = f"{seen.to_open} to dial, {seen.to_give_up} to end ({seen.why}, risk {seen.risk:.2%} of {seen.price:.2%})"
    return f"{seen.at:%H:%M:%S}: {agents}; {lost}; {decided}"
