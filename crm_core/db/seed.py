"""What Trunkline is shipped with: written where nothing stands yet, never over what a site has changed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from crm_core.db.codec import to_json
from crm_core.db.dispositions import add_default_dispositions
from crm_core.db.rules import add_rules
from crm_core.db.sales import add_default_pipeline
from crm_core.db.site import DIALING_STOPPED, WORK_CALENDAR
from crm_core.db.tables import rules as rules_table
from crm_core.db.tables import site_settings
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.rules import Rule
from crm_core.domain.work_calendar import DEFAULT_CALENDAR


async def seed(work: UnitOfWork, rules: Sequence[Rule] = ()) -> None:
    """Add the default dispositions, pipeline, working hours and `rules`, and the kill switch, off. May be repeated."""
    await add_default_dispositions(work)
    await add_default_pipeline(work)
    settings = [
        {"name": WORK_CALENDAR, "value": to_json(DEFAULT_CALENDAR)},
        {"name": DIALING_STOPPED, "value": False},
    ]
    await work.upsert(site_settings, settings, ["name"], keep=["value"])
    # A rule that a site has deleted must not come back with the next upgrade.
    if rules and await work.scalar(select(rules_table.c.id).limit(1)) is None:
        await add_rules(work, rules)
