"""The websocket server that Asterisk's chan_websocket connects to: one connection per call, nobody else let in."""

from __future__ import annotations

import asyncio
import base64
import hmac
import logging
from collections.abc import Awaitable
from contextlib import suppress

from aiohttp import WSMsgType, web

from crm_core.errors import Unavailable
from ivr_bot.media.errors import MalformedMedia
from ivr_bot.media.ports import ServeCall
from ivr_bot.media.settings import MediaSettings
from ivr_bot.media.websocket_call import Message, WebsocketCall
from ivr_bot.media.websocket_wire import MediaStarted, parse

log = logging.getLogger(__name__)

#: Names of websocket_client.conf and of the dialplan's Dial() (asterisk_conf/pbx).
PATH = "/media"
PROTOCOL = "media"
USER = "trunkline"
_CALL = "call"
_MAX_MESSAGE = 64 * 1024


class WebsocketMedia:
    """Listens for Asterisk; `serve` is the bot's part of each call. `run` returns when cancelled."""

    def __init__(self, settings: MediaSettings, serve: ServeCall) -> None:
        self._settings, self._serve = settings, serve
        token = base64.b64encode(f"{USER}:{settings.secret}".encode()).decode()
        self._expected = f"Basic {token}".encode()
        self.calls: set[WebsocketCall] = set()

    async def run(self) -> None:
        """Listen until cancelled; then every call's bot part is ended."""
        app = web.Application()
        app.router.add_get(PATH, self._connected)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=self._settings.stop_seconds)
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, self._settings.host, self._settings.websocket_port, backlog=1024).start()
            except OSError as error:
                where = f"{self._settings.host}:{self._settings.websocket_port}"
                raise Unavailable(f"cannot listen on {where} for the bot's media: {error.strerror}") from error
            await asyncio.Event().wait()
        finally:
            for call in self.calls:
                await call.hang_up()
            await runner.cleanup()

    async def _connected(self, request: web.Request) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode(errors="replace")
        if not hmac.compare_digest(given, self._expected):
            log.warning("a media connection without the right secret was refused", extra={"peer": request.remote})
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": 'Basic realm="media"'})
        channel = request.query.get(_CALL, "")
        if not channel:
            raise web.HTTPBadRequest(text="the call's channel is missing: ?call=<unique id>")
        # µ-law does not shrink, and a second of unread audio is 8000 bytes: no compression, small messages.
        socket = web.WebSocketResponse(protocols=(PROTOCOL,), compress=False, max_msg_size=_MAX_MESSAGE)
        await socket.prepare(request)
        call = WebsocketCall(channel)
        self.calls.add(call)
        try:
            if not await self._carried(call, socket) and request.transport is not None:
                # Not closed in good order: the dialplan sees cause 38 and goes on to a message.
                request.transport.abort()
        finally:
            self.calls.discard(call)
        return socket

    async def _carried(self, call: WebsocketCall, socket: web.WebSocketResponse) -> bool:
        """Carry one call; False if the bot's part of it failed."""
        try:
            async with asyncio.timeout(self._settings.start_seconds):
                started = parse(await socket.receive_str())
            if not isinstance(started, MediaStarted):
                raise MalformedMedia(f"the switch began with {started}, not with MEDIA_START")
        except (TimeoutError, TypeError, MalformedMedia) as error:
            log.error("a media connection did not begin as it should", extra={"channel": call.channel, "why": error})
            return False
        reading = asyncio.create_task(_read(call, socket), name=f"media of {call.channel}")
        writing = asyncio.create_task(call.write(lambda message: _send(socket, message)), name="media out")
        try:
            return await self._served(call, reading)
        finally:
            reading.cancel()
            writing.cancel()
            await asyncio.gather(reading, writing, return_exceptions=True)
            call.end()

    async def _served(self, call: WebsocketCall, reading: asyncio.Task[None]) -> bool:
        try:
            await self._serve(call)
        except Exception:  # whatever failed in the dialog, a person is on the line
            log.exception("the bot's part of a call failed", extra={"channel": call.channel})
            return False
        await call.hang_up()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.stop_seconds):
                await asyncio.wait([reading])  # Asterisk closes the connection
        return True


async def _read(call: WebsocketCall, socket: web.WebSocketResponse) -> None:
    """Until the connection ends, or the bot cannot keep up."""
    try:
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                if not call.receive_audio(message.data):
                    log.error("the bot is too far behind the line", extra={"channel": call.channel})
                    return
            elif message.type is WSMsgType.TEXT:
                try:
                    call.receive_event(parse(message.data))
                except MalformedMedia as error:
                    log.error("unreadable media event", extra={"channel": call.channel, "why": error})
    finally:
        call.end()


def _send(socket: web.WebSocketResponse, message: Message) -> Awaitable[None]:
    return socket.send_str(message) if isinstance(message, str) else socket.send_bytes(message)
