"""Contacts over the API: seen by whom, changed as they were seen, masked where need be."""

from __future__ import annotations

import pytest

from crm_core.domain.access import Role
from tests.crm_core.crm import add_call, add_contact
from tests.crm_core.web.conftest import Login, Site, Visitor, utc_now


async def _names(visitor: Visitor, query: str = "") -> list[str]:
    page = await (await visitor.get(f"/api/v1/contacts{query}")).json()
    return [contact["name"] for contact in page["items"]]


async def test_each_sees_whom_his_reach_says_and_whom_he_has_to_do_with(web_site: Site, login: Login) -> None:
    mine, other = await login(Role.SELLER, "Dilnoza", team="North"), await login(Role.SELLER, "Rustam", team="South")
    head, manager = await login(Role.HEAD, "Sevara", team="North"), await login(Role.MANAGER, "Aziz")
    await add_contact(web_site.database, "hers", owner_id=mine.actor.user_id)
    his = await add_contact(web_site.database, "his", owner_id=other.actor.user_id)
    await add_contact(web_site.database, "nobody's")
    assert await _names(mine) == ["hers"]
    assert sorted(await _names(head)) == ["hers", "nobody's"]
    assert sorted(await _names(manager)) == ["hers", "his", "nobody's"]
    assert (await mine.get(f"/api/v1/contacts/{his}")).status == 404
    assert (await mine.get(f"/api/v1/contacts/{his}/card")).status == 404
    await add_call(web_site.database, "c1", contact_id=his, agent_id=mine.actor.user_id, started_at=utc_now())
    assert await _names(mine, "?sort=name") == ["hers", "his"]


async def test_a_contact_is_made_found_and_changed(web_site: Site, login: Login) -> None:
    me = await login(Role.SELLER)
    wrong = await me.post("/api/v1/contacts", json={"name": "Karim", "numbers": ["12"]})
    assert (wrong.status, (await wrong.json())["where"]) == (422, "phone")
    body = {"name": "Karim", "numbers": ["90 123 45 67"], "company": "Lola"}
    made = await me.post("/api/v1/contacts", json=body)
    contact = await made.json()
    assert (made.status, contact["number"], contact["owner_id"]) == (201, "+998901234567", me.actor.user_id)
    path = made.headers["Location"]
    changed = await me.ask("PATCH", path, json={"consent": "refused", "company": None}, headers={"If-Match": '"1"'})
    after = await changed.json()
    assert (after["version"], after["consent"], after["company"], after["name"]) == (2, "refused", None, "Karim")
    stale = await me.ask("PATCH", path, json={"name": "Karima"}, headers={"If-Match": '"1"'})
    problem = await stale.json()
    assert (stale.status, problem["current"]["name"], problem["yours"]["name"]) == (409, "Karim", "Karima")


async def test_numbers_notes_and_the_do_not_call_list(web_site: Site, login: Login) -> None:
    me = await login(Role.SELLER)
    path = (await me.post("/api/v1/contacts", json={"name": "Karim", "numbers": ["90 123 45 67"]})).headers["Location"]
    assert (await me.post(f"{path}/numbers", json={"number": "91 123 45 67"})).status == 204
    assert (await me.post(f"{path}/notes", json={"text": "likes mornings"})).status == 201
    card = await (await me.get(f"{path}/card")).json()
    assert [number["number"] for number in card["numbers"]] == ["+998901234567", "+998911234567"]
    assert [(m["kind"], m["text"]) for m in card["timeline"]] == [("note", "likes mornings")]
    listed = f"{path}/numbers/{card['numbers'][0]['id']}/do-not-call"
    assert (await me.ask("PUT", listed, json={"wanted": True, "why": "asked"})).status == 204
    card = await (await me.get(f"{path}/card")).json()
    assert [number["do_not_call"] for number in card["numbers"]] == [True, False]
    assert (await me.ask("PUT", listed, json={"wanted": False})).status == 204


async def test_pages_by_key_in_any_order(web_site: Site, login: Login) -> None:
    me = await login(Role.MANAGER)
    for n in range(7):
        await add_contact(web_site.database, f"person {n % 3}")
    for sort in ("created_at", "-created_at", "name", "-name"):
        seen: list[int] = []
        cursor = ""
        while True:
            page = await (await me.get(f"/api/v1/contacts?limit=2&sort={sort}{cursor}")).json()
            seen += [contact["id"] for contact in page["items"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert sorted(seen) == list(range(1, 8))
        assert page["total"] == {"count": 7, "more": False}


@pytest.mark.parametrize("path", ["/api/v1/contacts", "/api/v1/contacts/1", "/api/v1/contacts/1/card"])
async def test_whoever_is_masked_gets_no_digits(web_site: Site, login: Login, path: str) -> None:
    me = await login(Role.OUTSIDE)
    contact = await add_contact(web_site.database, "+998901234567", "+998901234567", owner_id=me.actor.user_id)
    assert contact == 1
    text = await (await me.get(path)).text()
    assert "1234567" not in text
    assert "\\u2022" in text
