"""Short-lived programs."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pytest

from crm_core.errors import Unavailable
from ivr_bot.speech.programs import run_program

_LONG = timedelta(seconds=30)


async def test_the_text_is_on_its_input(tmp_path: Path) -> None:
    script = f"import sys; open({str(tmp_path / 'out')!r}, 'w').write(sys.stdin.read())"
    await run_program("it", (sys.executable, "-c", script), "привет", _LONG)
    assert (tmp_path / "out").read_text() == "привет"


async def test_one_that_hangs_is_ended() -> None:
    script = "import time; time.sleep(3600)"
    with pytest.raises(Unavailable, match=r"it took longer than 0\.2 s"):
        await run_program("it", (sys.executable, "-c", script), "", timedelta(seconds=0.2))


async def test_a_fault_is_told_with_its_last_words_or_its_exit_code() -> None:
    with pytest.raises(Unavailable, match="it failed: no voice"):
        await run_program("it", (sys.executable, "-c", "import sys; sys.exit('no voice')"), "", _LONG)
    with pytest.raises(Unavailable, match="exit code 3"):
        await run_program("it", (sys.executable, "-c", "import sys; sys.exit(3)"), "", _LONG)


async def test_one_that_does_not_read_its_input_is_no_fault() -> None:
    await run_program("it", (sys.executable, "-c", "pass"), "x" * 1_000_000, _LONG)


async def test_one_that_is_not_there_is_told() -> None:
    with pytest.raises(Unavailable, match="it cannot be started"):
        await run_program("it", ("/no/such/program",), "", _LONG)
