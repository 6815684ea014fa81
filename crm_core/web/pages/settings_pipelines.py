"""Pipelines with their stages, and reasons for loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from crm_core.domain.deals import HELD_IN
from crm_core.domain.own_fields import OwnFieldNoun
from crm_core.domain.pipeline_drafts import StageDraft
from crm_core.domain.sales import StageKind
from crm_core.errors import BadInput, Conflict
from crm_core.handlers import own_fields, pipelines
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages import settings_words as words
from crm_core.web.pages.rendering import render
from crm_core.web.pages.settings_parts import (
    ID,
    fault,
    form_of,
    lines_of,
    lists_of,
    number_in,
    refused,
    saved,
    standing,
)

_ONE = f"/settings/pipelines/{{pipeline_id:{ID}}}"
_EMPTY_ROWS = 2  # for new stages


def add_pages(app: web.Application) -> None:
    routes = app.router
    routes.add_get("/settings/pipelines", _list)
    routes.add_post("/settings/pipelines", _new)
    routes.add_post("/settings/pipelines/lost-reasons", _reasons)
    routes.add_get(_ONE, _one)
    routes.add_post(_ONE, _save)
    routes.add_post(_ONE + "/default", _default)
    routes.add_post(_ONE + "/remove", _remove)


async def _list(request: web.Request) -> web.Response:
    return await _list_page(request)


async def _list_page(request: web.Request, status: int = 200, **more: Any) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    found, counts = await pipelines.list_pipelines(actor, place.database)
    reasons = await pipelines.lost_reasons(actor, place.database)
    context = {"pipelines": found, "counts": counts, "reasons": "\n".join(reasons), "name": "", "words": words}
    return render(request, "settings/pipelines.html", status=status, **standing(request, **(context | more)))


async def _new(request: web.Request) -> web.Response:
    place, actor, given = request.app[WORKPLACE], actor_in(request), await form_of(request)
    try:
        made = await pipelines.create_pipeline(actor, given.get("name", ""), place.database, place.now())
    except (BadInput, Conflict) as error:
        return await _list_page(request, 422, name=given.get("name", ""), **fault(error))
    return saved(f"/settings/pipelines/{made.id}")


async def _reasons(request: web.Request) -> web.Response:
    place, actor, given = request.app[WORKPLACE], actor_in(request), await form_of(request)
    text = given.get("reasons", "")
    try:
        await pipelines.set_lost_reasons(actor, lines_of(text), place.database, place.now())
    except BadInput as error:
        return await _list_page(request, 422, reasons=text, **fault(error))
    return saved("/settings/pipelines")


# --- one of them --------------------------------------------------------------------------------------------
async def _one(request: web.Request) -> web.Response:
    return await _page(request)


async def _page(
    request: web.Request,
    status: int = 200,
    name: str | None = None,
    drafts: list[StageDraft] | None = None,
    **more: Any,
) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    pipeline, counts = await pipelines.one_pipeline(actor, int(request.match_info["pipeline_id"]), place.database)
    if drafts is None:
        drafts = [
            StageDraft(one.id, one.name, one.kind, tuple(one.required_fields), one.stuck_after_days)
            for one in pipeline.stages
        ]
    own = (await own_fields.list_fields(actor, place.database))[OwnFieldNoun.DEAL]
    context: dict[str, Any] = {
        "pipeline": pipeline,
        "counts": counts,
        "name": pipeline.name if name is None else name,
        "rows": [*drafts, *(StageDraft(None, "", StageKind.OPEN) for _ in range(_EMPTY_ROWS))],
        "own": own,
        "held": tuple(HELD_IN),
        "words": words,
    }
    return render(request, "settings/pipeline.html", status=status, **standing(request, **(context | more)))


async def _save(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    pipeline_id = int(request.match_info["pipeline_id"])
    given = await lists_of(request)
    name = given.get("name", [""])[0]
    drafts: list[StageDraft] | None = None
    try:
        drafts = _drafts(given)
        await pipelines.save_pipeline(actor, pipeline_id, name, drafts, place.database, place.now())
    except (BadInput, Conflict) as error:
        return await _page(request, 422, name, drafts, **fault(error))
    return saved(f"/settings/pipelines/{pipeline_id}")


def _drafts(given: Mapping[str, list[str]]) -> list[StageDraft]:
    """The rows of the form that have a name, by the places written beside them. Raises BadInput."""

    def of(row: str, part: str) -> str:
        return given.get(f"s{row}.{part}", [""])[0].strip()

    found: list[tuple[int, int, StageDraft]] = []
    for place, row in enumerate(given.get("row", [])):
        if not of(row, "name") or of(row, "gone"):
            continue
        try:
            kind = StageKind(of(row, "kind"))
        except ValueError:
            raise BadInput("stages", "the kind of a stage is unknown", "Load the page again") from None
        stuck = of(row, "stuck")
        days = number_in(stuck)
        if stuck and days is None:
            raise BadInput(f"stages.{place}.stuck_after_days", f"{stuck[:20]!r} is no number of days")
        required = tuple(given.get(f"s{row}.required", []))
        order = number_in(of(row, "place"))
        draft = StageDraft(number_in(of(row, "id")), of(row, "name"), kind, required, days)
        found.append((order if order is not None else len(given["row"]), place, draft))
    return [draft for _, _, draft in sorted(found, key=lambda one: one[:2])]


async def _default(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    pipeline_id = int(request.match_info["pipeline_id"])
    try:
        await pipelines.make_default(actor, pipeline_id, place.database, place.now())
    except Conflict as error:
        return refused(error)
    return web.Response(status=204, headers={"HX-Redirect": f"/settings/pipelines/{pipeline_id}?saved=1"})


async def _remove(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    try:
        await pipelines.remove_pipeline(actor, int(request.match_info["pipeline_id"]), place.database, place.now())
    except Conflict as error:
        return refused(error)
    return web.Response(status=204, headers={"HX-Redirect": "/settings/pipelines?saved=1"})
