"""Incoming calls, as the hand-off needs them."""

from __future__ import annotations

from datetime import datetime

from crm_core.db import calls, numbers, site
from crm_core.db.engine import Database
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.numbers import IncomingRule, answering
from crm_core.domain.work_calendar import WorkCalendar
from crm_core.handlers.commits import committed
from crm_core.ports import IncomingCall


class DatabaseReception:
    """`Reception` over the database. `rule` holds for numbers without a rule of their own."""

    def __init__(self, database: Database, rule: IncomingRule | None = None) -> None:
        self._database, self._rule = database, rule or IncomingRule()

    async def calendar(self) -> WorkCalendar:
        """The firm's working hours."""
        async with self._database.reading() as work:
            return await site.calendar(work)

    async def note_incoming(self, call: IncomingCall, after_hours: bool, now: datetime) -> bool:
        """Note which number was called and whether outside working time; whether a script answers there and then. All
        else about the call the switch reports, sooner or later."""

        async def act(work: UnitOfWork) -> bool:
            await calls.note_incoming(work, call.channel, call.line, after_hours)
            own = await numbers.own_number(work, call.line)
            return answering(own, self._rule, after_hours) is not None

        return await committed(self._database, act)
