"""People: the list, and everything about one of them on one page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aiohttp import web

from crm_core.commands import CreateContact
from crm_core.db.contact_desk import ContactsWanted
from crm_core.domain.access import Actor, Sees
from crm_core.domain.rule_forms import written
from crm_core.errors import BadInput, NotFound
from crm_core.handlers import by_hand, contact_desk, person_rights, task_desk
from crm_core.handlers.result_codes import every_result
from crm_core.web.campaign_tools import screening_of
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages.deals_forms import OWN
from crm_core.web.pages.rendering import is_part, render, render_part, toast, words_for

_ID = "{contact_id:[0-9]{1,18}}"
_SHOWN = 50
_SORTS = ("-created_at", "created_at", "name", "-name")
#: What of the address says which contacts, and in which order.
_KEPT = ("whose", "company", "without_tasks", "sort")


def add_pages(app: web.Application) -> None:
    app.router.add_get("/contacts", _list)
    app.router.add_get("/contacts/new", _new_form)
    app.router.add_post("/contacts", _new)
    app.router.add_get(f"/contacts/{_ID}", _card)
    app.router.add_get(f"/contacts/{_ID}/edit", _edit_form)
    app.router.add_post(f"/contacts/{_ID}", _edit)
    app.router.add_post(f"/contacts/{_ID}/notes", _note)
    app.router.add_post(f"/contacts/{_ID}/numbers", _number)
    app.router.add_post(f"/contacts/{_ID}/numbers/{{number_id:[0-9]{{1,18}}}}/do-not-call", _do_not_call)
    app.router.add_post(f"/contacts/{_ID}/call", _call)
    app.router.add_get("/contacts/duplicates", _duplicates)
    app.router.add_post(f"/contacts/{_ID}/merge", _merge)
    app.router.add_get(f"/contacts/{_ID}/export", _export)
    app.router.add_post(f"/contacts/{_ID}/erase", _erase)


def _number_in(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else None


def wanted_of(request: web.Request, actor: Actor) -> ContactsWanted:
    """Whom the address asks for."""
    whose = request.query.get("whose", "all")
    return ContactsWanted(
        owner_id=actor.user_id if whose == "mine" else _number_in(whose),
        company_id=_number_in(request.query.get("company", "")),
        without_tasks=bool(request.query.get("without_tasks")),
    )


def sort_of(request: web.Request) -> str:
    """In which order."""
    sort = request.query.get("sort", "")
    return sort if sort in _SORTS else _SORTS[0]


async def _list(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    wanted, sort = wanted_of(request, actor), sort_of(request)
    after = request.query.get("after") or None
    found, following = await contact_desk.list_contacts(
        actor, wanted, sort, after=after, limit=_SHOWN, database=place.database
    )
    context: dict[str, Any] = {
        "found": found,
        "after": following or "",
        "total": str(await contact_desk.count_contacts(actor, wanted, place.database)),
        "whose": request.query.get("whose", "all"),
        "wanted": wanted,
        "sort": sort,
        "colleagues": await task_desk.colleagues(actor, place.database),
        "sees_others": actor.sees is not Sees.OWN,
        "kept": {name: value for name, value in request.query.items() if name in _KEPT},
        "is_filtered": bool(request.query.keys() & {"whose", "company", "without_tasks"}),
    }
    if is_part(request):
        return render_part(request, "contacts/list.html", "rows" if after else "list", **context)
    return render(request, "contacts/list.html", **context)


async def _card(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    before = request.query.get("before", "")
    try:
        since = datetime.fromisoformat(before) if before else None
    except ValueError as error:
        raise NotFound("page", before) from error
    card = await contact_desk.card(actor, int(request.match_info["contact_id"]), place.database, since)
    context: dict[str, Any] = {"card": card, "contact": card.contact, "shown": 50}
    context["labels"] = await every_result(place.database)
    if since is not None and is_part(request):
        return render_part(request, "contacts/card.html", "moments", **context)
    own = await contact_desk.fields_of_contacts(actor, place.database)
    context["field_labels"] = {field.key: field.label for field in own}
    return render(request, "contacts/card.html", **context)


async def _new_form(request: web.Request) -> web.Response:
    return await _form(request, None, dict(request.query))


async def _form(
    request: web.Request,
    contact_id: int | None,
    given: dict[str, str],
    status: int = 200,
    error: BadInput | None = None,
) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    said = "" if error is None else f"{error.what}. {error.do}".strip()
    context: dict[str, Any] = {"contact_id": contact_id, "given": given, "error": said}
    context |= {"error_in": error.where if error is not None else ""}
    context |= {"colleagues": await task_desk.colleagues(actor, place.database), "me": actor.user_id}
    # Whoever is masked is shown dots for digits: he must not write them back.
    is_shown = contact_id is not None and not actor.masked
    context["own"] = await contact_desk.fields_of_contacts(actor, place.database) if is_shown else []
    return render_part(request, "contacts/form.html", None, status, **context)


async def _new(request: web.Request) -> web.Response:
    place, actor, form = request.app[WORKPLACE], actor_in(request), await request.post()
    given = {name: str(value) for name, value in form.items()}
    command = CreateContact(
        name=given.get("name", ""),
        numbers=tuple(line.strip() for line in given.get("numbers", "").splitlines() if line.strip()),
        default_country=place.country,
        company=given.get("company") or None,
        email=given.get("email") or None,
        owner_id=_number_in(given.get("owner", "")),
    )
    try:
        made = await contact_desk.add_contact(actor, command, place.database, place.now())
    except BadInput as error:
        return await _form(request, None, given, 422, error)
    return web.Response(status=204, headers={"HX-Redirect": f"/contacts/{made.id}"})


async def _edit_form(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    contact = (await contact_desk.card(actor, int(request.match_info["contact_id"]), place.database)).contact
    given = {"name": contact.name, "company": contact.company or "", "email": contact.email or ""}
    given |= {"owner": str(contact.owner_id or ""), "version": str(contact.version), "consent": contact.consent or ""}
    given |= {OWN + key: written(value) for key, value in contact.fields.items()}
    return await _form(request, contact.id, given)


async def _edit(request: web.Request) -> web.Response:
    place, actor, form = request.app[WORKPLACE], actor_in(request), await request.post()
    contact_id, given = int(request.match_info["contact_id"]), {name: str(value) for name, value in form.items()}
    # Only what the form has: a field that is not shown to somebody is not cleared by him either.
    known = {"name": given.get("name", "").strip()[:200], "company": given.get("company") or None}
    known |= {"email": given.get("email") or None, "consent": given.get("consent") or None}
    changes: dict[str, Any] = {name: value for name, value in known.items() if name in given}
    if "owner" in given:
        changes["owner_id"] = _number_in(given["owner"])
    if own := {name.removeprefix(OWN): value for name, value in given.items() if name.startswith(OWN)}:
        changes["fields"] = own
    seen = _number_in(given.get("version", "")) or 0
    try:
        await contact_desk.change_contact(actor, contact_id, seen, changes, place.database, place.now())
    except BadInput as error:
        return await _form(request, contact_id, given, 422, error)
    return web.Response(status=204, headers={"HX-Refresh": "true"})


async def _note(request: web.Request) -> web.Response:
    place, actor, form = request.app[WORKPLACE], actor_in(request), await request.post()
    contact_id = int(request.match_info["contact_id"])
    await contact_desk.add_note(actor, contact_id, str(form.get("text", "")), place.database, place.now())
    card = await contact_desk.card(actor, contact_id, place.database)
    context: dict[str, Any] = {
        "card": card,
        "contact": card.contact,
        "shown": 50,
        "labels": await every_result(place.database),
    }
    return render_part(request, "contacts/card.html", "timeline", **context)


async def _number(request: web.Request) -> web.Response:
    place, actor, form = request.app[WORKPLACE], actor_in(request), await request.post()
    contact_id = int(request.match_info["contact_id"])
    try:
        await contact_desk.add_number(actor, contact_id, str(form.get("number", "")), place.country, place.database)
    except BadInput as error:
        return web.Response(text=f"{error.what}. {error.do}".strip(), status=409)
    return web.Response(status=204, headers={"HX-Refresh": "true"})


async def _do_not_call(request: web.Request) -> web.Response:
    place, actor, form = request.app[WORKPLACE], actor_in(request), await request.post()
    await contact_desk.set_do_not_call(
        actor,
        int(request.match_info["contact_id"]),
        int(request.match_info["number_id"]),
        str(form.get("wanted")) == "yes",
        str(form.get("why", "")),
        place.database,
        place.now(),
    )
    return web.Response(status=204, headers={"HX-Refresh": "true"})


async def _call(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    contact_id, chosen = int(request.match_info["contact_id"]), (await request.post()).get("number")
    phone_id = None if chosen is None else _number_in(str(chosen)) or 0  # what is no id is no number of his either
    try:
        await by_hand.call_contact(actor, contact_id, screening_of(request), place.database, place.now(), phone_id)
    except BadInput as error:
        return web.Response(text=f"{error.what}. {error.do}".strip(), status=409)
    return toast(web.Response(status=204), words_for(request).gettext("This person is being called."))


async def _duplicates(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    return render(request, "contacts/duplicates.html", pairs=await person_rights.duplicates(actor, place.database))


async def _merge(request: web.Request) -> web.Response:
    place, actor, form = request.app[WORKPLACE], actor_in(request), await request.post()
    keep, drop = int(request.match_info["contact_id"]), _number_in(str(form.get("other", ""))) or 0
    await person_rights.merge(actor, keep, drop, place.database, place.now())
    answer = render_part(request, "contacts/merged.html", contact_id=keep)
    return toast(answer, words_for(request).gettext("They are one contact now."))


async def _export(request: web.Request) -> web.Response:
    place, actor, contact_id = request.app[WORKPLACE], actor_in(request), int(request.match_info["contact_id"])
    text = await person_rights.export_person(actor, contact_id, place.database, place.now())
    headers = {"Content-Disposition": f'attachment; filename="contact-{contact_id}.json"'}
    return web.Response(text=text, content_type="application/json", headers=headers)


async def _erase(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    contact_id = int(request.match_info["contact_id"])
    await person_rights.erase_person(actor, contact_id, place.recordings, place.database, place.now())
    return web.Response(status=204, headers={"HX-Redirect": "/contacts"})
