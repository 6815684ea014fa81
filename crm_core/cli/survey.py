"""`trunkline survey`: what the bot's campaigns found out, and what was said in a call."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from rich.bar import Bar
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from crm_core.db.engine import opened_database
from crm_core.domain.conversations import Ending, Party, Turn
from crm_core.domain.surveys import QuestionResult, SurveyResult, Talk, link_to
from crm_core.errors import BadInput
from crm_core.handlers import conversations as conversation_handlers
from crm_core.handlers import surveys as handlers
from crm_core.handlers.survey_files import export_talks
from crm_core.handlers.surveys import Which
from crm_core.settings import Settings

_BAR_WIDTH = 30
_ENDINGS: Mapping[Ending, str] = {
    Ending.FINISHED: "talked to the end",
    Ending.HUNG_UP: "hung up before",
    Ending.TRANSFERRED: "were put through",
    Ending.FAILED: "heard an apology",
}


def add_survey_commands(subparsers: Any) -> None:
    """`survey results | answers | export | transcript`."""
    parser = subparsers.add_parser("survey", help="the infobot's campaigns: answers counted, what was said in a call")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    results = commands.add_parser("results", help="answers per question, and where people left")
    results.set_defaults(run=_results)
    listing = commands.add_parser("answers", help="every answer to one question, each with where to listen to it")
    listing.set_defaults(run=_answers)
    exporting = commands.add_parser("export", help="all conversations with their answers as a CSV file or spreadsheet")
    exporting.set_defaults(run=_export)
    for command in (results, listing, exporting):
        command.add_argument("campaign", help="name of the campaign")
        where = "only people whose list says so; the same column again: or so; repeatable"
        command.add_argument("--where", action="append", default=[], metavar="COLUMN=VALUE", help=where)
        command.add_argument("--since", type=_day, metavar="YYYY-MM-DD", help="conversations of that day and later")
        command.add_argument("--until", type=_day, metavar="YYYY-MM-DD", help="conversations of that day and before")
    listing.add_argument("question", help="as `trunkline survey results` names it")
    exporting.add_argument("file", type=Path, metavar="FILE.csv|FILE.xlsx")
    said = commands.add_parser("transcript", help="what was said in one call, and what it came to")
    said.add_argument("call", help="the call's id")
    said.set_defaults(run=_transcript)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day: write it as 2026-11-18") from None


def _which(args: argparse.Namespace) -> Which:
    parted = [text.partition("=") for text in args.where]
    if any(not name.strip() or not value.strip() for name, _, value in parted):
        raise BadInput("--where", "it is a column of the list and a value", "Write --where city=Tashkent")
    return Which(tuple((name.strip(), value.strip()) for name, _, value in parted), args.since, args.until)


# --- results ------------------------------------------------------------------------------------------------
async def _results(args: argparse.Namespace, settings: Settings) -> int:
    which = _which(args)
    async with opened_database(settings.database_url) as database:
        found = await handlers.survey(args.campaign, database, which)
    console = Console()
    if not found.conversations and which == Which():
        console.print(
            f"The bot has talked with nobody for {args.campaign} yet. `trunkline campaign start {args.campaign}` "
            "and `trunkline serve` let it dial.",
            markup=False,
        )
    elif not found.conversations:
        console.print("There are no such conversations.")
    else:
        print_results(console, found)
    return 0


def print_results(console: Console, found: SurveyResult) -> None:
    """Endings, where people left, and the answers to each question."""
    parts = [f"{found.endings[ending]} {told}" for ending, told in _ENDINGS.items() if ending in found.endings]
    console.print(f"{found.conversations} conversations: {', '.join(parts)}.", highlight=False)
    share = found.complete / found.conversations
    console.print(f"{found.complete} are complete ({share:.0%}): their answers count.", highlight=False)
    if found.left_at:
        console.print(_left(found))
    for question in found.questions:
        console.print(_counted(question))


def _left(found: SurveyResult) -> Table:
    """Where those left who did not finish, of all who came there."""
    columns = [Column(name, justify="right") for name in ("left", "came there", "")]
    table = Table(Column("left at", overflow="fold"), *columns, Column("", width=_BAR_WIDTH))
    for node, count in sorted(found.left_at.items(), key=lambda item: (-item[1], item[0])):
        came = max(count, found.reached.get(node, 0))  # somebody may leave before the first word there
        bar = Bar(came, 0, count, width=_BAR_WIDTH)
        table.add_row(escape(node), str(count), str(came), f"{count / came:.0%}", bar)
    return table


def _counted(question: QuestionResult) -> Table:
    title = question.question if question.average is None else f"{question.question} (average {question.average:.2f})"
    columns = (Column(escape(title), overflow="fold"), Column("", justify="right"), Column("", justify="right"))
    table = Table(*columns, Column("", width=_BAR_WIDTH))
    total = question.answers
    for value, count in question.counts.items():
        table.add_row(escape(value), str(count), f"{count / total:.0%}", Bar(total, 0, count, width=_BAR_WIDTH))
    if question.values > len(question.counts):
        rest, others = total - sum(question.counts.values()), question.values - len(question.counts)
        table.add_row(f"({others} others)", str(rest), f"{rest / total:.0%}", Bar(total, 0, rest, width=_BAR_WIDTH))
    return table


# --- one by one ---------------------------------------------------------------------------------------------
async def _answers(args: argparse.Namespace, settings: Settings) -> int:
    console = Console()
    count = 0
    async with opened_database(settings.database_url) as database:
        zone = (await handlers.columns(args.campaign, database, _which(args))).zone
        async for some in handlers.talks(args.campaign, database, _which(args), args.question):
            count += len(some)
            for talk in some:
                at = f"{talk.began_at.astimezone(zone):%Y-%m-%d %H:%M}"
                line = f"{at}  {talk.number or 'unknown'}  {_answered(talk, args.question, settings.recordings)}"
                console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(f"{count} answers to {args.question}.", markup=False)
    return 0


def _answered(talk: Talk, question: str, recordings: Path) -> str:
    given = talk.answers[question]
    words = given.value if given.raw in ("", given.value) else f"{given.value} ({given.raw})"
    if talk.recording is None or given.second is None:
        return f"{words}  not recorded"
    return f"{words}  {link_to(str(recordings / talk.recording), given.second)}"


async def _export(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        count = await export_talks(args.campaign, database, args.file, _which(args), settings.recordings)
    Console().print(f"{count} conversations written to {args.file}.", markup=False, soft_wrap=True)
    return 0


# --- one call -----------------------------------------------------------------------------------------------
async def _transcript(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        said, answers = await conversation_handlers.transcript(args.call, database)
    console = Console()
    console.print(transcript_table(said))
    for answer in answers:
        console.print(f"{answer.question}: {answer.value}", markup=False)
    return 0


def transcript_table(said: Sequence[Turn]) -> Table:
    """Who said what, with seconds from the first word on."""
    table = Table(Column("s", justify="right"), "", Column("said", overflow="fold"), "node", "heard by")
    for turn in said:
        sure = f"{turn.engine} {turn.confidence:.0%}" if turn.confidence is not None else turn.engine
        who = "bot" if turn.party is Party.BOT else "person"
        at = f"{(turn.began_at - said[0].began_at).total_seconds():.1f}"
        table.add_row(at, who, escape(turn.text), escape(turn.node), escape(sure))
    return table
