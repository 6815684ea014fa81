"""One recogniser process as the service sees it: start, ask, kill."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from datetime import timedelta
from typing import Any

from crm_core.errors import Unavailable
from ivr_bot.speech.worker_wire import HEAD_BYTES, EngineSpec, Reply, Request, length_of, packed, unpacked


class WorkerDied(Exception):
    """The process ended, or had to be ended, before it answered."""


class WorkerLate(Exception):
    """It has not answered in time, but others meanwhile: it has too much to do."""


class EngineFault(Exception):
    """The engine raised on this request; the process is sound."""


class Worker:
    """A running process. Requests are answered one at a time, in order."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._waiting: dict[int, asyncio.Future[Any]] = {0: asyncio.get_running_loop().create_future()}
        self._number = 0
        self._answered_at = 0.0  # of the loop's clock, whatever it was
        self._reading = asyncio.create_task(self._read(), name=f"recogniser {process.pid}")

    @classmethod
    async def started(cls, spec: EngineSpec, within: timedelta) -> Worker:
        """Start one and wait until its engine is loaded. Raises Unavailable with the engine's own words."""
        env = os.environ | {"OMP_NUM_THREADS": "1"}  # two threads for one decode take the core of another
        module = ("-m", "ivr_bot.speech.worker_main")
        worker = cls(await asyncio.create_subprocess_exec(sys.executable, *module, stdin=PIPE, stdout=PIPE, env=env))
        try:
            worker._send(spec)
            async with asyncio.timeout(within.total_seconds()):
                await worker._waiting[0]
        except EngineFault as fault:
            await worker.close()
            raise Unavailable(f"the recogniser cannot be loaded: {fault}") from None
        except (TimeoutError, WorkerDied):
            await worker.close()
            raise Unavailable("the recogniser process did not come up") from None
        except BaseException:
            await worker.close()
            raise
        del worker._waiting[0]
        return worker

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ask(self, what: Any, within: timedelta) -> Any:
        """The engine's answer. Raises WorkerDied (the process is gone or will be), WorkerLate or EngineFault."""
        if self._reading.done():
            raise WorkerDied
        self._number += 1
        number = self._number
        self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            self._send(Request(number, what))
            async with asyncio.timeout(within.total_seconds()):
                return await self._waiting[number]
        except TimeoutError:
            if asyncio.get_running_loop().time() - self._answered_at < within.total_seconds():
                raise WorkerLate from None
            self.kill()
            raise WorkerDied from None
        finally:
            del self._waiting[number]

    def kill(self) -> None:
        """End it now, whatever it does: a hung decode does not listen."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def close(self) -> None:
        """Kill and reap; whoever still waits gets WorkerDied."""
        self.kill()
        await self._process.wait()
        await self._reading
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _send(self, value: Any) -> None:
        # No drain: an utterance is 50 kB at most and one worker holds one.
        assert self._process.stdin is not None
        self._process.stdin.write(packed(value))

    async def _read(self) -> None:
        assert self._process.stdout is not None
        source = self._process.stdout
        try:
            while True:
                head = await source.readexactly(HEAD_BYTES)
                self._take(unpacked(await source.readexactly(length_of(head))))
        except (asyncio.IncompleteReadError, ConnectionError):
            self.kill()
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(WorkerDied())

    def _take(self, reply: Reply) -> None:
        self._answered_at = asyncio.get_running_loop().time()
        waiting = self._waiting.get(reply.number)
        if waiting is None or waiting.done():
            return  # nobody waits any more: the caller hung up
        if reply.fault is None:
            waiting.set_result(reply.what)
        else:
            waiting.set_exception(EngineFault(reply.fault))
