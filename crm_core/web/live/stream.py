"""GET /live: the stream itself (text/event-stream), one per browser."""

from __future__ import annotations

import asyncio
import itertools
import logging

from aiohttp import web

from crm_core.handlers.live import Snapshot
from crm_core.web.doors import actor_in
from crm_core.web.keys import ACTOR, SESSION
from crm_core.web.live.connection import HEARTBEAT, Bye, Connection, as_json, frame
from crm_core.web.live.hub import LiveHub

log = logging.getLogger(__name__)

LIVE = web.AppKey("live", LiveHub)

#: Proxies end what is silent, mostly after a minute; a browser that hears nothing for twice as long comes back.
HEARTBEAT_EVERY = 15.0  # seconds
#: A browser that takes no byte for so long is sent away.
_TAKES_WITHIN = 10.0
_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Accel-Buffering": "no",  # nginx would gather it
}


def add_live(app: web.Application, hub: LiveHub) -> None:
    """Mount the stream; when the application shuts down, streams end before it waits for them."""
    app[LIVE] = hub
    app.router.add_get("/live", live)

    async def close(_app: web.Application) -> None:
        hub.close()

    app.on_shutdown.append(close)


async def live(request: web.Request) -> web.StreamResponse:
    """A snapshot, then what changes. Whoever comes back gets a snapshot again, whatever he has seen."""
    if request[ACTOR] is None:  # an error would have the browser ask again and again
        said = frame("bye", 1, [as_json(Bye.LOGGED_OUT.value)])
        return web.Response(body=said, headers=_HEADERS)
    actor, session = actor_in(request), request[SESSION]
    hub = request.app[LIVE]
    async with hub.connected(actor, session.id if session is not None else None) as (connection, snapshot):
        answer = web.StreamResponse(headers=_HEADERS)
        await answer.prepare(request)
        try:
            await _tell(answer, connection, snapshot, hub)
        except TimeoutError:
            log.info("a browser was too slow for its live stream", extra={"user_id": actor.user_id})
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            pass  # it has gone
    return answer


async def _tell(answer: web.StreamResponse, connection: Connection, snapshot: Snapshot, hub: LiveHub) -> None:
    actor = connection.reach.actor
    numbers = itertools.count(1)
    you = {"topic": "you", "key": str(actor.user_id), "at": snapshot.at.isoformat(), "masked": actor.masked}
    await _write(answer, frame("snapshot", next(numbers), [as_json(you), *map(as_json, snapshot.told())]))
    while connection.bye is None:
        if not await connection.wait(HEARTBEAT_EVERY):
            await _write(answer, HEARTBEAT)
            continue
        wording = hub.audience.wording
        parts = [wording.of(push, how, actor.masked) for push, how in connection.pending.take()]
        if parts:
            await _write(answer, frame("push", next(numbers), parts))
    await _write(answer, frame("bye", next(numbers), [as_json(Bye(connection.bye).value)]))


async def _write(answer: web.StreamResponse, data: bytes) -> None:
    async with asyncio.timeout(_TAKES_WITHIN):
        await answer.write(data)
