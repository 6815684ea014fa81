"""A program that stays: it takes a text as a line, and says in a line on stderr what came of it."""

from __future__ import annotations

import asyncio
import re
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from crm_core.errors import Unavailable

_SAID_LINES = 3  # of what a program says about its fault
_LONGEST_LINE = 1 << 16  # bytes
_LEAVES_WITHIN = 2.0  # seconds, once its input is closed


class ResidentProgram:
    """Started at the first text, and again after a fault; ended when nobody has asked for `idle`.

    `what` names it in errors; `done`: how a line begins that tells what came of a text; the rest of it is the answer.
    """

    def __init__(
        self,
        what: str,
        command: Sequence[str],
        done: re.Pattern[str],
        within: timedelta,
        idle: timedelta = timedelta(minutes=10),
    ) -> None:
        self._what, self._command, self._done = what, tuple(command), done
        self._within, self._idle = within, idle
        self._turn = asyncio.Lock()
        self._process: Process | None = None
        self._leaving: asyncio.TimerHandle | None = None

    async def ask(self, text: str) -> str:
        """Give it one line; what came of it. One text at a time. Raises Unavailable: not there, too slow, it ended."""
        async with self._turn:
            if self._leaving is not None:
                self._leaving.cancel()
            answered = False
            try:
                async with asyncio.timeout(self._within.total_seconds()):
                    answer = await self._answer(await self._running(), text)
                answered = True
            except TimeoutError:
                raise Unavailable(f"{self._what} took longer than {self._within.total_seconds():g} s") from None
            finally:
                if not answered:  # also when cancelled: its answer would be taken for the next one's
                    self._kill()
            self._leaving = asyncio.get_running_loop().call_later(self._idle.total_seconds(), self._leave)
            return answer

    async def close(self) -> None:
        """End it; asked again, it is started anew."""
        async with self._turn:
            if self._leaving is not None:
                self._leaving.cancel()
            process, self._process = self._process, None
            if process is None:
                return
            _end_input(process)
            try:
                async with asyncio.timeout(_LEAVES_WITHIN):
                    await process.wait()
            except TimeoutError:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()

    async def _running(self) -> Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=PIPE, stdout=DEVNULL, stderr=PIPE, limit=_LONGEST_LINE
            )
        except OSError as error:
            raise Unavailable(f"{self._what} cannot be started: {error}") from None
        return self._process

    async def _answer(self, process: Process, text: str) -> str:
        assert process.stdin is not None
        assert process.stderr is not None
        said: deque[str] = deque(maxlen=_SAID_LINES)
        with suppress(BrokenPipeError, ConnectionResetError):  # why it ended stands in what it said
            process.stdin.write(f"{text}\n".encode())
            await process.stdin.drain()
        try:
            while line := await process.stderr.readline():
                told = line.decode(errors="replace").strip()
                if (done := self._done.match(told)) is not None:
                    return told[done.end() :]
                said.append(told)
        except ValueError:  # a line that has no end
            raise Unavailable(f"{self._what} says too much on stderr") from None
        code = await process.wait()
        raise Unavailable(f"{self._what} failed: {' '.join(said) or f'exit code {code}'}")

    def _kill(self) -> None:
        """The loop waits for its end by itself."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()

    def _leave(self) -> None:
        """Nobody has asked for long."""
        if not self._turn.locked() and self._process is not None:
            _end_input(self._process)
            self._process = None


def _end_input(process: Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
