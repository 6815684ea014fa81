"""Waiting for what other tasks bring about."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


async def until(fact: Callable[[], Awaitable[bool] | bool], seconds: float = 20) -> None:
    """Wait for a fact to hold; raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while True:
            answer = fact()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.01)
