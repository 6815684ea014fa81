"""Users, their rights, reach and phones; teams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from crm_core.domain.access import STANDINGS, Right, Role, Sees
from crm_core.domain.agents import HandOffMode
from crm_core.errors import BadInput, Conflict
from crm_core.handlers import teams, users
from crm_core.web.doors import actor_in
from crm_core.web.keys import WORKPLACE
from crm_core.web.pages import settings_words as words
from crm_core.web.pages.rendering import render
from crm_core.web.pages.settings_parts import ID, fault, form_of, lists_of, refused, saved, standing
from crm_core.web.viewer import LANGUAGES

_USER = f"/settings/users/{{user_id:{ID}}}"
_TEAM = f"/settings/teams/{{team_id:{ID}}}"


def add_pages(app: web.Application) -> None:
    routes = app.router
    routes.add_get("/settings/users", _users)
    routes.add_get("/settings/users/new", _new_form)
    routes.add_post("/settings/users", _new)
    routes.add_get(_USER, _user)
    routes.add_post(_USER, _change)
    routes.add_post(_USER + "/password", _password)
    routes.add_post(_USER + "/phone", _phone)
    routes.add_post(_USER + "/second-factor/off", _second_factor_off)
    routes.add_get("/settings/teams", _teams)
    routes.add_post("/settings/teams", _new_team)
    routes.add_post(_TEAM, _rename_team)
    routes.add_post(_TEAM + "/remove", _remove_team)


async def _users(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    found = await users.list_users(actor, place.database)
    query = request.query.get("q", "")[:100].casefold().strip()
    shown = [user for user in found if query in user.name.casefold() or query in (user.team or "").casefold()]
    phones = await teams.list_phones(actor, place.database)
    context = standing(request, users=shown, phones=phones, query=query, words=words)
    return render(request, "settings/users.html", **context)


# --- one user -----------------------------------------------------------------------------------------------
async def _new_form(request: web.Request) -> web.Response:
    actor_in(request).require(Right.CHANGE_USERS)
    return await _form(request, {"role": Role.SELLER.value}, [])


async def _form(
    request: web.Request, given: Mapping[str, str], rights: list[str], status: int = 200, **more: Any
) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    context: dict[str, Any] = {
        "given": given,
        "given_rights": rights,
        "teams": await teams.list_teams(actor, place.database),
        "user": None,
        "phone": None,
        "words": words,
        "standings": STANDINGS,
        "tongues": LANGUAGES,
        "in_form": "",
    }
    return render(request, "settings/user.html", status=status, **standing(request, **(context | more)))


async def _new(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    given, rights = await form_of(request), (await lists_of(request)).get("rights", [])
    try:
        new = users.NewUser(
            name=given.get("name", ""), password=given.get("password") or None, **_values(given, rights)
        )
        user_id = await users.create_user(new, actor, place.database, place.now())
    except (BadInput, Conflict) as error:
        return await _form(request, given, rights, 422, **fault(error))
    return saved(f"/settings/users/{user_id}")


def _values(given: Mapping[str, str], rights: list[str]) -> dict[str, Any]:
    """What a form says of a user. Raises BadInput for what no form of ours would send."""
    try:
        return {
            "role": Role(given.get("role", "")),
            "team": given.get("team", "").strip() or None,
            "sees": Sees(given["sees"]) if given.get("sees") else None,
            "masked": {"yes": True, "no": False}.get(given.get("masked", "")),
            "extra_rights": frozenset(Right(right) for right in rights),
            "email": given.get("email", "").strip()[:200] or None,
            "language": given.get("language") or None,
        }
    except ValueError as error:
        raise BadInput("role", "a role, a reach or a right is unknown", "Load the page again") from error


async def _user(request: web.Request) -> web.Response:
    return await _user_page(request)


async def _user_page(request: web.Request, status: int = 200, **more: Any) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    user, phone = await teams.user_with_phone(actor, int(request.match_info["user_id"]), place.database)
    given = {
        "name": user.name,
        "role": user.role.value,
        "team": user.team or "",
        "sees": user.sees.value if user.sees else "",
        "masked": {None: "", True: "yes", False: "no"}[user.masked],
        "email": user.email or "",
        "language": user.language or "",
        "active": "1" if user.active else "",
    }
    rights = more.pop("rights", [right.value for right in user.extra_rights])
    context: dict[str, Any] = {"user": user, "phone": phone, "me": actor.user_id}
    return await _form(request, given | more.pop("given", {}), rights, status, **(context | more))


async def _change(request: web.Request) -> web.Response:
    place, actor, user_id = request.app[WORKPLACE], actor_in(request), int(request.match_info["user_id"])
    given, rights = await form_of(request), (await lists_of(request)).get("rights", [])
    try:
        changes = _values(given, rights) | {"active": "active" in given}
        before, _ = await teams.user_with_phone(actor, user_id, place.database)
        changes = {name: value for name, value in changes.items() if value != getattr(before, name)}
        if changes:  # whose rights change must log in anew: what is as it was is no change
            await users.change_user(user_id, changes, actor, place.database, place.now())
    except (BadInput, Conflict) as error:
        said = {name: value for name, value in given.items() if name != "csrf"}
        said.setdefault("active", "")
        return await _user_page(request, 422, given=said, rights=rights, **fault(error))
    return saved(f"/settings/users/{user_id}")


async def _password(request: web.Request) -> web.Response:
    place, actor, user_id = request.app[WORKPLACE], actor_in(request), int(request.match_info["user_id"])
    try:
        password = (await form_of(request)).get("password", "")
        await users.set_password(user_id, password, actor, place.database, place.now())
    except BadInput as error:
        return await _user_page(request, 422, in_form="password", **fault(error))
    return saved(f"/settings/users/{user_id}")


async def _phone(request: web.Request) -> web.Response:
    place, actor, user_id = request.app[WORKPLACE], actor_in(request), int(request.match_info["user_id"])
    given = await form_of(request)
    try:
        mode = HandOffMode(given.get("hand_off", HandOffMode.PARKED))
        is_browser = given.get("by") == "browser"
        phone = given.get("phone", "").strip()
        await teams.set_phone(actor, user_id, phone, mode, place.database, place.now(), browser=is_browser)
    except ValueError:
        return await _user_page(request, 422, in_form="phone", error_in="hand_off", error="it is unknown")
    except (BadInput, Conflict) as error:
        return await _user_page(request, 422, in_form="phone", **fault(error))
    return saved(f"/settings/users/{user_id}")


async def _second_factor_off(request: web.Request) -> web.Response:
    place, actor, user_id = request.app[WORKPLACE], actor_in(request), int(request.match_info["user_id"])
    await users.drop_totp(user_id, actor, place.database, place.now())
    return saved(f"/settings/users/{user_id}")


# --- teams --------------------------------------------------------------------------------------------------
async def _teams(request: web.Request) -> web.Response:
    return await _teams_page(request)


async def _teams_page(request: web.Request, status: int = 200, **more: Any) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    found = await teams.list_teams(actor, place.database)
    context = standing(request, **({"teams": found, "name": "", "of": 0} | more))
    return render(request, "settings/teams.html", status=status, **context)


async def _new_team(request: web.Request) -> web.Response:
    place, actor, given = request.app[WORKPLACE], actor_in(request), await form_of(request)
    try:
        await teams.create_team(actor, given.get("name", ""), place.database, place.now())
    except BadInput as error:
        return await _teams_page(request, 422, name=given.get("name", ""), **fault(error))
    return saved("/settings/teams")


async def _rename_team(request: web.Request) -> web.Response:
    place, actor, given = request.app[WORKPLACE], actor_in(request), await form_of(request)
    team_id = int(request.match_info["team_id"])
    try:
        await teams.rename_team(actor, team_id, given.get("team_name", ""), place.database, place.now())
    except BadInput as error:
        return await _teams_page(request, 422, of=team_id, **fault(error))
    return saved("/settings/teams")


async def _remove_team(request: web.Request) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    try:
        await teams.remove_team(actor, int(request.match_info["team_id"]), place.database, place.now())
    except Conflict as error:
        return refused(error)
    return web.Response(status=204, headers={"HX-Redirect": "/settings/teams?saved=1"})
