"""An event loop whose time passes only when nothing else is to be done: hours of dialing in milliseconds."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

_T = TypeVar("_T")
#: A Tuesday, 10:00 UTC (15:00 in Tashkent).
START = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)


class _Selector(selectors.DefaultSelector):
    """Waits for nothing: it moves the clock instead."""

    clock: VirtualLoop | None = None

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and self.clock is not None:
            if timeout is None:
                raise RuntimeError("everybody waits for something that will never happen")
            self.clock.seconds += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.seconds = 0.0
        selector = _Selector()
        super().__init__(selector)
        selector.clock = self

    def time(self) -> float:
        return self.seconds


def now() -> datetime:
    """The instant, as the running virtual loop has it."""
    return START + timedelta(seconds=asyncio.get_running_loop().time())


def run(main: Coroutine[Any, Any, _T]) -> _T:
    """Run `main` to its end in a loop of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
