"""The push: from the commit to the browser, with 300 operators and some supervisors connected and 20 calls a second.

Browsers are sockets that read the stream as EventSource does. They run in this process, the service in one of its own
or, with Redis, in two: calls here, the pages there. Everything shares the machine, so the figure is on the safe side.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from crm_core.db import sessions
from crm_core.db.engine import opened_database
from crm_core.db.tables import agents, users
from crm_core.handlers.passwords import hash_of
from crm_core.web.doors import COOKIE
from tests.bench.rows import Row, at_most, figure, percentile
from tests.bench.site import KINDS, Say, empty_database, now
from tests.servers import RedisServer

OPERATORS, SUPERVISORS = 300, 5
SECONDS = 20.0
BOUND = 300.0  # ms
#: A call's push, as the service writes it: topic first, then key, later its state.
_CALL = re.compile(rb'\{"topic":"call","key":"(b-\d+)"[^}]*?"state":"(\w+)"')
_HERE = [sys.executable, "-m", "tests.bench.live_site"]


async def measure(folder: Path, say: Say) -> list[Row]:
    rows = []
    for kind in KINDS:
        say(f"live: {OPERATORS} operators connected, 20 calls a second, one process on {kind}")
        async with empty_database(kind, folder) as url:
            rows += await _measured(url, None, f"one process on {kind}")
    say(f"live: {OPERATORS} operators connected, 20 calls a second, two processes over Redis")
    redis = RedisServer()
    try:
        redis.start()
        async with empty_database("postgresql", folder) as url:
            rows += await _measured(url, redis.url, "two processes over Redis")
    finally:
        await asyncio.to_thread(redis.close)
    return rows


@dataclass
class Browser:
    """One stream. `heard`: when each state of each call came."""

    heard: dict[str, float] = field(default_factory=dict)
    has_snapshot: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self, port: int, secret: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        try:
            writer.write(f"GET /live HTTP/1.1\r\nHost: site\r\nCookie: {COOKIE}={secret}\r\n\r\n".encode())
            while line := await reader.readline():
                if line.startswith(b"event: snapshot"):
                    self.has_snapshot.set()
                elif line.startswith(b"data: "):
                    at = time.time()
                    for key, state in _CALL.findall(line):
                        self.heard.setdefault(f"{key.decode()} {state.decode()}", at)
        finally:
            writer.close()


class Child:
    """A process of live_site."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def line(self) -> str:
        assert self._process.stdout is not None
        line = (await self._process.stdout.readline()).decode()
        if not line:
            raise RuntimeError(f"the measured process ended with {await self._process.wait()}")
        return line

    async def go(self) -> dict[str, Any]:
        """Make the calls; when each step was committed, and the processor time used since the start."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"go {SECONDS}\n".encode())
        found: dict[str, Any] = json.loads(await self.line())
        return found


@asynccontextmanager
async def _child(url: str, redis: str | None, parts: str) -> AsyncIterator[tuple[Child, int]]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *_HERE, url, redis or "", parts, stdin=pipe, stdout=pipe, limit=1 << 24
    )
    child = Child(process)
    try:
        yield child, int((await child.line()).split()[1])
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def _measured(url: str, redis: str | None, how: str) -> list[Row]:
    secrets = await _staff(url)
    async with AsyncExitStack() as stack:
        pages, port = await stack.enter_async_context(_child(url, redis, "web"))
        caller = pages
        if redis is not None:
            caller, _ = await stack.enter_async_context(_child(url, redis, "calls"))
        browsers = [Browser() for _ in secrets]
        began = time.monotonic()
        tasks = [asyncio.create_task(one.listen(port, secret)) for one, secret in zip(browsers, secrets, strict=True)]
        async with asyncio.timeout(60):
            await asyncio.gather(*(one.has_snapshot.wait() for one in browsers))
        connected = time.monotonic() - began
        told = await caller.go()
        await asyncio.sleep(1.0)  # for the last to arrive
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    operators, supervisors = browsers[:OPERATORS], browsers[OPERATORS:]
    commits: dict[str, float] = told["commits"]
    own = {step: at for one in operators for step, at in one.heard.items()}
    pops = [(own[step] - at) * 1000 for step, at in commits.items() if step in own and step.endswith(" given")]
    ways = [(own[step] - at) * 1000 for step, at in commits.items() if step in own]
    wide = [(one.heard[step] - at) * 1000 for one in supervisors for step, at in commits.items() if step in one.heard]
    # States follow each other: one that was over before it was told is not told, but a talk lasts longer than that.
    missing = sum(step not in own for step in commits if step.endswith((" talking", " ended")))
    return [
        at_most(f"push of a pop, commit to browser, p95, {how}", percentile(pops, 0.95), "ms", BOUND),
        at_most(f"push of a call's state, commit to browser, p95, {how}", percentile(ways, 0.95), "ms", BOUND),
        at_most(f"the same to supervisors, who see every call, p95, {how}", percentile(wide, 0.95), "ms", BOUND),
        at_most(f"states of calls that never came, of {len(commits)}, {how}", missing, "", 0),
        figure(f"all {len(browsers)} browsers connected at once have their snapshot, {how}", connected, "s"),
        figure(f"processor of the calls' process, {how}", told["cpu"] / SECONDS * 100, "% of a core"),
    ]


async def _staff(url: str) -> list[str]:
    """Operators, available, and managers after them, each with an open session; the sessions' secrets."""
    count = OPERATORS + SUPERVISORS
    secrets, at = [f"bench-{number}" for number in range(count)], now()
    async with opened_database(url) as database, database.work() as work:
        roles = ["agent"] * OPERATORS + ["manager"] * SUPERVISORS
        people = [{"name": f"Person {n}", "role": role, "created_at": at} for n, role in enumerate(roles)]
        found = await work.all(insert(users).returning(users.c.id).values(people))
        ids = [row.id for row in found]
        phones = [{"id": id, "phone": f"op{id}", "hand_off": "ring", "state": "available", "since": at} for id in ids]
        await work.run(insert(agents), phones[:OPERATORS])
        for user_id, secret in zip(ids, secrets, strict=True):
            times = {"created_at": at, "seen_at": at, "expires_at": at + timedelta(hours=8)}
            session = sessions.Session(hash_of(secret), user_id, "word", True, address="", browser="", **times)
            await sessions.open_session(work, session)
    return secrets
