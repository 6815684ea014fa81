"""`make bench`: every measurement of the product against its bound, as a table and in var/bench.json."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from tests.bench import (
    barge_in,
    bot_calls,
    bot_media,
    dial_rate,
    events,
    hand_off,
    import_rows,
    live,
    lookup,
    memory,
    pacing,
    pacing_decision,
    pacing_live,
    pop,
    reports,
    speech,
    understanding,
    workplace,
)
from tests.bench.rows import Row
from tests.bench.site import Say

_OUT = Path("var") / "bench.json"
#: In this order: those that need the machine for themselves are not disturbed by what came before.
_ALL: dict[str, Callable[[Path, Say], Awaitable[list[Row]]]] = {
    "events": events.measure,
    "lookup": lookup.measure,
    "import_rows": import_rows.measure,
    "workplace": workplace.measure,
    "reports": reports.measure,
    "pacing_decision": pacing_decision.measure,
    "live": live.measure,
    "hand_off": hand_off.measure,
    "pop": pop.measure,
    "dial_rate": dial_rate.measure,
    "memory": memory.measure,
    "bot_media": bot_media.measure,
    "bot_calls": bot_calls.measure,
    "barge_in": barge_in.measure,
    "speech": speech.measure,
    "understanding": understanding.measure,
    "pacing_live": pacing_live.measure,
    "pacing": pacing.measure,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure; 0 also when a bound is missed, unless --strict asks for 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--only",
        action="append",
        choices=list(_ALL),
        metavar="NAME",
        help=f"this alone, shown and not written: {', '.join(_ALL)}",
    )
    parser.add_argument("--strict", action="store_true", help="exit 1 if a bound is missed")
    args = parser.parse_args(argv)
    console = Console()
    rows = asyncio.run(_measured(args.only or list(_ALL), console))
    console.print(_table(rows))
    if not args.only:  # the file holds one whole run, never figures of different days
        _OUT.parent.mkdir(exist_ok=True)
        _OUT.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
        console.print(f"written to {_OUT}")
    return int(args.strict and any(row.ok is False for row in rows))


async def _measured(names: Sequence[str], console: Console) -> list[Row]:
    rows: list[Row] = []
    began = time.monotonic()

    def say(text: str) -> None:
        console.print(f"{time.monotonic() - began:5.0f} s  {text}", highlight=False)

    busy = os.getloadavg()[0]
    if busy > 0.7:
        say(f"this machine is busy already (load average {busy:.1f}): the figures will be worse than they could be")
    for name in names:
        with tempfile.TemporaryDirectory(prefix="trunkline-bench-") as folder:
            os.chmod(folder, 0o755)  # Asterisk's phones and PostgreSQL do not run as root
            rows += await _ALL[name](Path(folder), say)
    say("done")
    return rows


def _table(rows: Sequence[Row]) -> Table:
    figures = (Column(no_wrap=True, justify="right"), Column(no_wrap=True), Column("bound", no_wrap=True))
    table = Table(Column("measured", overflow="fold"), *figures, Column(no_wrap=True))
    for row in rows:
        verdict = "" if row.ok is None else "[green]ok[/]" if row.ok else "[red]missed[/]"
        table.add_row(row.name, f"{row.value:,g}", row.unit, row.bound or "", verdict)
    return table


if __name__ == "__main__":
    sys.exit(main())
