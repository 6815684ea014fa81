"""`trunkline generate`: fill a site with made-up people, deals and calls."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from crm_core.db.engine import opened_database
from crm_core.demo import generator
from crm_core.demo.made_people import Wanted
from crm_core.errors import BadInput
from crm_core.settings import Settings


def add_generate_commands(subparsers: Any) -> None:
    """Mount `generate`."""
    parser = subparsers.add_parser(
        "generate", help="fill a site with made-up people, deals, campaigns and calls of two years"
    )
    parser.add_argument("--contacts", type=int, default=10_000, help="people (default: 10,000)")
    parser.add_argument(
        "--deals", type=int, help="open deals; closed ones come on top (default: a fifth of the people)"
    )
    parser.add_argument("--calls", type=int, help="calls (default: five for each of the people)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed and day give the same site (default: 1)")
    parser.add_argument("--until", help="the last day, as in 2026-11-25 (default: yesterday, UTC)")
    parser.add_argument("--beside", action="store_true", help="also if the site holds people already")
    parser.set_defaults(run=run)


async def run(args: argparse.Namespace, settings: Settings) -> int:
    """Fill the site that DATABASE_URL names, and say what it was given."""
    wanted = Wanted(
        contacts=args.contacts,
        deals=args.contacts // 5 if args.deals is None else args.deals,
        calls=args.contacts * 5 if args.calls is None else args.calls,
        seed=args.seed,
        until=_until(args.until, datetime.now(UTC)),
    )
    async with opened_database(settings.database_url, statement_within=None) as database:
        with _bars() as progress:
            filled = await generator.generate(wanted, database, progress, beside=args.beside)
    table = Table("table")
    table.add_column("rows", justify="right")
    for name, rows in filled.rows.items():
        table.add_row(name, f"{rows:,}")
    Console().print(table)
    return 0


def _until(text: str | None, now: datetime) -> datetime:
    """Midnight at the end of the day named."""
    if text is None:
        return now.replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)
    except ValueError as error:
        raise BadInput("--until", f"{text!r} is no day", "Write it as 2026-11-25") from error


@contextmanager
def _bars() -> Iterator[generator.Progress]:
    """A bar for each table, on standard error."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        tasks: dict[str, Any] = {}

        def progress(what: str, done: int, whole: int) -> None:
            if what not in tasks:
                tasks[what] = shown.add_task(what, total=None)
            shown.update(tasks[what], completed=done, total=whole or None)

        yield progress
