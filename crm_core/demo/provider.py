"""The demo's SMS provider: takes messages over HTTP as a real one does, and keeps them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from crm_core.errors import BadInput


class SmsProvider:
    """What it was sent, by the message's own id: the same one again is the same one."""

    def __init__(self) -> None:
        self.taken: dict[str, str] = {}
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        """One message: `{"to", "text", "id"}`."""
        try:
            told = await request.json()
            number, text, name = str(told["to"]), str(told["text"]), str(told["id"])
        except (ValueError, KeyError, TypeError) as error:
            raise web.HTTPBadRequest(text=str(BadInput("message", f"it cannot be read: {error}"))) from error
        self.taken[name] = f"{number}: {text}"
        return web.json_response({"id": f"sms-{len(self.taken)}"})


@asynccontextmanager
async def running_provider() -> AsyncIterator[SmsProvider]:
    """It listens on a port of loopback for as long as this is open."""
    provider = SmsProvider()
    app = web.Application()
    app.router.add_post("/sms", provider.take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        provider.url = f"http://127.0.0.1:{runner.addresses[0][1]}/sms"
        yield provider
    finally:
        await runner.cleanup()
