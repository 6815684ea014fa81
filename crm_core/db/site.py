"""What an administrator changes at run time: the kill switch, the firm's working hours, other settings by name."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from crm_core.db.batches import inserting
from crm_core.db.codec import from_json, to_json
from crm_core.db.tables import site_settings
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.work_calendar import DEFAULT_CALENDAR, WorkCalendar

#: The kill switch: the row's value is who stopped dialing, why and when; JSON null or false: dialing goes on.
DIALING_STOPPED = "dialing_stopped"
WORK_CALENDAR = "working_hours"


async def setting(work: UnitOfWork, name: str) -> Any:
    """The value of a setting, None if it was never set."""
    return await work.scalar(select(site_settings.c.value).where(site_settings.c.name == name))


async def put_setting(work: UnitOfWork, name: str, value: Any) -> None:
    await work.upsert(site_settings, [{"name": name, "value": value}], ["name"])


async def calendar(work: UnitOfWork) -> WorkCalendar:
    """The firm's working hours; the shipped ones until somebody sets others."""
    value = await setting(work, WORK_CALENDAR)
    return DEFAULT_CALENDAR if value is None else from_json(value, WorkCalendar, WORK_CALENDAR)


async def put_calendar(work: UnitOfWork, value: WorkCalendar) -> None:
    await put_setting(work, WORK_CALENDAR, to_json(value))


async def dialing_stopped(work: UnitOfWork) -> dict[str, str] | None:
    """Who stopped dialing, why and since when; None while it is not stopped."""
    return await setting(work, DIALING_STOPPED) or None


async def stop_dialing(work: UnitOfWork, by: str, why: str, now: datetime) -> None:
    """Turn the kill switch. Waits for a lease that is being committed; none is given out after this commit."""
    await put_setting(work, DIALING_STOPPED, {"by": by, "why": why, "at": now.isoformat()})


async def resume_dialing(work: UnitOfWork) -> None:
    await put_setting(work, DIALING_STOPPED, False)


async def may_dial(work: UnitOfWork) -> bool:
    """Whether the kill switch is off; holds its row until the commit.

    Holding it puts the leases of all dialer processes in one line: two of them can never dial one number at once,
    and whoever turns the switch knows that nothing is leased afterwards.
    """
    switch = select(site_settings.c.value).where(site_settings.c.name == DIALING_STOPPED).with_for_update()
    row = await work.first(switch)
    if row is None:
        made = inserting(work, site_settings).values(name=DIALING_STOPPED, value=False).on_conflict_do_nothing()
        await work.run(made)
        row = await work.first(switch)
    return row is not None and not row.value
