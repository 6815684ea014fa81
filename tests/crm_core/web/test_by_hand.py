"""Click to call: one person, by the dialer's own rules."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from crm_core.db import agents as agent_rows
from crm_core.db import campaigns
from crm_core.db.do_not_call import Blocked, BlockKind, add_blocks
from crm_core.db.engine import Database
from crm_core.db.tables import campaign_leads, phones
from crm_core.domain.access import Actor, Role
from crm_core.domain.agents import HandOffMode
from crm_core.errors import BadInput, NotFound
from crm_core.handlers import agent_desk, users
from crm_core.handlers.by_hand import call_contact
from crm_core.handlers.hopper import DatabaseHopper
from dialer.picking import free_agents
from dialer.screening import screened
from tests.crm_core.crm import add_call, add_contact, add_user
from tests.crm_core.dialing import TRUNK, add_campaign, agent_now
from tests.crm_core.web.conftest import Login, Site, utc_now

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


async def _phone_ids(site: Database, contact_id: int) -> list[int]:
    async with site.reading() as work:
        found = select(phones.c.id).where(phones.c.contact_id == contact_id).order_by(phones.c.id)
        return [row.id for row in await work.all(found)]


async def test_the_number_chosen_is_dialed_and_no_other(site: Database) -> None:
    me = await _me(site)
    contact = await add_contact(site, "Karim", "+998901200001", "+998901200002")
    _, second = await _phone_ids(site, contact)
    await call_contact(me, contact, screened, site, NOW, second)
    hopper = DatabaseHopper(site, lambda: NOW)
    ((lead, _),) = await hopper.previews_wanted(NOW)
    assert [number.e164 for number in lead.numbers] == ["+998901200002"]
    await call_contact(me, contact, screened, site, NOW)  # asked again without a choice, either will do
    ((lead, _),) = await hopper.previews_wanted(NOW)
    assert len(lead.numbers) == 2


async def test_what_forbids_a_call_holds_for_the_number_chosen(site: Database) -> None:
    me = await _me(site)
    contact = await add_contact(site, "Karim", "+998901200001", "+998901200002", "+12025550123", "+998901200003")
    other = await add_contact(site, "Sevara", "+998901200004")
    _, blocked, abroad, dead = await _phone_ids(site, contact)
    (of_other,) = await _phone_ids(site, other)
    async with site.work() as work:
        await add_blocks(work, [Blocked(BlockKind.NUMBER, "+998901200002", reason="asked")], NOW)
        await work.run(update(phones).where(phones.c.id == dead).values(dead=True))
    for phone_id, why in ((blocked, "do not call"), (abroad, "no trunk may dial"), (dead, "not in service")):
        with pytest.raises(BadInput, match=why):
            await call_contact(me, contact, screened, site, NOW, phone_id)
    with pytest.raises(NotFound, match="number"):
        await call_contact(me, contact, screened, site, NOW, of_other)
    assert await DatabaseHopper(site, lambda: NOW).previews_wanted(NOW) == []
    await call_contact(me, contact, screened, site, NOW)  # the first of them may be dialed


async def test_pages_offer_the_numbers_of_whoever_has_several(web_site: Site, login: Login) -> None:
    me, outside = await login(Role.SELLER), await login(Role.OUTSIDE)
    for who in (me, outside):
        owner = who.actor.user_id
        contact = await add_contact(web_site.database, "Karim", "+998901200001", "+998901200002", owner_id=owner)
        alone = await add_contact(web_site.database, "Sevara", "+998901200003", owner_id=owner)
        told = {"direction": "outgoing", "agent_id": owner, "contact_id": contact, "started_at": NOW}
        await add_call(web_site.database, f"c{owner}", **told)
        _, second = await _phone_ids(web_site.database, contact)
        for path in (f"/contacts/{contact}", f"/calls/c{owner}"):
            page = await (await who.get(path)).text()
            assert "Choose which number is called" in page, path
            assert f"{{&#34;number&#34;: &#34;{second}&#34;}}" in page, path
            assert ("120 00 02" in page) is (who is me), path
        assert "Choose which number is called" not in await (await who.get(f"/contacts/{alone}")).text()
        refused = await who.post(f"/contacts/{contact}/call", data={"number": str(second)})
        assert (refused.status, "no phone" in await refused.text()) == (409, True)
        (foreign,) = await _phone_ids(web_site.database, alone)
        asked = [await who.post(f"/api/v1/contacts/{contact}/call?number={one}") for one in (second, foreign, 0)]
        assert [answer.status for answer in asked] == [422, 422, 422]
        assert "no phone" in await asked[0].text()


async def test_the_api_calls_the_number_named_by_its_id(web_site: Site, login: Login) -> None:
    me = await login(Role.SELLER)
    site = web_site.database
    async with site.work() as work:
        await campaigns.put_trunk(work, TRUNK)
        await agent_rows.add_agent(work, me.actor.user_id, "op1", "", HandOffMode.RING, utc_now())
    await agent_desk.start_shift(me.actor, None, site, utc_now())
    contact = await add_contact(site, "Karim", "+998901200001", "+12025550123", owner_id=me.actor.user_id)
    other = await add_contact(site, "Sevara", "+998901200003", owner_id=me.actor.user_id)
    first, abroad = await _phone_ids(site, contact)
    (foreign,) = await _phone_ids(site, other)
    told = {}
    for phone_id in (first, abroad, foreign):
        answer = await me.post(f"/api/v1/contacts/{contact}/call?number={phone_id}")
        told[phone_id] = (answer.status, await answer.text())
    assert told[foreign][0] == 404
    assert "no trunk may dial" in told[abroad][1]
    status, text = told[first]
    # The clocks of the site are real: by night it is refused for the hour, and for nothing else.
    assert status == 204 or "outside window" in text
