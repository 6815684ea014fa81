"""The service's side of tests.bench.live, in a process of its own: the stream's hub, or the calls, or both.

python -m tests.bench.live_site URL REDIS PARTS: prints "port N" when it listens; on a line "go SECONDS" it makes calls
for so long, and then prints when each step was committed, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from aiohttp import web

from crm_core.db.engine import Database, opened_database
from crm_core.domain.agents import Agent, Trigger
from crm_core.domain.calls import CallSnapshot, Direction, Leg, LegRole
from crm_core.handlers.call_book import DatabaseCallBook
from crm_core.handlers.relay import OutboxRelay
from crm_core.handlers.roster import DatabaseRoster
from crm_core.streams import opened_stream
from crm_core.web.doors import who_comes
from crm_core.web.keys import WORKPLACE, Workplace
from crm_core.web.live.hub import LiveHub
from crm_core.web.live.stream import add_live
from tests.bench.site import now

CALLS_PER_SECOND = 20
_RINGS, _TALKS, _WRITES = 0.3, 2.5, 0.5  # seconds


class Traffic:
    """Calls by the switch's own road into the database. `commits`: (call, state as pushed) → when it was committed."""

    def __init__(self, database: Database) -> None:
        self._book, self._roster = DatabaseCallBook(database, now), DatabaseRoster(database)
        self.commits: dict[str, float] = {}

    async def run(self, seconds: float) -> None:
        agents = await self._roster.agents()
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(int(seconds * CALLS_PER_SECOND)):
                await asyncio.sleep(max(0.0, began + number / CALLS_PER_SECOND - time.monotonic()))
                group.create_task(self._call(f"b-{number}", agents[number % len(agents)]))

    async def _call(self, call_id: str, agent: Agent) -> None:
        at = now()
        person = Leg(call_id, LegRole.CALLER, "network", at, answered_at=at)
        call = CallSnapshot(call_id, "pbx", Direction.INCOMING, at, "+998901234567", answered_at=at, legs=(person,))
        await self._book.record_calls([call])
        if await self._roster.assign(call_id, None, agent.id, now()) is None:
            raise RuntimeError(f"agent {agent.id} is not free for call {call_id}")
        self.commits[f"{call_id} given"] = time.time()
        await asyncio.sleep(_RINGS)
        leg = f"leg-{call_id}"
        at = now()
        legs = (person, Leg(leg, LegRole.AGENT, agent.phone, at, answered_at=at))
        call = replace(call, bridged_at=at, agent_leg=leg, agent_phone=agent.phone, legs=legs)
        await self._book.record_calls([call])
        self.commits[f"{call_id} talking"] = time.time()
        await asyncio.sleep(_TALKS)
        await self._book.record_calls([replace(call, ended_at=now(), cause=16)])
        self.commits[f"{call_id} ended"] = time.time()
        await asyncio.sleep(_WRITES)
        await self._roster.move(agent.id, Trigger.DISPOSED, now())


async def main(url: str, redis: str, parts: str) -> None:
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(opened_database(url, timedelta(seconds=30)))
        stream = await stack.enter_async_context(opened_stream(redis or None))
        running = [asyncio.create_task(OutboxRelay(database, stream, now).run())]
        port = 0
        if "web" in parts:
            app = web.Application(middlewares=[who_comes])
            app[WORKPLACE] = Workplace(database, now, Path(), Path())
            hub = LiveHub(database, stream, now, f"live bench {parts}")
            add_live(app, hub)
            running.append(asyncio.create_task(hub.run()))
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            port = runner.addresses[0][1]
        print("port", port, flush=True)
        traffic = Traffic(database)
        while line := await asyncio.to_thread(sys.stdin.readline):
            await traffic.run(float(line.split()[1]))
            print(json.dumps({"commits": traffic.commits, "cpu": time.process_time()}), flush=True)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
