"""One running pair of Asterisks for all tests of this folder that ask for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.asterisk.asterisk import Pair, running_pair


@pytest.fixture(scope="session")
async def pair() -> AsyncIterator[Pair]:
    """PBX and network with registered phones. Shared: use channel ids and phones of your own, hang up what you began.

    Not below pytest's folder: the path of a socket in it would be too long."""
    with TemporaryDirectory(prefix="tl-") as folder:
        async with running_pair(Path(folder)) as running:
            yield running
