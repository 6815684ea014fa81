"""Tells the leads what came of their attempts."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from crm_core.errors import CrmError
from crm_core.ports import Hopper
from dialer.retry import settled

log = logging.getLogger(__name__)

BATCH = 200
_BEAT = timedelta(milliseconds=200)
_REST = timedelta(milliseconds=100)  # between two batches, however often it is woken: each is one write for many
_PAUSE_WHEN_DOWN = timedelta(seconds=1)


class Settler:
    """Settles ended attempts in batches: the retry decision for each, one write for all."""

    name = "settler"

    def __init__(self, hopper: Hopper, now: Callable[[], datetime]) -> None:
        self._hopper, self._now = hopper, now
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """An attempt has ended: settle now, not at the next beat."""
        self._woken.set()

    async def run(self) -> None:
        """Settle until cancelled."""
        while True:
            self._woken.clear()
            try:
                more = await self.settle_once() == BATCH
            except CrmError as error:
                log.warning("attempts not settled", extra={"error": repr(error)})
                more = False
                await asyncio.sleep(_PAUSE_WHEN_DOWN.total_seconds())
            await asyncio.sleep(_REST.total_seconds())
            if not more:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout((_BEAT - _REST).total_seconds()):
                        await self._woken.wait()

    async def settle_once(self) -> int:
        """Settle one batch; how many attempts it held."""
        ended = await self._hopper.ended(BATCH)
        if ended:
            now = self._now()
            policies = await self._hopper.policies({one.attempt.campaign_id for one in ended})
            await self._hopper.settle([settled(one, policies[one.attempt.campaign_id], now) for one in ended], now)
        return len(ended)
