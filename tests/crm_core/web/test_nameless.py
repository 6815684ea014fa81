"""Whoever sees a deal or a task sees whom it is about; whoever may see no people is told no name anywhere."""

from __future__ import annotations

import pytest

from crm_core.commands import CreateDeal, CreateTask
from crm_core.db import contact_desk, deal_desk
from crm_core.domain.access import Right, Role, Sees
from crm_core.domain.pushes import Push, Reach, Topic, View, view
from crm_core.handlers.sales import create_deal
from crm_core.handlers.search import search
from crm_core.handlers.tasks import create_task
from tests.crm_core.crm import add_contact
from tests.crm_core.web.conftest import Login, Site, Visitor, utc_now


async def _things(site: Site, owner: Visitor) -> None:
    """A contact of `owner` with deals and tasks of his and of nobody's; and another with nobody's deal alone."""
    now = utc_now()
    for name, number in (("Karim", "+998901234567"), ("Unsorted Umid", "+998901234568")):
        contact = await add_contact(site.database, name, number, owner_id=owner.actor.user_id)
        await create_deal(CreateDeal(f"Nobody's with {number}", "x", contact_id=contact), site.database, now)
        await create_task(CreateTask(f"Nobody's with {number}", now, "x", contact_id=contact), site.database, now)
        if name == "Karim":
            mine = CreateDeal("Owned", "x", contact_id=contact, owner_id=owner.actor.user_id)
            await create_deal(mine, site.database, now)


@pytest.mark.parametrize("sees", list(Sees))
async def test_each_deal_and_task_one_sees_is_about_somebody_one_sees(web_site: Site, login: Login, sees: Sees) -> None:
    owner = await login(Role.SELLER, "Owner", team="South")
    await _things(web_site, owner)
    for who in (owner, await login(Role.SELLER, "Other", team="North", sees=sees)):
        items = (await (await who.get("/api/v1/deals")).json())["items"]
        items += (await (await who.get("/api/v1/tasks")).json())["items"]
        for item in items:
            assert item["contact"], item
            assert (await who.get(f"/contacts/{item['contact_id']}")).status == 200, item
        async with web_site.database.reading() as work:
            wanted = contact_desk.ContactsWanted()
            order = {"descending": False, "after": None, "limit": 50}
            seen, _ = await contact_desk.seen(work, who.actor, wanted, "name", **order)  # type: ignore[arg-type]
        assert {item["contact"] for item in items} <= {one.name for one in seen}
        if who is not owner:
            assert len(items) == {Sees.OWN: 0, Sees.TEAM: 4, Sees.ALL: 5}[sees]


async def test_a_token_without_contacts_is_told_no_name(web_site: Site, login: Login) -> None:
    me = await login(Role.MANAGER)
    await _things(web_site, me)
    made = await (await me.post("/api/v1/me/tokens", json={"name": "t", "scopes": ["deals", "tasks"]})).json()
    bearer = {"Authorization": f"Bearer {made['token']}"}
    me.client.cookie_jar.clear()
    stages = await (await me.get("/api/v1/pipelines", headers=bearer)).json()
    stage = stages[0]["stages"][0]["id"]
    first = (await (await me.get("/api/v1/deals", headers=bearer)).json())["items"][0]["id"]
    paths = ["/deals", f"/deals/{first}", "/deals/board", f"/deals/board/{stage}", "/tasks", "/search?q=umid"]
    seen = 0
    for path in paths:
        answer = await me.get("/api/v1" + path, headers=bearer)
        text = await answer.text()
        seen += answer.status == 200
        assert "Umid" not in text, path
        assert "Karim" not in text, path
    assert seen >= 3
    found = await (await me.get("/api/v1/deals?text=umid", headers=bearer)).json()
    assert found["items"] == []  # nor is a name found out by looking for it


async def test_pushes_and_search_keep_to_the_same(web_site: Site, login: Login) -> None:
    me = await login(Role.MANAGER)
    await _things(web_site, me)
    without = type(me.actor)(
        **{name: getattr(me.actor, name) for name in me.actor.__dataclass_fields__}
        | {"rights": me.actor.rights - {Right.SEE_CONTACTS}}
    )
    for topic in (Topic.DEAL, Topic.TASK):
        push = Push(topic, "1", {"contact_id": 1, "contact": "Karim"}, owner=None)
        assert view(push, Reach(me.actor, None, None, None)) is View.WHOLE
        assert view(push, Reach(without, None, None, None)) is View.NAMELESS
    whole, nameless = [await search("nobody", who, web_site.database) for who in (me.actor, without)]
    assert any("Umid" in hit.detail for hit in whole.deals)
    assert nameless.deals
    assert not any(hit.detail for hit in nameless.deals)
    async with web_site.database.reading() as work:
        deal = await deal_desk.one(work, without, whole.deals[0].id)
    assert (deal.contact, deal.number) == (None, None)
    assert deal.contact_id is not None
