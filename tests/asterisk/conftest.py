"""One running pair of Asterisks for all tests of this folder, and a service on an empty database for each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.asterisk.asterisk import Pair, running_pair
from tests.asterisk.scene import Scene, opened_scene


@pytest.fixture(scope="session")
async def pair() -> AsyncIterator[Pair]:
    """PBX and network with registered phones. Not below pytest's folder: a socket's path in it would be too long."""
    with TemporaryDirectory(prefix="tl-") as folder:
        async with running_pair(Path(folder)) as running:
            yield running


@pytest.fixture
async def scene(pair: Pair, tmp_path: Path, sqlite_url: str) -> AsyncIterator[Scene]:
    """The whole service on SQLite, nothing in its database but what is shipped, and a trunk.

    What keeps browsers' phones in step with log-ins is left out (test_shift.py has it): phones are opened here that
    are nobody's.
    """
    async with opened_scene(pair, tmp_path, sqlite_url, without=("browser phones",)) as opened:
        yield opened
