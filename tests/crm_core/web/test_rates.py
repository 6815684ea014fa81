"""One contract for both ways of counting requests, in the process and in Redis; then what only Redis can suffer."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from crm_core.composing import count_together
from crm_core.domain.access import Role
from crm_core.errors import TooMany
from crm_core.rates import RedisRateLimit
from crm_core.streams import redis_client
from crm_core.web.api.mount import BURST as BURST_OF_THE_API
from crm_core.web.api.serving import LIMIT
from crm_core.web.limits import OwnRateLimit, RateLimit
from tests.crm_core.web.conftest import Login, Site
from tests.servers import RedisServer, free_port

RATE, BURST = 2.0, 5


@dataclass
class Clock:
    """Seconds, gone forward by hand."""

    at: float = 1_000_000.0

    def __call__(self) -> float:
        return self.at


Make = Callable[[Clock], RateLimit]


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    opened = redis_client(redis_url)
    try:
        yield opened
    finally:
        await opened.aclose()


@pytest.fixture(params=["in process", "redis"])
def make(request: pytest.FixtureRequest) -> Make:
    """Makes an empty count."""
    if request.param == "in process":
        return lambda clock: OwnRateLimit(RATE, BURST, clock)
    client: Redis = request.getfixturevalue("client")
    return lambda clock: _shared(client, clock, f"test:{uuid.uuid4()}")


def _shared(client: Redis, clock: Clock | None, name: str) -> RedisRateLimit:
    return RedisRateLimit(client, RATE, BURST, _Never(), name=name, clock=clock)


class _Never:
    """No count that Redis should have fallen back to."""

    async def take(self, key: str) -> int:
        raise AssertionError(f"{key} was counted outside of Redis")


async def _taken(limit: RateLimit, key: str = "7") -> int | str:
    try:
        return await limit.take(key)
    except TooMany as error:
        return f"in {error.seconds} s"


async def test_so_many_at_once_then_a_steady_rate(make: Make) -> None:
    clock = Clock()
    limit = make(clock)
    assert [await _taken(limit) for _ in range(6)] == [4, 3, 2, 1, 0, "in 1 s"]
    clock.at += 0.5
    assert [await _taken(limit) for _ in range(2)] == [0, "in 1 s"]
    clock.at += 1.0
    assert [await _taken(limit) for _ in range(3)] == [1, 0, "in 1 s"]
    clock.at += 3600  # more than a burst is not saved up
    assert [await _taken(limit) for _ in range(6)] == [4, 3, 2, 1, 0, "in 1 s"]


async def test_each_asker_has_a_count_of_his_own(make: Make) -> None:
    limit = make(Clock())
    assert [await _taken(limit, "7") for _ in range(6)][-1] == "in 1 s"
    assert await _taken(limit, "8") == 4


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([0.0, 0.1, 0.5, 1.0, 4.0]), min_size=1, max_size=25))
async def test_never_more_than_the_burst_and_what_came_since(make: Make, pauses: list[float]) -> None:
    clock = Clock()
    limit, given_out, began = make(clock), 0, clock.at
    for pause in pauses:
        clock.at += pause
        given_out += isinstance(await _taken(limit), int)
    assert given_out <= BURST + (clock.at - began) * RATE
    assert given_out >= min(len(pauses), BURST)


# --- Redis ----------------------------------------------------------------------------------------------------
async def test_processes_count_together_by_the_clock_of_redis(client: Redis, redis_url: str) -> None:
    name, other = f"test:{uuid.uuid4()}", redis_client(redis_url)
    try:
        one, two = (RedisRateLimit(c, 0.001, BURST, _Never(), name=name) for c in (client, other))
        taken = [await _taken(limit) for limit in (one, two, one, two, one, two)]
    finally:
        await other.aclose()
    assert taken[:5] == [4, 3, 2, 1, 0]
    assert str(taken[5]).startswith("in ")
    assert 0 < await client.pttl(f"{name}:7") <= 1000 * BURST / 0.001 + 1000  # it goes by itself


async def test_a_clock_that_is_behind_gives_nothing_twice(client: Redis) -> None:
    ahead, behind = Clock(), Clock(1_000_000.0 - 30)
    name = f"test:{uuid.uuid4()}"
    one, two = _shared(client, ahead, name), _shared(client, behind, name)
    assert [await _taken(limit) for limit in (one, two, one, two, one, two)][4:] == [0, "in 1 s"]
    behind.at += 29
    assert await _taken(two) == "in 1 s"
    ahead.at += 1
    assert await _taken(one) == 1


async def test_while_redis_is_away_the_process_counts_by_itself(caplog: pytest.LogCaptureFixture) -> None:
    client = redis_client(f"redis://127.0.0.1:{free_port()}/0")
    try:
        limit = RedisRateLimit(client, RATE, BURST, OwnRateLimit(RATE, BURST, Clock()))
        assert [await _taken(limit) for _ in range(6)] == [4, 3, 2, 1, 0, "in 1 s"]
    finally:
        await client.aclose()
    assert [r.message for r in caplog.records] == ["requests are counted per process for now"]  # it is asked once


async def test_a_redis_that_lost_all_starts_with_full_counts() -> None:
    server = RedisServer()
    try:
        server.start()
        client = redis_client(server.url)
        limit = _shared(client, Clock(), "test")
        assert [await _taken(limit) for _ in range(6)][-1] == "in 1 s"
        await client.flushall()
        await client.script_flush()
        assert await _taken(limit) == 4
        await client.aclose()
    finally:
        server.close()


@pytest.fixture
def app_parts() -> dict[Any, Any]:
    return {LIMIT: OwnRateLimit(RATE, 2, Clock())}


async def test_the_api_says_when_to_ask_again(web_site: Site, login: Login) -> None:
    me = await login(Role.SELLER)
    answers = [await me.get("/api/v1/me") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[2].headers["Retry-After"] == "1"


async def test_applications_with_a_redis_count_together(redis_url: str) -> None:
    apps = [web.Application(), web.Application()]
    for app in apps:
        app[LIMIT] = _Never()
        count_together(app, redis_url)
    user = f"{uuid.uuid4()}"
    left = [await app[LIMIT].take(user) for app in apps]
    assert left == [BURST_OF_THE_API - 1, BURST_OF_THE_API - 2]
    for app in apps:
        app.freeze()
        await app.cleanup()
