"""The stream as browsers get it: snapshot, pushes within each one's reach, and how it ends."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, update
from yarl import URL

from crm_core.db.campaigns import add_campaign, add_counts, campaign_scope
from crm_core.db.tables import calls, campaign_teams, campaigns, contacts, deals, notifications, phones, tasks, users
from crm_core.domain.access import Role
from crm_core.domain.agents import HandOffMode
from crm_core.domain.campaigns import CampaignPolicy, Trunk
from crm_core.handlers.agents import add_agent, log_in
from crm_core.handlers.campaigns import put_trunk
from crm_core.handlers.log_in import log_out
from crm_core.handlers.roster import DatabaseRoster
from crm_core.web.doors import COOKIE
from tests.crm_core.crm import bridged, ended
from tests.crm_core.web.conftest import Login, Visitor, utc_now
from tests.crm_core.web.live.conftest import LiveSite

NUMBER = "+998901234567"
DIGITS = "901234567"


async def _agent(live: LiveSite, visitor: Visitor, phone: str) -> int:
    """The visitor, available with a phone that rings for each call."""
    database = live.site.database
    agent = await add_agent(database, visitor.actor.name, phone, utc_now(), hand_off=HandOffMode.RING)
    await log_in(database, agent.name, None, utc_now())
    return agent.id


async def _call(live: LiveSite, call_id: str, **more: Any) -> None:
    values: dict[str, Any] = {"node": "pbx", "direction": "incoming", "number": NUMBER, "started_at": utc_now()}
    async with live.site.database.work() as work:
        await work.run(insert(calls).values(id=call_id, **(values | more)))


async def _known(live: LiveSite, owner_id: int | None = None) -> int:
    async with live.site.database.work() as work:
        row: dict[str, Any] = {"name": "Dilnoza Karimova", "owner_id": owner_id, "created_at": utc_now(), "fields": {}}
        contact_id = int(await work.scalar(insert(contacts).values(row).returning(contacts.c.id)))
        await work.run(insert(phones).values(contact_id=contact_id, e164=NUMBER, raw=NUMBER))
    return contact_id


async def test_the_pop_comes_to_the_agent_whom_the_call_is_given_to_and_to_no_colleague(
    live: LiveSite, login: Login
) -> None:
    mine, other = await login(Role.AGENT), await login(Role.AGENT)
    agent_id = await _agent(live, mine, "op1")
    colleague_id = await _agent(live, other, "op2")
    contact_id = await _known(live)
    async with live.listening(mine) as me, live.listening(other) as colleague:
        assert [push["state"] for push in me.snapshot if push["topic"] == "agent"] == ["available"]
        await _call(live, "c1", contact_id=contact_id)
        given = await DatabaseRoster(live.site.database).assign("c1", None, agent_id, utc_now())
        assert given is not None
        pop = await me.told("call", "c1", state="given")
        assert (pop["contact"], pop["number"], pop["agent_id"]) == ("Dilnoza Karimova", NUMBER, agent_id)
        await me.told("agent", agent_id, state="ringing", call_id="c1")
        async with live.site.database.work() as work:
            await work.run(update(calls).values(agent_id=agent_id, bridged_at=utc_now()))
            work.publish(bridged("c1", agent_id=agent_id))
        await me.told("call", "c1", state="talking")
        # A reload in the middle of the call shows the truth.
        async with live.listening(mine) as again:
            (call,) = [push for push in again.snapshot if push["topic"] == "call"]
            assert (call["state"], call["contact_id"]) == ("talking", contact_id)
        async with live.site.database.work() as work:
            await work.run(update(calls).values(ended_at=utc_now()))
            work.publish(ended("c1", agent_id=agent_id))
        await me.told("call", "c1", state="ended")
        # His own log-in at most.
        assert {(push["topic"], push["key"]) for push in colleague.pushes} <= {("agent", str(colleague_id))}


async def test_a_call_is_seen_waiting_by_who_sees_all_though_no_event_tells(live: LiveSite, login: Login) -> None:
    boss, agent = await login(Role.MANAGER), await login(Role.AGENT)
    async with live.listening(boss) as seen, live.listening(agent) as unseen:
        await _call(live, "c1")
        await seen.told("call", "c1", state="waiting")
        async with live.site.database.work() as work:
            await work.run(update(calls).values(ended_at=utc_now()))
        await seen.told("call", "c1", state="ended")
        assert unseen.pushes == []


async def test_who_is_masked_gets_no_digits_in_snapshot_or_push(live: LiveSite, login: Login) -> None:
    outside = await login(Role.OUTSIDE)
    agent_id = await _agent(live, outside, "op1")
    await _call(live, "c0", agent_id=agent_id, bridged_at=utc_now())
    async with live.site.database.work() as work:
        row = {"user_id": agent_id, "key": "k0", "kind": "task", "text": f"call {NUMBER} back", "at": utc_now()}
        await work.run(insert(notifications).values(**row))
    async with live.listening(outside) as stream:
        await _call(live, "c1")
        await DatabaseRoster(live.site.database).assign("c1", None, agent_id, utc_now())
        await stream.told("call", "c1", state="given")
        async with live.site.database.work() as work:
            row = {
                "kind": "call",
                "title": f"ring {NUMBER}",
                "due_at": utc_now(),
                "by": "rule",
                "created_at": utc_now(),
            }
            made = await work.run(insert(tasks).values(responsible_id=agent_id, **row).returning(tasks.c.id))
            task_id = made.scalar_one()
        await stream.told("task", task_id)
        said = str(stream.messages)
        assert DIGITS not in said
        assert NUMBER not in said
        assert len([push for push in stream.snapshot if push["topic"] in ("call", "notice")]) == 2


async def test_new_tasks_deals_and_notices_come_to_those_they_are_for(live: LiveSite, login: Login) -> None:
    mine, other = await login(Role.SELLER), await login(Role.SELLER)
    async with live.listening(mine) as me, live.listening(other) as colleague:
        async with live.site.database.work() as work:
            row = {"kind": "call", "title": "first", "due_at": utc_now(), "by": "rule", "created_at": utc_now()}
            theirs = [mine.actor.user_id, other.actor.user_id]
            for user_id in theirs:
                await work.run(insert(tasks).values(responsible_id=user_id, **row))
                notice = {"user_id": user_id, "key": "k", "kind": "task", "text": "new task", "at": utc_now()}
                await work.run(insert(notifications).values(**notice))
            (pipeline_id, stage_id) = (1, 1)
            deal = {"title": "Sanatorium", "pipeline_id": pipeline_id, "stage_id": stage_id, "created_at": utc_now()}
            await work.run(insert(deals).values(owner_id=mine.actor.user_id, **deal))
        await me.told("task", 1, responsible_id=mine.actor.user_id)
        await me.told("notice", 1, text="new task")
        await me.told("deal", 1, title="Sanatorium")
        await colleague.told("task", 2)
        await colleague.told("notice", 2)
        assert {(push["topic"], push["key"]) for push in colleague.pushes} == {("task", "2"), ("notice", "2")}
        assert {(push["topic"], push["key"]) for push in me.pushes} == {("task", "1"), ("notice", "1"), ("deal", "1")}


async def test_a_campaigns_figures_come_to_its_team_when_they_change(live: LiveSite, login: Login) -> None:
    head, other = await login(Role.HEAD, team="East"), await login(Role.HEAD, team="West")
    await put_trunk(live.site.database, Trunk("network", "network"))
    now = utc_now()
    async with live.site.database.work() as work:
        campaign_id = await add_campaign(work, "autumn", CampaignPolicy("network"), now)
        await work.run(update(campaigns).values(state="running"))
        await work.run(insert(campaign_teams).values(campaign_id=campaign_id, team_id=head.actor.team_id))
    async with live.listening(head) as east, live.listening(other) as west:
        (shown,) = [push for push in east.snapshot if push["topic"] == "campaign"]
        assert (shown["abandoned_share"], shown["today"]["dialed"]) == (0.0, 0)
        async with live.site.database.work() as work:
            counts = {"dialed": 100, "people": 50, "abandoned": 1}
            await add_counts(work, {(campaign_scope(campaign_id), now.date().isoformat()): counts})
        told = await east.told("campaign", campaign_id, abandoned_share=0.02)
        assert (told["today"]["dialed"], told["abandon_limit"]) == (100, 0.03)
        assert [push for push in west.snapshot + west.pushes if push["topic"] == "campaign"] == []


async def test_the_stream_of_a_session_that_ends_is_closed_and_not_opened_again(live: LiveSite, login: Login) -> None:
    visitor = await login(Role.SELLER)
    async with live.listening(visitor) as stream:
        cookie = visitor.client.cookie_jar.filter_cookies(URL(visitor.base))[COOKIE].value
        await log_out(cookie, live.site.database, utc_now())
        await stream.until_ended()
        assert stream.bye == "logged_out"
    async with live.listening(visitor) as stream:  # not an error, after which a browser would ask on and on
        await stream.until_ended()
        assert [(event, data) for event, data in stream.messages] == [("bye", ["logged_out"])]


async def test_new_rights_begin_with_a_new_snapshot(live: LiveSite, login: Login) -> None:
    visitor = await login(Role.SELLER)
    async with live.listening(visitor) as stream:
        async with live.site.database.work() as work:
            await work.run(update(users).where(users.c.id == visitor.actor.user_id).values(masked=True))
        await stream.until_ended()
        assert stream.bye == "again"
    async with live.listening(visitor) as stream:
        assert stream.snapshot[0]["masked"] is True


async def test_when_the_process_ends_browsers_are_told_to_come_back_later(live: LiveSite, login: Login) -> None:
    visitor = await login(Role.SELLER)
    async with live.listening(visitor) as stream:
        live.hub.close()
        await stream.until_ended()
        assert stream.bye == "restart"


async def test_one_user_cannot_open_streams_without_end(live: LiveSite, login: Login) -> None:
    visitor = await login(Role.SELLER)
    connections = []
    for _ in range(20):
        entered = live.hub.connected(visitor.actor, None)
        await entered.__aenter__()
        connections.append(entered)
    answer = await visitor.get("/live")
    assert answer.status != 200
    await connections.pop().__aexit__(None, None, None)
    async with live.listening(visitor) as stream:
        assert stream.snapshot
    for entered in connections:
        await entered.__aexit__(None, None, None)
    assert len(live.hub.audience) <= 1
