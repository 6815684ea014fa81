"""The real Rasa: installed, trained, served, and of one mind with its twin."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from crm_core.errors import BadInput, Unavailable
from ivr_bot.nlu import rasa_site
from ivr_bot.nlu.examples import Example
from ivr_bot.nlu.intent_model import IntentModel
from ivr_bot.nlu.judging import judged
from ivr_bot.nlu.ports import Ranker
from ivr_bot.nlu.rasa_client import RasaRanker
from ivr_bot.nlu.sentences import LANGUAGES, all_examples, held_out
from ivr_bot.nlu.training import SiteModel, site_model

pytestmark = pytest.mark.slow

_UP_WITHIN = 120.0


@dataclass(frozen=True, slots=True)
class Served:
    """A Rasa that runs, and the twin of the same sentences."""

    site: rasa_site.RasaSite
    rasa: RasaRanker
    url: str
    twin: SiteModel


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    home = tmp_path_factory.mktemp("home")
    site = rasa_site.rasa_site(os.environ, home)
    await rasa_site.install(site, os.environ, None, print)
    twin = await asyncio.to_thread(site_model, home, home / "models")
    model = await rasa_site.train(site, all_examples(home), twin.name, os.environ)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    serving = asyncio.create_task(rasa_site.serve(site, model, port, os.environ))
    async with aiohttp.ClientSession() as session:
        rasa = RasaRanker(session, url)
        try:
            await until_it_answers(rasa, serving)
            assert await rasa.model() == f"{twin.name}.tar.gz"
            yield Served(site, rasa, url, twin)
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
    with pytest.raises(OSError, match="refused"), socket.create_connection(("127.0.0.1", port), 1):
        pass


async def until_it_answers(rasa: RasaRanker, serving: asyncio.Task[int]) -> None:
    async with asyncio.timeout(_UP_WITHIN):
        while not serving.done():
            try:
                await rasa.model()
                return
            except Unavailable:
                await asyncio.sleep(0.5)
    raise AssertionError("Rasa ended at once")


async def patiently(rasa: RasaRanker, text: str) -> dict[str, float]:
    """On a busy machine one answer in a thousand may take longer than a caller would wait."""
    for _ in range(20):
        try:
            return dict(await rasa.rank(text))
        except Unavailable:
            await asyncio.sleep(0.2)
    raise AssertionError("no answer from Rasa")


async def test_rasa_and_its_twin_are_of_one_mind(served: Served) -> None:
    unknown = [(language, example) for language in LANGUAGES for example in held_out(language)]
    intents = set(served.twin.twin.intents)
    same = 0
    for language, example in unknown:
        of_rasa, of_twin = await patiently(served.rasa, example.text), served.twin.twin.ranking(example.text)
        assert of_rasa.keys() == of_twin.keys()
        assert of_rasa == pytest.approx(of_twin, abs=0.02), example.text
        decided = [judged(ranking, language, intents, served.twin.calibration).intent for ranking in (of_rasa, of_twin)]
        same += decided[0] == decided[1]
    assert same >= 0.995 * len(unknown)


async def test_the_bot_is_answered_by_rasa_and_by_its_twin_when_it_is_gone(served: Served) -> None:
    class Gone:
        name = "rasa"

        async def rank(self, plain: str) -> dict[str, float]:
            raise Unavailable(f"gone, asked for {plain}")

    engines: list[tuple[Ranker, str]] = [(served.rasa, "rasa"), (Gone(), "twin")]
    for ranker, name in engines:
        model = IntentModel(served.twin.twin, served.twin.calibration, ranker)
        found = [
            await model.parse("could you tell me who is calling please", "en", {"who_is_calling"}) for _ in range(5)
        ]
        assert {one.intent for one in found} == {"who_is_calling"}
        assert name in {one.engine for one in found}


async def test_a_running_rasa_takes_another_model_without_a_stop(served: Served) -> None:
    examples = [Example("yes", text) for text in ("yes", "yes sure", "oh yes")]
    examples += [Example("no", text) for text in ("no", "no never", "oh no")]
    try:
        other = await rasa_site.train(served.site, examples, "other", os.environ)
        await rasa_site.swap(served.url, other)
        assert await served.rasa.model() == "other.tar.gz"
        assert set(await patiently(served.rasa, "yes")) == {"yes", "no"}
        with pytest.raises(Unavailable, match="refuses"):
            await rasa_site.swap(served.url, served.site.models / "none.tar.gz")
    finally:
        await rasa_site.swap(served.url, served.site.model(served.twin.name))
    assert await served.rasa.model() == f"{served.twin.name}.tar.gz"


async def test_without_a_model_it_does_not_start(served: Served) -> None:
    with pytest.raises(BadInput, match="no such model"):
        await rasa_site.serve(served.site, served.site.model("none"), free_port(), os.environ)


async def test_where_it_is_not_installed_the_way_to_it_is_said(tmp_path: Path) -> None:
    site = rasa_site.RasaSite(tmp_path / "venv", tmp_path / "models")
    with pytest.raises(BadInput, match="rasa install"):
        await rasa_site.train(site, [Example("yes", "yes")], "x", os.environ)
    with pytest.raises(BadInput, match=r"needs Python 3\.10"):
        await rasa_site.install(site, os.environ, "/no/such/python", print)
    assert not site.is_installed
