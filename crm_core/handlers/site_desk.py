"""Working hours, trunks, our numbers and message templates, as whoever may change settings wants them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from crm_core.db import audit, messages, site, site_writing
from crm_core.db import campaigns as trunk_rows
from crm_core.db import numbers as number_rows
from crm_core.db.engine import Database
from crm_core.domain.access import Actor, Right
from crm_core.domain.campaigns import Trunk
from crm_core.domain.messages import MessageChannel, Template, checked, fields_of
from crm_core.domain.numbers import OwnNumber
from crm_core.domain.work_calendar import WorkCalendar
from crm_core.errors import BadInput, Conflict, NotFound
from crm_core.handlers import campaigns, numbers
from crm_core.handlers import messages as templates_of
from crm_core.handlers.agents import PHONE_NAME

_MOST_HOLIDAYS = 1000
_TEMPLATE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")


# --- working hours ------------------------------------------------------------------------------------------
async def working_hours(actor: Actor, database: Database) -> WorkCalendar:
    """Raises Forbidden."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.reading() as work:
        return await site.calendar(work)


async def set_working_hours(actor: Actor, wanted: WorkCalendar, database: Database, now: datetime) -> WorkCalendar:
    """Raises Forbidden, and BadInput for a zone there is not, or hours that end before they begin."""
    actor.require(Right.CHANGE_SETTINGS)
    if wanted.zone not in available_timezones():
        raise BadInput("zone", f"there is no time zone {wanted.zone[:60]!r}", "Write its name, such as Asia/Tashkent")
    if not wanted.days:
        raise BadInput("days", "there is no hour of work in the week", "Set hours for at least one weekday")
    for day, (opens, closes) in wanted.days.items():
        if day not in range(7):
            raise BadInput("days", f"{day} is no weekday", "Monday is 0, Sunday 6")
        if opens >= closes:
            raise BadInput(f"days.{day}", "work ends before it begins", "Hours do not go on after midnight")
    if len(wanted.holidays) > _MOST_HOLIDAYS:
        raise BadInput("holidays", f"there are more than {_MOST_HOLIDAYS}")
    async with database.work() as work:
        await site.put_calendar(work, wanted)
        days = {str(day): f"{opens:%H:%M}-{closes:%H:%M}" for day, (opens, closes) in sorted(wanted.days.items())}
        details = {"zone": wanted.zone, "days": days, "holidays": [str(day) for day in sorted(wanted.holidays)]}
        await audit.record(work, actor, "settings.changed", "settings", "working_hours", now, details=details)
    return wanted


# --- trunks -------------------------------------------------------------------------------------------------
async def list_trunks(actor: Actor, database: Database) -> list[Trunk]:
    """Raises Forbidden."""
    actor.require(Right.CHANGE_SETTINGS)
    return await campaigns.every_trunk(database)


async def put_trunk(actor: Actor, trunk: Trunk, database: Database, now: datetime) -> Trunk:
    """Add a trunk, or change the one of its name. Raises Forbidden and BadInput."""
    actor.require(Right.CHANGE_SETTINGS)
    for where, text in (("name", trunk.name), ("endpoint", trunk.endpoint)):
        if not PHONE_NAME.fullmatch(text):
            raise BadInput(where, f"{text[:40]!r} is no name", "Write up to 40 letters, digits, - and _")
    if not 0 < trunk.calls_per_second <= 1000 or not 0 < trunk.max_lines <= 100_000:
        raise BadInput("limits", "calls a second are not above 0 (to 1,000), or lines not (to 100,000)")
    campaigns.check_trunk(trunk)
    async with database.work() as work:
        await trunk_rows.put_trunk(work, trunk)
        details = _plain(asdict(trunk))
        await audit.record(work, actor, "trunk.changed", "trunk", trunk.name, now, details=details)
    return trunk


async def remove_trunk(actor: Actor, name: str, database: Database, now: datetime) -> None:
    """Raises Forbidden, NotFound, and Conflict while a campaign that may dial uses it."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.work() as work:
        for campaign in await trunk_rows.every_campaign(work):
            if campaign.policy.trunk == name and campaign.state.value in ("running", "paused"):
                raise Conflict(f"the campaign {campaign.name!r} dials over it: stop it, or give it another trunk")
        if not await site_writing.remove_trunk(work, name):
            raise NotFound("trunk", name)
        await audit.record(work, actor, "trunk.removed", "trunk", name, now)


# --- our numbers --------------------------------------------------------------------------------------------
async def list_numbers(actor: Actor, database: Database) -> list[OwnNumber]:
    """Numbers of ours that a script answers. Raises Forbidden."""
    actor.require(Right.CHANGE_SETTINGS)
    return await numbers.every_number(database)


async def put_number(
    actor: Actor,
    own: OwnNumber,
    scripts: Sequence[str] | None,
    country: str | None,
    database: Database,
    now: datetime,
) -> OwnNumber:
    """Say what answers one of our numbers; `scripts` are those there are, None: nobody knows here. Raises Forbidden and
    BadInput."""
    actor.require(Right.CHANGE_SETTINGS)
    for where, script in (("day_script", own.day_script), ("night_script", own.night_script)):
        if script is not None and scripts is not None and script not in scripts:
            raise BadInput(where, f"there is no script {script[:80]!r}", f"Choose of: {', '.join(scripts)}")
    stored = numbers.checked_number(own, country)
    async with database.work() as work:
        await number_rows.put(work, stored)
        details = {"day_script": stored.day_script, "night_script": stored.night_script}
        await audit.record(work, actor, "number.changed", "number", stored.number, now, details=details)
    return stored


async def remove_number(actor: Actor, raw: str, country: str | None, database: Database, now: datetime) -> None:
    """Let agents answer the number again. Raises Forbidden, BadInput and NotFound."""
    actor.require(Right.CHANGE_SETTINGS)
    number = numbers.parse_number(raw, country)
    async with database.work() as work:
        if not await number_rows.remove(work, number):
            raise NotFound("number", number)
        await audit.record(work, actor, "number.removed", "number", number, now)


# --- message templates --------------------------------------------------------------------------------------
async def list_templates(actor: Actor, database: Database) -> list[tuple[Template, tuple[str, ...]]]:
    """All of them, each with the names of its fields. Raises Forbidden."""
    actor.require(Right.CHANGE_SETTINGS)
    return [(one, fields_of(one)) for one in await templates_of.templates(database)]


async def put_template(actor: Actor, template: Template, database: Database, now: datetime) -> None:
    """Store a template; the one of the same name, channel and language is replaced. Raises Forbidden and BadInput."""
    actor.require(Right.CHANGE_SETTINGS)
    if not _TEMPLATE_NAME.fullmatch(template.name):
        raise BadInput("name", f"{template.name[:80]!r} is no name", "Write letters, digits, - and _")
    fitting = templates_of.fitting(checked(template))
    async with database.work() as work:
        await messages.put_templates(work, [fitting], now, keep=False)
        key = f"{template.name} {template.channel} {template.language}"
        await audit.record(work, actor, "template.changed", "template", key, now)


async def remove_template(
    actor: Actor, name: str, channel: MessageChannel, language: str, database: Database, now: datetime
) -> None:
    """Raises Forbidden and NotFound."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.work() as work:
        if not await site_writing.remove_template(work, name, channel.value, language):
            raise NotFound("template", name)
        await audit.record(work, actor, "template.removed", "template", f"{name} {channel} {language}", now)


async def one_template(actor: Actor, name: str, channel: MessageChannel, language: str, database: Database) -> Template:
    """Raises Forbidden and NotFound."""
    actor.require(Right.CHANGE_SETTINGS)
    async with database.reading() as work:
        for found in await messages.templates(work, name):
            if (found.channel, found.language) == (channel, language):
                return found
    raise NotFound("template", name)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
