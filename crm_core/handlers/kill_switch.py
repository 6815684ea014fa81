"""The kill switch: stops all dialing at once, in every process. Calls under way go on."""

from __future__ import annotations

import logging
from datetime import datetime

from crm_core.db import site
from crm_core.db.engine import Database
from crm_core.handlers.commits import committed

log = logging.getLogger(__name__)


async def stop_dialing(database: Database, by: str, why: str, now: datetime) -> None:
    """Lease no attempt from this commit on."""
    await committed(database, lambda work: site.stop_dialing(work, by, why, now))
    log.warning("dialing stopped", extra={"by": by, "why": why})


async def resume_dialing(database: Database, by: str, why: str) -> bool:
    """Let campaigns that run dial again; False if dialing was not stopped."""
    async with database.work() as work:
        stopped = await site.dialing_stopped(work)
        await site.resume_dialing(work)
    log.warning("dialing resumed", extra={"by": by, "why": why})
    return stopped is not None


async def dialing_stopped(database: Database) -> dict[str, str] | None:
    """Who stopped dialing (by, why, at); None while it is not stopped."""
    async with database.reading() as work:
        return await site.dialing_stopped(work)
