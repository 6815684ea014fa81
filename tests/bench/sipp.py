"""SIPp as the telephone network and as the agents' phones under load (Debian's sip-tester)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

_FOLDER = Path(__file__).parent
_LISTENS_WITHIN = 10.0  # seconds


@asynccontextmanager
async def answering(port: int, folder: Path, scenario: str = "callee.xml") -> AsyncIterator[int]:
    """SIPp answering INVITEs on 127.0.0.1:`port` by the scenario; its process id. Ended by its own handle."""
    process = await asyncio.create_subprocess_exec(
        *("sipp", "-sf", str(_FOLDER / scenario), "-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", str(port), "-nostdin"),
        # A call it does not know (left over from the run before) is none of its business.
        *("-mp", str(port + 2), "-aa"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=folder,
    )
    try:
        await _listens(process, port)
        yield process.pid
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _listens(process: asyncio.subprocess.Process, port: int) -> None:
    """SIPp says nothing when it is ready; the kernel does: proc(5), /proc/net/udp lists local ports in hex."""
    async with asyncio.timeout(_LISTENS_WITHIN):
        while f":{port:04X} " not in Path("/proc/net/udp").read_text():  # noqa: ASYNC240
            if process.returncode is not None:
                raise RuntimeError(f"sipp ended at once with {process.returncode}: is port {port} taken?")
            await asyncio.sleep(0.05)
