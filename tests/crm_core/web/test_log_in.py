"""Logging in: passwords, second factors, lockout, rotation, revocation; and requests that other sites send."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from crm_core.db.engine import Database
from crm_core.domain.access import Right, Role
from crm_core.errors import BadInput, Conflict, NotLoggedIn, TooMany
from crm_core.handlers import log_in, users
from crm_core.handlers.log_in import Door, give_code, lock_for, resume
from tests.crm_core.web.conftest import PASSWORD, Login, Site

NOW = datetime(2026, 11, 18, 7, 0, tzinfo=UTC)
HERE = Door("192.0.2.7", "a browser")


async def _user(database: Database, name: str = "Dilnoza", role: Role = Role.SELLER) -> int:
    return await users.create_user(users.NewUser(name, role, PASSWORD), None, database, NOW)


async def test_the_right_password_opens_a_session_that_ends_at_log_out(site: Database) -> None:
    user_id = await _user(site)
    opened = await log_in.log_in("dilnoza", PASSWORD, HERE, site, NOW)
    session, actor = await resume(opened.secret, site, NOW)
    assert (actor.user_id, actor.name, session.address) == (user_id, "Dilnoza", "192.0.2.7")
    assert actor.may(Right.CHANGE_DEALS)
    assert not actor.may(Right.CHANGE_USERS)
    await log_in.log_out(opened.secret, site, NOW)
    with pytest.raises(NotLoggedIn):
        await resume(opened.secret, site, NOW)


async def test_a_name_in_any_script_logs_in(site: Database) -> None:
    await _user(site, "Владимир Семёнов")
    assert (await log_in.log_in("Владимир Семёнов ", PASSWORD, HERE, site, NOW)).session.confirmed
    with pytest.raises(BadInput, match="already"):
        await _user(site, "Владимир Семёнов")


async def test_a_session_ends_when_nobody_uses_it_and_after_a_week_even_if_somebody_does(site: Database) -> None:
    await _user(site)
    opened = await log_in.log_in("Dilnoza", PASSWORD, HERE, site, NOW)
    at = NOW
    while at < NOW + log_in.LONGEST:
        await resume(opened.secret, site, at)
        at += timedelta(hours=10)
    with pytest.raises(NotLoggedIn):
        await resume(opened.secret, site, NOW + log_in.LONGEST)
    idle = await log_in.log_in("Dilnoza", PASSWORD, HERE, site, NOW)
    with pytest.raises(NotLoggedIn):
        await resume(idle.secret, site, NOW + log_in.IDLE)


@pytest.mark.parametrize(("name", "password"), [("Dilnoza", "five words that fit nowhere"), ("nobody", PASSWORD)])
async def test_a_wrong_name_and_a_wrong_password_are_told_apart_by_nobody(
    site: Database, name: str, password: str
) -> None:
    await _user(site)
    with pytest.raises(NotLoggedIn, match="the name or the password is wrong"):
        await log_in.log_in(name, password, HERE, site, NOW)


async def test_after_five_wrong_passwords_even_the_right_one_must_wait(site: Database) -> None:
    await _user(site)
    for _ in range(5):
        with pytest.raises(NotLoggedIn):
            await log_in.log_in("Dilnoza", "wrong wrong wrong", HERE, site, NOW)
    with pytest.raises(TooMany):
        await log_in.log_in("Dilnoza", PASSWORD, HERE, site, NOW)
    later = NOW + timedelta(seconds=31)
    assert (await log_in.log_in("Dilnoza", PASSWORD, HERE, site, later)).session.confirmed
    assert [lock_for(n) for n in (4, 5, 6)] == [None, timedelta(seconds=30), timedelta(seconds=60)]
    assert lock_for(60) == timedelta(hours=1)


async def test_a_second_factor_is_asked_for_taken_once_and_changes_the_secret(site: Database) -> None:
    user_id = await _user(site)
    actor = await users.actor_by_id(user_id, site)
    secret = await users.begin_totp()
    with pytest.raises(BadInput):
        await users.confirm_totp(actor, secret, "000000", site, NOW)
    code = pyotp.TOTP(secret)
    await users.confirm_totp(actor, secret, code.at(NOW), site, NOW)
    at = NOW + timedelta(minutes=2)
    half = await log_in.log_in("Dilnoza", PASSWORD, HERE, site, at)
    assert not half.session.confirmed
    with pytest.raises(NotLoggedIn):
        await resume(half.secret, site, at)
    with pytest.raises(NotLoggedIn):
        await give_code(half.secret, "123", HERE, site, at)
    whole = await give_code(half.secret, code.at(at), HERE, site, at)
    assert whole.secret != half.secret
    assert (await resume(whole.secret, site, at))[1].user_id == user_id
    again = await log_in.log_in("Dilnoza", PASSWORD, HERE, site, at)
    with pytest.raises(NotLoggedIn, match="used before"):
        await give_code(again.secret, code.at(at), HERE, site, at)


async def test_who_changes_his_password_stays_logged_in_here_alone(site: Database) -> None:
    actor = await users.actor_by_id(await _user(site), site)
    here = await log_in.log_in("Dilnoza", PASSWORD, HERE, site, NOW)
    there = await log_in.log_in("Dilnoza", PASSWORD, HERE, site, NOW)
    await users.change_own_password(actor, PASSWORD, "other four words entirely", here.session.id, site, NOW)
    await resume(here.secret, site, NOW)
    with pytest.raises(NotLoggedIn):
        await resume(there.secret, site, NOW)


async def test_whose_rights_change_is_logged_out_and_the_last_administrator_stays_one(site: Database) -> None:
    admin = await _user(site, "Aziz", Role.ADMINISTRATOR)
    seller = await _user(site)
    opened = await log_in.log_in("Dilnoza", PASSWORD, HERE, site, NOW)
    await users.change_user(seller, {"role": Role.HEAD, "team": "North"}, None, site, NOW)
    with pytest.raises(NotLoggedIn):
        await resume(opened.secret, site, NOW)
    with pytest.raises(Conflict):
        await users.change_user(admin, {"active": False}, None, site, NOW)
    assert (await users.find_user("Aziz", site)).active


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "dilnozadilnoza"])
async def test_a_password_that_is_easy_to_guess_is_refused(site: Database, password: str) -> None:
    with pytest.raises(BadInput):
        await users.create_user(users.NewUser("Dilnoza", Role.SELLER, password), None, site, NOW)


async def test_a_change_without_the_word_against_forgery_is_refused(web_site: Site, login: Login) -> None:
    admin = await login(Role.ADMINISTRATOR)
    body = {"name": "Rustam", "role": "seller"}
    for headers in ({"X-CSRF-Token": "guessed"}, {"X-CSRF-Token": ""}, {"Sec-Fetch-Site": "cross-site"}):
        refused = await admin.post("/api/v1/users", json=body, headers=headers)
        assert refused.status == 403
    assert (await admin.post("/api/v1/users", json=body)).status == 201


async def test_every_answer_forbids_what_no_page_needs(web_site: Site, login: Login) -> None:
    for path in ("/healthz", "/api/v1/me", "/nothing-here"):
        answer = await (await login(Role.SELLER)).get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy


async def test_a_token_has_the_rights_of_its_scopes_and_no_others(web_site: Site, login: Login) -> None:
    admin = await login(Role.ADMINISTRATOR)
    made = await (await admin.post("/api/v1/me/tokens", json={"name": "crm", "scopes": ["contacts"]})).json()
    assert made["token"].startswith("trk_")
    headers = {"Authorization": f"Bearer {made['token']}", "X-CSRF-Token": "", "Cookie": ""}
    me = await (await admin.get("/api/v1/me", headers=headers)).json()
    assert me["rights"] == ["contacts.change", "contacts.erase", "contacts.export", "contacts.merge", "contacts.see"]
    assert (await admin.get("/api/v1/users", headers=headers)).status == 403
    listed = await (await admin.get("/api/v1/me/tokens")).json()
    assert made["token"] not in str(listed)
    assert listed[0]["hint"] == made["token"][:9]
    assert (await admin.ask("DELETE", f"/api/v1/me/tokens/{made['id']}")).status == 204
    refused = await admin.get("/api/v1/me", headers=headers)
    assert refused.status == 401
    assert refused.headers["WWW-Authenticate"] == "Bearer"


async def test_a_post_repeated_with_its_key_is_done_once(web_site: Site, login: Login) -> None:
    admin = await login(Role.ADMINISTRATOR)
    key = {"Idempotency-Key": "a-key"}
    first = await admin.post("/api/v1/users", json={"name": "Rustam", "role": "seller"}, headers=key)
    again = await admin.post("/api/v1/users", json={"name": "Rustam", "role": "seller"}, headers=key)
    assert (first.status, again.status) == (201, 201)
    assert await first.json() == await again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    other = await admin.post("/api/v1/users", json={"name": "Sevara", "role": "seller"}, headers=key)
    assert other.status == 422
    refused = await admin.post("/api/v1/users", json={"name": "Rustam", "role": "seller"})
    assert refused.status == 422
    assert (await refused.json())["where"] == "name"
