"""A recogniser process: loads what its first message names, then answers until its input ends.

Run as `python -m ivr_bot.speech.worker_main` by workers.py. What libraries print goes to stderr, never into the wire.
"""

from __future__ import annotations

import os
import sys
from typing import Any, BinaryIO

from ivr_bot.speech.worker_wire import HEAD_BYTES, Engine, EngineSpec, Reply, Request, length_of, packed, unpacked


def main() -> int:
    """Serve until the parent closes the pipe, also by dying: no orphan stays."""
    source = os.fdopen(os.dup(0), "rb")
    wire = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    spec: EngineSpec = _read(source)
    try:
        engine = spec.load()
    except Exception as error:  # noqa: BLE001  # whatever it is, the parent has to be told
        _write(wire, Reply(0, fault=_said(error)))
        return 1
    _write(wire, Reply(0))
    while (request := _read(source)) is not None:
        _write(wire, _reply(engine, request))
    return 0


def _reply(engine: Engine, request: Request) -> Reply:
    try:
        return Reply(request.number, engine.answer(request.what))
    except Exception as error:  # noqa: BLE001  # one utterance's fault must not end the others' worker
        return Reply(request.number, fault=_said(error))


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__


def _read(source: BinaryIO) -> Any:
    head = source.read(HEAD_BYTES)
    return unpacked(source.read(length_of(head))) if len(head) == HEAD_BYTES else None


def _write(wire: BinaryIO, reply: Reply) -> None:
    wire.write(packed(reply))
    wire.flush()


if __name__ == "__main__":
    sys.exit(main())
