"""Rehearsals over the API and on the campaign's page, in the real process."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from crm_core.db import rehearsals
from crm_core.db.tables import attempts
from crm_core.domain.access import Role
from crm_core.domain.campaigns import DialMode
from crm_core.web.rehearsal_tools import REHEARSER
from dialer.rehearsal_process import RehearsalProcess
from tests.crm_core.dialing import add_campaign, attempt_for, lead_ids, number_of
from tests.crm_core.test_rehearsal import forecast
from tests.crm_core.web.conftest import Login, Site, Visitor, utc_now

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def database_kind() -> str:
    return "sqlite"  # what is read and kept is tested on both in tests/crm_core/test_rehearsal.py


@pytest.fixture
def app_parts() -> dict[Any, Any]:
    return {REHEARSER: RehearsalProcess()}


async def _over(visitor: Visitor, path: str) -> dict[str, Any]:
    """What GET says when the rehearsal is not under way any more."""
    async with asyncio.timeout(120):
        while True:
            said: dict[str, Any] = await (await visitor.get(path)).json()
            if not said["under_way"]:
                return said
            await asyncio.sleep(0.1)


async def test_a_rehearsal_is_asked_for_found_again_and_read(web_site: Site, login: Login) -> None:
    campaign = await add_campaign(web_site.database, leads_wanted=10)
    me = await login(Role.MARKETER)
    path = f"/api/v1/campaigns/{campaign.id}/rehearsal"
    empty = await (await me.get(path)).json()
    assert (empty["under_way"], empty["forecast"], empty["comparison"]) == (False, None, None)
    by = (utc_now() + timedelta(days=50)).isoformat()
    begun = await me.post(path, json={"operators": 2, "runs": 4, "by": by})
    assert begun.status == 200, await begun.text()
    assert (await begun.json())["under_way"]
    again = await me.post(path, json={"operators": 3, "runs": 4})
    assert (await again.json())["under_way"]  # the same one goes on
    found = await _over(me, path)
    assert found["error"] == ""
    assert (found["made_by"], found["forecast"]["operators"], found["forecast"]["leads"]) == (me.actor.name, 2, 10)
    assert found["forecast"]["finish"] is not None
    assert found["forecast"]["operators_by"] >= 1
    assert found["forecast"]["parts"][0]["zone"] == "Asia/Tashkent"
    page = await (await me.get(f"/campaigns/{campaign.id}/rehearsal")).text()
    assert "Finished about" in page
    assert "<svg" in page
    assert "10 leads to dial" in page
    assert "how often people answer" in page
    part = await (await me.get(f"/campaigns/{campaign.id}/rehearsal", headers=PART)).text()
    assert "<html" not in part
    assert 'id="rehearsal"' in part


async def test_what_makes_no_sense_is_refused(web_site: Site, login: Login) -> None:
    campaign = await add_campaign(web_site.database, leads_wanted=1)
    me = await login(Role.MARKETER)
    path = f"/api/v1/campaigns/{campaign.id}/rehearsal"
    assert (await me.post(path, json={"operators": 0})).status == 422
    nobody = await me.post(path, json={})
    assert nobody.status == 422
    assert "nobody is logged in" in await nobody.text()


async def test_who_only_looks_cannot_rehearse(web_site: Site, login: Login) -> None:
    campaign = await add_campaign(web_site.database, leads_wanted=1)
    me = await login(Role.HEAD)
    path = f"/api/v1/campaigns/{campaign.id}/rehearsal"
    assert (await me.post(path, json={"operators": 2})).status == 403


async def test_an_empty_panel_says_what_to_do_and_faults_are_told_in_it(web_site: Site, login: Login) -> None:
    campaign = await add_campaign(web_site.database, leads_wanted=1)
    me = await login(Role.MARKETER)
    assert 'id="rehearsal"' in await (await me.get(f"/campaigns/{campaign.id}")).text()
    here = f"/campaigns/{campaign.id}/rehearsal"
    assert "has not been rehearsed yet" in await (await me.get(here, headers=PART)).text()
    said = await (await me.post(here, data={"operators": "many"}, headers=PART)).text()
    assert "is no number" in said
    assert 'value="many"' in said
    said = await (await me.post(here, data={"operators": "2", "by": "soon"}, headers=PART)).text()
    assert "is no time" in said


async def test_a_rehearsal_can_be_stopped(web_site: Site, login: Login) -> None:
    campaign = await add_campaign(web_site.database, leads_wanted=10, mode=DialMode.PROGRESSIVE)
    me = await login(Role.MARKETER)
    here, path = f"/campaigns/{campaign.id}/rehearsal", f"/api/v1/campaigns/{campaign.id}/rehearsal"
    said = await (await me.post(here, data={"operators": "2"}, headers=PART)).text()
    assert "Rehearsing" in said
    assert 'hx-trigger="every 1s"' in said
    said = await (await me.post(here + "/stop", headers=PART)).text()
    assert "has not been rehearsed yet" in said
    assert not (await (await me.get(path)).json())["under_way"]
    assert (await me.post(path, json={"operators": 2, "runs": 4})).status == 200
    assert (await me.ask("DELETE", path)).status == 204
    assert (await (await me.get(path)).json())["forecast"] is None


async def test_the_comparison_is_shown_and_told(web_site: Site, login: Login) -> None:
    campaign = await add_campaign(web_site.database, leads_wanted=1)
    now = utc_now()
    async with web_site.database.work() as work:
        await rehearsals.keep(work, campaign.id, forecast(), "Dilnoza", now - timedelta(hours=1))
    attempt = attempt_for(campaign, (await lead_ids(web_site.database, campaign))[0], number_of(0), now)
    names = ("id", "campaign_id", "lead_id", "number", "trunk", "caller_id", "created_at", "leased_until")
    more = {"ended_at": now, "outcome": "no_answer"}
    async with web_site.database.work() as work:
        await work.run(insert(attempts).values({name: getattr(attempt, name) for name in names} | more))
    me = await login(Role.MARKETER)
    await me.post(f"/api/v1/campaigns/{campaign.id}/stop")
    assert (await me.post(f"/api/v1/campaigns/{campaign.id}/finish")).status == 200
    said = await (await me.get(f"/api/v1/campaigns/{campaign.id}/rehearsal")).json()
    assert said["comparison"]["is_final"]
    figures = {one["name"]: one for one in said["comparison"]["figures"]}
    assert (figures["dials"]["happened"], figures["dials"]["within"]) == (1, False)
    page = await (await me.get(f"/campaigns/{campaign.id}/rehearsal")).text()
    assert "As expected?" in page
    assert "outside of it" in page
    assert "in some runs not within sixty days" in page
