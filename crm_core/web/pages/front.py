"""The front door: logging in with one factor or two, logging out, and one's own account."""

from __future__ import annotations

import segno
from aiohttp import web

from crm_core.errors import BadInput, NotLoggedIn, TooMany
from crm_core.handlers import log_in, users
from crm_core.handlers.browser_phones import leave
from crm_core.handlers.passwords import totp_address
from crm_core.web.doors import COOKIE, actor_in, door_of, give_cookie, take_cookie
from crm_core.web.keys import ACTOR, SESSION, VIEWER, WORKPLACE
from crm_core.web.pages.rendering import render, words_for
from crm_core.web.switch import switch_of
from crm_core.web.viewer import LANGUAGES, THEMES
from crm_core.web.visitors import visitors_for


def add_pages(app: web.Application) -> None:
    app.router.add_get("/", _home)
    app.router.add_get("/login", _login_page)
    app.router.add_post("/login", _login)
    app.router.add_post("/login/code", _code)
    app.router.add_post("/login/visitor", _visitor)
    app.router.add_post("/logout", _logout)
    app.router.add_get("/account", _account)
    app.router.add_post("/preferences", _preferences)
    app.router.add_post("/account/password", _password)
    app.router.add_post("/account/second-factor", _second_factor)
    app.router.add_post("/account/second-factor/off", _second_factor_off)
    app.router.add_post("/account/elsewhere", _elsewhere)


async def _home(request: web.Request) -> web.Response:
    actor_in(request)
    home = request[VIEWER].home
    return _go("/account" if home == "/" else home)


def _go(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path})


def _next(text: str) -> str:
    """Where to go after the log-in: a page of ours and nowhere else."""
    is_ours = text.startswith("/") and not text.startswith(("//", "/\\", "/login")) and "\n" not in text
    return text if is_ours else "/"


async def _login_page(request: web.Request) -> web.Response:
    there = _next(request.query.get("next", "/"))
    if request[ACTOR] is not None:
        return _go(there)
    return _password_page(request, there)


def _password_page(
    request: web.Request, there: str, status: int = 200, name: str = "", error: str = ""
) -> web.Response:
    context = {"step": "password", "next": there, "name": name, "error": error, "visitors": visitors_for(request)}
    return render(request, "login.html", status=status, **context)


async def _login(request: web.Request) -> web.Response:
    place, form = request.app[WORKPLACE], await request.post()
    name, there = str(form.get("name", "")), _next(str(form.get("next", "/")))
    try:
        opened = await log_in.log_in(name, str(form.get("password", "")), door_of(request), place.database, place.now())
    except (NotLoggedIn, TooMany) as error:
        return _password_page(request, there, 429 if isinstance(error, TooMany) else 401, name, str(error))
    if opened.session.confirmed:
        answer = _go(there)
    else:
        answer = render(request, "login.html", step="code", next=there, name=name, error="")
    give_cookie(answer, opened.secret, place)
    return answer


async def _visitor(request: web.Request) -> web.Response:
    """A demo's log-in by one click; refused wherever the page shows no button for it."""
    place, name = request.app[WORKPLACE], str((await request.post()).get("name", ""))
    visitor = next((one for one in visitors_for(request) if one.name == name), None)
    if visitor is None:
        return _password_page(request, "/", 401, name)
    opened = await log_in.log_in(visitor.name, visitor.password, door_of(request), place.database, place.now())
    answer = _go(visitor.page)
    give_cookie(answer, opened.secret, place)
    return answer


async def _code(request: web.Request) -> web.Response:
    place, form = request.app[WORKPLACE], await request.post()
    there, cookie = _next(str(form.get("next", "/"))), request.cookies.get(COOKIE, "")
    try:
        opened = await log_in.give_code(
            cookie, str(form.get("code", "")), door_of(request), place.database, place.now()
        )
    except (NotLoggedIn, TooMany) as error:
        status = 429 if isinstance(error, TooMany) else 401
        return render(request, "login.html", status=status, step="code", next=there, name="", error=str(error))
    answer = _go(there)
    give_cookie(answer, opened.secret, place)
    return answer


async def _logout(request: web.Request) -> web.Response:
    place, session, actor = request.app[WORKPLACE], request[SESSION], request[ACTOR]
    if session is not None and actor is not None:
        await leave(actor, session.id, place.database, switch_of(request).phones, place.now())
    else:  # the second factor was not given
        await log_in.log_out(request.cookies.get(COOKIE, ""), place.database, place.now())
    answer = _go("/login")
    take_cookie(answer, place)
    return answer


# --- one's own account --------------------------------------------------------------------------------------
async def _account(request: web.Request) -> web.Response:
    return await _account_page(request)


async def _account_page(request: web.Request, status: int = 200, **said: str) -> web.Response:
    place, actor = request.app[WORKPLACE], actor_in(request)
    user = await users.find_user(actor.name, place.database)
    secret = said.get("secret") or await users.begin_totp()
    picture = segno.make(totp_address(secret, actor.name)).svg_data_uri(scale=4, border=2)
    context = {
        "user": user,
        "sessions": await log_in.sessions_of(actor, place.database, place.now()),
        "here": request[SESSION].id if request[SESSION] is not None else "",  # type: ignore[union-attr]
        "secret": secret,
        "picture": picture,
        "error_in": said.get("error_in", ""),
        "error": said.get("error", ""),
        "done": said.get("done", ""),
    }
    return render(request, "account.html", status=status, **context)


async def _preferences(request: web.Request) -> web.Response:
    """Language and theme: kept with the user and in the browser, so that the log-in page speaks it too."""
    place, actor, form = request.app[WORKPLACE], request[ACTOR], await request.post()
    answer = _go(_next(str(form.get("back", "/account"))))
    language, theme = str(form.get("language", "")), str(form.get("theme", ""))
    if language in LANGUAGES:
        answer.set_cookie("language", language, max_age=365 * 86_400, samesite="Lax", secure=place.https)
        if actor is not None:
            await users.choose_language(actor, language, place.database)
    if theme in THEMES:
        answer.set_cookie("theme", theme, max_age=365 * 86_400, samesite="Lax", secure=place.https)
    return answer


async def _password(request: web.Request) -> web.Response:
    place, actor, form, session = request.app[WORKPLACE], actor_in(request), await request.post(), request[SESSION]
    new = str(form.get("new", ""))
    try:
        if new != str(form.get("again", "")):
            raise BadInput("again", words_for(request).gettext("the two new passwords are not the same"))
        keep = session.id if session is not None else ""
        await users.change_own_password(actor, str(form.get("old", "")), new, keep, place.database, place.now())
    except (BadInput, NotLoggedIn) as error:
        return await _account_page(request, 422, error_in="password", error=str(error))
    return await _account_page(request, done=words_for(request).gettext("The password is changed."))


async def _second_factor(request: web.Request) -> web.Response:
    place, actor, form = request.app[WORKPLACE], actor_in(request), await request.post()
    secret = str(form.get("secret", ""))
    try:
        await users.confirm_totp(actor, secret, str(form.get("code", "")), place.database, place.now())
    except BadInput as error:
        return await _account_page(request, 422, error_in="code", error=str(error), secret=secret)
    return await _account_page(request, done=words_for(request).gettext("From now on you are asked for a code."))


async def _second_factor_off(request: web.Request) -> web.Response:
    place, actor, form = request.app[WORKPLACE], actor_in(request), await request.post()
    try:
        await users.drop_own_totp(actor, str(form.get("old", "")), place.database, place.now())
    except NotLoggedIn as error:
        return await _account_page(request, 422, error_in="off", error=str(error))
    return _go("/account")


async def _elsewhere(request: web.Request) -> web.Response:
    place, actor, session = request.app[WORKPLACE], actor_in(request), request[SESSION]
    keep = session.id if session is not None else ""
    await log_in.log_out_elsewhere(actor, keep, place.database, place.now())
    return _go("/account")
