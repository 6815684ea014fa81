"""Rehearsals in a process of their own: the event loop, with people on the line, never waits for them.

The parent writes one pickled order to the child's input; the child answers with lines of JSON, progress first, and
after the last line with the pickled forecast. Both ends are this program; nothing else writes into the pipe.
"""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import resource
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import BinaryIO

from crm_core.domain.past_calls import PastCalls
from crm_core.domain.rehearsal import Forecast, RehearsalRoom
from crm_core.errors import Unavailable
from dialer.rehearsal import rehearse

WITHIN = timedelta(minutes=10)
#: Below everything that has to do with calls.
_NICE = 15
_LINE = 2**16


@dataclass(frozen=True, slots=True)
class RehearsalProcess:
    """Rehearses in a child; `within`: how long it may take before it is ended."""

    within: timedelta = WITHIN

    async def __call__(self, room: RehearsalRoom, past: PastCalls, told: Callable[[int, int], None]) -> Forecast:
        """The forecast. `told` hears how many steps of how many are done. Cancelled, it ends the child.

        Raises Unavailable when it takes too long or the child ends without an answer.
        """
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "dialer.rehearsal_process", stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=_LINE
        )
        try:
            async with asyncio.timeout(self.within.total_seconds()):
                answer, _ = await asyncio.gather(_answer(child, told), _order(child, room, past))
                await child.wait()
        except TimeoutError as error:
            minutes = self.within.total_seconds() / 60
            raise Unavailable(
                f"the rehearsal was ended after {minutes:g} minutes: ask for fewer runs, or without a time to finish by"
            ) from error
        finally:
            if child.returncode is None:
                with suppress(ProcessLookupError):
                    child.kill()
                await child.wait()
        if answer is None:
            raise Unavailable(f"the rehearsal ended without an answer: {await _last_words(child)}")
        return answer


async def _order(child: Process, room: RehearsalRoom, past: PastCalls) -> None:
    assert child.stdin is not None
    with suppress(BrokenPipeError, ConnectionResetError):  # it has ended already: what it said is told
        child.stdin.write(pickle.dumps((room, past)))
        await child.stdin.drain()
        child.stdin.close()


async def _answer(child: Process, told: Callable[[int, int], None]) -> Forecast | None:
    assert child.stdout is not None
    while line := await child.stdout.readline():
        message = json.loads(line)
        if "bytes" in message:
            found = pickle.loads(await child.stdout.readexactly(message["bytes"]))
            assert isinstance(found, Forecast)
            return found
        told(message["done"], message["whole"])
    return None


async def _last_words(child: Process) -> str:
    assert child.stderr is not None
    said = (await child.stderr.read()).decode(errors="replace").strip().splitlines()
    return said[-1] if said else f"exit status {child.returncode}"


def main() -> int:
    """The child: one order from standard input, the answer to standard output."""
    os.nice(_NICE)
    most = int(WITHIN.total_seconds()) + 60
    resource.setrlimit(resource.RLIMIT_CPU, (most, most + 1))
    room, past = pickle.load(sys.stdin.buffer)
    out = sys.stdout.buffer
    forecast = pickle.dumps(rehearse(room, past, lambda done, whole: _say(out, {"done": done, "whole": whole})))
    _say(out, {"bytes": len(forecast)})
    out.write(forecast)
    out.flush()
    return 0


def _say(out: BinaryIO, message: dict[str, int]) -> None:
    out.write(json.dumps(message).encode() + b"\n")
    out.flush()


if __name__ == "__main__":
    sys.exit(main())
