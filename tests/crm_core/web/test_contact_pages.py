"""Contacts, calls and the agent's page as a browser meets them."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from crm_core.db import agents as agent_rows
from crm_core.db.tables import recordings
from crm_core.domain.access import Role
from crm_core.domain.agents import HandOffMode
from crm_core.domain.campaigns import DialMode
from crm_core.handlers import contact_desk
from tests.crm_core.crm import add_call, add_contact
from tests.crm_core.dialing import add_campaign
from tests.crm_core.web.conftest import Login, Site, Visitor, utc_now


@pytest.fixture
def database_kind() -> str:
    return "sqlite"  # what is read and written is tested on both through the API


async def _text(visitor: Visitor, path: str) -> str:
    answer = await visitor.get(path)
    assert answer.status == 200, await answer.text()
    return await answer.text()


async def test_the_list_is_empty_then_filled_and_filtered(web_site: Site, login: Login) -> None:
    me = await login(Role.MANAGER)
    assert "There are no contacts yet" in await _text(me, "/contacts")
    await add_contact(web_site.database, "Karim <b>", "+998901234567")
    page = await _text(me, "/contacts")
    assert "Karim &lt;b&gt;" in page
    assert "90 123 45 67" in page
    assert "Nobody fits these filters" in await _text(me, "/contacts?whose=mine")


async def test_a_contact_is_made_changed_and_noted_in_the_pages(web_site: Site, login: Login) -> None:
    me = await login(Role.SELLER)
    wrong = await me.post("/contacts", data={"name": "Karim", "numbers": "12"})
    assert (wrong.status, "12" in await wrong.text()) == (422, True)
    made = await me.post("/contacts", data={"name": "Karim", "numbers": "90 123 45 67\n91 123 45 67"})
    path = made.headers["HX-Redirect"]
    card = await _text(me, path)
    assert "Nothing has happened yet" in card
    assert "91 123 45 67" in card
    form = await _text(me, f"{path}/edit")
    assert 'value="Karim"' in form
    changed = await me.post(path, data={"version": "1", "name": "Karima", "consent": "given"})
    assert changed.status == 204
    noted = await me.post(f"{path}/notes", data={"text": "likes mornings"})
    assert (noted.status, "likes mornings" in await noted.text()) == (200, True)
    contact = int(path.rpartition("/")[2])
    seen = await contact_desk.card(me.actor, contact, web_site.database)
    assert (seen.contact.name, seen.contact.consent) == ("Karima", "given")
    number = seen.numbers[0].id
    assert (await me.post(f"{path}/numbers/{number}/do-not-call", data={"wanted": "yes"})).status == 204
    assert "Not to be called" in await _text(me, path)


async def test_a_call_opens_with_its_recording_and_somebody_elses_does_not(web_site: Site, login: Login) -> None:
    me, other = await login(Role.SELLER), await login(Role.SELLER)
    now = utc_now()
    contact = await add_contact(web_site.database, "Karim", owner_id=me.actor.user_id)
    times = {"started_at": now, "answered_at": now, "bridged_at": now, "ended_at": now, "contact_id": contact}
    await add_call(web_site.database, "c1", direction="outgoing", agent_id=me.actor.user_id, **times)
    row = {"call_id": "c1", "path": "c1.wav", "bytes": 1, "seconds": 61.0, "sha256": "0" * 64, "channels": 2}
    async with web_site.database.work() as work:
        await work.run(insert(recordings).values(row | {"customer_dbfs": -10.0, "agent_dbfs": -10.0, "at": now}))
    assert "/calls/c1" in await _text(me, f"/contacts/{contact}")
    call = await _text(me, "/calls/c1")
    assert 'data-peaks="/api/v1/recordings/1/waveform"' in call
    assert "1:01" in call
    assert (await other.get("/calls/c1")).status == 404
    assert (await other.get(f"/contacts/{contact}")).status == 404


async def _agent(site: Site, login: Login, role: Role = Role.AGENT) -> Visitor:
    me = await login(role)
    async with site.database.work() as work:
        await agent_rows.add_agent(work, me.actor.user_id, "op1", "", HandOffMode.RING, utc_now())
    return me


async def test_the_agents_page_goes_through_a_preview_call(web_site: Site, login: Login) -> None:
    no_phone = await login(Role.SELLER)
    assert "You have no phone yet" in await _text(no_phone, "/operator")
    campaign = await add_campaign(
        web_site.database, mode=DialMode.PREVIEW, agent_script="Hello {name}\n\n# Too dear\nIt is not"
    )
    me = await _agent(web_site, login)
    assert "You are not taking calls" in await _text(me, "/operator")
    begun = await (await me.post("/operator/shift", data={"campaign": str(campaign.id)})).text()
    assert "Look at the next card" in begun
    card = await (await me.post("/operator/card")).text()
    assert "Hello person 0" in card
    assert "<summary>Too dear</summary>" in card
    dialing = await (await me.post("/operator/card/dial")).text()
    assert "It is being dialed" in dialing
    paused = await (await me.post("/operator/pause", data={"reason": "lunch"})).text()
    assert "Paused: lunch" in paused
    assert "Available" in await (await me.post("/operator/resume")).text()
    assert "Not taking calls" in await (await me.post("/operator/shift/end")).text()


async def test_whoever_is_masked_sees_no_digits_on_his_page(web_site: Site, login: Login) -> None:
    await add_campaign(web_site.database, mode=DialMode.PREVIEW)
    me = await _agent(web_site, login, Role.OUTSIDE)
    await me.post("/operator/shift", data={"campaign": "1"})
    card = await (await me.post("/operator/card")).text()
    assert "•••" in card
    assert "1200000" not in card.replace(" ", "")
