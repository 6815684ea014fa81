"""`trunkline bot unclear | label`, `trunkline nlu learn`: what the bot did not understand becomes what it knows."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from crm_core.db.engine import opened_database
from crm_core.domain.conversations import Label, UnclearTurn
from crm_core.errors import BadInput, CrmError
from crm_core.handlers import labels as handlers
from crm_core.settings import Settings
from ivr_bot.dialog.conversations import IntentOf, read_conversations, try_out
from ivr_bot.dialog.reading import load_script
from ivr_bot.dialog.shipped import conversations_of, shipped_scripts
from ivr_bot.nlu import rasa_site
from ivr_bot.nlu.examples import Example
from ivr_bot.nlu.sentences import all_examples
from ivr_bot.nlu.settings import nlu_settings_from_env

if TYPE_CHECKING:  # scikit-learn takes a second to load
    from ivr_bot.nlu.learning import Lesson
    from ivr_bot.nlu.training import SiteModel


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
    async with opened_database(settings.database_url) as database:
        labels = await handlers.labels_to_learn(database)
        if not labels:
            console.print("There is nothing new to learn. `trunkline bot label` gives labels.", markup=False)
            return 0
        with console.status(f"learning {len(labels)} sentences ..."):
            lesson = await asyncio.to_thread(_lesson, labels, settings)
        if lesson.taken:
            await handlers.note_learned(database, labels, datetime.now(UTC))
    for language, after in lesson.after.items():
        before = lesson.before[language]
        told = f"{before.right} to {after.right} of {after.sentences} right, {before.accepted} to {after.accepted} of"
        console.print(f"{language}: {told} {after.outside} wrongly accepted", markup=False, highlight=False)
    if not lesson.taken:
        console.print(f"Not taken: {lesson.why}. The model in use stays.", markup=False)
        return 1
    console.print(f"Learned {len(labels)}. The running bot takes the new model up by itself.", markup=False)
    await _teach_rasa(lesson, settings, console)
    return 0


async def _teach_rasa(lesson: Lesson, settings: Settings, console: Console) -> None:
    """Rasa gets the same model; where it does not run or is not installed, its twin goes on."""
    nlu = nlu_settings_from_env(os.environ, settings.home)
    site = rasa_site.rasa_site(os.environ, settings.home)
    if nlu.rasa_url is None or not site.is_installed:
        return
    try:
        examples = await asyncio.to_thread(all_examples, nlu.own)
        model = await rasa_site.train(site, examples, lesson.model.name, os.environ)
        await rasa_site.swap(nlu.rasa_url, model)
    except CrmError as error:
        console.print(f"Rasa keeps its old model: {error}", markup=False)
    else:
        console.print("Rasa has it too.", markup=False)


def _lesson(labels: Sequence[Label], settings: Settings) -> Lesson:
    from ivr_bot.nlu.learning import learn

    nlu = nlu_settings_from_env(os.environ, settings.home)
    new: dict[str, list[Example]] = defaultdict(list)
    for label in labels:
        new[label.language].append(Example(label.intent, label.text))
    return learn(nlu.own, nlu.kept, new, lambda model: _differing(model, settings.home / "scripts"))


def _differing(model: SiteModel, own_scripts: Path) -> list[str]:
    """Conversations of the shipped and the site's own scripts that do not go as expected."""
    names: list[str] = []
    for path in (*shipped_scripts(), *sorted(own_scripts.glob("*.yml"))):
        tests = conversations_of(path)
        if path.name.endswith(".test.yml") or not tests.is_file():
            continue
        script = load_script(path)
        for conversation in read_conversations(tests.read_text(encoding="utf-8"), str(tests)):
            if try_out(script, conversation, intent_of(model, conversation.language)).differences:
                names.append(f"{path.stem}: {conversation.name}")
    return names


def intent_of(model: SiteModel, language: str) -> IntentOf:
    """A model, as a script's conversations in a language ask it."""
    from ivr_bot.nlu.examples import plain
    from ivr_bot.nlu.judging import judged

    def asked(text: str, among: Collection[str]) -> tuple[str | None, float]:
        said = plain(text)
        if not said:
            return None, 0.0
        found = judged(model.twin.ranking(said), language, among, model.calibration)
        return found.intent, found.confidence

    return asked


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
