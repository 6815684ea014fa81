"""Working hours and holidays; trunks and our numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from typing import Any
from zoneinfo import available_timezones

from aiohttp import web

from crm_core.domain.campaigns import Trunk
from crm_core.domain.numbers import OwnNumber
from crm_core.domain.work_calendar import WorkCalendar
from crm_core.errors import BadInput, Conflict, NotFound
from crm_core.handlers import site_desk
from crm_core.web.campaign_tools import scripts_of
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages import settings_words as words
from crm_core.web.pages.rendering import render
from crm_core.web.pages.settings_parts import fault, form_of, lines_of, number_in, refused, saved, standing

_TRUNK = "/settings/trunks/{name:[A-Za-z0-9_-]{1,40}}"
_HOURS, _NUMBERS = "/settings/hours", "/settings/numbers"


def add_pages(app: web.Application) -> None:
    routes = app.router
    routes.add_get(_HOURS, _hours)
    routes.add_post(_HOURS, _set_hours)
    routes.add_get(_NUMBERS, _numbers)
    routes.add_post(_NUMBERS, _put_number)
    routes.add_post(_NUMBERS + "/remove", _remove_number)
    routes.add_get("/settings/trunks/new", _new_trunk)
    routes.add_post("/settings/trunks", _put_trunk)
    routes.add_get(_TRUNK, _trunk)
    routes.add_post(_TRUNK + "/remove", _remove_trunk)


# --- working hours ------------------------------------------------------------------------------------------
async def _hours(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    found = await site_desk.working_hours(actor, place.database)
    given = {"zone": found.zone, "holidays": "\n".join(day.isoformat() for day in sorted(found.holidays))}
    for day, (opens, closes) in found.days.items():
        given |= {f"d{day}": "1", f"d{day}.opens": f"{opens:%H:%M}", f"d{day}.closes": f"{closes:%H:%M}"}
    return _hours_page(request, given)


def _hours_page(request: web.Request, given: Mapping[str, str], status: int = 200, **more: Any) -> web.Response:
    zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix/")))
    context: dict[str, Any] = {"given": given, "zones": ["UTC", *zones], "words": words}
    return render(request, "settings/hours.html", status=status, **standing(request, **(context | more)))


async def _set_hours(request: web.Request) -> web.Response:
    place, actor, given = request.app[WORKPLACE], actor_in(request), await form_of(request)
    try:
        await site_desk.set_working_hours(actor, _calendar(given), place.database, place.now())
    except BadInput as error:
        return _hours_page(request, given, 422, **fault(error))
    return saved(_HOURS)


def _calendar(given: Mapping[str, str]) -> WorkCalendar:
    days = {}
    for day in range(7):
        if f"d{day}" not in given:
            continue
        try:
            opens, closes = (time.fromisoformat(given.get(f"d{day}.{part}", "")) for part in ("opens", "closes"))
        except ValueError:
            raise BadInput(f"days.{day}", "these are no times", "Write hours and minutes, such as 09:00") from None
        days[day] = (opens.replace(tzinfo=None), closes.replace(tzinfo=None))
    holidays = set()
    for line in lines_of(given.get("holidays", "")):
        try:
            holidays.add(date.fromisoformat(line))
        except ValueError:
            do = "Write year-month-day, one in each line, such as 2026-12-31"
            raise BadInput("holidays", f"{line[:40]!r} is no date", do) from None
    return WorkCalendar(given.get("zone", "").strip(), days, frozenset(holidays))


# --- numbers ------------------------------------------------------------------------------------------------
async def _numbers(request: web.Request) -> web.Response:
    return await _numbers_page(request)


async def _numbers_page(request: web.Request, status: int = 200, **more: Any) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    scripts = scripts_of(request)
    context: dict[str, Any] = {
        "trunks": await site_desk.list_trunks(actor, place.database),
        "numbers": await site_desk.list_numbers(actor, place.database),
        "scripts": scripts.names() if scripts is not None else (),
        "given": {},
    }
    return render(request, "settings/numbers.html", status=status, **standing(request, **(context | more)))


async def _put_number(request: web.Request) -> web.Response:
    place, actor, given = request.app[WORKPLACE], actor_in(request), await form_of(request)
    scripts = scripts_of(request)
    try:
        own = OwnNumber(
            given.get("number", ""),
            given.get("day_script") or None,
            given.get("night_script") or None,
            _fields(given.get("fields", "")),
            given.get("notify", "").strip() or None,
        )
        known = None if scripts is None else scripts.names()
        await site_desk.put_number(actor, own, known, place.country, place.database, place.now())
    except BadInput as error:
        return await _numbers_page(request, 422, given=given, **fault(error))
    return saved(_NUMBERS)


def _fields(text: str) -> dict[str, str]:
    """Lines of "name: value"."""
    found = {}
    for line in lines_of(text):
        name, colon, value = line.partition(":")
        if not colon or not name.strip() or len(line) > 300:
            raise BadInput("fields", f"{line[:40]!r} is no field", "Write name: value, one in each line")
        found[name.strip()] = value.strip()
    return found


async def _remove_number(request: web.Request) -> web.Response:
    place, actor, given = request.app[WORKPLACE], actor_in(request), await form_of(request)
    await site_desk.remove_number(actor, given.get("number", ""), place.country, place.database, place.now())
    return saved(_NUMBERS)


# --- trunks -------------------------------------------------------------------------------------------------
async def _new_trunk(request: web.Request) -> web.Response:
    return await _trunk_page(request, None, {"calls_per_second": "5", "max_lines": "30"})


async def _trunk(request: web.Request) -> web.Response:
    place, actor, name = request.app[WORKPLACE], actor_in(request), request.match_info["name"]
    for one in await site_desk.list_trunks(actor, place.database):
        if one.name == name:
            given = {"name": one.name, "endpoint": one.endpoint, "calls_per_second": f"{one.calls_per_second:g}"}
            given |= {"prefixes": "\n".join(one.prefixes), "caller_ids": "\n".join(one.caller_ids)}
            caps = {"max_lines": one.max_lines, "daily_calls": one.daily_calls, "daily_minutes": one.daily_minutes}
            given |= {key: "" if cap is None else str(cap) for key, cap in caps.items()}
            return await _trunk_page(request, name, given)
    raise NotFound("trunk", name)


async def _trunk_page(
    request: web.Request, name: str | None, given: Mapping[str, str], status: int = 200, **more: Any
) -> web.Response:
    await site_desk.list_trunks(actor_in(request), request.app[WORKPLACE].database)  # whoever may not see them
    context = standing(request, **({"name": name, "given": given} | more))
    return render(request, "settings/trunk.html", status=status, **context)


async def _put_trunk(request: web.Request) -> web.Response:
    place, actor, given = request.app[WORKPLACE], actor_in(request), await form_of(request)
    try:
        await site_desk.put_trunk(actor, _trunk_of(given), place.database, place.now())
    except BadInput as error:
        name = given.get("name") if given.get("standing") else None
        return await _trunk_page(request, name, given, 422, **fault(error))
    return saved(_NUMBERS)


def _trunk_of(given: Mapping[str, str]) -> Trunk:
    def whole(name: str, *, needed: bool = False) -> int | None:
        text = given.get(name, "").strip()
        found = number_in(text)
        if (text or needed) and (found is None or not 0 < found < 2**31):
            raise BadInput(name, f"{text[:20]!r} is no whole number above 0")
        return found

    try:
        per_second = float(given.get("calls_per_second", "").replace(",", "."))
    except ValueError:
        raise BadInput("calls_per_second", "it is no number", "Such as 2.5") from None
    lines = whole("max_lines", needed=True)
    assert lines is not None
    return Trunk(
        name=given.get("name", "").strip(),
        endpoint=given.get("endpoint", "").strip(),
        prefixes=tuple(lines_of(given.get("prefixes", ""))),
        calls_per_second=per_second,
        max_lines=lines,
        daily_calls=whole("daily_calls"),
        daily_minutes=whole("daily_minutes"),
        caller_ids=tuple(lines_of(given.get("caller_ids", ""))),
    )


async def _remove_trunk(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    try:
        await site_desk.remove_trunk(actor, request.match_info["name"], place.database, place.now())
    except Conflict as error:
        return refused(error)
    return web.Response(status=204, headers={"HX-Redirect": f"{_NUMBERS}?saved=1"})
