"""A hub behind the doors of the application, on a test's own database, and browsers that listen to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientTimeout, web

from crm_core.handlers.relay import OutboxRelay
from crm_core.streams import InProcessStream
from crm_core.web.doors import who_comes
from crm_core.web.keys import WORKPLACE, Workplace
from crm_core.web.live.hub import LiveHub
from crm_core.web.live.stream import add_live
from tests.asterisk.asterisk import until
from tests.crm_core.web.conftest import Site, Visitor, utc_now

Message = dict[str, Any]


@dataclass
class Stream:
    """What one browser has been told."""

    messages: list[tuple[str, list[Any]]] = field(default_factory=list)
    ended: bool = False

    @property
    def snapshot(self) -> list[Message]:
        (first,) = [data for event, data in self.messages if event == "snapshot"]
        return first

    @property
    def pushes(self) -> list[Message]:
        return [push for event, data in self.messages if event == "push" for push in data]

    @property
    def bye(self) -> str | None:
        said = [data[0] for event, data in self.messages if event == "bye"]
        return str(said[0]) if said else None

    def last(self, topic: str, key: object) -> Message | None:
        found = [push for push in self.pushes if (push["topic"], push["key"]) == (topic, str(key))]
        return found[-1] if found else None

    async def told(self, topic: str, key: object, **facts: Any) -> Message:
        """The last push about a thing, once it says these facts."""

        def is_so() -> bool:
            last = self.last(topic, key)
            return last is not None and facts.items() <= last.items()

        try:
            await until(is_so, 10)
        except TimeoutError:
            raise AssertionError(f"{topic} {key} {facts}: {self.messages}") from None
        push = self.last(topic, key)
        assert push is not None
        return push

    async def until_ended(self) -> None:
        await until(lambda: self.ended, 15)


@dataclass
class LiveSite:
    """The site and its hub."""

    site: Site
    hub: LiveHub

    @asynccontextmanager
    async def listening(self, visitor: Visitor) -> AsyncIterator[Stream]:
        """A browser that is connected and has its snapshot."""
        stream = Stream()
        task = asyncio.create_task(_listen(f"{self.site.base}/live", visitor, stream))
        try:
            await until(lambda: bool(stream.messages) or task.done())
            if task.done():
                await task
            yield stream
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _listen(address: str, visitor: Visitor, stream: Stream) -> None:
    async with visitor.client.get(address, timeout=ClientTimeout(total=None)) as answer:
        assert answer.status == 200, await answer.text()
        assert answer.content_type == "text/event-stream"
        event = ""
        async for line in answer.content:
            if line.startswith(b"event: "):
                event = line[7:].strip().decode()
            elif line.startswith(b"data: "):
                stream.messages.append((event, json.loads(line[6:])))
    stream.ended = True


@pytest.fixture
async def live(workplace: Workplace) -> AsyncIterator[LiveSite]:
    """The stream alone, behind the doors, with the relay that carries events to it."""
    app = web.Application(middlewares=[who_comes])
    app[WORKPLACE] = workplace
    stream = InProcessStream()
    hub = LiveHub(workplace.database, stream, utc_now, "live test")
    add_live(app, hub)
    relay = OutboxRelay(workplace.database, stream, utc_now)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=5.0)
    await runner.setup()
    tasks = [asyncio.create_task(hub.run()), asyncio.create_task(relay.run())]
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield LiveSite(Site(f"http://{host}:{port}", workplace.database, workplace), hub)
    finally:
        await runner.cleanup()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def web_site(live: LiveSite) -> Site:
    """Where `login` opens its browsers."""
    return live.site
