"""`trunkline bot unclear | label`, `trunkline nlu learn`: what the bot did not understand becomes what it knows."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from crm_core.db.engine import opened_database
from crm_core.domain.conversations import UnclearTurn
from crm_core.errors import BadInput
from crm_core.handlers import labels as handlers
from crm_core.settings import Settings
from ivr_bot.nlu.sentences import all_examples
from ivr_bot.nlu.settings import nlu_settings_from_env
from ivr_bot.nlu.teaching import teach, teach_rasa
from ivr_bot.settings import own_folders


def add_label_commands(commands: Any) -> None:
    """`unclear | label`, for `trunkline bot`."""
    listing = commands.add_parser("unclear", help="what the bot did not understand, and where to listen to it")
    listing.add_argument("--limit", type=int, default=30)
    listing.set_defaults(run=_unclear)
    labelling = commands.add_parser("label", help="say what an unclear turn means; without a turn, one after the other")
    labelling.add_argument("turn", nargs="?", metavar="CALL:PLACE", help="as `bot unclear` lists it")
    labelling.add_argument("intent", nargs="?", help="what it means; out_of_scope: none of the intents")
    labelling.add_argument("--said", help="what was really said, where the recogniser misheard")
    labelling.set_defaults(run=_label)


def add_learn_command(commands: Any) -> None:
    """`learn`, for `trunkline nlu`."""
    learning = commands.add_parser("learn", help="learn from the labels, if the model gets no worse by them")
    learning.set_defaults(run=_learn)


async def _unclear(args: argparse.Namespace, settings: Settings) -> int:
    async with opened_database(settings.database_url) as database:
        found, waiting = await handlers.list_unclear(database, args.limit)
    console = Console()
    if not found:
        console.print("Nothing waits for a label: whatever was said was understood.")
        return 0
    columns = (Column("Turn", overflow="fold"), "Language", "Script, question", Column("Heard", overflow="fold"))
    table = Table(*columns, Column("Recording", overflow="fold"))
    for turn in found:
        where = f"{turn.script}, {turn.node}"
        table.add_row(_id(turn), turn.language, escape(where), escape(turn.text), escape(_recording(turn, settings)))
    console.print(table)
    more = f" ({waiting} in all)" if waiting > len(found) else ""
    console.print(f"`trunkline bot label` goes through them{more}.", markup=False, highlight=False)
    return 0


async def _label(args: argparse.Namespace, settings: Settings) -> int:
    known = await asyncio.to_thread(_intents, settings)
    console = Console(soft_wrap=True)
    async with opened_database(settings.database_url) as database:
        if args.turn is not None:
            if args.intent is None:
                raise BadInput("intent", "none given", f"Write one of {', '.join(known)}")
            call_id, position = _parted(args.turn)
            now = datetime.now(UTC)
            label = await handlers.put_label(database, call_id, position, args.intent, known, now, args.said)
            console.print(f"{label.text!r} means {label.intent}. `trunkline nlu learn` teaches it.", markup=False)
            return 0
        found, _ = await handlers.list_unclear(database, 1000)
        console.print(f"{len(found)} wait. An intent, Enter to skip, q to end. {', '.join(known)}", markup=False)
        labelled = 0
        for turn in found:
            answer = await asyncio.to_thread(_asked, console, turn, known, settings)
            if answer is None:
                break
            if answer:
                now = datetime.now(UTC)
                await handlers.put_label(database, turn.call_id, turn.position, answer, known, now)
                labelled += 1
    console.print(f"{labelled} labelled. `trunkline nlu learn` teaches them.", markup=False)
    return 0


def _asked(console: Console, turn: UnclearTurn, known: Collection[str], settings: Settings) -> str | None:
    """An intent, nothing (skip), or None (no more)."""
    heard = f"{turn.text!r} at {turn.script}, {turn.node} {_recording(turn, settings)}"
    console.print(heard, markup=False, highlight=False)
    while True:
        try:
            answer = console.input("  means: ").strip()
        except EOFError:
            return None
        if answer == "q":
            return None
        if not answer or answer in known:
            return answer
        console.print(f"  There is no {answer!r}.", markup=False)


async def _learn(_args: argparse.Namespace, settings: Settings) -> int:
    console = Console(soft_wrap=True)
    nlu = nlu_settings_from_env(os.environ, settings.home)
    scripts, _ = own_folders(os.environ, settings.home)
    async with opened_database(settings.database_url) as database:
        labels = await handlers.labels_to_learn(database)
        if not labels:
            console.print("There is nothing new to learn. `trunkline bot label` gives labels.", markup=False)
            return 0
        with console.status(f"learning {len(labels)} sentences ..."):
            lesson = await teach(nlu, scripts, labels, lambda _done, _whole: None)
        if lesson.taken:
            await handlers.note_learned(database, labels, datetime.now(UTC))
    for before, after in zip(lesson.before, lesson.after, strict=True):
        told = f"{before.right} to {after.right} of {after.sentences} right, {before.accepted} to {after.accepted} of"
        console.print(f"{after.language}: {told} {after.outside} wrongly accepted", markup=False, highlight=False)
    if not lesson.taken:
        console.print(f"Not taken: {lesson.why}. The model in use stays.", markup=False)
        return 1
    console.print(f"Learned {len(labels)}. The running bot takes the new model up by itself.", markup=False)
    if await teach_rasa(nlu, os.environ, settings.home):
        console.print("Rasa has it too.", markup=False)
    return 0


def _intents(settings: Settings) -> list[str]:
    nlu = nlu_settings_from_env(os.environ, settings.home)
    return sorted({example.intent for example in all_examples(nlu.own)})


def _parted(turn: str) -> tuple[str, int]:
    call_id, _, position = turn.rpartition(":")
    if not call_id or not position.isdecimal():
        raise BadInput("turn", f"{turn!r} names no turn", "Write CALL:PLACE, as `trunkline bot unclear` lists it")
    return call_id, int(position)


def _id(turn: UnclearTurn) -> str:
    return f"{turn.call_id}:{turn.position}"


def _recording(turn: UnclearTurn, settings: Settings) -> str:
    if turn.recording is None or turn.at_second is None:
        return "not recorded"
    return f"{settings.recordings / turn.recording}#t={turn.at_second:.1f}"
