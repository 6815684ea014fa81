"""`trunkline bot`: check a script, try its conversations out, draw it."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from crm_core.errors import BadInput
from ivr_bot.dialog.conversations import Tried, read_conversations, try_out
from ivr_bot.dialog.drawing import mermaid
from ivr_bot.dialog.marks import BadScript
from ivr_bot.dialog.reading import load_script
from ivr_bot.dialog.shipped import conversations_of, found_script, shipped_scripts
from ivr_bot.dialog.svg import svg


def add_bot_commands(subparsers: Any) -> None:
    """`bot list | check | test | draw`."""
    parser = subparsers.add_parser("bot", help="the infobot's scripts: check, try out, draw")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("list", help="the shipped scripts").set_defaults(handler=_list)
    checking = commands.add_parser("check", help="say what is wrong with scripts, by file and line")
    checking.add_argument("scripts", nargs="+", metavar="FILE", help="script files, or names of shipped scripts")
    checking.set_defaults(handler=_check)
    testing = commands.add_parser("test", help="run a script's conversations as text")
    testing.add_argument("script", metavar="FLOW", help="a script file, or the name of a shipped script")
    testing.add_argument("--conversations", metavar="FILE", help="default: FLOW.test.yml beside the script")
    testing.add_argument(
        "-v", "--verbose", action="store_true", help="show every conversation, not only those that differ"
    )
    testing.set_defaults(handler=_test)
    drawing = commands.add_parser("draw", help="the script as a Mermaid flow chart or an SVG picture")
    drawing.add_argument("script", metavar="FLOW", help="a script file, or the name of a shipped script")
    drawing.add_argument("-o", "--output", metavar="FILE", help="write here, as a picture if the name ends in .svg")
    drawing.set_defaults(handler=_draw)


def _list(_args: argparse.Namespace) -> int:
    table = Table(Column("Script", no_wrap=True), "Title", "Languages", "Lead fields")
    for path in shipped_scripts():
        script = load_script(path)
        table.add_row(path.stem, script.title, ", ".join(script.languages), ", ".join(script.fields))
    Console().print(table)
    return 0


def _check(args: argparse.Namespace) -> int:
    console = Console(soft_wrap=True)
    bad = 0
    for named in args.scripts:
        try:
            script = load_script(found_script(named))
        except BadScript as error:
            bad += 1
            for fault in error.faults:
                console.print(str(fault), markup=False, highlight=False)
        else:
            own = sum(not name.startswith("any.") for name in script.nodes)
            languages = ", ".join(script.languages)
            console.print(f"{named}: good ({own} nodes; {languages})", markup=False, highlight=False)
    return 1 if bad else 0


def _test(args: argparse.Namespace) -> int:
    path = found_script(args.script)
    tests = Path(args.conversations) if args.conversations else conversations_of(path)
    try:
        text = tests.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(str(tests), f"the conversations cannot be read: {error}") from error
    script, conversations = load_script(path), read_conversations(text, str(tests))
    started = time.perf_counter()
    tried = [try_out(script, conversation) for conversation in conversations]
    took_ms = (time.perf_counter() - started) * 1000
    console = Console(soft_wrap=True)
    for one in tried:
        if args.verbose or one.differences:
            _print_tried(console, one, tests)
    different = sum(bool(one.differences) for one in tried)
    verdict = f"{different} differ" if different else "all as expected"
    console.print(
        f"{script.name}: {len(tried)} conversations, {verdict} ({took_ms:.0f} ms)", markup=False, highlight=False
    )
    return 1 if different else 0


def _print_tried(console: Console, tried: Tried, file: Path) -> None:
    lines = [f"{tried.conversation.name} ({file}:{tried.conversation.line})", *(f"    {line}" for line in tried.told)]
    for difference in tried.differences:
        lines += [
            f"  {file}:{difference.line}: {difference.what}",
            f"    - expected: {difference.expected}",
            f"    + found:    {difference.found}",
        ]
    console.print("\n".join(lines), markup=False, highlight=False)


def _draw(args: argparse.Namespace) -> int:
    script = load_script(found_script(args.script))
    chart = svg(script) if args.output is not None and args.output.endswith(".svg") else mermaid(script)
    if args.output is None:
        print(chart, end="")  # noqa: T201
        return 0
    try:
        Path(args.output).write_text(chart, encoding="utf-8")
    except OSError as error:
        raise BadInput(args.output, f"it cannot be written: {error}") from error
    return 0
