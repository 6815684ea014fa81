"""A program that stays: it leaves when nobody asks, and what it says about a fault is told."""

from __future__ import annotations

import asyncio
import re
import sys
from datetime import timedelta

import pytest

from crm_core.errors import Unavailable
from ivr_bot.speech.resident import ResidentProgram

_DONE = re.compile("done ")
_ECHO = """
import os, sys
for line in sys.stdin:
    if line.strip() == "loud":
        sys.stderr.write("x" * 200_000)
    print("thinking about", line.strip(), file=sys.stderr)
    print("done", os.getpid(), line.strip(), file=sys.stderr, flush=True)
    if line.strip() == "last":
        sys.exit(1)
"""


def program(idle: float = 600.0) -> ResidentProgram:
    within = timedelta(seconds=20)
    return ResidentProgram("echo", (sys.executable, "-c", _ECHO), _DONE, within, timedelta(seconds=idle))


async def test_it_stays_between_texts_and_is_ended() -> None:
    one = program()
    answers = [await one.ask(text) for text in ("a", "b")]
    assert {answer.split()[0] for answer in answers} == {answers[0].split()[0]}
    assert [answer.split()[1] for answer in answers] == ["a", "b"]
    process = one._process
    assert process is not None
    await one.close()
    assert process.returncode == 0


async def test_it_leaves_when_nobody_asks_for_long_and_comes_back() -> None:
    one = program(idle=0.05)
    first = await one.ask("a")
    process = one._process
    assert process is not None
    assert await process.wait() == 0
    assert (await one.ask("a")).split()[0] != first.split()[0]
    await one.close()


async def test_one_that_has_ended_is_started_anew() -> None:
    one = program()
    first = await one.ask("last")
    process = one._process
    assert process is not None
    await process.wait()
    assert (await one.ask("a")).split()[0] != first.split()[0]
    await one.close()


async def test_a_line_without_end_is_a_fault() -> None:
    one = program()
    with pytest.raises(Unavailable, match="says too much"):
        await one.ask("loud")
    assert (await one.ask("a")).endswith(" a")
    await one.close()


async def test_nothing_runs_before_it_is_asked_and_closing_twice_is_no_fault() -> None:
    one = program()
    await asyncio.gather(one.close(), one.close())
    assert one._process is None
