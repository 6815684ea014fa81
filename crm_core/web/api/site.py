"""What the site works with: working hours, trunks, our numbers, message templates."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated

from pydantic import Field

from crm_core.domain.access import Right
from crm_core.domain.campaigns import Trunk
from crm_core.domain.messages import MessageChannel, Template
from crm_core.domain.numbers import OwnNumber
from crm_core.domain.work_calendar import WorkCalendar
from crm_core.handlers import site_desk
from crm_core.web.api.routing import Asked, Model, Routes
from crm_core.web.campaign_tools import scripts_of
from crm_core.web.keys import WORKPLACE

routes = Routes("site")

Script = Annotated[str, Field(min_length=1, max_length=80)]
E164 = Annotated[str, Field(max_length=20)]
Clock = Annotated[str, Field(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Cap = Annotated[int, Field(ge=1, le=2**31 - 1)]


class Hours(Model):
    """From when to when, within one day: 09:00."""

    opens: Clock
    closes: Clock


class WorkingHours(Model):
    """`days` by weekday, "0" (Monday) to "6"; one that is left out is free. `zone`: an IANA name."""

    zone: Annotated[str, Field(max_length=60)]
    days: Annotated[dict[Annotated[str, Field(pattern="^[0-6]$")], Hours], Field(max_length=7)]
    holidays: Annotated[list[date], Field(max_length=1000, default_factory=list)]


class TrunkBody(Model):
    """A carrier line. `endpoint`: the PJSIP endpoint; `prefixes`: E.164 prefixes that may be dialed, no others."""

    endpoint: Annotated[str, Field(min_length=1, max_length=40)]
    prefixes: Annotated[list[E164], Field(max_length=500, default_factory=list)]
    calls_per_second: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] = 5.0
    max_lines: Annotated[int, Field(ge=1, le=100_000)] = 30
    daily_calls: Cap | None = None
    daily_minutes: Cap | None = None
    caller_ids: Annotated[list[E164], Field(max_length=500, default_factory=list)]


class TrunkOut(TrunkBody):
    name: str


class NumberBody(Model):
    """What answers one of our numbers. `fields`: what the scripts' fields hold; `notify`: an e-mail address told of
    each call a script took."""

    day_script: Script | None = None
    night_script: Script | None = None
    fields: Annotated[dict[Script, Annotated[str, Field(max_length=200)]], Field(max_length=50, default_factory=dict)]
    notify: Annotated[str, Field(max_length=200)] | None = None


class NumberOut(NumberBody):
    number: str


class TemplateBody(Model):
    """A text with {field}s; {{ and }} are braces. Only e-mail has a subject."""

    body: Annotated[str, Field(min_length=1, max_length=20_000)]
    subject: Annotated[str, Field(max_length=500)] = ""


class TemplateOut(TemplateBody):
    name: str
    channel: MessageChannel
    language: str
    fields: list[str]


class TemplateKey(Model):
    language: Annotated[str, Field(min_length=1, max_length=8, pattern="^[A-Za-z-]+$")]
    channel: MessageChannel


# --- working hours ------------------------------------------------------------------------------------------
def _hours(found: WorkCalendar) -> WorkingHours:
    days = {
        str(day): Hours(opens=f"{opens:%H:%M}", closes=f"{closes:%H:%M}")
        for day, (opens, closes) in sorted(found.days.items())
    }
    return WorkingHours(zone=found.zone, days=days, holidays=sorted(found.holidays))


@routes("GET", "/working-hours", right=Right.CHANGE_SETTINGS)
async def get_working_hours(asked: Asked) -> WorkingHours:
    """When the firm works."""
    return _hours(await site_desk.working_hours(asked.actor, asked.database))


@routes("PUT", "/working-hours", right=Right.CHANGE_SETTINGS)
async def set_working_hours(asked: Asked, body: WorkingHours) -> WorkingHours:
    """Say when the firm works: after these hours tasks fall due, and night scripts answer."""
    days = {int(day): (time.fromisoformat(h.opens), time.fromisoformat(h.closes)) for day, h in body.days.items()}
    wanted = WorkCalendar(body.zone, days, frozenset(body.holidays))
    return _hours(await site_desk.set_working_hours(asked.actor, wanted, asked.database, asked.now))


# --- trunks and numbers -------------------------------------------------------------------------------------
@routes("GET", "/trunks", right=Right.CHANGE_SETTINGS)
async def list_trunks(asked: Asked) -> list[TrunkOut]:
    """Carrier lines."""
    return [TrunkOut.model_validate(one) for one in await site_desk.list_trunks(asked.actor, asked.database)]


@routes("PUT", "/trunks/{name}", right=Right.CHANGE_SETTINGS)
async def put_trunk(asked: Asked, name: str, body: TrunkBody) -> TrunkOut:
    """Add a trunk, or change the one of this name."""
    values = {n: getattr(body, n) for n in TrunkBody.model_fields}
    lists = {n: tuple(values[n]) for n in ("prefixes", "caller_ids")}
    put = await site_desk.put_trunk(asked.actor, Trunk(name=name, **(values | lists)), asked.database, asked.now)
    return TrunkOut.model_validate(put)


@routes("DELETE", "/trunks/{name}", right=Right.CHANGE_SETTINGS)
async def remove_trunk(asked: Asked, name: str) -> None:
    """Remove a trunk that no campaign dials over."""
    await site_desk.remove_trunk(asked.actor, name, asked.database, asked.now)


@routes("GET", "/own-numbers", right=Right.CHANGE_SETTINGS)
async def list_own_numbers(asked: Asked) -> list[NumberOut]:
    """Numbers of ours that a script answers; all others are answered by agents."""
    return [NumberOut.model_validate(one) for one in await site_desk.list_numbers(asked.actor, asked.database)]


@routes("PUT", "/own-numbers/{number}", right=Right.CHANGE_SETTINGS)
async def put_own_number(asked: Asked, number: str, body: NumberBody) -> NumberOut:
    """Say what answers one of our numbers."""
    own = OwnNumber(number, body.day_script, body.night_script, dict(body.fields), body.notify)
    scripts, place = scripts_of(asked.request), asked.request.app[WORKPLACE]
    known = None if scripts is None else scripts.names()
    put = await site_desk.put_number(asked.actor, own, known, place.country, asked.database, asked.now)
    return NumberOut.model_validate(put)


@routes("DELETE", "/own-numbers/{number}", right=Right.CHANGE_SETTINGS)
async def remove_own_number(asked: Asked, number: str) -> None:
    """Let agents answer the number again."""
    country = asked.request.app[WORKPLACE].country
    await site_desk.remove_number(asked.actor, number, country, asked.database, asked.now)


# --- message templates --------------------------------------------------------------------------------------
@routes("GET", "/message-templates", right=Right.CHANGE_SETTINGS)
async def list_message_templates(asked: Asked) -> list[TemplateOut]:
    """What messages say, by name, channel and language."""
    found = await site_desk.list_templates(asked.actor, asked.database)
    return [_template(one, fields) for one, fields in found]


def _template(one: Template, fields: tuple[str, ...]) -> TemplateOut:
    values = {n: getattr(one, n) for n in ("name", "channel", "language", "subject", "body")}
    return TemplateOut(**values, fields=list(fields))


@routes("PUT", "/message-templates/{name}", right=Right.CHANGE_SETTINGS)
async def put_message_template(asked: Asked, name: str, query: TemplateKey, body: TemplateBody) -> None:
    """Add a text, or change the one of this name, channel and language."""
    template = Template(name, query.channel, query.language, body.body, body.subject)
    await site_desk.put_template(asked.actor, template, asked.database, asked.now)


@routes("DELETE", "/message-templates/{name}", right=Right.CHANGE_SETTINGS)
async def remove_message_template(asked: Asked, name: str, query: TemplateKey) -> None:
    """Remove a text."""
    key = (name, query.channel, query.language)
    await site_desk.remove_template(asked.actor, *key, asked.database, asked.now)
