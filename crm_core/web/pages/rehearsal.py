"""A campaign rehearsed, as a panel of its page: what to expect, a picture by the hour, and how it compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from crm_core.domain.access import Right
from crm_core.domain.campaigns import DialMode
from crm_core.domain.rehearsal import Forecast, HourAhead
from crm_core.errors import BadInput, TooMany, Unavailable
from crm_core.handlers import campaign_desk
from crm_core.handlers.rehearsal import Wanted, last_rehearsal
from crm_core.handlers.rehearsal_compare import compared_as
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages.catalogues import mark
from crm_core.web.pages.rendering import is_part, render, render_part, viewer_of
from crm_core.web.rehearsal_tools import add_rehearsals, begin, stop, under_way

_PAGE = "rehearsal/rehearsal.html"
_ONE = "/campaigns/{campaign_id:[0-9]{1,18}}/rehearsal"
#: Hours drawn, and the picture's own measures.
_DRAWN, _WIDE, _HIGH = 72, 720.0, 140.0
NAMES = {
    "dials": mark("Dials"),
    "people": mark("Answered by people"),
    "talks": mark("Talks"),
    "occupancy_due": mark("Operators busy while leads are due"),
    "occupancy": mark("Operators busy, start to finish"),
    "abandoned_share": mark("Abandoned, of those who answer"),
    "reached": mark("Leads talked to"),
    "talk_minutes": mark("Minutes of talk in an operator's hour"),
    "days": mark("Days from the first dial to the last"),
}
SHARES = ("occupancy", "occupancy_due", "abandoned_share", "reached")
ASSUMED = {
    "answered": mark("how often people answer"),
    "failed": mark("how many numbers fail"),
    "talk": mark("how long talks last"),
    "wrap_up": mark("how long the wrap-up takes"),
    "pauses": mark("how often operators pause"),
    "callbacks": mark("how many want to be called back"),
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour in the picture, in measures of SVG: `calls` are expected, `range` holds nine of ten runs."""

    hour: HourAhead
    x: float
    wide: float
    calls_y: float
    calls_high: float
    range_y: float
    range_high: float
    callbacks_y: float
    callbacks_high: float
    new_day: bool


def add_pages(app: web.Application) -> None:
    add_rehearsals(app)
    app.router.add_get(_ONE, _panel)
    app.router.add_post(_ONE, _begin)
    app.router.add_post(_ONE + "/stop", _stop)


def _id(request: web.Request) -> int:
    return int(request.match_info["campaign_id"])


async def _panel(request: web.Request) -> web.Response:
    """The panel; by its own address a page of it alone."""
    return await _shown(request)


async def _begin(request: web.Request) -> web.Response:
    form = {name: str(value).strip() for name, value in (await request.post()).items()}
    try:
        zone = ZoneInfo(viewer_of(request).zone)
        wanted = Wanted(_whole(form.get("operators", "")), _time("begins_at", form, zone), _time("by", form, zone))
        await begin(request, actor_in(request), _id(request), wanted)
    except (BadInput, TooMany, Unavailable) as error:
        return await _shown(request, str(error), form)
    return await _shown(request)


async def _stop(request: web.Request) -> web.Response:
    actor, place = actor_in(request), request.app[WORKPLACE]
    actor.require(Right.CHANGE_CAMPAIGNS)
    await campaign_desk.one_campaign(actor, _id(request), place.database, place.now())
    await stop(request, _id(request))
    return await _shown(request)


def _whole(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 9):
        raise BadInput("operators", f"{text[:20]!r} is no number", "Write how many will work")
    return int(text)


def _time(name: str, form: dict[str, str], zone: ZoneInfo) -> datetime | None:
    """What a field of date and time says, in the viewer's zone."""
    text = form.get(name, "")
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(name, f"{text[:20]!r} is no time", "Choose a day and an hour") from error
    return found if found.tzinfo is not None else found.replace(tzinfo=zone)


async def _shown(request: web.Request, error: str = "", form: dict[str, str] | None = None) -> web.Response:
    place, actor, campaign_id = request.app[WORKPLACE], actor_in(request), _id(request)
    card = await campaign_desk.one_campaign(actor, campaign_id, place.database, place.now())
    making = under_way(request, campaign_id)  # before what is kept: one that ends now is read there
    kept = await last_rehearsal(actor, campaign_id, place.database)
    compared = await compared_as(actor, campaign_id, place.database, place.now())
    policy = card.campaign.policy
    names = [name for name in NAMES if name != "days"]
    if policy.mode is DialMode.BOT:
        names = ["dials", "people", "talks", "reached"]
    context: dict[str, Any] = {
        "campaign": card.campaign,
        "is_bot": policy.mode is DialMode.BOT,
        "is_over": card.campaign.state.value == "finished",
        "kept": kept,
        "forecast": None if kept is None else kept.forecast,
        "bars": [] if kept is None else bars(kept.forecast, ZoneInfo(viewer_of(request).zone)),
        "finish": None if kept is None else finish(kept.forecast),
        "compared": None if compared is None else compared.compared,
        "compared_with": compared,
        "making": making,
        "error": error,
        "form": form or {},
        "names": NAMES,
        "figures": names,
        "shares": SHARES,
        "assumed": ASSUMED,
    }
    if is_part(request):
        return render_part(request, _PAGE, "panel", **context)
    return render(request, _PAGE, **context)


def finish(forecast: Forecast) -> tuple[float, float, float] | None:
    """Where early, middle and late finish stand between the begin and the last day, in measures of SVG."""
    if forecast.finish is None or forecast.finish_low is None or not forecast.days:
        return None
    whole = (forecast.days[-1].until - forecast.begins_at).total_seconds()

    def place(at: datetime) -> float:
        return round(_WIDE * min(1.0, (at - forecast.begins_at).total_seconds() / max(1.0, whole)), 1)

    high = _WIDE if forecast.finish_high is None else place(forecast.finish_high)
    return place(forecast.finish_low), min(place(forecast.finish), _WIDE - 4), high


def bars(forecast: Forecast, zone: ZoneInfo) -> list[Bar]:
    """The first hours as bars; the range of nine of ten runs stands behind, callbacks in front."""
    hours: Sequence[HourAhead] = forecast.hours[:_DRAWN]
    top = max((max(hour.dials_high, hour.dials) for hour in hours), default=0.0)
    if top <= 0:
        return []
    step = _WIDE / max(24, len(hours))
    found, day = [], None

    def high(count: float) -> float:
        return round(_HIGH * count / top, 1)

    for place, hour in enumerate(hours):
        today = hour.at.astimezone(zone).date()
        found.append(
            Bar(
                hour=hour,
                x=round(place * step, 1),
                wide=round(step * 0.8, 1),
                calls_y=_HIGH - high(hour.dials),
                calls_high=high(hour.dials),
                range_y=_HIGH - high(hour.dials_high),
                range_high=high(hour.dials_high - hour.dials_low),
                callbacks_y=_HIGH - high(hour.callbacks),
                callbacks_high=high(hour.callbacks),
                new_day=today != day,
            )
        )
        day = today
    return found
