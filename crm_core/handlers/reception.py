"""Incoming calls, as the hand-off needs them."""

from __future__ import annotations

from datetime import datetime

from crm_core.db import calls, site
from crm_core.db.engine import Database
from crm_core.domain.work_calendar import WorkCalendar
from crm_core.handlers.commits import committed
from crm_core.ports import IncomingCall


class DatabaseReception:
    """`Reception` over the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def calendar(self) -> WorkCalendar:
        """The firm's working hours."""
        async with self._database.reading() as work:
            return await site.calendar(work)

    async def note_incoming(self, call: IncomingCall, after_hours: bool, now: datetime) -> None:
        """Note whether the call came outside working time. All else about it the switch reports, sooner or later."""
        await committed(self._database, lambda work: calls.note_incoming(work, call.channel, after_hours))
