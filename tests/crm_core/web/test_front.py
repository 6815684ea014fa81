"""The front door as a browser meets it."""

from __future__ import annotations

import re
from typing import Any

import pyotp
import pytest
from aiohttp import ClientSession, CookieJar

from crm_core.domain.access import Role
from crm_core.handlers import users
from crm_core.web.doors import COOKIE
from crm_core.web.visitors import VISITORS, Visitor
from tests.crm_core.web.conftest import PASSWORD, Login, Site


@pytest.fixture
def database_kind() -> str:
    return "sqlite"  # what is stored is tested on both in test_log_in.py


@pytest.fixture
def app_parts() -> dict[Any, Any]:
    return {VISITORS: list[Visitor]()}


async def test_whoever_is_not_logged_in_is_led_to_the_door_and_back(web_site: Site, login: Login) -> None:
    await login(Role.SELLER, "Dilnoza")
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as browser:
        led = await browser.get(f"{web_site.base}/account", allow_redirects=False)
        assert (led.status, led.headers["Location"]) == (303, "/login?next=%2Faccount")
        page = await (await browser.get(web_site.base + led.headers["Location"])).text()
        assert 'value="/account"' in page
        form = {"name": "Dilnoza", "password": PASSWORD, "next": "/account"}
        opened = await browser.post(f"{web_site.base}/login", data=form, allow_redirects=False)
        assert (opened.status, opened.headers["Location"]) == (303, "/account")
        cookie = opened.headers["Set-Cookie"]
        assert all(word in cookie for word in ("HttpOnly", "SameSite=Lax"))
        account = await browser.get(f"{web_site.base}/account")
        assert (account.status, "Dilnoza" in await account.text()) == (200, True)


@pytest.mark.parametrize(
    "there", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "/login"]
)
async def test_the_door_leads_to_no_other_site(web_site: Site, login: Login, there: str) -> None:
    await login(Role.SELLER, "Dilnoza")
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as browser:
        form = {"name": "Dilnoza", "password": PASSWORD, "next": there}
        opened = await browser.post(f"{web_site.base}/login", data=form, allow_redirects=False)
        assert opened.headers["Location"] == "/"


async def test_a_wrong_password_is_said_on_the_page_and_the_name_kept(web_site: Site, login: Login) -> None:
    await login(Role.SELLER, "Dilnoza")
    async with ClientSession() as browser:
        refused = await browser.post(f"{web_site.base}/login", data={"name": "Dilnoza", "password": "wrong"})
        page = await refused.text()
        assert refused.status == 401
        assert "the name or the password is wrong" in page
        assert 'value="Dilnoza"' in page


async def test_a_second_factor_is_switched_on_asked_for_and_switched_off(web_site: Site, login: Login) -> None:
    visitor = await login(Role.SELLER, "Dilnoza")
    page = await (await visitor.get("/account")).text()
    found = re.search(r'name="secret" value="([A-Z2-7]+)"', page)
    assert found is not None
    code = pyotp.TOTP(found[1])
    csrf = {"csrf": visitor.csrf, "secret": found[1]}
    wrong = await visitor.post("/account/second-factor", data=csrf | {"code": "000000"})
    assert (wrong.status, found[1] in await wrong.text()) == (422, True)
    done = await visitor.post("/account/second-factor", data=csrf | {"code": code.now()})
    assert done.status == 200
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as browser:
        asked = await browser.post(f"{web_site.base}/login", data={"name": "Dilnoza", "password": PASSWORD})
        assert 'name="code"' in await asked.text()
        half = await browser.get(f"{web_site.base}/account", allow_redirects=False)
        assert half.status == 303
        again = await browser.post(f"{web_site.base}/login/code", data={"code": code.now()})
        assert (again.status, "used before" in await again.text()) == (401, True)
    refused = await visitor.post("/account/second-factor/off", data={"csrf": visitor.csrf, "old": "wrong"})
    assert refused.status == 422
    off = await visitor.post("/account/second-factor/off", data={"csrf": visitor.csrf, "old": PASSWORD})
    assert off.status == 303
    assert not (await users.find_user("Dilnoza", web_site.database)).has_totp


async def test_logging_out_ends_the_session_itself(web_site: Site, login: Login) -> None:
    visitor = await login(Role.SELLER)
    secret = {c.key: c.value for c in visitor.client.cookie_jar}[COOKIE]
    out = await visitor.post("/logout", data={"csrf": visitor.csrf})
    assert out.headers["Location"] == "/login"
    async with ClientSession() as thief:
        led = await thief.get(
            f"{web_site.base}/account", headers={"Cookie": f"{COOKIE}={secret}"}, allow_redirects=False
        )
        assert led.status == 303


async def test_errors_are_pages_in_the_language_chosen(web_site: Site, login: Login) -> None:
    visitor = await login(Role.SELLER, language="ru")
    page = await visitor.get("/nothing-here")
    text = await page.text()
    assert page.status == 404
    assert '<html lang="ru" dir="ltr"' in text
    chosen = await visitor.post("/preferences", data={"csrf": visitor.csrf, "language": "ar", "theme": "dark"})
    assert chosen.status == 303
    again = await (await visitor.get("/nothing-here")).text()
    assert '<html lang="ar" dir="rtl"' in again
    assert 'data-bs-theme="dark"' in again
    assert (await users.find_user(visitor.actor.name, web_site.database)).language == "ar"


async def test_home_is_the_first_page_that_one_may_open(web_site: Site, login: Login) -> None:
    for role, home in ((Role.AGENT, "/operator"), (Role.MARKETER, "/campaigns"), (Role.MANAGER, "/tasks")):
        led = await (await login(role)).get("/")
        assert (led.status, led.headers["Location"]) == (303, home)


async def test_a_demo_is_looked_at_by_one_click_from_its_own_machine_alone(
    app_parts: dict[Any, Any], web_site: Site, login: Login
) -> None:
    await login(Role.MARKETER, "Malika")
    told = {"X-Forwarded-For": "192.0.2.7"}
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as browser:
        assert "/login/visitor" not in await (await browser.get(f"{web_site.base}/login")).text()
        app_parts[VISITORS] += [Visitor("Malika", PASSWORD, "dials and surveys", "/campaigns")]
        assert "/login/visitor" in await (await browser.get(f"{web_site.base}/login")).text()
        assert "/login/visitor" not in await (await browser.get(f"{web_site.base}/login", headers=told)).text()
        for name, headers in (("Ada", {}), ("Malika", told)):
            refused = await browser.post(f"{web_site.base}/login/visitor", data={"name": name}, headers=headers)
            assert refused.status == 401
        opened = await browser.post(f"{web_site.base}/login/visitor", data={"name": "Malika"}, allow_redirects=False)
        assert (opened.status, opened.headers["Location"]) == (303, "/campaigns")
        assert (await browser.get(f"{web_site.base}/account")).status == 200
