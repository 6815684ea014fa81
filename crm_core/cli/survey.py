"""`trunkline survey`: what the bot's campaigns found out, and what was said in a call."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from rich.bar import Bar
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from crm_core.db.engine import opened_database
from crm_core.domain.conversations import Ending, Party, SurveyResult
from crm_core.handlers import conversations as handlers
from crm_core.settings import Settings

_BAR_WIDTH = 30
_ENDINGS: Mapping[Ending, str] = {
    Ending.FINISHED: "talked to the end",
    Ending.HUNG_UP: "hung up before",
    Ending.TRANSFERRED: "were put through",
    Ending.FAILED: "heard an apology",
}


def add_survey_commands(subparsers: Any) -> None:
    """`survey results | transcript`."""
    parser = subparsers.add_parser("survey", help="the infobot's campaigns: answers counted, what was said in a call")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    results = commands.add_parser("results", help="answers per question, and where people left")
    results.add_argument("campaign", help="name of the campaign")
    results.set_defaults(run=_results)
    said = commands.add_parser("transcript", help="what was said in one call, and what it came to")
    said.add_argument("call", help="the call's id")
    said.set_defaults(run=_transcript)


async def _results(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        found = await handlers.survey(args.campaign, database)
    console = Console()
    if not found.conversations:
        console.print(
            f"The bot has talked with nobody for {args.campaign} yet. `trunkline campaign start {args.campaign}` "
            "and `trunkline serve` let it dial.",
            markup=False,
        )
        return 0
    _print_endings(console, found)
    for question in found.questions:
        console.print(_counted(question.question, question.counts))
    return 0


def _print_endings(console: Console, found: SurveyResult) -> None:
    parts = [f"{found.endings[ending]} {told}" for ending, told in _ENDINGS.items() if ending in found.endings]
    console.print(f"{found.conversations} conversations: {', '.join(parts)}.", highlight=False)
    if found.left_at:
        console.print(_counted("left at", found.left_at))


def _counted(title: str, counts: Mapping[str, int]) -> Table:
    total = sum(counts.values())
    columns = (Column(escape(title), overflow="fold"), Column("", justify="right"), Column("", justify="right"))
    table = Table(*columns, Column("", width=_BAR_WIDTH))
    for value, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        table.add_row(escape(value), str(count), f"{count / total:.0%}", Bar(total, 0, count, width=_BAR_WIDTH))
    return table


async def _transcript(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        said, answers = await handlers.transcript(args.call, database)
    began = said[0].began_at
    table = Table(Column("s", justify="right"), "", Column("said", overflow="fold"), "node", "heard by")
    for turn in said:
        sure = f"{turn.engine} {turn.confidence:.0%}" if turn.confidence is not None else turn.engine
        who = "bot" if turn.party is Party.BOT else "person"
        at = f"{(turn.began_at - began).total_seconds():.1f}"
        table.add_row(at, who, escape(turn.text), escape(turn.node), escape(sure))
    console = Console()
    console.print(table)
    for answer in answers:
        console.print(f"{answer.question}: {answer.value}", markup=False)
    return 0
