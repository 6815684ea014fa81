"""`trunkline nlu`: the intent model: what it knows, how good it is, and Rasa as its service."""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import aiohttp
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from crm_core.cli.learning import add_learn_command
from crm_core.errors import BadInput, Unavailable
from crm_core.settings import Settings
from ivr_bot.nlu import rasa_site
from ivr_bot.nlu.examples import plain
from ivr_bot.nlu.rasa_client import RasaRanker
from ivr_bot.nlu.sentences import LANGUAGES, all_examples, held_out, name_of
from ivr_bot.nlu.settings import NluSettings, nlu_settings_from_env

if TYPE_CHECKING:  # scikit-learn takes a second to load: only where a model is asked
    from ivr_bot.nlu.measuring import Score
    from ivr_bot.nlu.training import SiteModel

_PORT = 5005
_UP_WITHIN = 90.0  # seconds


def add_nlu_commands(subparsers: Any) -> None:
    """`nlu train | score | parse | learn | rasa`."""
    parser = subparsers.add_parser("nlu", help="the infobot's intent model: train, measure, ask it; Rasa")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("train", help="train on the shipped sentences and the site's own").set_defaults(run=_train)
    commands.add_parser("score", help="measure on sentences it does not know").set_defaults(run=_score)
    parsing = commands.add_parser("parse", help="what the model makes of a sentence")
    parsing.add_argument("sentence", nargs="+")
    parsing.set_defaults(run=_parse)
    add_learn_command(commands)
    rasa = commands.add_parser("rasa", help="Rasa as a service of its own").add_subparsers(
        required=True, metavar="COMMAND"
    )
    installing = rasa.add_parser("install", help="install Rasa beside Trunkline (1.7 GB, needs a Python 3.10)")
    installing.add_argument("--python", metavar="FILE", help="the Python 3.10 to use (default: look for one)")
    installing.set_defaults(run=_rasa_install)
    rasa.add_parser("train", help="train Rasa on the same sentences").set_defaults(run=_rasa_train)
    serving = rasa.add_parser("up", help="run Rasa on 127.0.0.1 until Ctrl-C")
    serving.add_argument("--port", type=int, default=_PORT)
    serving.set_defaults(run=_rasa_up)
    asking = rasa.add_parser("status", help="whether Rasa answers, and with which model")
    asking.add_argument("--url", help=f"default: RASA_URL, else http://127.0.0.1:{_PORT}")
    asking.set_defaults(run=_rasa_status)


async def _train(_args: argparse.Namespace, settings: Settings) -> int:
    console = Console()
    with console.status("training ..."):
        found = await _model(_nlu(settings))
    examples = all_examples(_nlu(settings).own)
    intents = Counter(example.intent for example in examples)
    console.print(f"Model {found.name}: {len(examples)} sentences, {len(intents)} intents.", highlight=False)
    bars = ", ".join(f"{language} {sure:.0%}" for language, sure in found.calibration.sure.items())
    console.print(f"An intent counts from this on: {bars}.", highlight=False)
    return 0


async def _score(_args: argparse.Namespace, settings: Settings) -> int:
    from ivr_bot.nlu.measuring import measured

    console = Console()
    with console.status("measuring ..."):
        found = await _model(_nlu(settings))
        scores = {language: measured(found, language, held_out(language)) for language in LANGUAGES}
    table = Table("Language", *(Column(title, justify="right") for title in _COLUMNS))
    for language, score in scores.items():
        table.add_row(language, *_told(score))
    console.print(table)
    for language, score in scores.items():
        for text, meant, taken in score.mistakes[:5]:
            console.print(f"{language}: {text!r} is {meant}, taken for {taken}", markup=False, highlight=False)
    return 0


_COLUMNS = ("sentences", "right", "not understood", "taken for another", "none of them", "of these taken")


def _told(score: Score) -> tuple[str, ...]:
    return (
        str(score.sentences),
        f"{score.right / score.sentences:.1%}",
        f"{score.refused / score.sentences:.1%}",
        f"{score.wrong / score.sentences:.1%}",
        str(score.outside),
        f"{score.accepted / score.outside:.1%}",
    )


async def _parse(args: argparse.Namespace, settings: Settings) -> int:
    said = plain(" ".join(args.sentence))
    if not said:
        raise BadInput("sentence", "there is no word in it", "Write what a caller says")
    found = await _model(_nlu(settings))
    table = Table("Intent", Column("", justify="right"))
    for intent, share in sorted(found.twin.ranking(said).items(), key=lambda item: -item[1])[:5]:
        table.add_row(escape(intent), f"{share:.0%}")
    Console().print(table)
    return 0


async def _rasa_install(args: argparse.Namespace, settings: Settings) -> int:
    console = Console()
    site = rasa_site.rasa_site(os.environ, settings.home)

    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False)

    with console.status("installing Rasa, about a minute ..."):
        await rasa_site.install(site, os.environ, args.python, say)
    return 0


async def _rasa_train(_args: argparse.Namespace, settings: Settings) -> int:
    console = Console()
    site = rasa_site.rasa_site(os.environ, settings.home)
    examples = await asyncio.to_thread(all_examples, _nlu(settings).own)
    with console.status("training Rasa ..."):
        model = await rasa_site.train(site, examples, name_of(examples), os.environ)
    console.print(f"Trained: {model}", markup=False, highlight=False, soft_wrap=True)
    return 0


async def _rasa_up(args: argparse.Namespace, settings: Settings) -> int:
    site = rasa_site.rasa_site(os.environ, settings.home)
    model = site.model(name_of(await asyncio.to_thread(all_examples, _nlu(settings).own)))
    serving = asyncio.create_task(rasa_site.serve(site, model, args.port, os.environ), name="rasa")
    console = Console(soft_wrap=True)
    try:
        await _wait_until_up(serving, f"http://127.0.0.1:{args.port}", model.name)
        told = f"Rasa answers on http://127.0.0.1:{args.port}; set RASA_URL to it. Ctrl-C ends it."
        console.print(told, markup=False, highlight=False)
        return await serving
    except Unavailable as error:
        raise Unavailable(f"{error}. What it said: {site.log}") from error
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def _wait_until_up(serving: asyncio.Task[int], url: str, model: str) -> None:
    deadline = time.monotonic() + _UP_WITHIN
    async with aiohttp.ClientSession() as session:
        while not serving.done():
            try:
                loaded = await RasaRanker(session, url).model()
            except Unavailable as error:
                if time.monotonic() > deadline:
                    raise Unavailable(f"Rasa is not up after {_UP_WITHIN:g} s: {error}") from error
                await asyncio.sleep(0.5)
                continue
            if loaded != model:
                raise Unavailable(f"{url} is another Rasa, with model {loaded}: choose another --port")
            return
    serving.result()
    raise Unavailable("Rasa ended at once")


async def _rasa_status(args: argparse.Namespace, settings: Settings) -> int:
    nlu = _nlu(settings)
    url = args.url or nlu.rasa_url or f"http://127.0.0.1:{_PORT}"
    wanted = f"{name_of(await asyncio.to_thread(all_examples, nlu.own))}.tar.gz"
    async with aiohttp.ClientSession() as session:
        loaded = await RasaRanker(session, url).model()
    same = "the one trained on today's sentences" if loaded == wanted else f"not today's, which is {wanted}"
    Console(soft_wrap=True).print(f"Rasa at {url} has model {loaded}: {same}.", markup=False, highlight=False)
    return 0 if loaded == wanted else 1


def _nlu(settings: Settings) -> NluSettings:
    return nlu_settings_from_env(os.environ, settings.home)


async def _model(nlu: NluSettings) -> SiteModel:
    from ivr_bot.nlu.training import site_model

    return await asyncio.to_thread(site_model, nlu.own, nlu.kept)
