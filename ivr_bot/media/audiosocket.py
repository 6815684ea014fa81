"""The AudioSocket server, for Asterisks without chan_websocket: the same port, the older wire."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from uuid import UUID

from crm_core.errors import Unavailable
from ivr_bot.media import audiosocket_wire as wire
from ivr_bot.media.audiosocket_call import AudioSocketCall
from ivr_bot.media.errors import MalformedMedia
from ivr_bot.media.ports import ServeCall
from ivr_bot.media.settings import MediaSettings

log = logging.getLogger(__name__)

_READ_BYTES = 4096
#: Calls announced that never connected (the person hung up first) are forgotten once so many newer ones came.
_MOST_EXPECTED = 5000


class AudioSocketMedia:
    """Listens for Asterisk; `serve` is the bot's part of each call. `run` returns when cancelled.

    The wire has no log-in: a call must be announced by `expect`, and shows an id that cannot be guessed.
    """

    def __init__(self, settings: MediaSettings, serve: ServeCall) -> None:
        self._settings, self._serve = settings, serve
        self._expected: dict[UUID, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def expect(self, channel: str) -> None:
        """The person's channel `channel` is about to be sent to the bot."""
        self._expected[wire.call_id(self._settings.secret, channel)] = channel
        while len(self._expected) > _MOST_EXPECTED:
            del self._expected[next(iter(self._expected))]

    async def run(self) -> None:
        """Listen until cancelled; then every call's bot part is ended."""
        host, port = self._settings.host, self._settings.audiosocket_port
        try:
            server = await asyncio.start_server(self._accepted, host, port, backlog=1024)
        except OSError as error:
            raise Unavailable(f"cannot listen on {host}:{port} for the bot's media: {error.strerror}") from error
        try:
            await asyncio.Event().wait()
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._connected(reader, writer), name="audiosocket")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(self._settings.start_seconds):
                header = await reader.readexactly(3 + 16)  # an id is always so long
            (first,) = wire.FrameReader().feed(header)
            channel = self._expected.pop(first.as_id(), None)
            if channel is None:
                raise MalformedMedia("nobody announced a call with that id")
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError, ValueError, MalformedMedia) as error:
            log.warning("an audiosocket connection was refused", extra={"why": str(error)})
            writer.transport.abort()
            return
        await self._carried(AudioSocketCall(channel), reader, writer)

    async def _carried(self, call: AudioSocketCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def send(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        reading = asyncio.create_task(_read(call, reader), name=f"media of {call.channel}")
        pacing = asyncio.create_task(call.pace(send), name=f"media to {call.channel}")
        try:
            await self._served(call, reading, pacing)
        finally:
            for task in (reading, pacing):
                task.cancel()
            await asyncio.gather(reading, pacing, return_exceptions=True)
            call.end()
            if writer.can_write_eof() and not writer.is_closing():
                writer.close()

    async def _served(self, call: AudioSocketCall, reading: asyncio.Task[None], pacing: asyncio.Task[None]) -> None:
        try:
            await self._serve(call)
        except Exception:  # whatever failed in the dialog, a person is on the line
            log.exception("the bot's part of a call failed", extra={"channel": call.channel})
            return
        await call.hang_up()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.stop_seconds):
                await asyncio.wait([pacing])
                await asyncio.wait([reading])  # Asterisk closes the connection


async def _read(call: AudioSocketCall, reader: asyncio.StreamReader) -> None:
    """Until the connection ends, or the bot cannot keep up."""
    frames = wire.FrameReader()
    try:
        while data := await reader.read(_READ_BYTES):
            for frame in frames.feed(data):
                if not call.receive(frame):
                    return
    except (ConnectionError, MalformedMedia) as error:
        log.warning("an audiosocket connection broke", extra={"channel": call.channel, "why": str(error)})
    finally:
        call.end()
