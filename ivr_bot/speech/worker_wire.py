"""The wire between the service and its recogniser processes: pickled values with their length before them.

Both ends are this program, joined by a pipe that nobody else holds, so pickle's trust is no matter here.
"""

from __future__ import annotations

import pickle
import struct
from dataclasses import dataclass
from typing import Any, Protocol

_LENGTH = struct.Struct(">I")
HEAD_BYTES = _LENGTH.size


class Engine(Protocol):
    """A loaded recogniser inside a worker process. One request at a time."""

    def answer(self, request: Any) -> Any: ...


class EngineSpec(Protocol):
    """What to load; is sent to the worker, so it holds plain values only."""

    def load(self) -> Engine:
        """Load and warm up. Raises CrmError when it cannot be."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    number: int
    what: Any


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a request; number 0 tells that the engine is loaded. `fault` is set instead of `what`."""

    number: int
    what: Any = None
    fault: str | None = None


def packed(value: Any) -> bytes:
    """A value ready for the pipe."""
    body = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(body)) + body


def length_of(head: bytes) -> int:
    """Bytes that follow a head."""
    return int(_LENGTH.unpack(head)[0])


def unpacked(body: bytes) -> Any:
    return pickle.loads(body)
