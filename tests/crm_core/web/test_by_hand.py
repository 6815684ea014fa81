"""Click to call: one person, by the dialer's own rules."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from crm_core.db import agents as agent_rows
from crm_core.db import campaigns
from crm_core.db.do_not_call import Blocked, BlockKind, add_blocks
from crm_core.db.engine import Database
from crm_core.db.tables import campaign_leads
from crm_core.domain.access import Actor, Role
from crm_core.domain.agents import HandOffMode
from crm_core.errors import BadInput, NotFound
from crm_core.handlers import agent_desk, users
from crm_core.handlers.by_hand import call_contact
from crm_core.handlers.hopper import DatabaseHopper
from dialer.picking import free_agents
from dialer.screening import screened
from tests.crm_core.crm import add_contact, add_user
from tests.crm_core.dialing import TRUNK, add_campaign, agent_now

#: A Wednesday noon in Tashkent.
NOW = datetime(2026, 11, 18, 7, 0, tzinfo=UTC)


async def _me(site: Database, campaign_id: int | None = None) -> Actor:
    user_id = await users.create_user(users.NewUser("Dilnoza", Role.MANAGER), None, site, NOW)
    async with site.work() as work:
        await campaigns.put_trunk(work, TRUNK)
        await agent_rows.add_agent(work, user_id, "op1", "", HandOffMode.RING, NOW)
    me = await users.actor_by_id(user_id, site)
    await agent_desk.start_shift(me, campaign_id, site, NOW)
    return me


async def test_the_dialer_is_asked_to_dial_for_this_agent(site: Database) -> None:
    me = await _me(site)
    contact = await add_contact(site, "Karim", "+998901200001")
    await call_contact(me, contact, screened, site, NOW)
    hopper = DatabaseHopper(site, lambda: NOW)
    ((lead, agent_id),) = await hopper.previews_wanted(NOW)
    assert (lead.contact_id, agent_id) == (contact, me.user_id)
    (campaign,) = await hopper.running()
    assert campaign.name == "By hand: carrier"
    assert free_agents([await agent_now(site, me.user_id)], None, {}, NOW) == {me.user_id}
    await call_contact(me, contact, screened, site, NOW)  # asked twice, it is one call
    assert len(await hopper.previews_wanted(NOW)) == 1


async def test_whoever_must_not_be_called_is_not_and_it_is_said_why(site: Database) -> None:
    me = await _me(site)
    contact = await add_contact(site, "Karim", "+998901200001")
    async with site.work() as work:
        await add_blocks(work, [Blocked(BlockKind.NUMBER, "+998901200001", reason="asked")], NOW)
    with pytest.raises(BadInput, match="do not call"):
        await call_contact(me, contact, screened, site, NOW)
    night = datetime(2026, 11, 18, 20, 0, tzinfo=UTC)
    other = await add_contact(site, "Sevara", "+998901200002")
    with pytest.raises(BadInput, match="outside window"):
        await call_contact(me, other, screened, site, night)
    abroad = await add_contact(site, "John", "+12025550123")
    with pytest.raises(BadInput, match="no trunk may dial"):
        await call_contact(me, abroad, screened, site, NOW)
    async with site.reading() as work:
        assert (await work.all(select(campaign_leads.c.preview_dial).where(campaign_leads.c.preview_dial))) == []


async def test_an_agent_whom_a_campaign_dials_for_is_not_taken_away_from_it(site: Database) -> None:
    campaign = await add_campaign(site)
    me = await _me(site, campaign.id)
    contact = await add_contact(site, "Karim", "+998901200001")
    with pytest.raises(BadInput, match="dials for you"):
        await call_contact(me, contact, screened, site, NOW)


async def test_a_person_one_does_not_see_does_not_exist(site: Database) -> None:
    await _me(site)
    stranger = await add_user(site, "Rustam")
    contact = await add_contact(site, "Karim", "+998901200001", owner_id=stranger)
    agent_id = await users.create_user(users.NewUser("Sevara", Role.AGENT), None, site, NOW)
    with pytest.raises(NotFound):
        await call_contact(await users.actor_by_id(agent_id, site), contact, screened, site, NOW)
