"""An agent's own desk over the API: state, the person on the line, results, previews."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from crm_core.db import agents as agent_rows
from crm_core.db.tables import agents, calls
from crm_core.domain.access import Role
from crm_core.domain.agents import AgentState, HandOffMode
from crm_core.domain.campaigns import DialMode
from crm_core.domain.desk import spoken_script
from tests.crm_core.crm import add_call
from tests.crm_core.dialing import add_campaign, lead_ids, lead_row, number_of
from tests.crm_core.web.conftest import Login, Site, Visitor, utc_now


async def _with_phone(site: Site, login: Login, role: Role = Role.AGENT, name: str = "Dilnoza") -> Visitor:
    visitor = await login(role, name)
    async with site.database.work() as work:
        await agent_rows.add_agent(work, visitor.actor.user_id, "op1", "", HandOffMode.RING, utc_now())
    return visitor


async def test_a_user_without_a_phone_is_told_where_to_get_one(web_site: Site, login: Login) -> None:
    answer = await (await login(Role.AGENT)).get("/api/v1/agent")
    assert answer.status == 404
    assert "Settings, Users" in (await answer.json())["detail"]


async def test_a_shift_a_pause_and_back(web_site: Site, login: Login) -> None:
    campaign = await add_campaign(web_site.database)
    me = await _with_phone(web_site, login)
    begun = await me.post("/api/v1/agent/shift", json={"campaign_id": campaign.id})
    assert (begun.status, (await begun.json())["state"]) == (200, "available")
    again = await me.post("/api/v1/agent/shift", json={"campaign_id": campaign.id})
    assert again.status == 409
    paused = await (await me.post("/api/v1/agent/pause", json={"reason": "lunch"})).json()
    assert (paused["state"], paused["pause_reason"]) == ("paused", "lunch")
    assert (await (await me.ask("DELETE", "/api/v1/agent/pause")).json())["state"] == "available"
    desk = await (await me.get("/api/v1/agent")).json()
    assert (desk["campaign"], desk["pop"], desk["is_preview"]) == ("autumn", None, False)
    assert [result["key"] for result in desk["results"]] == list("123456789")
    assert (await (await me.ask("DELETE", "/api/v1/agent/shift")).json())["state"] == "logged_out"


async def _talking(site: Site, me: Visitor, campaign_id: int, lead_id: int, number: str, contact_id: int) -> None:
    values = {"campaign_id": campaign_id, "lead_id": lead_id, "contact_id": contact_id, "number": number}
    now = utc_now()
    times = {"started_at": now, "answered_at": now, "bridged_at": now, "agent_id": me.actor.user_id}
    await add_call(site.database, "call-1", direction="outgoing", **values, **times)
    async with site.database.work() as work:
        mine = update(agents).where(agents.c.id == me.actor.user_id)
        await work.run(mine.values(state=AgentState.ON_CALL.value, call_id="call-1"))


async def test_the_person_on_the_line_and_the_result(web_site: Site, login: Login) -> None:
    campaign = await add_campaign(web_site.database, agent_script="Good morning, {name}, about {topic}")
    me = await _with_phone(web_site, login)
    await me.post("/api/v1/agent/shift", json={"campaign_id": campaign.id})
    (lead_id,) = await lead_ids(web_site.database, campaign)
    await _talking(web_site, me, campaign.id, lead_id, number_of(0), 1)
    desk = await (await me.get("/api/v1/agent")).json()
    assert desk["pop"]["number"] == number_of(0)
    assert desk["pop"]["name"] == "person 0"
    assert desk["script"] == "Good morning, person 0, about {topic}"
    late = await me.post("/api/v1/agent/result", json={"call_id": "call-1", "disposition": "callback"})
    assert (late.status, (await late.json())["where"]) == (422, "callback_at")
    at = (utc_now() + timedelta(hours=3)).isoformat()
    body = {"call_id": "call-1", "disposition": "callback", "callback_at": at, "note": "after lunch"}
    assert (await me.post("/api/v1/agent/result", json=body)).status == 204
    row = await lead_row(web_site.database, campaign, lead_id)
    assert (row.callback_agent_id, row.callback_at.isoformat()) == (me.actor.user_id, at)
    today = (await (await me.get("/api/v1/agent")).json())["today"]
    assert (today["calls"], today["talks"]) == (1, 1)


async def test_a_call_of_somebody_else_does_not_exist(web_site: Site, login: Login) -> None:
    me, other = await _with_phone(web_site, login), await login(Role.AGENT, "Rustam")
    await add_call(web_site.database, "call-9", direction="outgoing", agent_id=other.actor.user_id)
    refused = await me.post("/api/v1/agent/result", json={"call_id": "call-9", "disposition": "sale"})
    assert refused.status == 404
    async with web_site.database.reading() as work:
        assert await work.scalar(calls.select().with_only_columns(calls.c.disposition)) is None


async def test_whoever_is_masked_never_gets_the_digits(web_site: Site, login: Login) -> None:
    campaign = await add_campaign(web_site.database, agent_script="Call {name}")
    me = await _with_phone(web_site, login, Role.OUTSIDE)
    await me.post("/api/v1/agent/shift", json={"campaign_id": campaign.id})
    (lead_id,) = await lead_ids(web_site.database, campaign)
    await _talking(web_site, me, campaign.id, lead_id, number_of(0), 1)
    text = await (await me.get("/api/v1/agent")).text()
    assert number_of(0)[5:] not in text
    assert "+998 90 ••• •• 00" in (await (await me.get("/api/v1/agent")).json())["pop"]["number"]


async def test_a_preview_is_shown_dialed_or_skipped(web_site: Site, login: Login) -> None:
    campaign = await add_campaign(web_site.database, leads_wanted=2, mode=DialMode.PREVIEW)
    me = await _with_phone(web_site, login)
    await me.post("/api/v1/agent/shift", json={"campaign_id": campaign.id})
    assert await (await me.post("/api/v1/agent/card")).json() == {"found": True}
    first = (await (await me.get("/api/v1/agent")).json())["pop"]
    assert first["call_id"] is None
    assert first["number"] in (number_of(0), number_of(1))
    assert (await me.ask("DELETE", "/api/v1/agent/card")).status == 204
    await me.post("/api/v1/agent/card")
    second = (await (await me.get("/api/v1/agent")).json())["pop"]
    assert second["number"] != first["number"]
    assert (await me.post("/api/v1/agent/card/dial")).status == 204


def test_a_script_says_fields_and_keeps_what_it_does_not_know() -> None:
    fields = {"city": "Tashkent", "odd": "{name}"}
    assert spoken_script("{name} in {city}: {odd} {missing} {", fields, "Dilnoza") == (
        "Dilnoza in Tashkent: {name} {missing} {"
    )
