"""Companies: the list, and one with its people, deals, calls and tasks."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from crm_core.db.companies import SHOWN
from crm_core.domain.rule_forms import written
from crm_core.errors import BadInput
from crm_core.handlers import company_desk
from crm_core.handlers.result_codes import every_result
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages.deals_forms import OWN, number_in
from crm_core.web.pages.rendering import is_part, render, render_part
from crm_core.web.pages.settings_parts import fault

_ONE = "/companies/{company_id:[0-9]{1,18}}"
_A_PAGE = 50
_SORTS = ("name", "-created_at", "created_at")


def add_pages(app: web.Application) -> None:
    app.router.add_get("/companies", _list)
    app.router.add_get(_ONE, _company)
    app.router.add_get(_ONE + "/edit", _edit_form)
    app.router.add_post(_ONE, _edit)


async def _list(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    text = request.query.get("q", "")[:100].replace("\x00", "").strip()
    sort = request.query.get("sort", "name")
    after = request.query.get("after") or None
    found, following = await company_desk.list_companies(
        actor, text, sort if sort in _SORTS else "name", after=after, limit=_A_PAGE, database=place.database
    )
    context: dict[str, Any] = {"found": found, "after": following or "", "asked": text, "sort": sort}
    context["total"] = str(await company_desk.count_companies(actor, text, place.database))
    if is_part(request):
        return render_part(request, "companies/list.html", "rows" if after else "list", **context)
    return render(request, "companies/list.html", **context)


async def _company(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    card = await company_desk.company_card(actor, _id(request), place.database)
    labels = await every_result(place.database)
    return render(request, "companies/company.html", card=card, company=card.company, labels=labels, most=SHOWN)


async def _edit_form(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    company = await company_desk.one_company(actor, _id(request), place.database)
    given = {"name": company.name, "version": str(company.version)}
    given |= {OWN + key: written(value) for key, value in company.fields.items()}
    return await _form(request, given)


async def _form(request: web.Request, given: dict[str, str], status: int = 200, **more: str) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    card = await company_desk.company_card(actor, _id(request), place.database)
    # Whoever is masked is shown dots for digits: he must not write them back.
    own = () if actor.masked else card.own_fields
    context: dict[str, Any] = {"company": card.company, "given": given, "own": own, "error": "", "error_in": ""}
    return render_part(request, "companies/form.html", None, status, **(context | more))


async def _edit(request: web.Request) -> web.Response:
    place, actor, form = request.app[WORKPLACE], actor_in(request), await request.post()
    given = {name: str(value) for name, value in form.items()}
    changes: dict[str, Any] = {"name": given["name"]} if "name" in given else {}
    if own := {name.removeprefix(OWN): value for name, value in given.items() if name.startswith(OWN)}:
        changes["fields"] = own
    seen = number_in(given.get("version", "")) or 0
    try:
        await company_desk.change_company(actor, _id(request), seen, changes, place.database, place.now())
    except BadInput as error:
        return await _form(request, given, 422, **fault(error))
    return web.Response(status=204, headers={"HX-Refresh": "true"})


def _id(request: web.Request) -> int:
    return int(request.match_info["company_id"])
