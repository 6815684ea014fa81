"""Where is the money stuck? Deals as a board by stages, as a list, and one of them with its story."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from crm_core.db.deal_desk import SORTS, DealsWanted
from crm_core.domain.access import Actor, Sees
from crm_core.domain.board import BoardWanted
from crm_core.domain.sales import StageKind
from crm_core.errors import NotFound
from crm_core.handlers import deal_desk, saved_filters, task_desk
from crm_core.handlers.result_codes import every_result
from crm_core.handlers.search import search
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages import deals_acts
from crm_core.web.pages.deals_forms import number_in
from crm_core.web.pages.rendering import is_part, render, render_part, url

_ID = deals_acts.ID
_SHOWN = 50
_SORTS = tuple(sign + name for name in SORTS for sign in ("", "-"))
_STATES = {
    "open": (StageKind.UNSORTED, StageKind.OPEN),
    "won": (StageKind.WON,),
    "lost": (StageKind.LOST,),
}
#: What of the address is a filter, and so belongs to what is saved.
FILTERS = ("view", "pipeline", "whose", "q", "stuck", "stage", "state", "sort")


def add_pages(app: web.Application) -> None:
    app.router.add_get("/deals", _deals)
    app.router.add_get("/deals/heads", _heads)
    app.router.add_get("/deals/ages", _ages)
    app.router.add_get("/deals/cards", _more_cards)
    app.router.add_post("/deals/filters", _keep_filter)
    app.router.add_post("/deals/filters/{filter_id:[0-9]{1,18}}/remove", _drop_filter)
    app.router.add_get("/deals/choices/{noun:contacts|deals}", _choices)
    deals_acts.add_pages(app)
    app.router.add_get(f"/deals/{_ID}", _deal)
    app.router.add_get(f"/deals/{_ID}/card", _card)


def _owner(request: web.Request, actor: Actor) -> int | None:
    whose = request.query.get("whose", "all")
    return actor.user_id if whose == "mine" else number_in(whose)


def _board_wanted(request: web.Request, actor: Actor) -> BoardWanted:
    text = request.query.get("q", "")[:100].replace("\x00", "")
    return BoardWanted(_owner(request, actor), text, only_stuck=bool(request.query.get("stuck")))


def wanted_of(request: web.Request, actor: Actor) -> DealsWanted:
    """Which deals the address of a list asks for."""
    query = request.query
    return DealsWanted(
        pipeline_id=number_in(query.get("pipeline", "")),
        stage_id=number_in(query.get("stage", "")),
        owner_id=_owner(request, actor),
        kinds=_STATES.get(query.get("state", "open"), ()),
        text=query.get("q", "")[:100].replace("\x00", ""),
    )


async def _deals(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    is_list = request.query.get("view") == "list"
    context: dict[str, Any] = await (_list_context if is_list else _board_context)(request, actor)
    template = "deals/list.html" if is_list else "deals/board.html"
    if is_part(request):
        block = "rows" if is_list and request.query.get("after") else "list"
        return render_part(request, template, block, **context)
    context |= {
        "pipelines": await deal_desk.list_pipelines(actor, place.database),
        "colleagues": await task_desk.colleagues(actor, place.database),
        "saved": await saved_filters.list_filters(actor, "deals", place.database),
        "filters": saved_filters.canonical(request.query, FILTERS),
        "reasons": await deal_desk.lost_reasons(actor, place.database),
    }
    return render(request, template, **context)


def sort_of(request: web.Request) -> str:
    """In which order."""
    sort = request.query.get("sort", "")
    return sort if sort in _SORTS else "-created_at"


async def _board_context(request: web.Request, actor: Actor, *, with_cards: bool = True) -> dict[str, Any]:
    place = request.app[WORKPLACE]
    wanted = _board_wanted(request, actor)
    pipeline_id = number_in(request.query.get("pipeline", ""))
    board = await deal_desk.board(actor, pipeline_id, wanted, place.database, place.now(), with_cards=with_cards)
    return _shared(request, actor) | {"board": board, "wanted": wanted, "cards_after": _cards_after(request)}


async def _list_context(request: web.Request, actor: Actor) -> dict[str, Any]:
    place = request.app[WORKPLACE]
    wanted, sort = wanted_of(request, actor), sort_of(request)
    after = request.query.get("after") or None
    found, following = await deal_desk.list_deals(
        actor, wanted, sort, after=after, limit=_SHOWN, database=place.database
    )
    return _shared(request, actor) | {
        "found": found,
        "after": following or "",
        "sort": sort,
        "total": str(await deal_desk.count_deals(actor, wanted, place.database)),
        "wanted": wanted,
        "state": request.query.get("state", "open"),
    }


def _shared(request: web.Request, actor: Actor) -> dict[str, Any]:
    return {
        "whose": request.query.get("whose", "all"),
        "sees_others": actor.sees is not Sees.OWN,
        "is_filtered": any(request.query.get(name) for name in ("whose", "q", "stuck", "stage")),
        "query": {name: value for name, value in request.query.items() if name in FILTERS and value},
    }


def _cards_after(request: web.Request) -> Any:
    """The address of a column's next cards, with the filters of the board."""
    kept = {name: request.query.get(name) for name in ("whose", "q", "stuck")}
    return lambda stage_id, after: url("/deals/cards", stage=stage_id, after=after, **kept)


async def _heads(request: web.Request) -> web.Response:
    """The figures of all columns anew."""
    context = await _board_context(request, actor_in(request), with_cards=False)
    return render_part(request, "deals/heads.html", **context)


async def _ages(request: web.Request) -> web.Response:
    """How long deals have stood in each column: asked for when the board is there."""
    place, actor = request.app[WORKPLACE], actor_in(request)
    pipeline_id = number_in(request.query.get("pipeline", ""))
    ages = await deal_desk.ages(actor, pipeline_id, _owner(request, actor), place.database, place.now())
    return render_part(request, "deals/ages.html", ages=ages)


async def _more_cards(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    stage_id = number_in(request.query.get("stage", ""))
    if stage_id is None:
        raise NotFound("stage", request.query.get("stage", ""))
    wanted, after = _board_wanted(request, actor), request.query.get("after") or None
    cards, following = await deal_desk.more_cards(actor, stage_id, wanted, after, place.database, place.now())
    pipelines = await deal_desk.list_pipelines(actor, place.database)
    stage = next(found for one in pipelines if (found := one.stage(stage_id)) is not None)
    more = {"cards": cards, "after": following, "stage": stage, "cards_after": _cards_after(request)}
    return render_part(request, "deals/cards.html", **more)


async def _card(request: web.Request) -> web.Response:
    """One card anew; 204 when the board that is looked at does not have it."""
    place, actor = request.app[WORKPLACE], actor_in(request)
    deal_id = int(request.match_info["deal_id"])
    deal, card = await deal_desk.one_card(actor, deal_id, _board_wanted(request, actor), place.database, place.now())
    if card is None:
        return web.Response(status=204)
    return render_part(request, "deals/card.html", card=card, kind=deal.kind)


async def _deal(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    before = request.query.get("before", "")
    try:
        since = datetime.fromisoformat(before) if before else None
        if since is not None and since.tzinfo is None:
            raise ValueError
    except ValueError as error:
        raise NotFound("page", before) from error
    page = await deal_desk.deal_page(actor, int(request.match_info["deal_id"]), place.database, since)
    context: dict[str, Any] = {
        "page": page,
        "deal": page.deal,
        "shown": 50,
        "labels": await every_result(place.database),
    }
    if is_part(request):
        return render_part(request, "deals/deal.html", "moments" if since is not None else "whole", **context)
    return render(request, "deals/deal.html", **context)


async def _choices(request: web.Request) -> web.Response:
    """What a picker finds."""
    place, actor = request.app[WORKPLACE], actor_in(request)
    noun, but = request.match_info["noun"], number_in(request.query.get("but", ""))
    found = await search(request.query.get("q", "")[:100], actor, place.database, place.country)
    hits = found.contacts if noun == "contacts" else found.deals
    options = [(hit.id, hit.title, hit.detail) for hit in hits if hit.id != but]
    name = "contact" if noun == "contacts" else "to"
    return render_part(request, "deals/choices.html", name=name, options=options)


async def _keep_filter(request: web.Request) -> web.Response:
    place, actor, form = request.app[WORKPLACE], actor_in(request), await request.post()
    query = saved_filters.canonical(dict(parse_qsl(str(form.get("query", "")))), FILTERS)
    await saved_filters.keep_filter(actor, "deals", str(form.get("name", "")), query, place.database)
    return web.Response(status=303, headers={"Location": f"/deals?{query}"})


async def _drop_filter(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    await saved_filters.drop_filter(actor, int(request.match_info["filter_id"]), place.database)
    return web.Response(status=303, headers={"Location": "/deals"})
