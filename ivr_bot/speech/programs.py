"""Running a short-lived program with a text on its input and an end to its time."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from crm_core.errors import Unavailable

_SAID_BYTES = 300  # of what a program says about its fault


async def run_program(what: str, command: Sequence[str], said: str, within: timedelta) -> None:
    """Run it to its end. `what` names it in errors. Raises Unavailable: not there, too slow, or it failed."""
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=DEVNULL, stderr=PIPE)
    except OSError as error:
        raise Unavailable(f"{what} cannot be started: {error}") from None
    try:
        async with asyncio.timeout(within.total_seconds()):
            _, stderr = await process.communicate(said.encode())
    except TimeoutError:
        raise Unavailable(f"{what} took longer than {within.total_seconds():g} s") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0:
        fault = stderr.decode(errors="replace").strip()[-_SAID_BYTES:] or f"exit code {process.returncode}"
        raise Unavailable(f"{what} failed: {fault}")
