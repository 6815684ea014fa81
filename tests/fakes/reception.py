"""A reception in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from crm_core.domain.work_calendar import DEFAULT_CALENDAR, WorkCalendar
from crm_core.ports import IncomingCall


@dataclass
class FakeReception:
    """`noted` holds (channel, after hours) for each call told. A script answers calls to the numbers in `scripts`, by
    day or (True) outside hours."""

    hours: WorkCalendar = DEFAULT_CALENDAR
    scripts: set[tuple[str, bool]] = field(default_factory=set)
    noted: list[tuple[str, bool]] = field(default_factory=list)

    async def calendar(self) -> WorkCalendar:
        return self.hours

    async def note_incoming(self, call: IncomingCall, after_hours: bool, now: datetime) -> bool:
        self.noted.append((call.channel, after_hours))
        return (call.line, after_hours) in self.scripts
