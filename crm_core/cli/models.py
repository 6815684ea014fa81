"""`trunkline models`: the recognisers' models, which there are and which stand ready, and how to get one."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table

from crm_core.settings import Settings
from ivr_bot.speech.fetch import fetch_model
from ivr_bot.speech.models import ModelState, places, states
from ivr_bot.speech.settings import SpeechSettings, speech_settings_from_env


def add_model_commands(subparsers: Any) -> None:
    """`models list | fetch`."""
    parser = subparsers.add_parser("models", help="speech recognition models: which there are, get one")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("list", help="known models per language, and where they stand").set_defaults(run=_list)
    fetching = commands.add_parser("fetch", help="get a vosk model")
    fetching.add_argument(
        "model", metavar="NAME|URL|FILE", help="a name (VOSK_MODELS_URL), an address, or a zip at hand"
    )
    fetching.add_argument("--sha256", help="what the zip must have")
    fetching.set_defaults(run=_fetch)


async def _list(_args: argparse.Namespace, settings: Settings) -> int:
    where = places(_speech(settings).models_folder, os.environ)
    table = Table("Language", "Model", "Engine", "MB", "State", "Note")
    for state in states(where):
        model = state.model
        size = str(model.megabytes or "")
        table.add_row(model.language, escape(model.name), model.engine, size, escape(_said(state)), escape(model.note))
    console = Console()
    console.print(table)
    console.print(f"Looked for in {', '.join(str(place) for place in where)}", markup=False, highlight=False)
    return 0


async def _fetch(args: argparse.Namespace, settings: Settings) -> int:
    speech = _speech(settings)
    console = Console()
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(Path(args.model).name, total=None)
        fetched = await fetch_model(
            args.model,
            speech.models_folder,
            site=speech.vosk_models_url,
            sha256=args.sha256,
            progress=lambda got, of: bar.update(task, completed=got, total=of),
        )
    console.print(f"{fetched.folder.name} stands in {fetched.folder.parent}.", markup=False, highlight=False)
    if fetched.upsampling_added:
        console.print("It refused telephone audio: --allow-upsample=true was added to its settings.")
    return 0


def _said(state: ModelState) -> str:
    if state.found is None:
        return "not here"
    return state.fault or "ready"


def _speech(settings: Settings) -> SpeechSettings:
    return speech_settings_from_env(os.environ, settings.home)
