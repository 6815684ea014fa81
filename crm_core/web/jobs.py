"""Work that goes on after its request was answered: one task a key, owned by the application, ended with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from aiohttp import web

from crm_core.errors import CrmError

log = logging.getLogger(__name__)


class Jobs:
    """Tasks by key. A fault of a task is logged; whoever wants to know what came of it has it keep that somewhere."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[Any]] = {}

    def start(self, key: str, work: Coroutine[Any, Any, object]) -> bool:
        """Let `work` run; False, and nothing is started, while one of this key runs."""
        if self.is_running(key):
            work.close()
            return False
        task = asyncio.create_task(work, name=key)
        self._tasks[key] = task
        task.add_done_callback(lambda done: self._ended(key, done))
        return True

    def is_running(self, key: str) -> bool:
        return key in self._tasks

    async def stop(self, key: str) -> bool:
        """Cancel the task of this key and wait until it has ended; False if there is none here."""
        task = self._tasks.get(key)
        if task is None:
            return False
        task.cancel()
        await asyncio.wait([task])
        return True

    async def close(self) -> None:
        """End all of them."""
        for task in list(self._tasks.values()):
            task.cancel()
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()))

    def _ended(self, key: str, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(key, None)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            level = logging.WARNING if isinstance(error, CrmError) else logging.ERROR
            log.log(level, "a job failed", extra={"job": key}, exc_info=error)


JOBS = web.AppKey("jobs", Jobs)


def add_jobs(app: web.Application) -> None:
    """Give the application its jobs; they end before it does."""
    if JOBS not in app:
        app[JOBS] = Jobs()
        app.on_shutdown.append(_close)


async def _close(app: web.Application) -> None:
    await app[JOBS].close()
