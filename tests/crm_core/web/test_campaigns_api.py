"""Campaigns over the API: made, changed, ordered, watched, and who may."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import insert, select

from crm_core.db import campaigns
from crm_core.db.tables import attempts, audit_log, campaign_teams, teams, users
from crm_core.domain.access import Role
from crm_core.domain.agents import AgentState
from crm_core.domain.campaigns import CampaignState
from crm_core.web.app import make_app
from tests.crm_core.dialing import TRUNK, add_agent, add_campaign, attempt_for, lead_ids, number_of
from tests.crm_core.web import conftest as web_fixtures
from tests.crm_core.web.campaign_site import add_tools
from tests.crm_core.web.conftest import Login, Site, Visitor, utc_now


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """The application with the dialer's screening and scripts, as the service has it."""

    def made(*given: Any) -> web.Application:
        app = make_app(*given)
        add_tools(app)
        return app

    monkeypatch.setattr(web_fixtures, "make_app", made)


async def _team_of(site: Site, visitor: Visitor, campaign_id: int) -> None:
    """Let the visitor's team see the campaign."""
    async with site.database.work() as work:
        team_id = await work.scalar(select(users.c.team_id).where(users.c.id == visitor.actor.user_id))
        await work.run(insert(campaign_teams).values(campaign_id=campaign_id, team_id=team_id))


async def _body(answer: Any, status: int = 200) -> Any:
    text = await answer.text()
    assert answer.status == status, text
    return await answer.json() if text else None


async def test_a_marketer_makes_changes_starts_and_pauses_a_campaign(web_site: Site, login: Login) -> None:
    await add_campaign(web_site.database, "before", leads_wanted=2)
    me = await login(Role.MARKETER)
    policy = {"trunk": TRUNK.name, "caller_ids": list(TRUNK.caller_ids), "ring_for": 20}
    body = {"name": "spring", "policy": policy, "lists": ["before-list"]}
    made = await _body(await me.post("/api/v1/campaigns", json=body), 201)
    assert (made["state"], made["leads_open"], made["orders"]) == ("draft", 2, ["start", "finish"])
    one = f"/api/v1/campaigns/{made['id']}"
    rules = await _body(await me.get(one + "/policy"))
    assert (rules["policy"]["ring_for"], rules["policy"]["abandon_window"]) == (20, 30 * 86_400)
    assert {"id": "rings", "values": {"span": 20.0}} in rules["means"]
    seen = {"If-Match": f'"{rules["version"]}"'}
    changed = await _body(
        await me.ask("PUT", one + "/policy", json={"policy": policy | {"ring_for": 30}}, headers=seen)
    )
    assert (changed["policy"]["ring_for"], changed["version"] != rules["version"]) == (30, True)
    stale = await _body(await me.ask("PUT", one + "/policy", json={"policy": policy}, headers=seen), 409)
    assert (stale["current"]["ring_for"], stale["yours"]["ring_for"]) == (30, 20)
    started = await _body(await me.post(one + "/start"))
    assert started["campaign"]["state"] == "running"
    assert "nobody is logged in" in started["warnings"][0]
    assert (await _body(await me.post(one + "/pause")))["campaign"]["state"] == "paused"
    assert (await me.post(one + "/pause")).status == 422
    async with web_site.database.reading() as work:
        noted = {row.action for row in await work.all(select(audit_log.c.action))}
    assert {"campaign.created", "campaign.policy_changed", "campaign.started", "campaign.paused"} <= noted


async def test_a_head_sees_his_teams_campaigns_alone_and_a_seller_none(web_site: Site, login: Login) -> None:
    mine = await add_campaign(web_site.database, "mine")
    other = await add_campaign(web_site.database, "other", first=5)
    head, seller = await login(Role.HEAD, team="north"), await login(Role.SELLER, team="north")
    await _team_of(web_site, head, mine.id)
    listed = await _body(await head.get("/api/v1/campaigns"))
    assert [one["name"] for one in listed["items"]] == ["mine"]
    for path in ("", "/policy", "/board", "/funnel", "/quotas", "/outlook", "/leads"):
        assert (await head.get(f"/api/v1/campaigns/{mine.id}{path}")).status == 200, path
        assert (await head.get(f"/api/v1/campaigns/{other.id}{path}")).status == 404, path
        assert (await seller.get(f"/api/v1/campaigns/{mine.id}{path}")).status == 403, path
    lists = await _body(await head.get("/api/v1/lists"))
    assert [(one["name"], one["campaigns"]) for one in lists["items"]] == [("mine-list", ["mine"])]
    for order in ("start", "pause", "stop", "finish", "approve"):
        assert (await head.post(f"/api/v1/campaigns/{mine.id}/{order}")).status == 403
    assert (await head.post("/api/v1/dialing/stop", json={"why": "because"})).status == 403


async def test_the_board_counts_lines_minutes_and_people(web_site: Site, login: Login) -> None:
    campaign = await add_campaign(web_site.database, leads_wanted=3)
    agent = await add_agent(web_site.database, "Ann", AgentState.ON_CALL, campaign)
    now = utc_now()
    ids = await lead_ids(web_site.database, campaign)
    rows = []
    for place, lead_id in enumerate(ids):
        attempt = attempt_for(campaign, lead_id, number_of(place), now - timedelta(minutes=5 * place))
        common = ("id", "campaign_id", "lead_id", "number", "trunk", "caller_id", "created_at", "leased_until")
        rows.append({name: getattr(attempt, name) for name in common} | {"guaranteed": False})
    answered = {"answered_at": now, "bridged_at": now, "agent_id": agent.id}
    ended = {"answered_at": now, "ended_at": now, "outcome": "machine"}
    empty = dict.fromkeys((*answered, *ended))
    async with web_site.database.work() as work:
        await work.run(insert(attempts), [empty | rows[0] | answered, empty | rows[1], empty | rows[2] | ended])
    me = await login(Role.MANAGER)
    board = await _body(await me.get(f"/api/v1/campaigns/{campaign.id}/board"))
    assert sum(minute["dialed"] for minute in board["minutes"]) == 3
    assert sum(minute["people"] for minute in board["minutes"]) == 1
    assert len(board["minutes"]) == 61
    assert sorted((dial["stage"], dial["agent"]) for dial in board["dials"]) == [("ringing", None), ("talking", "Ann")]
    assert board["dials"][0]["number"] == number_of(1)
    assert board["campaign"]["figures"]["lines"] == {"ringing": 1, "waiting": 0, "talking": 1}
    assert [one["name"] for one in board["agents"]] == ["Ann"]
    funnel = await _body(await me.get(f"/api/v1/campaigns/{campaign.id}/funnel?since=all"))
    assert [funnel[name] for name in ("dialed", "answered", "people", "bridged")] == [3, 2, 1, 1]
    assert funnel["outcomes"] == {"machine": 1}


async def test_masked_eyes_get_no_digits_of_those_being_dialed(web_site: Site, login: Login) -> None:
    campaign = await add_campaign(web_site.database, leads_wanted=2)
    me = await login(Role.MARKETER, masked=True)
    texts = [
        await (await me.get(f"/api/v1/campaigns/{campaign.id}/{path}")).text() for path in ("leads", "board", "outlook")
    ]
    lists = (await _body(await me.get("/api/v1/lists")))["items"]
    texts.append(await (await me.get(f"/api/v1/lists/{lists[0]['id']}/leads")).text())
    assert "person 0" in texts[-1]
    for text in texts:
        assert not any(number_of(place)[1:] in text for place in range(2))


async def test_what_would_be_dialed_and_what_not(web_site: Site, login: Login) -> None:
    campaign = await add_campaign(web_site.database, leads_wanted=3)
    me = await login(Role.MANAGER)
    listed = await me.post("/api/v1/do-not-call", json={"value": number_of(1), "reason": "asked us"})
    assert await _body(listed) == {"added": True}
    one = f"/api/v1/campaigns/{campaign.id}"
    found = await _body(await me.post(one + "/outlook"))
    async with asyncio.timeout(30):
        while not found["ready"]:
            assert not found["error"]
            found = await _body(await me.get(one + "/outlook"))
    blocked = found["never"].pop("do_not_call")
    later = sum(reason["count"] for reason in found["later"].values())
    assert (blocked, found["now"] + later, found["whole"], found["never"]) == (1, 2, 3, {})
    leads = await _body(await me.get(one + "/leads?why=do_not_call"))
    assert [lead["lead"]["numbers"] for lead in leads["items"]] == [[number_of(1)]]
    assert leads["next"] is None


async def test_nothing_is_dialed_once_somebody_says_stop(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER, "Marta")
    assert (await me.post("/api/v1/dialing/stop", json={"why": "complaints"})).status == 204
    stopped = (await _body(await me.get("/api/v1/dialing")))["stopped"]
    assert (stopped["by"], stopped["why"]) == ("Marta", "complaints")
    assert (await me.post("/api/v1/dialing/resume", json={"why": "settled"})).status == 204
    assert (await _body(await me.get("/api/v1/dialing")))["stopped"] is None


async def test_a_bot_starts_when_its_prompts_can_be_played(web_site: Site, login: Login) -> None:
    await add_campaign(web_site.database, "before")
    me = await login(Role.MARKETER)
    for script, status in (("mute", 422), ("survey", 200)):
        body = {"name": script, "policy": {"trunk": TRUNK.name, "mode": "bot", "script": script}}
        made = await _body(await me.post("/api/v1/campaigns", json=body | {"lists": ["before-list"]}), 201)
        assert (await me.post(f"/api/v1/campaigns/{made['id']}/start")).status == status
    policy = {"trunk": TRUNK.name, "mode": "bot", "script": "../../etc/passwd"}
    assert (await me.post("/api/v1/campaigns", json={"name": "path", "policy": policy})).status == 404


async def test_a_head_who_may_make_campaigns_makes_them_for_his_team(web_site: Site, login: Login) -> None:
    await add_campaign(web_site.database, "before")
    head = await login(Role.HEAD, team="north", extra_rights=frozenset({"campaigns.change"}))
    made = await _body(
        await head.post("/api/v1/campaigns", json={"name": "ours", "policy": {"trunk": TRUNK.name}}), 201
    )
    assert [team["name"] for team in made["teams"]] == ["north"]
    async with web_site.database.work() as work:
        south = await work.scalar(insert(teams).values(name="south", created_at=utc_now()).returning(teams.c.id))
    one = f"/api/v1/campaigns/{made['id']}"
    assert (await head.ask("PUT", one + "/teams", json={"team_ids": [south]})).status == 422
    both = [made["teams"][0]["id"], south]
    shown = await _body(await head.ask("PUT", one + "/teams", json={"team_ids": both}))
    assert [team["name"] for team in shown["teams"]] == ["north", "south"]


async def test_a_pilot_that_is_over_is_approved(web_site: Site, login: Login) -> None:
    campaign = await add_campaign(web_site.database, leads_wanted=1, pilot=1)
    attempt = attempt_for(campaign, (await lead_ids(web_site.database, campaign))[0], number_of(0))
    async with web_site.database.work() as work:
        names = ("id", "campaign_id", "lead_id", "number", "trunk", "caller_id", "created_at", "leased_until")
        await work.run(insert(attempts).values({name: getattr(attempt, name) for name in names}))
        await campaigns.set_state(work, campaign.id, CampaignState.PAUSED)
    me = await login(Role.MARKETER, "Marta")
    one = f"/api/v1/campaigns/{campaign.id}"
    before = await _body(await me.get(one))
    assert (before["pilot_is_over"], before["pilot_left"], before["orders"]) == (True, 0, ["stop", "finish"])
    after = (await _body(await me.post(one + "/approve")))["campaign"]
    assert (after["state"], after["approved_by"], after["pilot_is_over"]) == ("running", "Marta", False)
