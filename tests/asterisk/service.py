"""The service as its own process, and the AMI link as something that can be cut."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.asterisk.asterisk import Pair


class ServiceProcess:
    """`trunkline serve`, started and killed by its own process handle; what it logs goes to a file."""

    def __init__(self, env: dict[str, str], log: Path) -> None:
        self._env, self._log = env, log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "crm_core", "serve", env=self._env, stdout=log, stderr=log
            )

    async def kill(self) -> None:
        """SIGKILL: nothing is said, nothing is written."""
        await self._end(signal.SIGKILL)

    async def terminate(self) -> int:
        """SIGTERM; the exit code."""
        return await self._end(signal.SIGTERM)

    @property
    def returncode(self) -> int | None:
        return None if self._process is None else self._process.returncode

    @property
    def log(self) -> Path:
        """Where it writes what it logs."""
        return self._log

    async def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(number)
        return await self._process.wait()


def service_env(pair: Pair, folder: Path, database_url: str, ami_port: int, **more: str) -> dict[str, str]:
    """The environment of a service that works with `pair`."""
    return {
        "PATH": os.environ["PATH"],
        "TRUNKLINE_HOME": str(folder),
        "DATABASE_URL": database_url,
        "TRUNKLINE_RECORDINGS": str(pair.pbx.recordings),
        "AMI_PORT": str(ami_port),
        "AMI_SECRET": pair.pbx.ami_secret,
        "AGI_PORT": str(pair.pbx.agi_port),
        "CDR_FILE": str(pair.pbx.cdr_file),
        "WEB_PORT": str(pair.pbx.agi_port + 2000),
        **more,
    }


class Cable:
    """A TCP relay in front of a server, such as the AMI, that can be cut. While `is_out` nobody gets through."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self.is_out = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    @asynccontextmanager
    async def plugged(self) -> AsyncIterator[Cable]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Break every connection at once, in the middle of whatever was being said."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_out:
            writer.transport.abort()
            return
        task = asyncio.create_task(self._relay(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
        except OSError:
            writer.close()
            return
        self._writers |= {writer, far_writer}
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        self._writers -= {writer, far_writer}


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()
