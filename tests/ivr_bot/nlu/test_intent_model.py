"""The model of one process: what counts as understood, and what happens when Rasa is slow or gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from crm_core.errors import Unavailable
from ivr_bot.nlu.breaker import CircuitBreaker
from ivr_bot.nlu.intent_model import IntentModel
from ivr_bot.nlu.judging import Calibration, judged
from ivr_bot.nlu.ports import Ranking
from ivr_bot.nlu.rasa_client import RasaRanker

PLAIN = Calibration(sharpness=1.0, sure={"en": 0.6})


class Fixed:
    """An engine that always answers the same."""

    def __init__(self, name: str, ranking: Ranking) -> None:
        self.name, self._ranking = name, ranking
        self.asked: list[str] = []

    async def rank(self, plain: str) -> Ranking:
        self.asked.append(plain)
        return self._ranking


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_may_not_be_said_here_is_not_understood() -> None:
    ranking = {"yes": 0.3, "price": 0.7}
    assert judged(ranking, "en", {"yes", "price"}, PLAIN).intent == "price"
    assert judged(ranking, "en", {"yes"}, PLAIN).intent is None, "a question of the price is no yes"


def test_out_of_scope_is_never_an_answer() -> None:
    assert judged({"out_of_scope": 0.9, "yes": 0.1}, "en", {"yes", "out_of_scope"}, PLAIN).intent is None


def test_in_a_language_nobody_has_calibrated_nothing_is_understood() -> None:
    assert judged({"yes": 0.99, "no": 0.01}, "ko", {"yes"}, PLAIN).intent is None


def test_sharpness_makes_a_modest_model_surer() -> None:
    ranking = {"yes": 0.5, "no": 0.25, "price": 0.25}
    assert judged(ranking, "en", {"yes"}, PLAIN).intent is None
    sharp = judged(ranking, "en", {"yes"}, Calibration(2.0, {"en": 0.6}))
    assert sharp.intent == "yes"
    assert sharp.confidence == pytest.approx(0.25 / 0.375)


@given(st.dictionaries(st.sampled_from(["yes", "no", "price", "out_of_scope"]), st.floats(0, 1)), st.floats(0.5, 5))
def test_an_intent_is_only_reported_where_it_is_allowed_and_sure(ranking: dict[str, float], power: float) -> None:
    found = judged(ranking, "en", {"yes", "price"}, Calibration(power, {"en": 0.6}))
    assert 0 <= found.confidence <= 1 + 1e-9
    assert found.intent is None or (found.intent in {"yes", "price"} and found.confidence >= 0.6)


def test_the_breaker_rests_after_three_failures_and_lets_one_try() -> None:
    breaker = CircuitBreaker(failures=3, rest=30)
    assert [breaker.failed(1), breaker.failed(2), breaker.failed(3)] == [False, False, True]
    assert not breaker.allows(32.9)
    assert breaker.allows(33.1)
    assert not breaker.allows(33.2), "one tries, the others do not wait for it"
    assert not breaker.failed(33.4), "it is known already"
    assert not breaker.allows(60)
    assert breaker.allows(64)
    breaker.succeeded()
    assert breaker.allows(64.1)
    assert breaker.allows(64.2)


async def test_blank_text_means_nothing_and_asks_nobody() -> None:
    twin = Fixed("twin", {"yes": 1.0})
    for said in ("", "  ", "...", "/", " - "):
        assert (await IntentModel(twin, PLAIN).parse(said, "en", {"yes"})).intent is None
    assert twin.asked == []


async def test_a_slash_does_not_pass_the_model_by() -> None:
    twin = Fixed("twin", {"yes": 1.0})
    await IntentModel(twin, PLAIN).parse('/no{"a": 1}', "en", {"yes"})
    assert twin.asked == ["no a 1"]


@asynccontextmanager
async def answering(handler: Callable[[], web.Response], seconds: float = 0.0) -> AsyncIterator[RasaRanker]:
    """A server in Rasa's place, for what the real one does only when it is ill."""

    async def answer(_request: web.Request) -> web.Response:
        await asyncio.sleep(seconds)
        return handler()

    app = web.Application()
    app.router.add_post("/model/parse", answer)
    app.router.add_get("/status", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        async with aiohttp.ClientSession() as session:
            yield RasaRanker(session, f"http://127.0.0.1:{port}")
    finally:
        await runner.cleanup()


def good() -> web.Response:
    return web.json_response({"intent_ranking": [{"name": "price", "confidence": 0.9}]})


def ill(answer: str) -> AbstractAsyncContextManager[RasaRanker]:
    match answer:
        case "slow":
            return answering(good, seconds=2.0)
        case "error":
            return answering(lambda: web.Response(status=500))
        case "no json":
            return answering(lambda: web.Response(text="<html>", content_type="application/json"))
        case "a page":
            return answering(lambda: web.Response(text="<html>", content_type="text/html"))
        case "no model":
            return answering(lambda: web.json_response({"intent_ranking": []}))
        case _:
            return answering(lambda: web.json_response([1, 2]))


@pytest.mark.parametrize("illness", ["slow", "error", "no json", "a page", "no model", "something else"])
async def test_the_twin_answers_for_a_rasa_that_is_ill_and_it_is_left_alone(illness: str) -> None:
    twin, clock = Fixed("twin", {"yes": 1.0}), Clock()
    async with ill(illness) as rasa:
        with pytest.raises(Unavailable, match="Rasa at"):
            await rasa.rank("hello")
        model = IntentModel(twin, PLAIN, rasa, clock)
        for _ in range(3):
            assert (await model.parse("yes", "en", {"yes"})).engine == "twin"
        began = asyncio.get_running_loop().time()
        for _ in range(20):
            assert (await model.parse("yes", "en", {"yes"})).engine == "twin"
        assert asyncio.get_running_loop().time() - began < 0.3, "nobody waits for a server that is known to be ill"


async def test_rasa_answers_again_when_it_is_well() -> None:
    twin, clock = Fixed("twin", {"yes": 1.0}), Clock()
    answers = [web.Response(status=503) for _ in range(3)]
    async with answering(lambda: answers.pop() if answers else good()) as rasa:
        model = IntentModel(twin, PLAIN, rasa, clock)
        seen = [(await model.parse("what does it cost", "en", {"price"})).engine for _ in range(4)]
        assert seen == ["twin"] * 4
        clock.now = 31.0
        assert [(await model.parse("what does it cost", "en", {"price"})).engine for _ in range(2)] == ["rasa", "rasa"]


async def test_who_hangs_up_in_mid_question_says_nothing_of_rasa() -> None:
    twin, clock = Fixed("twin", {"yes": 1.0}), Clock()
    async with answering(good, seconds=0.1) as rasa:
        model = IntentModel(twin, PLAIN, rasa, clock)
        for _ in range(4):  # more than make the breaker rest
            asking = asyncio.create_task(model.parse("hm", "en", {"price"}))
            await asyncio.sleep(0.02)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        assert (await model.parse("hm", "en", {"price"})).engine == "rasa"


async def test_a_server_that_is_gone_is_said_to_be() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(Unavailable, match="cannot be asked"):
            await RasaRanker(session, "http://127.0.0.1:9").model()
