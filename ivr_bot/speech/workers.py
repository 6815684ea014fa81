"""Recognisers in processes of their own, one decode per core; one that dies or hangs is replaced.

Not concurrent.futures: one dead process breaks its whole pool, and a hung one cannot be ended. A pipe per process is
read by the event loop itself, so there is no thread either, and a process ends when the service does, however it does.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from crm_core.errors import Unavailable
from ivr_bot.speech.errors import RecogniserBusy, RecogniserGone
from ivr_bot.speech.worker import EngineFault, Worker, WorkerDied, WorkerLate
from ivr_bot.speech.worker_wire import EngineSpec

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """How long to wait for what. `workers` 0: one per core."""

    workers: int = 0
    queue_wait: timedelta = timedelta(seconds=2)  # a caller who waits longer thinks the line is dead
    answer_within: timedelta = timedelta(seconds=4)
    start_within: timedelta = timedelta(seconds=60)
    restart_pause: timedelta = timedelta(seconds=1)  # after a replacement that did not come up
    streams: int = 3  # kept to one worker at once; who begins to speak beyond that is read when he pauses


class WorkerPool:
    """Made by `opened_pool`. `run` takes any free worker; `pin` keeps to one, for what has state there."""

    def __init__(self, spec: EngineSpec, limits: PoolLimits) -> None:
        self._spec = spec
        self._limits = limits
        self._replacing: set[asyncio.Task[None]] = set()
        self._idle: asyncio.Queue[Worker] = asyncio.Queue()
        self._alive: list[Worker] = []
        self._closing = False
        self._streams: Counter[Worker] = Counter()

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that are up now."""
        return tuple(worker.pid for worker in self._alive)

    async def start(self) -> None:
        """Bring all up at once. Raises Unavailable when one cannot be loaded."""
        count = self._limits.workers or os.cpu_count() or 1
        starting = [Worker.started(self._spec, self._limits.start_within) for _ in range(count)]
        results = await asyncio.gather(*starting, return_exceptions=True)
        for result in results:
            if isinstance(result, Worker):
                self._enlist(result)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def close(self) -> None:
        """End all processes; replacements under way are given up."""
        self._closing = True
        for task in self._replacing:
            task.cancel()
        await asyncio.gather(*self._replacing, return_exceptions=True)
        await asyncio.gather(*(worker.close() for worker in self._alive))

    async def run(self, request: Any) -> Any:
        """The answer of the first free worker; a second one tries if that dies. Raises RecogniserBusy or -Gone."""
        for _ in range(2):
            worker = await self._free()
            sound = False
            try:
                answer = await worker.ask(request, self._limits.answer_within)
                sound = True
                return answer
            except EngineFault as fault:
                sound = True
                raise RecogniserGone(f"the recogniser failed: {fault}") from None
            except WorkerLate:
                sound = True
                raise RecogniserBusy("the recogniser had too much to do") from None
            except WorkerDied:
                log.warning("recogniser died", extra={"pid": worker.pid})
            except asyncio.CancelledError:
                sound = True  # its late answer is dropped by number
                raise
            finally:
                self._back(worker, sound=sound)
        raise RecogniserGone("two recogniser processes died of one utterance")

    def pin(self) -> Worker:
        """A worker to keep to until `unpin`: the one that fewest keep to. Raises RecogniserGone: none is up; -Busy."""
        if not self._alive:
            raise RecogniserGone("no recogniser process is up")
        worker = min(self._alive, key=lambda one: self._streams[one])
        if self._streams[worker] >= self._limits.streams:
            raise RecogniserBusy("every recogniser listens to as many as it can")
        self._streams[worker] += 1
        return worker

    def unpin(self, worker: Worker) -> None:
        """It is kept to no more; once for each `pin`."""
        self._streams[worker] -= 1
        if not self._streams[worker]:
            del self._streams[worker]

    async def ask_pinned(self, worker: Worker, request: Any) -> Any:
        """Ask the worker that holds the state. Raises RecogniserGone: the state is lost with it; RecogniserBusy."""
        try:
            return await worker.ask(request, self._limits.answer_within)
        except WorkerDied:
            self._replace(worker)
            raise RecogniserGone("the recogniser process died while it listened") from None
        except WorkerLate:
            raise RecogniserBusy("the recogniser had too much to do") from None
        except EngineFault as fault:
            raise RecogniserGone(f"the recogniser failed: {fault}") from None

    async def _free(self) -> Worker:
        try:
            async with asyncio.timeout(self._limits.queue_wait.total_seconds()):
                while (worker := await self._idle.get()) not in self._alive:
                    pass  # replaced while it lay in the queue
                return worker
        except TimeoutError:
            raise RecogniserBusy("no recogniser was free in time") from None

    def _enlist(self, worker: Worker) -> None:
        self._alive.append(worker)
        self._idle.put_nowait(worker)

    def _back(self, worker: Worker, *, sound: bool) -> None:
        if not sound:
            self._replace(worker)
        elif worker in self._alive:
            self._idle.put_nowait(worker)

    def _replace(self, worker: Worker) -> None:
        if worker in self._alive and not self._closing:
            self._alive.remove(worker)
            task = asyncio.create_task(self._replaced(worker), name="replace a recogniser")
            self._replacing.add(task)
            task.add_done_callback(self._replacing.discard)

    async def _replaced(self, dead: Worker) -> None:
        await dead.close()
        while True:
            try:
                self._enlist(await Worker.started(self._spec, self._limits.start_within))
                return
            except Unavailable as error:
                log.error("recogniser cannot be replaced", extra={"error": str(error)})
                await asyncio.sleep(self._limits.restart_pause.total_seconds())


@asynccontextmanager
async def opened_pool(spec: EngineSpec, limits: PoolLimits | None = None) -> AsyncIterator[WorkerPool]:
    """A pool that is up; on leaving all its processes are gone. Raises Unavailable when the engine cannot be loaded."""
    pool = WorkerPool(spec, limits or PoolLimits())
    try:
        await pool.start()
        yield pool
    finally:
        await pool.close()
