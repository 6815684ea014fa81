"""A provider on loopback: a real HTTP server that notes what it is sent and answers as the test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Provider:
    """`status`, `answer` and `headers` are what it answers; it may also `hang`, or `break_off` without an answer."""

    status: int = 200
    answer: Any = field(default_factory=lambda: {"id": "p-1"})
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    break_off: bool = False
    asked: list[Asked] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    async def handle(self, request: web.Request) -> web.Response:
        text = await request.text()
        self.asked.append(Asked(request.method, request.raw_path, dict(request.query), request.headers, text))
        if self.hang:
            await self.released.wait()
        if self.break_off:
            assert request.transport is not None
            request.transport.abort()
        body = self.answer if isinstance(self.answer, str) else json.dumps(self.answer)
        return web.Response(status=self.status, text=body, headers=self.headers)


@asynccontextmanager
async def opened_provider(provider: Provider) -> AsyncIterator[Provider]:
    """Let it listen on a free port of loopback."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", provider.handle)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        provider.url = f"http://{host}:{port}"
        yield provider
    finally:
        provider.released.set()
        await runner.cleanup()
