"""Days that are over are added up in the background, so that reports over years are quick."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from crm_core.db import site
from crm_core.db.engine import Database
from crm_core.db.reports import rolled
from crm_core.errors import Conflict, Unavailable

log = logging.getLogger(__name__)

_LOOK_EVERY = 600.0  # seconds
_BETWEEN = 0.05  # seconds; a long backlog leaves the database time for others
_AT_ONCE = 30  # days


async def roll_up(database: Database, now: datetime, most: int = _AT_ONCE) -> int:
    """Add up as many as `most` of the days that are over, the latest first; returns how many. May be repeated."""
    async with database.reading() as work:
        zone = (await site.calendar(work)).zone
        days = await rolled.days_to_roll(work, zone, now, most)
    for day in days:
        async with database.work() as work:  # one day, one commit: nobody waits for all of them
            await rolled.roll_day(work, day, zone, now)
        await asyncio.sleep(_BETWEEN)
    return len(days)


class DayRoller:
    """Adds days up until it is cancelled."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now

    async def run(self) -> None:
        while True:
            try:
                done = await roll_up(self._database, self._now())
            except (Unavailable, Conflict) as error:  # two workers at one day: the other's figures are the same
                log.warning("days cannot be added up now", extra={"fault": str(error)})
                done = 0
            if done:
                log.info("days added up", extra={"days": done})
            if done < _AT_ONCE:
                await asyncio.sleep(_LOOK_EVERY)
