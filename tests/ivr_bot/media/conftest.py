"""One running pair of Asterisks for the tests of the bot's media, and the lines they are run on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.asterisk.asterisk import Pair, running_pair
from tests.ivr_bot.media.lines import AsteriskLine, FakeLine, Line, asterisk_line


@pytest.fixture(scope="session")
async def pair() -> AsyncIterator[Pair]:
    """PBX and network. Not below pytest's folder: the path of a socket in it would be too long."""
    with TemporaryDirectory(prefix="tl-") as folder:
        async with running_pair(Path(folder)) as running:
            yield running


@pytest.fixture(params=["websocket", "audiosocket"])
async def real_line(request: pytest.FixtureRequest, pair: Pair) -> AsyncIterator[AsteriskLine]:
    async with asterisk_line(pair, request.param) as opened:
        yield opened


@pytest.fixture(params=["fake", "websocket", "audiosocket"])
def kind(request: pytest.FixtureRequest) -> str:
    """What carries the calls of a contract test."""
    return str(request.param)


@pytest.fixture
def pair_of_kind(kind: str, request: pytest.FixtureRequest) -> Pair | None:
    """Asterisk is started when first asked for."""
    if kind == "fake":
        return None
    pair: Pair = request.getfixturevalue("pair")
    return pair


@pytest.fixture
async def line(kind: str, pair_of_kind: Pair | None) -> AsyncIterator[Line]:
    if pair_of_kind is None:
        yield FakeLine()
        return
    async with asterisk_line(pair_of_kind, kind) as opened:
        yield opened
