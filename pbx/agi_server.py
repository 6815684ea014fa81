"""A small FastAGI server: one question, one answer, one connection.

A peer that connects and says nothing costs one socket for a few seconds; nothing else waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from crm_core.errors import CrmError
from pbx.agi_wire import AgiAnswer, AgiReply, AgiRequest, BadAgi, LineReader, answer_line, parse_reply, parse_request
from pbx.settings import AgiSettings

log = logging.getLogger(__name__)

#: Decides what is answered. Cancelled when the caller hangs up; what it raises is its own fault and hangs nobody up.
Decide = Callable[[AgiRequest], Awaitable[AgiAnswer]]


class _Gone(Exception):
    """The caller hung up, or Asterisk closed the connection."""


class AgiServer:
    """Answers the dialplan's questions with `decide`."""

    def __init__(self, settings: AgiSettings, decide: Decide) -> None:
        self._settings, self._decide = settings, decide
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = settings.port

    @property
    def connections(self) -> int:
        return len(self._tasks)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[AgiServer]:
        """Listen within the block; at its end every conversation is cancelled."""
        server = await asyncio.start_server(self._accept, self._settings.host, self._settings.port, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await server.wait_closed()

    async def run(self) -> None:
        """Listen until cancelled."""
        async with self.opened():
            await asyncio.Event().wait()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._tasks) >= self._settings.max_connections:
            log.error("too many AGI connections", extra={"limit": self._settings.max_connections})
            writer.transport.abort()
            return
        task = asyncio.get_running_loop().create_task(self._talk(reader, writer), name="agi conversation")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = _Conversation(reader, writer)
        try:
            async with asyncio.timeout(self._settings.request_seconds):
                request = await wire.request()
            answer = await self._answer(request, wire)
            async with asyncio.timeout(self._settings.answer_seconds):
                await wire.tell(answer, request)
        except (_Gone, OSError):
            log.debug("AGI peer gone")
        except TimeoutError:
            log.warning("AGI peer too slow")
        except CrmError as error:
            log.warning("AGI conversation ended", extra={"why": str(error)})
        finally:
            with contextlib.suppress(OSError):
                writer.close()

    async def _answer(self, request: AgiRequest, wire: _Conversation) -> AgiAnswer:
        """Let `decide` think for as long as the caller stays on the line. Raises _Gone."""
        deciding = asyncio.ensure_future(self._decide(request))
        leaving = asyncio.ensure_future(wire.until_gone())
        try:
            await asyncio.wait({deciding, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if deciding.done():
                return deciding.result()
            raise _Gone
        finally:
            for task in (deciding, leaving):
                task.cancel()
            await asyncio.gather(deciding, leaving, return_exceptions=True)


class _Conversation:
    """One connection: its lines, read in order."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._lines = LineReader()
        self._waiting: list[str] = []

    async def _line(self) -> str:
        while not self._waiting:
            piece = await self._reader.read(4096)
            if not piece:
                raise _Gone
            self._waiting = self._lines.feed(piece)
        return self._waiting.pop(0)

    async def request(self) -> AgiRequest:
        lines: list[str] = []
        while line := await self._line():
            lines.append(line)
        return parse_request(lines)

    async def until_gone(self) -> None:
        """Return when the caller hangs up or the connection ends."""
        try:
            while await self._line() != "HANGUP":
                pass
        except (_Gone, OSError, BadAgi):
            return

    async def tell(self, answer: AgiAnswer, request: AgiRequest) -> None:
        """Send the command and close our side with it: Asterisk goes on at once, without a second exchange."""
        command = answer_line(answer)
        if command:
            self._writer.write(command)
        if self._writer.can_write_eof():
            self._writer.write_eof()
        if not command:
            return
        reply: AgiReply | None = None
        while reply is None:
            reply = parse_reply(await self._line())
        if not reply.is_done:
            log.error(
                "the switch refused an AGI answer",
                extra={"channel": request.channel, "code": reply.code, "result": reply.result, "route": request.route},
            )
