"""`trunkline bot`: check a script, try its conversations out, draw it."""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from crm_core.cli.learning import add_label_commands
from crm_core.errors import BadInput
from crm_core.log import set_up_logging
from crm_core.settings import settings_from_env
from ivr_bot.dialog.conversations import Conversation, IntentOf, Tried, read_conversations, try_out
from ivr_bot.dialog.drawing import mermaid
from ivr_bot.dialog.marks import BadScript
from ivr_bot.dialog.reading import load_script
from ivr_bot.dialog.script import Script
from ivr_bot.dialog.shipped import conversations_of, found_script, shipped_scripts
from ivr_bot.dialog.svg import svg
from ivr_bot.nlu.settings import nlu_settings_from_env


def add_bot_commands(subparsers: Any) -> None:
    """`bot list | check | test | draw | unclear | label`."""
    parser = subparsers.add_parser("bot", help="the infobot's scripts: check, try out, draw")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("list", help="the shipped scripts").set_defaults(handler=_list)
    checking = commands.add_parser("check", help="say what is wrong with scripts, by file and line")
    checking.add_argument("scripts", nargs="+", metavar="FILE", help="script files, or names of shipped scripts")
    checking.set_defaults(handler=_check)
    testing = commands.add_parser("test", help="run a script's conversations as text, or by voice")
    testing.add_argument("script", metavar="FLOW", help="a script file, or the name of a shipped script")
    testing.add_argument("--conversations", metavar="FILE", help="default: FLOW.test.yml beside the script")
    testing.add_argument(
        "-v", "--verbose", action="store_true", help="show every conversation, not only those that differ"
    )
    _add_voice_options(testing)
    testing.set_defaults(handler=_test)
    add_label_commands(commands)
    drawing = commands.add_parser("draw", help="the script as a Mermaid flow chart or an SVG picture")
    drawing.add_argument("script", metavar="FLOW", help="a script file, or the name of a shipped script")
    drawing.add_argument("-o", "--output", metavar="FILE", help="write here, as a picture if the name ends in .svg")
    drawing.set_defaults(handler=_draw)


def _add_voice_options(testing: argparse.ArgumentParser) -> None:
    testing.add_argument("--only", metavar="TEXT", help="conversations whose name holds this")
    testing.add_argument("--language", metavar="en", help="conversations that begin in this language")
    testing.add_argument(
        "--intents",
        action="store_true",
        help="as text: ask the intent model too where the rules see nothing, as in calls",
    )
    voice = testing.add_argument_group("by voice")
    voice.add_argument(
        "--voice",
        action="store_true",
        help="through a real Asterisk with callers that speak; what the database wrote down is compared",
    )
    voice.add_argument("--at-once", type=_count, default=10, metavar="N", help="conversations at a time (default: 10)")
    voice.add_argument(
        "--tries", type=_count, default=2, metavar="N", help="calls for one with a misheard line (default: 2)"
    )
    voice.add_argument("--times", metavar="FILE", help="write when everybody spoke, as JSON")


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 100")
    return int(text)


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
    script, conversations = load_script(path), _chosen(read_conversations(text, str(tests)), args)
    if args.voice:
        return _test_by_voice(args, script, path, tests, conversations)
    intents = _intents() if args.intents else None
    started = time.perf_counter()
    tried = [try_out(script, one, None if intents is None else intents(one.language)) for one in conversations]
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


def _intents() -> Callable[[str], IntentOf]:
    """The site's intent model, as conversations in a language ask it."""
    from ivr_bot.nlu.script_tests import intent_of
    from ivr_bot.nlu.training import site_model

    nlu = nlu_settings_from_env(os.environ, settings_from_env(os.environ).home)
    model = site_model(nlu.own, nlu.kept)
    return lambda language: intent_of(model, language)


def _chosen(conversations: Sequence[Conversation], args: argparse.Namespace) -> list[Conversation]:
    chosen = [
        one
        for one in conversations
        if (args.only is None or args.only.casefold() in one.name.casefold()) and args.language in (None, one.language)
    ]
    if not chosen:
        raise BadInput(args.script, "no conversation is like that", "Leave out --only or --language, or change them")
    return chosen


def _test_by_voice(
    args: argparse.Namespace, script: Script, path: Path, tests: Path, conversations: Sequence[Conversation]
) -> int:
    # Here, not above: it brings the whole service with it, and numpy.
    from crm_core.voice_test.run import VoiceTest, log_file, run_by_voice

    settings = settings_from_env(os.environ)
    set_up_logging(json_lines=settings.log_json, show_numbers=settings.log_numbers, file=log_file(settings))
    times = Path(args.times) if args.times else None
    test = VoiceTest(script, path.resolve(), tests, conversations, args.at_once, args.tries, args.verbose, times)
    report = asyncio.run(run_by_voice(test, settings, Console()))
    return 0 if report.good else 1


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
