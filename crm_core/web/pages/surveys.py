"""What did people say? Surveys: the list, one of them with its charts, the people behind each figure, files."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from aiohttp import web
from multidict import MultiMapping

from crm_core.domain.access import Actor, Right, masked_text
from crm_core.domain.campaigns import CampaignState
from crm_core.domain.pilots import pilot_room
from crm_core.domain.surveys import QuestionResult
from crm_core.errors import BadInput
from crm_core.handlers import campaign_acts, campaign_desk, survey_desk
from crm_core.handlers.survey_desk import Survey
from crm_core.handlers.surveys import Which
from crm_core.web.api.cursors import packed, unpacked
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages import formats, surveys_unclear
from crm_core.web.pages.rendering import is_part, render, render_part, toast, url, viewer_of, words_for
from crm_core.web.pages.surveys_words import ENDINGS, NEEDS, STATES
from crm_core.web.script_tools import add_desk, survey_file

_LIST, _PAGE, _PEOPLE = "surveys/surveys.html", "surveys/survey.html", "surveys/people.html"
_ONE = "/surveys/{campaign_id:[0-9]{1,18}}"
_SHOWN = 50


def add_pages(app: web.Application) -> None:
    add_desk(app)
    routes = app.router
    routes.add_get("/surveys", _list)
    routes.add_get(_ONE, _page)
    routes.add_get(_ONE + "/answers", _people)
    routes.add_get(_ONE + "/groups", _groups)
    routes.add_get(_ONE + "/file", _file)
    routes.add_post(_ONE + "/go", _go)
    routes.add_post(_ONE + "/needs/{call_id}", _task)
    surveys_unclear.add_pages(app)


def _id(request: web.Request) -> int:
    return int(request.match_info["campaign_id"])


async def _list(request: web.Request) -> web.Response:
    place, actor, after = request.app[WORKPLACE], actor_in(request), request.query.get("after", "")
    before = int(after) if after.isascii() and after.isdecimal() and len(after) < 18 else None
    rows = await survey_desk.list_surveys(actor, before, _SHOWN + 1, place.database)
    context: dict[str, Any] = {
        "surveys": rows[:_SHOWN],
        "after": str(rows[_SHOWN - 1].campaign.id) if len(rows) > _SHOWN else "",
        "states": STATES,
    }
    if is_part(request) and before is not None:
        return render_part(request, _LIST, "rows", **context)
    return render(request, _LIST, **context)


# --- one survey ---------------------------------------------------------------------------------------------
async def _page(request: web.Request) -> web.Response:
    place, actor, campaign_id = request.app[WORKPLACE], actor_in(request), _id(request)
    error: BadInput | None = None
    try:
        found = await survey_desk.one_survey(actor, campaign_id, which_of(request.query), place.database, place.now())
    except BadInput as bad:
        error = bad
        found = await survey_desk.one_survey(actor, campaign_id, Which(), place.database, place.now())
    context = _context(request, actor, found) | {"error": error}
    if is_part(request):
        return render_part(request, _PAGE, "results", 422 if error else 200, **context)
    return render(request, _PAGE, 422 if error else 200, **context, **await _pilot(request, actor, found))


async def _pilot(request: web.Request, actor: Actor, found: Survey) -> dict[str, Any]:
    """The pilot's calls, while it waits for somebody to say go on."""
    place, campaign = request.app[WORKPLACE], found.campaign
    context: dict[str, Any] = {"pilot": (), "is_pilot": pilot_room(campaign, 0) is not None}
    if context["is_pilot"] and actor.may(Right.SEE_CAMPAIGNS):
        context["pilot"] = (await campaign_desk.detail(actor, campaign.id, place.database)).pilot
    return context | {"may_go": actor.may(Right.CHANGE_CAMPAIGNS), "CampaignState": CampaignState}


def _context(request: web.Request, actor: Actor, found: Survey) -> dict[str, Any]:
    kept = _kept(request.query)
    people = f"/surveys/{found.campaign.id}/answers"
    return {
        "survey": found,
        "campaign": found.campaign,
        "kept": kept,
        "query": request.query,
        "questions": [
            _question(request, one, one.question in found.free, people, kept) for one in found.result.questions
        ],
        "steps": _steps(request, found, people, kept),
        "people": people,
        "endings": ENDINGS,
        "needs": NEEDS,
        "filters": _filters(request, actor, found),
    }


def _filters(request: web.Request, actor: Actor, found: Survey) -> list[tuple[str, list[tuple[str, str]]]]:
    """The columns of the lists that one may choose by. Who is masked is offered nothing that could be dialed."""
    everybody = words_for(request).gettext("All")
    shown = []
    for name, values in found.fields.items():
        offered = [value for value in values if not actor.masked or masked_text(value) == value]
        shown.append((name, [("", everybody), *((value, value) for value in offered)]))
    return shown


def _kept(query: MultiMapping[str]) -> dict[str, Any]:
    """The filters, as an address has them."""
    names = [name for name in query if name in ("since", "until") or name.startswith("f-")]
    return {name: query.getall(name) for name in dict.fromkeys(names) if any(query.getall(name))}


def which_of(query: MultiMapping[str]) -> Which:
    """The filters: f-COLUMN=value, since, until. Raises BadInput."""
    where = [(name.removeprefix("f-"), value) for name, value in query.items() if name.startswith("f-") and value]
    return Which(tuple(where), _day(query, "since"), _day(query, "until"))


def _day(query: MultiMapping[str], name: str) -> date | None:
    text = query.get(name, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise BadInput(name, f"{text!r} is no day", "Write such as 2026-11-26") from None


def _question(
    request: web.Request, one: QuestionResult, is_free: bool, people: str, kept: dict[str, Any]
) -> dict[str, Any]:
    """A question as a picture and a table; what was said in words has neither: it is grouped."""
    viewer, words = viewer_of(request), words_for(request)
    counts = list(one.counts.items())
    if one.average is not None:
        counts.sort(key=lambda item: float(item[0]))
    rows = []
    for value, n in counts:
        safe = not viewer.masked or masked_text(value) == value
        link = url(people, question=one.question, value=value, **kept) if safe else ""
        label = {"yes": words.gettext("yes"), "no": words.gettext("no")}.get(value, value)
        rows.append((label if safe else masked_text(value), n, n / one.answers, link))
    rest = one.answers - sum(one.counts.values())
    series = [n for _, n, _, _ in rows]
    texts = [f"{formats.number(viewer, n)} · {formats.percent(viewer, share, 0)}" for _, n, share, _ in rows]
    chart = {
        "kind": "bars",
        "labels": [label for label, *_ in rows],
        "series": [{"name": words.gettext("Answers"), "values": series, "texts": texts}],
        "links": [link for *_, link in rows],
        "rtl": viewer.direction == "rtl",
    }
    return {"name": one.question, "one": one, "is_free": is_free, "rows": rows, "rest": rest, "chart": chart}


def _steps(request: web.Request, found: Survey, people: str, kept: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "node": step.node,
            "reached": step.reached,
            "left": step.left,
            "share": step.left / step.reached if step.reached else 0.0,
            "link": url(people, left_at=step.node, **kept) if step.left else "",
        }
        for step in found.steps
    ]


# --- the people behind a figure -----------------------------------------------------------------------------
async def _people(request: web.Request) -> web.Response:
    place, actor, query = request.app[WORKPLACE], actor_in(request), request.query
    after = None
    if query.get("after"):
        at, call_id = unpacked("answers", query["after"], (datetime, str))
        assert isinstance(at, datetime)
        assert isinstance(call_id, str)
        after = (at, call_id)
    question = query.get("question") or None
    asked = {name: query.get(name, "").replace("\x00", "")[:2000] or None for name in ("value", "left_at")}
    found = await survey_desk.answers(
        actor,
        _id(request),
        which_of(query),
        place.database,
        question=question,
        value=asked["value"] if question else None,
        left_at=asked["left_at"],
        after=after,
        limit=_SHOWN,
    )
    context: dict[str, Any] = {
        "campaign": found.campaign,
        "talks": found.talks,
        "after": packed("answers", *found.next) if found.next else "",
        "question": question,
        "value": asked["value"],
        "left_at": asked["left_at"],
        "endings": ENDINGS,
        "kept": _kept(query),
    }
    if is_part(request) and after is not None:
        return render_part(request, _PEOPLE, "rows", **context)
    return render(request, _PEOPLE, **context)


async def _groups(request: web.Request) -> web.Response:
    place, query = request.app[WORKPLACE], request.query
    campaign, groups = await survey_desk.free_groups(
        actor_in(request), _id(request), query.get("question", ""), which_of(query), place.database
    )
    return render_part(
        request, "surveys/groups.html", campaign=campaign, groups=groups, looked_at=survey_desk.FREE_LOOKED_AT
    )


async def _file(request: web.Request) -> web.StreamResponse:
    form = "xlsx" if request.query.get("form") == "xlsx" else "csv"
    return await survey_file(request, actor_in(request), _id(request), which_of(request.query), form)


# --- deeds --------------------------------------------------------------------------------------------------
async def _go(request: web.Request) -> web.Response:
    """The pilot was good: the campaign goes on."""
    place, actor = request.app[WORKPLACE], actor_in(request)
    try:
        _card, warnings = await campaign_acts.approve_campaign(actor, _id(request), place.database, place.now())
    except BadInput as error:
        return toast(web.Response(status=204), f"{error.what}. {error.do}", kind="bad")
    answer = web.Response(status=204, headers={"HX-Refresh": "true"})
    return toast(answer, "; ".join(warnings), kind="wait") if warnings else answer


async def _task(request: web.Request) -> web.Response:
    place, actor, words = request.app[WORKPLACE], actor_in(request), words_for(request)
    title = str((await request.post()).get("title", "")).strip() or words.gettext("Call back")
    task = await survey_desk.make_call_task(
        actor, _id(request), request.match_info["call_id"], title, place.database, place.now()
    )
    answer = render_part(request, "surveys/task_made.html", task=task)
    return toast(answer, words.gettext("The task is yours, due now."))
