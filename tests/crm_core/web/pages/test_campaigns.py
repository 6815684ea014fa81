"""The pages of campaigns: the list, the form and what it means, the board, lists, imports, do not call."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from aiohttp import FormData, web
from sqlalchemy import insert, select

from crm_core.db.custom_fields import OwnField, add_field
from crm_core.db.tables import attempts, campaign_teams, campaigns, do_not_call, users
from crm_core.domain.access import Role
from crm_core.domain.leads import WhyNot
from crm_core.handlers.campaigns import every_campaign
from crm_core.web.app import make_app
from crm_core.web.pages import campaigns_words
from crm_core.web.policy_form import Filled, filled
from tests.crm_core.dialing import TRUNK, add_agent, add_campaign, attempt_for, lead_ids, number_of
from tests.crm_core.web import conftest as web_fixtures
from tests.crm_core.web.campaign_site import add_tools
from tests.crm_core.web.conftest import Login, Site, Visitor, utc_now

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """The application with the dialer's screening and scripts, as the service has it."""

    def made(*given: Any) -> web.Application:
        app = make_app(*given)
        add_tools(app)
        return app

    monkeypatch.setattr(web_fixtures, "make_app", made)


async def _page(visitor: Visitor, path: str, status: int = 200) -> str:
    answer = await visitor.get(path)
    text = await answer.text()
    assert answer.status == status, text
    return text


def _fields(form: Filled, **changes: Any) -> list[tuple[str, str]]:
    """As a browser sends it."""
    merged = Filled(form | {name: [str(value)] for name, value in changes.items()})
    return [(name, text) for name, texts in merged.items() for text in texts]


async def _dial(site: Site, campaign: Any, **more: Any) -> None:
    attempt = attempt_for(campaign, (await lead_ids(site.database, campaign))[0], number_of(0), utc_now())
    names = ("id", "campaign_id", "lead_id", "number", "trunk", "caller_id", "created_at", "leased_until")
    async with site.database.work() as work:
        await work.run(insert(attempts).values({name: getattr(attempt, name) for name in names} | more))


async def test_empty_pages_say_what_to_do(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    assert "There is no campaign yet" in (text := await _page(me, "/campaigns"))
    assert 'href="/campaigns/new"' in text
    assert "Drop a file here" in await _page(me, "/campaigns/lists")
    assert "Nobody is on the list yet" in await _page(me, "/campaigns/do-not-call")
    assert "No campaign fits these filters" in await _page(me, "/campaigns?q=nothing")
    assert "There is no trunk yet" in await _page(me, "/campaigns/new")


async def test_the_list_shows_how_far_each_is(web_site: Site, login: Login) -> None:
    campaign = await add_campaign(web_site.database, "Spring offer", leads_wanted=3)
    await _dial(web_site, campaign)
    me = await login(Role.MANAGER)
    text = await _page(me, "/campaigns")
    assert f'href="/campaigns/{campaign.id}">Spring offer' in text
    assert "0 of 3" in text
    part = await (await me.get("/campaigns?state=draft", headers=PART)).text()
    assert "No campaign fits these filters" in part
    assert "<html" not in part


async def test_a_head_finds_his_teams_campaign_and_no_button(web_site: Site, login: Login) -> None:
    mine = await add_campaign(web_site.database, "mine")
    other = await add_campaign(web_site.database, "other", first=5)
    head = await login(Role.HEAD, team="north")
    async with web_site.database.work() as work:
        team_id = await work.scalar(select(users.c.team_id).where(users.c.id == head.actor.user_id))
        await work.run(insert(campaign_teams).values(campaign_id=mine.id, team_id=team_id))
    text = await _page(head, "/campaigns")
    assert "mine" in text
    assert "other" not in text
    text = await _page(head, f"/campaigns/{mine.id}")
    assert "/pause" not in text
    assert "Stop all dialing</span>" not in text
    await _page(head, f"/campaigns/{mine.id}/rules")
    for path in ("", "/board", "/funnel", "/rules", "/outlook", "/leads"):
        assert (await head.get(f"/campaigns/{other.id}{path}")).status == 404, path
    assert (await head.post(f"/campaigns/{mine.id}/pause")).status == 403
    assert (await head.get("/campaigns/new")).status == 403
    assert (await head.get("/campaigns/do-not-call")).status == 403
    seller = await login(Role.SELLER)
    for path in ("/campaigns", f"/campaigns/{mine.id}", "/campaigns/lists"):
        assert (await seller.get(path)).status == 403, path


async def test_the_board_and_its_orders(web_site: Site, login: Login) -> None:
    campaign = await add_campaign(web_site.database, leads_wanted=3)
    await add_agent(web_site.database, "Ann", campaign=campaign)
    await _dial(web_site, campaign, answered_at=utc_now())
    me = await login(Role.MARKETER)
    text = await _page(me, f"/campaigns/{campaign.id}")
    for shown in ("person 0", "Waits for an operator", "Ann", "0 of 3", "limit 3%", "autumn-list", "Look through"):
        assert shown in text, shown
    answer = await me.post(f"/campaigns/{campaign.id}/pause", headers=PART)
    text = await answer.text()
    assert answer.status == 200, text
    assert "Paused" in text
    assert "/start" in text
    refused = await me.post(f"/campaigns/{campaign.id}/pause", headers=PART)
    assert refused.status == 204
    assert "it is paused: no pause now" in refused.headers["HX-Trigger"]
    for since in ("today", "week", "all"):
        assert "Talk with an operator" in await _page(me, f"/campaigns/{campaign.id}/funnel?since={since}")


async def test_a_robots_campaign_starts_when_its_prompts_are_ready(web_site: Site, login: Login) -> None:
    campaign = await add_campaign(web_site.database, mode="bot", script="mute")
    me = await login(Role.MARKETER)
    await me.post(f"/campaigns/{campaign.id}/pause", headers=PART)
    await me.post(f"/campaigns/{campaign.id}/start", headers=PART)
    text = ""
    async with asyncio.timeout(30):
        while "cannot be played" not in text:
            text = await _page(me, f"/campaigns/{campaign.id}/board")
    assert "It was not started" in text


async def test_what_is_dialed_now_opens_to_the_leads(web_site: Site, login: Login) -> None:
    campaign = await add_campaign(web_site.database, leads_wanted=2)
    async with web_site.database.work() as work:
        row = {"kind": "number", "value": number_of(1), "campaign_id": 0, "reason": "asked", "at": utc_now()}
        await work.run(insert(do_not_call).values(row))
    me = await login(Role.MARKETER)
    text = await (await me.post(f"/campaigns/{campaign.id}/outlook", headers=PART)).text()
    async with asyncio.timeout(30):
        while "Look again" not in text:
            text = await _page(me, f"/campaigns/{campaign.id}/outlook")
    assert f"/campaigns/{campaign.id}/leads?why=do_not_call" in text
    text = await _page(me, f"/campaigns/{campaign.id}/leads?why=do_not_call")
    assert "person 1" in text
    assert "person 0" not in text
    assert (await me.get(f"/campaigns/{campaign.id}/leads?why=nonsense")).status == 404


async def test_the_form_says_what_it_means_and_makes_a_campaign(web_site: Site, login: Login) -> None:
    before = await add_campaign(web_site.database, "before", leads_wanted=2)
    me = await login(Role.MARKETER)
    text = await _page(me, "/campaigns/new?list=before-list")
    assert re.search(r'name="lists" value="before-list" checked', text)
    form = filled(before.policy)
    said = await (await me.post("/campaigns/means", data=_fields(form, ring_for=41, abandon_limit=5))).text()
    assert "41" in said
    assert "More than 3% of abandoned calls is forbidden" in said
    unclear = await (await me.post("/campaigns/means", data=_fields(form, ring_for="long"))).text()
    assert "is no number" in unclear
    wrong = await me.post("/campaigns", data=_fields(form, name="spring", ring_for=3, csrf=me.csrf))
    assert wrong.status == 422
    assert "3 is too little" in await wrong.text()
    sent = _fields(form, name="spring", lists="before-list", shows=f"0 {TRUNK.name}", csrf=me.csrf)
    made = await me.post("/campaigns", data=sent)
    assert made.status == 303, await made.text()
    found = {one.name: one for one in await every_campaign(web_site.database)}["spring"]
    assert (found.policy.caller_ids, found.policy.windows) == (TRUNK.caller_ids, before.policy.windows)
    again = await me.post("/campaigns", data=sent)
    assert again.status == 422
    assert "choose another name" in await again.text()


async def test_rules_that_somebody_changed_meanwhile_are_not_overwritten(web_site: Site, login: Login) -> None:
    campaign = await add_campaign(web_site.database)
    me = await login(Role.MARKETER)
    rules = f"/campaigns/{campaign.id}/rules"
    found = re.search(r'name="version" value="(\d+)"', await _page(me, rules))
    assert found is not None
    form = filled(campaign.policy)
    first = await me.post(rules, data=_fields(form, version=found[1], ring_for=30, csrf=me.csrf))
    assert first.status == 303, await first.text()
    second = await me.post(rules, data=_fields(form, version=found[1], ring_for=20, csrf=me.csrf))
    text = await second.text()
    assert second.status == 422
    assert "Somebody else has changed these rules" in text
    assert 'name="ring_for" type="text" value="20"' in text
    policies = {one.id: one.policy for one in await every_campaign(web_site.database)}
    assert policies[campaign.id].ring_for.total_seconds() == 30


async def test_all_dialing_stops_with_a_reason(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER, "Marta")
    assert (await me.post("/campaigns/dialing/stop", data={"stop_why": " "}, headers=PART)).status == 204
    assert "All dialing is stopped" not in await _page(me, "/campaigns")
    await me.post("/campaigns/dialing/stop", data={"stop_why": "complaints"}, headers=PART)
    assert "All dialing is stopped, by Marta: complaints" in await _page(me, "/campaigns")
    await me.post("/campaigns/dialing/resume", data={"resume_why": "settled"}, headers=PART)
    assert "All dialing is stopped" not in await _page(me, "/campaigns")


def _file(text: str, **fields: str) -> FormData:
    form = FormData()
    for name, value in fields.items():
        form.add_field(name, value)
    form.add_field("file", text.encode(), filename="leads.csv", content_type="text/csv")
    return form


async def test_from_a_file_to_a_list(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    sent = await me.post("/campaigns/imports", data=_file("Who,Dial\nAnn,901234567\nBob,12\n"), headers=PART)
    address = sent.headers["HX-Redirect"]
    text = await _page(me, address)
    assert "No column seems to hold telephone numbers" in text
    assert 'name="t1" value="Dial"' in text
    form = {"t0": "Who", "c0": "name", "t1": "Dial", "c1": "phone", "list_name": "May", "country": "UZ"}
    part = await (await me.post(address + "/columns", data=form, headers=PART)).text()
    assert "Ann" in part
    assert "Left out" in part
    begun = await me.post(address + "/start", data=form | {"duplicates": "skip", "csrf": me.csrf})
    assert begun.status == 303, await begun.text()
    text = ""
    async with asyncio.timeout(60):
        while "What became of the rows" not in text:
            text = await _page(me, address)
            assert "Nothing was imported" not in text
    assert address + "/failed-rows" in text
    assert '"Bob";"12"' in (await (await me.get(address + "/failed-rows")).text()).replace(",", ";")
    listed = await _page(me, "/campaigns/lists")
    found = re.search(r'href="(/campaigns/lists/\d+)">May', listed)
    assert found is not None
    assert "Ann" in await _page(me, found[1])
    await me.post(address + "/discard", headers=PART)
    assert (await me.get(address)).status == 404


async def test_the_wizard_offers_the_sites_own_fields(web_site: Site, login: Login) -> None:
    async with web_site.database.work() as work:
        await add_field(work, "lead", OwnField("arrival", "Arrival", "date"))
        await add_field(work, "company", OwnField("beds", "Beds", "number"))
    me = await login(Role.MARKETER)
    file = _file("name,phone,Arrival,size\nAnn,901234567,tomorrow,12\n")
    sent = await me.post("/campaigns/imports", data=file, headers=PART)
    text = await _page(me, sent.headers["HX-Redirect"])
    assert '<option value="lead.arrival" selected>Lead: Arrival</option>' in text
    assert '<option value="company.beds">Company: Beds</option>' in text
    assert "column &#39;Arrival&#39;: &#39;tomorrow&#39; is no date" in text


async def test_a_taken_name_brings_the_wizard_back(web_site: Site, login: Login) -> None:
    await add_campaign(web_site.database, "before")
    me = await login(Role.MARKETER)
    sent = await me.post("/campaigns/imports", data=_file("name,phone\nAnn,901234567\n"), headers=PART)
    address = sent.headers["HX-Redirect"]
    answer = await me.post(address + "/start", data={"list_name": "before-list", "csrf": me.csrf})
    assert answer.status == 422
    assert "exists already" in await answer.text()


async def test_do_not_call(web_site: Site, login: Login) -> None:
    me = await login(Role.MARKETER)
    wrong = await me.post("/campaigns/do-not-call", data={"value": "12", "reason": "asked", "csrf": me.csrf})
    assert wrong.status == 422
    await me.post("/campaigns/do-not-call", data={"value": "90 123 45 67", "reason": "asked", "csrf": me.csrf})
    text = await _page(me, "/campaigns/do-not-call")
    assert "asked" in text
    sent = _file("+998911111111\nnobody\n", file_reason="bought", file_into="0")
    part = await (await me.post("/campaigns/do-not-call/file", data=sent, headers=PART)).text()
    assert "1 number put on the list" in part
    assert "1 line was not understood" in part
    found = re.search(r'hx-post="(/campaigns/do-not-call/\d+/remove)"', text)
    assert found is not None
    await me.post(found[1], headers=PART)
    assert found[1] not in await _page(me, "/campaigns/do-not-call")


async def test_masked_eyes_get_no_digits(web_site: Site, login: Login) -> None:
    campaign = await add_campaign(web_site.database, leads_wanted=1)
    await _dial(web_site, campaign)
    me = await login(Role.MARKETER, masked=True)
    await me.post("/campaigns/do-not-call", data={"value": "90 123 45 67", "reason": "x", "csrf": me.csrf})
    list_path = re.search(r'href="(/campaigns/lists/\d+)"', await _page(me, "/campaigns/lists"))
    assert list_path is not None
    sent = await me.post("/campaigns/imports", data=_file("name,phone\nAnn,901234567\n"), headers=PART)
    one = f"/campaigns/{campaign.id}"
    for path in (
        one,
        one + "/leads",
        one + "/rules",
        list_path[1],
        sent.headers["HX-Redirect"],
        "/campaigns/do-not-call",
    ):
        text = re.sub(r"[^0-9a-z]", "", await _page(me, path))
        assert number_of(0)[4:] not in text, path
        assert "901234567" not in text, path
        assert "998712000000" not in text, path


def test_there_are_words_for_every_reason() -> None:
    assert set(campaigns_words.REASONS) == {why.value for why in WhyNot}


async def test_a_campaign_of_no_team_is_nobodys_but_theirs_who_see_all(web_site: Site, login: Login) -> None:
    await add_campaign(web_site.database, "lonely")
    head = await login(Role.HEAD, team="north")
    assert "There is no campaign yet" in await _page(head, "/campaigns")
    async with web_site.database.reading() as work:
        assert await work.scalar(select(campaigns.c.name)) == "lonely"
