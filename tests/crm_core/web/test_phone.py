"""The phone in the browser over the API and its page: who may be one, how it ends, what of it reaches whom."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from aiohttp import web
from sqlalchemy import select, update

from crm_core.db import agents as agent_rows
from crm_core.db.tables import agents, sessions, users
from crm_core.domain.access import Role
from crm_core.domain.agents import AgentState, HandOffMode
from crm_core.domain.browser_phones import phone_digest
from crm_core.errors import Unavailable
from crm_core.handlers.browser_phones import wanted_phones
from crm_core.ports import MonitorOrder, Recipient
from crm_core.web.keys import Workplace
from crm_core.web.switch import SWITCH, Switch
from tests.crm_core.crm import add_call
from tests.crm_core.web.conftest import Login, Site, Visitor, utc_now

ADDRESS = "wss://crm.example.com/phone/ws"


@dataclass
class Told:
    """Stands for a switch: notes what it was asked. `is_away`: it does not answer."""

    opened: dict[str, str] = field(default_factory=dict)
    closed: list[str] = field(default_factory=list)
    hung_up: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    transferred: list[tuple[str, Recipient]] = field(default_factory=list)
    is_away: bool = False

    def _there(self) -> None:
        if self.is_away:
            raise Unavailable("the link to the switch is down")

    async def open(self, phone: str, digest: str) -> None:
        self._there()
        self.opened[phone] = digest

    async def close(self, phone: str) -> None:
        self._there()
        self.closed.append(phone)

    async def hang_up(self, channel: str) -> None:
        self._there()
        self.hung_up.append(channel)

    async def monitor(self, order: MonitorOrder) -> None: ...

    async def transfer(self, channel: str, person: str, to: Recipient) -> None:
        self.transferred.append((person, to))

    async def to_given(self, person: str) -> None:
        self._there()
        self.given.append(person)

    async def consult(self, channel: str, phone: str, to: Recipient) -> None:
        self.transferred.append((phone, to))

    async def give(self, channel: str, person: str) -> None: ...


@pytest.fixture
def workplace(workplace: Workplace) -> Workplace:
    servers = ({"urls": "turn:turn.example.com", "username": "u", "credential": "p"},)
    return replace(workplace, phone_address=ADDRESS, ice_servers=servers)


@pytest.fixture
def switch() -> Told:
    return Told()


@pytest.fixture
def app_parts(switch: Told) -> dict[web.AppKey[Switch], Switch]:
    return {SWITCH: Switch(switch, switch, switch, switch)}


async def _operator(site: Site, login: Login, *, browser: bool = True, phone: str = "web1", **more: str) -> Visitor:
    visitor = await login(Role.AGENT, **more)
    async with site.database.work() as work:
        me = visitor.actor.user_id
        await agent_rows.add_agent(work, me, phone, "", HandOffMode.PARKED, utc_now(), browser=browser)
    return visitor


async def _state(site: Site, agent_id: int, **values: object) -> None:
    async with site.database.work() as work:
        await work.run(update(agents).where(agents.c.id == agent_id).values(**values))


async def _agent_state(site: Site, agent_id: int) -> str:
    async with site.database.reading() as work:
        return str(await work.scalar(select(agents.c.state).where(agents.c.id == agent_id)))


async def test_a_log_in_gets_a_secret_the_site_keeps_only_the_digest_of(
    web_site: Site, login: Login, switch: Told
) -> None:
    me = await _operator(web_site, login)
    given = await (await me.post("/api/v1/phone")).json()
    assert (given["url"], given["phone"]) == (ADDRESS, "web1")
    assert given["ice_servers"] == [{"urls": "turn:turn.example.com", "username": "u", "credential": "p"}]
    digest = phone_digest("web1", given["secret"])
    assert switch.opened == await wanted_phones(web_site.database, utc_now()) == {"web1": digest}
    async with web_site.database.reading() as work:
        kept = [str(row) for row in await work.all(select(sessions))]
    assert not any(given["secret"] in row for row in kept)


async def test_the_browser_started_last_is_the_phone(web_site: Site, login: Login, switch: Told) -> None:
    me = await _operator(web_site, login, name="Aziza")
    first = await (await me.post("/api/v1/phone")).json()
    second = await (await me.post("/api/v1/phone")).json()
    assert first["secret"] != second["secret"]
    assert await wanted_phones(web_site.database, utc_now()) == {"web1": phone_digest("web1", second["secret"])}


async def test_no_phone_for_tokens_for_desk_phones_and_for_those_who_take_no_calls(
    web_site: Site, login: Login, switch: Told
) -> None:
    me = await _operator(web_site, login)
    made = await (await me.post("/api/v1/me/tokens", json={"name": "t", "scopes": ["calls"]})).json()
    async with me.client.post(
        f"{me.base}/api/v1/phone", headers={"Authorization": f"Bearer {made['token']}"}
    ) as answer:
        assert (answer.status, "token" in (await answer.json())["detail"]) == (409, True)
    on_desk = await _operator(web_site, login, browser=False, phone="op1")
    assert (await on_desk.post("/api/v1/phone")).status == 404
    assert (await (await login(Role.MARKETER)).post("/api/v1/phone")).status == 403
    assert switch.opened == {}


async def test_log_out_ends_phone_and_shift(web_site: Site, login: Login, switch: Told) -> None:
    me = await _operator(web_site, login)
    await me.post("/api/v1/phone")
    await _state(web_site, me.actor.user_id, state=AgentState.AVAILABLE.value)
    assert (await me.post("/logout")).status == 303
    assert (switch.closed, await _agent_state(web_site, me.actor.user_id)) == (["web1"], "logged_out")
    assert await wanted_phones(web_site.database, utc_now()) == {}
    assert (await me.get("/api/v1/me")).status == 401


async def test_log_out_goes_through_while_the_switch_is_away(web_site: Site, login: Login, switch: Told) -> None:
    me = await _operator(web_site, login)
    await me.post("/api/v1/phone")
    switch.is_away = True
    assert (await me.post("/logout")).status == 303
    assert await wanted_phones(web_site.database, utc_now()) == {}, "whoever keeps in step closes it"


async def test_another_browser_that_logs_out_leaves_phone_and_shift_alone(
    web_site: Site, login: Login, switch: Told
) -> None:
    me = await _operator(web_site, login, name="Aziza")
    await me.post("/api/v1/phone")
    await _state(web_site, me.actor.user_id, state=AgentState.AVAILABLE.value)
    async with web_site.database.work() as work:
        other = {"id": "f" * 64, "user_id": me.actor.user_id, "csrf": "c", "confirmed": True}
        at = utc_now()
        times = {"created_at": at, "seen_at": at, "expires_at": at + timedelta(hours=1)}
        await work.run(sessions.insert().values(**other, **times))
        await work.run(update(sessions).where(sessions.c.id != "f" * 64).values(phone_digest=None))
        await work.run(update(sessions).where(sessions.c.id == "f" * 64).values(phone_digest="d" * 32))
    await me.post("/logout")
    assert (switch.closed, await _agent_state(web_site, me.actor.user_id)) == ([], "available")
    assert await wanted_phones(web_site.database, utc_now()) == {"web1": "d" * 32}


@pytest.mark.parametrize("end", ["expired", "revoked", "inactive", "desk"])
async def test_a_phone_is_wanted_only_while_its_log_in_lasts(web_site: Site, login: Login, end: str) -> None:
    me = await _operator(web_site, login)
    await me.post("/api/v1/phone")
    past = utc_now() - timedelta(seconds=1)
    changes = {
        "expired": update(sessions).values(expires_at=past),
        "revoked": update(sessions).values(ended_at=past),
        "inactive": update(users).where(users.c.id == me.actor.user_id).values(active=False),
        "desk": update(agents).values(browser=False),
    }
    assert await wanted_phones(web_site.database, utc_now()) != {}
    async with web_site.database.work() as work:
        await work.run(changes[end])
    assert await wanted_phones(web_site.database, utc_now()) == {}


async def _talking(site: Site, me: Visitor) -> None:
    now = utc_now()
    times = {"started_at": now, "answered_at": now, "bridged_at": now, "agent_id": me.actor.user_id}
    await add_call(site.database, "call-1", direction="incoming", number="+998901234567", **times)
    await _state(site, me.actor.user_id, state=AgentState.ON_CALL.value, call_id="call-1")


@pytest.mark.parametrize(("method", "path"), [("DELETE", "/api/v1/agent/call"), ("POST", "/operator/hang-up")])
async def test_hanging_up_ends_the_persons_channel_and_only_ones_own(
    web_site: Site, login: Login, switch: Told, method: str, path: str
) -> None:
    me = await _operator(web_site, login)
    assert (await me.ask(method, path)).status == 409, "nobody is on the line"
    await _talking(web_site, me)
    assert (await me.ask(method, path)).status < 300
    colleague = await _operator(web_site, login, phone="web2")
    assert (await colleague.ask(method, path)).status == 409
    assert switch.hung_up == ["call-1"]


async def test_a_colleague_of_ones_team_who_is_free_gets_the_person(web_site: Site, login: Login, switch: Told) -> None:
    me = await _operator(web_site, login, team="North")
    near = await _operator(web_site, login, phone="web2", name="Bobur", team="North")
    far = await _operator(web_site, login, phone="web3", name="Farida", team="South")
    for one, leg in ((near, "leg-2"), (far, "leg-3")):
        await _state(web_site, one.actor.user_id, state=AgentState.AVAILABLE.value, leg=leg)
    await _talking(web_site, me)
    found = await (await me.get("/api/v1/agent/recipients")).json()
    assert [(one["name"], one["can_be_asked"]) for one in found["colleagues"]] == [("Bobur", False)]
    assert "Bobur" in await (await me.get("/operator/transfer")).text()
    refused = await me.post("/api/v1/agent/call/transfer", json={"colleague_id": far.actor.user_id})
    assert refused.status == 404
    handed = await me.post("/api/v1/agent/call/transfer", json={"colleague_id": near.actor.user_id})
    assert (handed.status, (await handed.json())["state"]) == (200, "wrap_up")
    assert (switch.given, await _agent_state(web_site, near.actor.user_id)) == (["call-1"], "ringing")


async def test_a_broken_link_gives_nobody_a_person_who_does_not_come(
    web_site: Site, login: Login, switch: Told
) -> None:
    me, colleague = await _operator(web_site, login), await _operator(web_site, login, phone="web2")
    await _state(web_site, colleague.actor.user_id, state=AgentState.AVAILABLE.value, leg="leg-2")
    await _talking(web_site, me)
    switch.is_away = True
    answer = await me.post("/api/v1/agent/call/transfer", json={"colleague_id": colleague.actor.user_id})
    assert (answer.status, await _agent_state(web_site, colleague.actor.user_id)) == (503, "available")


async def test_noted_numbers_are_for_administrators_to_change_and_masked_where_numbers_are(
    web_site: Site, login: Login, switch: Told
) -> None:
    numbers = {"numbers": [{"name": "Doctor on duty", "number": "90 765 43 21"}]}
    me = await _operator(web_site, login)
    assert (await me.ask("PUT", "/api/v1/settings/transfer-numbers", json=numbers)).status == 403
    boss = await login(Role.ADMINISTRATOR)
    kept = await (await boss.ask("PUT", "/api/v1/settings/transfer-numbers", json=numbers)).json()
    assert kept == [{"name": "Doctor on duty", "number": "+998907654321"}]
    assert (await (await me.get("/api/v1/agent/recipients")).json())["numbers"] == kept
    masked = await login(Role.OUTSIDE)
    text = await (await masked.get("/api/v1/agent/recipients")).text()
    assert "Doctor on duty" in text
    assert "7654321" not in text
    await _talking(web_site, me)
    no_trunk = await me.post("/api/v1/agent/call/transfer", json={"number_name": "Doctor on duty"})
    assert (no_trunk.status, switch.transferred) == (422, [])


async def test_the_phones_window_is_for_browser_phones_and_says_so_to_others(web_site: Site, login: Login) -> None:
    page = await (await (await _operator(web_site, login)).get("/phone")).text()
    assert 'id="start"' in page
    on_desk = await _operator(web_site, login, browser=False, phone="op1")
    assert "on your desk" in await (await on_desk.get("/phone")).text()
    desk = await (await on_desk.get("/operator")).text()
    assert "phone-bar" not in desk
    assert (await (await login(Role.MARKETER)).get("/phone")).status == 403
