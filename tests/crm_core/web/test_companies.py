"""Companies through API and pages, for people who see all, their team's, or their own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert, update

from crm_core.commands import CreateDeal, CreateTask
from crm_core.db.custom_fields import OwnField, add_field
from crm_core.db.tables import companies, contacts, deals
from crm_core.domain.access import Role, Sees
from crm_core.handlers.sales import create_deal
from crm_core.handlers.tasks import create_task
from tests.crm_core.crm import add_call, add_contact
from tests.crm_core.web.conftest import Login, Site, Visitor, utc_now

_API = "/api/v1/companies"


async def _add(site: Site, name: str, *people: int) -> int:
    async with site.database.work() as work:
        made = await work.scalar(insert(companies).values(name=name, created_at=utc_now()).returning(companies.c.id))
        if people:
            await work.run(update(contacts).where(contacts.c.id.in_(people)).values(company_id=made))
    return int(made)


async def _json(visitor: Visitor, path: str, status: int = 200) -> Any:
    answer = await visitor.get(path)
    assert answer.status == status, await answer.text()
    return await answer.json()


async def _text(visitor: Visitor, path: str) -> str:
    answer = await visitor.get(path)
    assert answer.status == 200, await answer.text()
    return await answer.text()


async def test_the_list_goes_on_by_key_and_finds_words(web_site: Site, login: Login) -> None:
    me = await login(Role.MANAGER)
    for n in range(5):
        await _add(web_site, f"Silk {n}")
    await _add(web_site, "Registan Tours")
    first = await _json(me, f"{_API}?limit=4")
    assert [one["name"] for one in first["items"]] == ["Registan Tours", "Silk 0", "Silk 1", "Silk 2"]
    rest = await _json(me, f"{_API}?limit=4&cursor={first['next']}")
    assert ([one["name"] for one in rest["items"]], rest["next"]) == (["Silk 3", "Silk 4"], None)
    assert first["total"] == {"count": 6, "more": False}
    found = await _json(me, f"{_API}?text=tour")
    assert [one["name"] for one in found["items"]] == ["Registan Tours"]
    newest = await _json(me, f"{_API}?sort=-created_at&limit=1")
    assert newest["items"][0]["name"] == "Registan Tours"


@pytest.mark.parametrize("sees", [Sees.OWN, Sees.TEAM, Sees.ALL])
async def test_one_sees_companies_of_people_and_deals_one_sees(web_site: Site, login: Login, sees: Sees) -> None:
    me = await login(Role.SELLER, "Dilnoza", team="North", sees=sees)
    near = await login(Role.SELLER, "Near", team="North")
    far = await login(Role.SELLER, "Far", team="South")
    owners = {"mine": me, "team's": near, "far": far}
    ids = {}
    for name, owner in owners.items():
        person = await add_contact(web_site.database, f"{name} person", owner_id=owner.actor.user_id)
        ids[name] = await _add(web_site, f"{name} company", person)
    ids["nobody's"] = await _add(web_site, "empty company")
    deal = await create_deal(CreateDeal("Sold", "x", owner_id=me.actor.user_id), web_site.database, utc_now())
    ids["by deal"] = await _add(web_site, "company with a deal")
    async with web_site.database.work() as work:
        await work.run(update(deals).where(deals.c.id == deal).values(company_id=ids["by deal"]))
    seen = {Sees.OWN: {"mine", "by deal"}, Sees.TEAM: {"mine", "by deal", "team's"}, Sees.ALL: set(ids)}[sees]
    listed = await _json(me, _API)
    assert {one["id"] for one in listed["items"]} == {ids[name] for name in seen}
    assert listed["total"]["count"] == len(seen)
    page = await _text(me, "/companies")
    for name, company_id in ids.items():
        status = 200 if name in seen else 404
        assert (await me.get(f"{_API}/{company_id}")).status == status, name
        assert (await me.get(f"/companies/{company_id}")).status == status, name
        assert (f'href="/companies/{company_id}"' in page) == (name in seen), name
    found = await _json(me, "/api/v1/search?q=company")
    assert {one["id"] for one in found["companies"]} == {ids[name] for name in seen}


async def test_the_card_tells_what_one_sees_of_it(web_site: Site, login: Login) -> None:
    me, other = await login(Role.SELLER, "Dilnoza"), await login(Role.SELLER, "Other")
    database, now = web_site.database, utc_now()
    mine = await add_contact(database, "Karim", "+998901234567", owner_id=me.actor.user_id)
    foreign = await add_contact(database, "Hidden", "+998901234568", owner_id=other.actor.user_id)
    company = await _add(web_site, "Silk", mine, foreign)
    for owner, title in ((me, "Big"), (other, "Secret")):
        command = CreateDeal(title, "x", owner_id=owner.actor.user_id, amount=Decimal(10), currency="UZS")
        await create_deal(command, database, now)
    async with database.work() as work:
        await work.run(update(deals).values(company_id=company))
    for owner, title in ((me, "Ring Karim"), (other, "Whisper")):
        who = mine if owner is me else foreign
        await create_task(
            CreateTask(title, now, "x", responsible_id=owner.actor.user_id, contact_id=who), database, now
        )
    await add_call(database, "c1", direction="outgoing", agent_id=me.actor.user_id, contact_id=mine, started_at=now)
    await add_call(database, "c2", direction="outgoing", agent_id=other.actor.user_id, contact_id=foreign)
    card = await _json(me, f"{_API}/{company}/card")
    assert [one["name"] for one in card["people"]] == ["Karim"]
    assert [one["title"] for one in card["deals"]] == ["Big"]
    assert [(one["currency"], float(one["amount"])) for one in card["sums"]] == [("UZS", 10.0)]
    assert [one["title"] for one in card["tasks"]] == ["Ring Karim"]
    assert [one["id"] for one in card["calls"]] == ["c1"]
    page = await _text(me, f"/companies/{company}")
    for text in ("Karim", "Big", "Ring Karim"):
        assert text in page
    for text in ("Hidden", "Secret", "Whisper"):
        assert text not in page
    line = (await _json(me, _API))["items"][0]
    assert (line["people"], line["open_deals"]) == (1, 1)


async def test_a_change_wants_what_was_seen_and_checks_own_fields(web_site: Site, login: Login) -> None:
    me = await login(Role.MANAGER)
    company, _other = await _add(web_site, "Silk"), await _add(web_site, "Registan")
    async with web_site.database.work() as work:
        await add_field(work, "company", OwnField("beds", "Beds", "number"))
    answer = await me.get(f"{_API}/{company}")
    seen, path = {"If-Match": answer.headers["ETag"]}, f"{_API}/{company}"
    for wrong, where in (({"fields": {"beds": "many"}}, "fields.beds"), ({"name": "Registan"}, "name")):
        refused = await me.ask("PATCH", path, json=wrong, headers=seen)
        assert (refused.status, (await refused.json())["where"]) == (422, where)
    changed = await me.ask("PATCH", path, json={"name": "Silk Road", "fields": {"beds": "12"}}, headers=seen)
    assert (changed.status, (await changed.json())["fields"]) == (200, {"beds": 12})
    assert changed.headers["ETag"] != seen["If-Match"]
    late = await me.ask("PATCH", path, json={"name": "Silk Way"}, headers=seen)
    body = await late.json()
    assert (late.status, body["current"]["name"], body["yours"]["name"]) == (409, "Silk Road", "Silk Way")
    assert (await me.ask("PATCH", path, json={"name": "x"})).status == 428


async def test_the_pages_form_changes_it_or_says_what_is_wrong(web_site: Site, login: Login) -> None:
    me = await login(Role.MANAGER)
    assert "There are no companies yet" in await _text(me, "/companies")
    company = await _add(web_site, "Silk <b>")
    async with web_site.database.work() as work:
        await add_field(work, "company", OwnField("beds", "Beds", "number"))
    assert "No company is called so" in await _text(me, "/companies?q=registan")
    form = await _text(me, f"/companies/{company}/edit")
    assert 'value="Silk &lt;b&gt;"' in form
    version = form.partition('name="version" value="')[2].partition('"')[0]
    given = {"version": version, "name": "Silk Road", "own.beds": "many"}
    wrong = await me.post(f"/companies/{company}", data=given)
    assert (wrong.status, "is no number" in await wrong.text()) == (422, True)
    assert (await me.post(f"/companies/{company}", data=given | {"own.beds": "12"})).status == 204
    page = await _text(me, f"/companies/{company}")
    assert "Silk Road" in page
    assert "<dt>Beds</dt><dd>12</dd>" in page
    assert (await me.post(f"/companies/{company}", data=given | {"own.beds": "13"})).status == 409
    assert f'href="/companies/{company}"' in await _text(me, "/search?q=silk")
