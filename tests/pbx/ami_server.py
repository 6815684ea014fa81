"""A manager interface played over a real socket: it lets us in, keeps what we send, and answers as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Action = dict[str, str]
#: What is sent back for an action; None leaves it unanswered.
Answer = Callable[[Action], str | None]


def success(action: Action, message: str = "done") -> str:
    return f"Response: Success\r\nActionID: {action['ActionID']}\r\nMessage: {message}\r\n\r\n"


def error(action: Action, message: str) -> str:
    return f"Response: Error\r\nActionID: {action['ActionID']}\r\nMessage: {message}\r\n\r\n"


BOOTED = "Event: FullyBooted\r\nUptime: 1\r\n\r\n"


@dataclass(slots=True)
class PlayedAmi:
    """Every connection that came, what was asked on it, and ways to disturb it."""

    port: int = 0
    answer: Answer = success
    welcome: str = BOOTED
    secret: str = "secret"
    closing: bool = False  # shutting down: it lets nobody in
    version: str | None = "22.10.1"  # None: the user may not ask
    actions: list[Action] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def say(self, text: str | bytes) -> None:
        self.writers[-1].write(text.encode() if isinstance(text, str) else text)
        await self.writers[-1].drain()

    def cut(self) -> None:
        """Break the last connection off without a word."""
        self.writers[-1].transport.abort()

    async def asked(self, name: str, count: int = 1) -> list[Action]:
        """The actions of that name, once there are `count` of them."""

        def found() -> list[Action]:
            return [action for action in self.actions if action["Action"] == name]

        async with asyncio.timeout(10), self.news:
            await self.news.wait_for(lambda: len(found()) >= count)
        return found()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        try:
            while True:
                block = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                action = dict(line.split(": ", 1) for line in block if ": " in line)
                reply = self._answer(action)
                async with self.news:
                    self.actions.append(action)
                    self.news.notify_all()
                if reply is not None:
                    writer.write(reply.encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, action: Action) -> str | None:
        match action["Action"]:
            case "Login":
                return self._login(action)
            case "CoreSettings" if self.version is None:
                return error(action, "Permission denied")
            case "CoreSettings":
                return success(action).removesuffix("\r\n") + f"AsteriskVersion: {self.version}\r\n\r\n"
            case _:
                return self.answer(action)

    def _login(self, action: Action) -> str:
        if self.closing:
            return error(action, "Asterisk is shutting down")
        if action["Secret"] != self.secret:
            return error(action, "Authentication failed")
        return success(action, "Authentication accepted") + self.welcome


@asynccontextmanager
async def played_ami() -> AsyncIterator[PlayedAmi]:
    ami = PlayedAmi()
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(ami.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    ami.port = server.sockets[0].getsockname()[1]
    try:
        yield ami
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
