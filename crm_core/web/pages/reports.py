"""Reports: one question each, a picture beside its table, filters, files; and the plans that one of them reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from multidict import MultiMapping

from crm_core.domain.access import Actor, Right
from crm_core.domain.plans import Measure, Plan
from crm_core.domain.report_sales import MEASURES
from crm_core.domain.reports import Report
from crm_core.errors import BadInput, NotFound
from crm_core.handlers import plans, reports
from crm_core.handlers.report_choices import Choice, Choices, report_choices
from crm_core.handlers.report_files import Format
from crm_core.handlers.report_files import Words as FileWords
from crm_core.handlers.reports import REPORTS, Wanted
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages.rendering import is_part, render, render_part, url, viewer_of, words_for
from crm_core.web.pages.reports_shown import shown, weekday_name
from crm_core.web.report_file import report_file

_PAGE = "reports/report.html"
_IDS = ("team_id", "user_id", "campaign_id", "pipeline_id")


def add_pages(app: web.Application) -> None:
    app.router.add_get("/reports", _index)
    app.router.add_get("/reports/{name}", _report)
    app.router.add_get("/reports/{name}/file", _file)
    app.router.add_post("/reports/plans/set", _plan)


async def _index(request: web.Request) -> web.Response:
    actor = actor_in(request)
    actor.require(Right.SEE_REPORTS)
    return render(request, "reports/index.html", reports=_open_to(actor))


def _open_to(actor: Actor) -> dict[str, Any]:
    return {name: kind for name, kind in REPORTS.items() if kind.right is None or actor.may(kind.right)}


async def _report(request: web.Request) -> web.Response:
    return await _page(request, dict(request.query))


async def _page(
    request: web.Request, query: dict[str, str], status: int = 200, error: BadInput | None = None
) -> web.Response:
    place, actor, name = request.app[WORKPLACE], actor_in(request), request.match_info.get("name", "plans")
    found, fault = None, error
    try:
        found = await reports.report(name, actor, wanted(query), place.database, place.now())
    except BadInput as bad:
        if name == "survey" and bad.where == "campaign":
            fault = None  # nothing is wrong yet: a campaign is still to be chosen
        else:
            fault, status = bad, 422
    choices = await report_choices(actor, place.database)
    words = words_for(request)
    context = {
        "name": name,
        "kind": REPORTS[name],
        "reports": _open_to(actor),
        "found": found,
        "tables": [] if found is None else [shown(one, viewer_of(request), words) for one in found.tables],
        "query": query,
        "kept": _kept(query),
        "filters": _filters(request, name, choices),
        "choices": choices,
        "error": fault,
        "spans": _spans(request, name, query, found),
        "measures": {measure.value: title for measure, title in MEASURES.items()},
        "may_plan": name == "plans" and plans.may_set_plans(actor),
    }
    if is_part(request) and request.method == "GET":
        return render_part(request, _PAGE, "report", status, **context)
    return render(request, _PAGE, status, **context)


def _filters(request: web.Request, name: str, choices: Choices) -> list[tuple[str, str, list[tuple[object, str]]]]:
    """What this report can be narrowed by: field, label, and what may be chosen; nothing to choose from is left out."""
    words = words_for(request)
    every_campaign = words.gettext("Choose a campaign") if name == "survey" else words.gettext("All campaigns")
    known: list[tuple[str, str, str, Sequence[Choice]]] = [
        ("team", words.gettext("Team"), words.gettext("All teams"), choices.teams),
        ("user", words.gettext("Colleague"), words.gettext("Everybody"), choices.users),
        ("campaign", words.gettext("Campaign"), every_campaign, choices.campaigns),
        (
            "pipeline",
            words.gettext("Pipeline"),
            words.gettext("The usual one"),
            choices.pipelines if len(choices.pipelines) > 1 else (),
        ),
    ]
    return [
        (f"{field}_id", label, [("", every), *((one.id, one.name) for one in options)])
        for field, label, every, options in known
        if options and field in REPORTS[name].narrows
    ]


def _kept(query: dict[str, str]) -> dict[str, str]:
    names = ("since", "until", *_IDS, "by_talks")
    return {name: query[name] for name in names if query.get(name)}


def _spans(request: web.Request, name: str, query: dict[str, str], found: Report | None) -> list[tuple[str, str, bool]]:
    """Spans that are asked for again and again: address, words, whether it is this one."""
    zone = ZoneInfo(found.zone if found is not None else viewer_of(request).zone)
    today = request.app[WORKPLACE].now().astimezone(zone).date()
    first = today.replace(day=1)
    before = (first - timedelta(days=1)).replace(day=1)
    words = words_for(request)
    known = [
        (words.gettext("Today"), today, today),
        (words.gettext("7 days"), today - timedelta(days=6), today),
        (words.gettext("30 days"), today - timedelta(days=29), today),
        (words.gettext("This month"), first, today),
        (words.gettext("Last month"), before, first - timedelta(days=1)),
        (words.gettext("This year"), today.replace(month=1, day=1), today),
    ]
    kept = _kept(query)
    return [
        (
            url(f"/reports/{name}", **(kept | {"since": since.isoformat(), "until": until.isoformat()})),
            text,
            found is not None and (found.since, found.until) == (since, until),
        )
        for text, since, until in known
    ]


def wanted(query: MultiMapping[str] | dict[str, str]) -> Wanted:
    """What the address asks for. Raises BadInput."""
    found = Wanted(since=_day(query, "since"), until=_day(query, "until"), by_talks=query.get("by_talks") == "1")
    return replace(found, **{name: _number(query, name) for name in _IDS})  # type: ignore[arg-type]  # all are int | None


def _day(query: MultiMapping[str] | dict[str, str], name: str) -> date | None:
    text = query.get(name, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise BadInput(name, f"{text!r} is no day", "Write such as 2026-11-26") from None


def _number(query: MultiMapping[str] | dict[str, str], name: str) -> int | None:
    text = query.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise NotFound(name.removesuffix("_id"), text)
    return int(text)


async def _file(request: web.Request) -> web.Response:
    place, actor, viewer = request.app[WORKPLACE], actor_in(request), viewer_of(request)
    found = await reports.report(request.match_info["name"], actor, wanted(request.query), place.database, place.now())
    form: Format = "xlsx" if request.query.get("form") == "xlsx" else "csv"
    words = FileWords(words_for(request).gettext, lambda number: weekday_name(viewer, number))
    return await report_file(found, request.query.get("table"), form, words)


async def _plan(request: web.Request) -> web.Response:
    """Set a plan, or take it away; then the month it is of."""
    place, actor = request.app[WORKPLACE], actor_in(request)
    form = {name: str(value) for name, value in (await request.post()).items()}
    try:
        plan = _plan_of(form)
        if form.get("act") == "drop":
            await plans.drop_plan(actor, replace(plan, target=Decimal(1)), place.database, place.now())
        else:
            await plans.set_plan(actor, plan, place.database, place.now())
    except BadInput as error:
        return await _page(request, {}, 422, error)
    until = f"{plan.month}-01"
    return web.Response(status=303, headers={"Location": url("/reports/plans", since=until, until=until)})


def _plan_of(form: dict[str, str]) -> Plan:
    kind, _, number = form.get("whose", "").partition("-")
    whose = {"whose_id": number} if kind in ("user", "team") else {}
    who = _number(whose, "whose_id")
    try:
        target = Decimal(form.get("target", "").replace(",", ".").replace("\u00a0", "").replace(" ", "") or "1")
    except InvalidOperation:
        raise BadInput("target", "this is no number", "Write digits") from None
    measure = form.get("measure", "")
    if measure not in set(Measure):
        raise BadInput("measure", "nothing is chosen", "Choose what is counted")
    currency = form.get("currency", "").strip().upper() or None
    return Plan(
        user_id=who if kind == "user" else None,
        team_id=who if kind == "team" else None,
        month=form.get("month", ""),
        measure=Measure(measure),
        target=target,
        currency=currency if measure == Measure.WON_AMOUNT else None,
    )
