"""`trunkline leads`: import lead files."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table
from rich.text import Text

from crm_core.db.engine import opened_database
from crm_core.domain.lead_files import Duplicates, LeadRow
from crm_core.errors import BadInput
from crm_core.handlers import imports
from crm_core.handlers.imports import ImportLeads, ImportReport, sites_fields
from crm_core.imports.lead_file import Preview, preview
from crm_core.imports.titles import FIELDS, SitesFields
from crm_core.settings import Settings

_CELL_SHOWN = 40  # characters


def add_lead_commands(commands: Any) -> None:
    """Add `leads` with its sub-commands."""
    leads = commands.add_parser("leads", help="import lead files").add_subparsers(metavar="COMMAND", required=True)
    parser = leads.add_parser(
        "import",
        help="import a CSV file or a spreadsheet as a new list",
        description="Import a CSV file or a spreadsheet as a new list. The first row names the columns.",
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--list", metavar="NAME", help="name of the new list")
    parser.add_argument(
        "--country", type=str.upper, metavar="CODE", help="of numbers without a country's code, e.g. UZ"
    )
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="COLUMN=FIELD",
        help=f"what a column holds, where the guess is wrong: {', '.join(FIELDS)} (- leaves it out); "
        "lead.KEY or company.KEY for a field of your own",
    )
    parser.add_argument(
        "--duplicates",
        type=Duplicates,
        choices=list(Duplicates),
        default=Duplicates.SKIP,
        help="numbers known already: skip the row; update the person with the row; add the row's new numbers to him",
    )
    parser.add_argument("--dry-run", action="store_true", help="count only, write nothing")
    parser.add_argument("--preview", action="store_true", help="show columns and first rows as they would be imported")
    parser.add_argument("--errors", type=Path, metavar="PATH", help="where failed rows go (default: beside FILE)")
    parser.set_defaults(run=import_file)


async def import_file(args: argparse.Namespace, settings: Settings) -> int:
    """Import a file, or show what would be imported; 0 also when rows are invalid, for they are reported."""
    console = Console()
    columns = _said(args.map)
    if args.preview:
        sites = SitesFields()  # to look at a file one needs no base, unless its columns are said to fill own fields
        if any(held.startswith(("lead.", "company.")) for held in columns.values()):
            async with opened_database(settings.database_url) as database:
                sites = await sites_fields(database)
        _show_preview(console, await preview(args.file, args.country, columns, sites=sites))
        return 0
    if args.list is None:
        raise BadInput("--list", "the list needs a name", "Say --list NAME, or --preview to look at the file only")
    command = ImportLeads(
        path=args.file,
        list_name=args.list,
        country=args.country,
        columns=columns,
        duplicates=args.duplicates,
        dry_run=args.dry_run,
        errors=args.errors,
    )
    async with opened_database(settings.database_url) as database:
        with _progress_bar() as progress:
            report = await imports.import_leads(command, database, datetime.now(UTC), progress)
    _show_report(console, report)
    return 0


def _said(texts: Sequence[str]) -> dict[str, str]:
    """COLUMN=FIELD, the last equals sign divides: a column's name may hold one."""
    said: dict[str, str] = {}
    for text in texts:
        column, equals, name = text.rpartition("=")
        if not equals:
            raise BadInput("--map", f"{text!r} has no =", "Write COLUMN=FIELD")
        said[column] = name
    return said


@contextmanager
def _progress_bar() -> Iterator[imports.Progress]:
    """A bar on standard error, so that the report alone is on standard output."""
    shown = Progress(
        TextColumn("importing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("rows"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with shown:
        task = shown.add_task("importing", total=None)
        yield lambda done, whole: shown.update(task, completed=done, total=whole)


def _show_report(console: Console, report: ImportReport) -> None:
    if report.resumed:
        console.print("The import of this file had been interrupted; it has now been carried through.")
    written = " (dry run: nothing written)" if report.dry_run else ""
    console.print(Text(f"List {report.list_name!r}{written}"), soft_wrap=True)
    table = Table()
    table.add_column("rows")
    table.add_column(f"{report.rows:,}", justify="right")
    for name in ("created", "updated", "duplicate", "invalid", "skipped"):
        table.add_row(name, f"{getattr(report, name):,}")
    table.add_section()
    table.add_row("imported, something left out", f"{report.incomplete:,}")
    table.add_row("imported, on a do-not-call list", f"{report.do_not_call:,}")
    console.print(table)
    if report.failed_rows is not None:
        console.print(Text(f"Rows not imported, or not wholly, with reasons: {report.failed_rows}"), soft_wrap=True)


def _show_preview(console: Console, shown: Preview) -> None:
    console.print(Text(f"Recognised: {shown.form}"))
    columns = Table("column", "becomes", "first value")
    for index, column in enumerate(shown.columns):
        values = (row.cells[index] for row in shown.rows if index < len(row.cells) and row.cells[index].strip())
        columns.add_row(_cell(column.title), column.chosen, _cell(next(values, "")))
    console.print(columns)
    rows = Table("row", "name", Column("numbers", no_wrap=True), "company", "zone", "other", "remarks")
    for row in shown.rows:
        rows.add_row(*(_cell(text) for text in _previewed(row)))
    console.print(rows)


def _previewed(row: LeadRow) -> tuple[str, ...]:
    other = {"email": row.email, "language": row.language, "priority": row.priority, **row.fields}
    return (
        str(row.number),
        row.name,
        ", ".join(phone.e164 for phone in row.phones),
        row.company or "",
        row.zone or ", ".join(dict.fromkeys(phone.zone or "unknown" for phone in row.phones)),
        "; ".join(f"{name}: {value}" for name, value in other.items() if value is not None),
        "; ".join((*row.faults, *row.warnings)) if row.cells else "blank",
    )


def _cell(text: str) -> Text:
    """A cell of a stranger's file: no markup, no control characters, not too long."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    return Text(shown if len(shown) <= _CELL_SHOWN else shown[: _CELL_SHOWN - 1] + "…")
