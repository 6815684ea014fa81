"""The supervisor's page, the wallboard and their endpoints: what they show to whom, and what they do."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select, update

from crm_core.db.campaigns import add_campaign, add_counts, campaign_scope
from crm_core.db.engine import Database
from crm_core.db.tables import agents, audit_log, calls, campaigns
from crm_core.domain.access import Role
from crm_core.domain.agents import HandOffMode
from crm_core.domain.campaigns import CampaignPolicy
from crm_core.domain.plans import Measure, Plan
from crm_core.handlers.agents import add_agent, log_in
from crm_core.handlers.plans import set_plan
from tests.crm_core.web.conftest import Login, Site, Visitor, utc_now

NUMBER = "+998901234567"
#: How the number would show itself to somebody who may not have it.
DIGITS = ("901234567", "123 45 67", "123-45-67")


async def _operator(database: Database, name: str, phone: str) -> int:
    agent = await add_agent(database, name, phone, utc_now(), hand_off=HandOffMode.RING)
    await log_in(database, name, None, utc_now())
    return agent.id


async def _on_call(database: Database, agent_id: int, call_id: str = "c1") -> None:
    now = utc_now()
    async with database.work() as work:
        row: dict[str, Any] = {"id": call_id, "node": "pbx", "direction": "incoming", "number": NUMBER}
        times = {"started_at": now - timedelta(minutes=2), "answered_at": now - timedelta(minutes=1), "bridged_at": now}
        await work.run(insert(calls).values(agent_id=agent_id, **row, **times))
        await work.run(
            update(agents).where(agents.c.id == agent_id).values(state="on_call", call_id=call_id, since=now)
        )


async def _page(visitor: Visitor, path: str) -> str:
    answer = await visitor.get(path)
    text = await answer.text()
    assert answer.status == 200, text
    return text


async def test_the_page_shows_operators_calls_and_who_waits(web_site: Site, login: Login) -> None:
    boss = await login(Role.MANAGER)
    talking = await _operator(web_site.database, "Aziza Rahimova", "op1")
    await _operator(web_site.database, "Bekzod Umarov", "op2")
    await _on_call(web_site.database, talking)
    async with web_site.database.work() as work:
        row = {"id": "c2", "node": "pbx", "direction": "incoming", "started_at": utc_now()}
        await work.run(insert(calls).values(**row))
    for path in ("/supervisor", "/supervisor/floor"):
        text = await _page(boss, path)
        assert "Aziza Rahimova" in text
        assert f"/supervisor/calls/c1/{'listen'}" in text
        assert "/supervisor/calls/c1/whisper" in text
        assert "/supervisor/calls/c2" not in text  # nobody is there to listen to
        assert 'id="waiting"' in text
    wall = await _page(boss, "/wallboard")
    assert "Waiting" in wall
    assert "<button" not in wall.partition('class="wall"')[2].partition("</dl>")[0]


async def test_nothing_there_says_what_to_do(web_site: Site, login: Login) -> None:
    text = await _page(await login(Role.ADMINISTRATOR), "/supervisor")
    assert "There are no operators yet" in text
    assert "/settings/users" in text


async def test_a_head_sees_his_team_and_a_seller_no_floor(web_site: Site, login: Login) -> None:
    head = await login(Role.HEAD, team="East")
    mate = await login(Role.AGENT, name="Mate", team="East")
    other = await login(Role.AGENT, name="Stranger", team="West")
    for number, visitor in enumerate((mate, other)):
        await _operator(web_site.database, visitor.actor.name, f"op{number}")
    text = await _page(head, "/supervisor")
    assert "Mate" in text
    assert "Stranger" not in text
    floor = await (await head.get("/api/v1/floor")).json()
    assert [agent["name"] for agent in floor["agents"]] == ["Mate"]
    seller = await login(Role.SELLER, team="East")
    for path in ("/supervisor", "/wallboard", "/api/v1/floor"):
        assert (await seller.get(path)).status == 403
    for path in (f"/api/v1/agents/{other.actor.user_id}/log-out", f"/supervisor/agents/{other.actor.user_id}/log-out"):
        assert (await head.post(path)).status == 404
        assert (await seller.post(path)).status == 403


async def test_an_operator_is_paused_and_logged_out_by_page_and_api_and_it_is_noted(
    web_site: Site, login: Login
) -> None:
    boss = await login(Role.MANAGER)
    agent_id = await _operator(web_site.database, "Aziza", "op1")
    answer = await boss.post(f"/api/v1/agents/{agent_id}/pause", json={"reason": "training"})
    assert (await answer.json())["state"] == "paused"
    answer = await boss.post(f"/supervisor/agents/{agent_id}/log-out")
    assert answer.status == 200
    assert "Aziza is logged out" in answer.headers["HX-Trigger"]
    assert (await boss.post(f"/api/v1/agents/{agent_id}/log-out")).status == 409
    async with web_site.database.reading() as work:
        noted = await work.all(select(audit_log).where(audit_log.c.noun == "agent").order_by(audit_log.c.id))
    assert [(row.action, row.by, row.address) for row in noted] == [
        ("agent.paused", boss.actor.name, "127.0.0.1"),
        ("agent.logged_out", boss.actor.name, "127.0.0.1"),
    ]


async def test_listening_needs_a_phone_of_ones_own_and_a_switch(web_site: Site, login: Login) -> None:
    boss = await login(Role.MANAGER, name="Boss")
    agent_id = await _operator(web_site.database, "Aziza", "op1")
    await _on_call(web_site.database, agent_id)
    answer = await boss.post("/api/v1/calls/c1/monitor", json={"mode": "listen"})
    assert (answer.status, (await answer.json())["where"]) == (422, "phone")
    await add_agent(web_site.database, "Boss", "boss", utc_now(), hand_off=HandOffMode.RING)
    answer = await boss.post("/api/v1/calls/c1/monitor", json={"mode": "listen"})
    assert answer.status == 503  # no link to a switch in this process
    assert (await boss.post("/supervisor/calls/c1/shout")).status == 404


async def test_who_is_masked_supervises_without_digits(web_site: Site, login: Login) -> None:
    boss = await login(Role.MANAGER, masked=True)
    agent_id = await _operator(web_site.database, "Aziza", "op1")
    await _on_call(web_site.database, agent_id)
    for path in ("/supervisor", "/wallboard", "/api/v1/floor"):
        text = await _page(boss, path)
        assert not [digits for digits in DIGITS if digits in text]


async def test_the_wallboard_says_when_too_many_are_abandoned(web_site: Site, login: Login) -> None:
    boss = await login(Role.MANAGER)
    now = utc_now()
    async with web_site.database.work() as work:
        campaign_id = await add_campaign(work, "autumn", CampaignPolicy("network"), now)
        await work.run(update(campaigns).values(state="running"))
        counts = {"dialed": 200, "people": 100, "abandoned": 5}
        await add_counts(work, {(campaign_scope(campaign_id), now.date().isoformat()): counts})
    text = await _page(boss, "/wallboard")
    assert 'class="wall-figure wall-bad" id="wall-abandoned"' in text
    assert "5%" in text.replace(".0", "")
    assert "autumn" in text


async def test_the_wallboard_shows_the_teams_plans(web_site: Site, login: Login) -> None:
    head, boss = await login(Role.HEAD, team="North"), await login(Role.MANAGER)
    wall = await _page(boss, "/wallboard")
    assert "this month" not in wall
    month = f"{utc_now():%Y-%m}"
    team: dict[str, Any] = {"user_id": None, "team_id": head.actor.team_id, "month": month}
    for one in (
        Plan(**team, measure=Measure.TALKS, target=Decimal(400)),
        Plan(**team, measure=Measure.WON_AMOUNT, target=Decimal(1_000_000), currency="UZS"),
    ):
        await set_plan(boss.actor, one, web_site.database, utc_now())
    for who, path in ((boss, "/wallboard"), (head, "/wallboard/plans")):
        text = await _page(who, path)
        assert "North · Talks" in text
        assert "0 of 400 this month" in text
        assert "Won, UZS" in text
        assert "today" in text
    other = await login(Role.HEAD, team="South")
    assert "North" not in await _page(other, "/wallboard/plans")
    assert (await (await login(Role.SELLER)).get("/wallboard/plans")).status == 403
