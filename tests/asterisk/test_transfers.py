"""An operator in a browser hands a person on: at once, after a word with somebody, or all three together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from playwright.async_api import Page

from crm_core.db.tables import calls
from crm_core.domain.access import Actor, Role, actor_of
from crm_core.domain.agents import Agent, AgentState
from crm_core.domain.recipients import Choice
from crm_core.errors import Conflict, NotFound
from crm_core.handlers import transfers as hand_on
from crm_core.handlers.recipients import hand_on as hand_on_to
from crm_core.ports import Recipient
from pbx.ami import AmiLink
from pbx.control_ami import AMI_USERNAME
from pbx.settings import AmiSettings
from pbx.transfers import AsteriskTransfers
from tests.asterisk.asterisk import Event, until
from tests.asterisk.browser import PhoneRoom, status
from tests.asterisk.scene import LINE, SECONDS, Scene, now
from tests.asterisk.test_browser_phone import faults, phone_browser, room

__all__ = ["faults", "phone_browser", "room"]

#: A person who speaks; one who is asked, speaks too; one who only listens, and tells what he hears.
PERSON, LISTENS = "+998901000001", "+998909000001"
#: Nobody there answers for ever.
RINGS = "+998903000001"


@pytest.fixture
async def transfers(scene: Scene) -> AsyncIterator[AsteriskTransfers]:
    site = scene.pair.pbx
    link = AmiLink(AmiSettings("127.0.0.1", site.ports.ami, AMI_USERNAME, site.ami_secret), now)
    running = asyncio.create_task(link.run())
    await until(lambda: link.is_up)
    try:
        yield AsteriskTransfers(link)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def outside(number: str) -> Recipient:
    return Recipient(number, "network", LINE)


async def talk(scene: Scene, room: PhoneRoom) -> tuple[Page, Agent, str]:
    """The operator's page, the operator, and the channel of the person he talks to."""
    page = await room.page("web1")
    await scene.campaign(PERSON)
    agent = await scene.agent("web1", wait=False)
    call = await scene.bridged(PERSON)
    return page, agent, call.id


async def in_one_bridge(scene: Scene, one: str, other: str) -> None:
    """Until both channels were in one bridge."""

    def bridges(channel: str) -> set[str]:
        entered: list[Event] = [e for e in scene.wire.events if e.get("Event") == "BridgeEnter"]
        return {e["BridgeUniqueid"] for e in entered if e["Uniqueid"] == channel}

    await until(lambda: bool(bridges(one) & bridges(other)), SECONDS)


async def leg_to_person(scene: Scene, person: str) -> str:
    """The recipient's channel, once it is in one bridge with the person."""

    def found() -> list[str]:
        return [e["Uniqueid"] for e in scene.wire.events if e.get("Uniqueid", "").startswith("con-")]

    await until(lambda: bool(found()), SECONDS)
    await in_one_bridge(scene, person, found()[0])
    return found()[0]


def himself(agent: Agent) -> Actor:
    return actor_of(agent.id, agent.name, Role.AGENT)


async def leg_to(scene: Scene, linkedid: str) -> str:
    """The channel that was dialed for the leg of that id."""

    def dialed() -> list[str]:
        new = [e for e in scene.wire.events if e.get("Event") == "Newchannel"]
        return [e["Uniqueid"] for e in new if e["Linkedid"] == linkedid and e["Uniqueid"] != linkedid]

    await until(lambda: bool(dialed()), SECONDS)
    return dialed()[0]


async def test_blind_the_recipient_gets_the_person_and_the_operator_the_next(
    scene: Scene, room: PhoneRoom, transfers: AsteriskTransfers
) -> None:
    page, agent, person = await talk(scene, room)
    parked = await hand_on.transfer(himself(agent), outside(LISTENS), scene.database, transfers, now())
    assert parked.state is AgentState.WRAP_UP
    leg = await leg_to_person(scene, person)
    await scene.hears(await scene.network_channel(LISTENS))
    assert parked.leg == (await status(page))["call_id"]
    call = await scene.call(lambda row: row.id == person)
    assert call.ended_at is None, "the call goes on without its operator"
    await scene.hang_up_there(await scene.network_channel(PERSON))
    await scene.ended(PERSON)
    await scene.wire.seen("Hangup", SECONDS, Uniqueid=leg)
    with pytest.raises(Conflict, match="not on the line any more"):
        await transfers.transfer(f"con-{uuid4().hex}", person, outside(LISTENS))
    with pytest.raises(Conflict, match="nobody on the line"):
        await hand_on.transfer(himself(agent), outside(LISTENS), scene.database, transfers, now())


async def test_attended_a_word_first_then_the_person_is_given(
    scene: Scene, room: PhoneRoom, transfers: AsteriskTransfers
) -> None:
    page, agent, person = await talk(scene, room)
    asking = await hand_on.consult(himself(agent), outside(LISTENS), scene.database, transfers)
    await page.wait_for_function("() => phone.status.consultation === 'consulting' && phone.status.held")
    await scene.wire.seen("MusicOnHoldStart", SECONDS, Uniqueid=person)
    recipient = await leg_to(scene, asking)
    await in_one_bridge(scene, asking, recipient)
    there = await scene.network_channel(LISTENS)
    await scene.hears(there)
    after = await hand_on.give(himself(agent), asking, scene.database, transfers, now())
    await in_one_bridge(scene, person, recipient)
    await page.wait_for_function("() => phone.status.consultation === null && !phone.status.held")
    assert (after.state, after.leg) == (AgentState.WRAP_UP, (await status(page))["call_id"])
    assert [call.id for call in await scene.rows(calls)] == [person], "a consultation is no call of its own"


async def test_who_is_asked_may_be_let_go_again(scene: Scene, room: PhoneRoom, transfers: AsteriskTransfers) -> None:
    page, agent, person = await talk(scene, room)
    asking = await hand_on.consult(himself(agent), outside(RINGS), scene.database, transfers)
    await page.wait_for_function("() => phone.status.consultation === 'consulting' && phone.status.held")
    with pytest.raises(Conflict, match="nobody is on the consulting line"):
        await hand_on.give(himself(agent), asking, scene.database, transfers, now())
    await page.evaluate("phone.consultEnd()")
    await page.wait_for_function("() => phone.status.consultation === null && !phone.status.held")
    await scene.wire.seen("MusicOnHoldStop", SECONDS, Uniqueid=person)
    assert (await scene.agent_now(agent.id)).state is AgentState.ON_CALL


async def test_in_a_conference_the_recipient_hears_the_person(
    scene: Scene, room: PhoneRoom, transfers: AsteriskTransfers
) -> None:
    page, agent, _ = await talk(scene, room)
    await hand_on.consult(himself(agent), outside(LISTENS), scene.database, transfers)
    await page.wait_for_function("() => phone.status.consultation === 'consulting' && phone.status.held")
    await page.evaluate("phone.mute(true)")  # so that what is heard there can only be the person
    there = await scene.network_channel(LISTENS)
    await _quiet(scene, there)
    before = _starts(scene, there)  # the person's pauses are too short to be silence: he begins once
    await page.evaluate("phone.conference()")
    assert (await status(page))["consultation"] == "conference"
    await until(lambda: _starts(scene, there) > before, SECONDS)
    assert (await scene.agent_now(agent.id)).state is AgentState.ON_CALL


def _starts(scene: Scene, there: str) -> int:
    return sum(e.get("Event") == "ChannelTalkingStart" and e.get("Uniqueid") == there for e in scene.heard.events)


async def _quiet(scene: Scene, there: str) -> None:
    """Until he has heard nothing for the moment that his telephone takes to say so."""
    names = ("ChannelTalkingStart", "ChannelTalkingStop")

    def last() -> str:
        told = [e["Event"] for e in scene.heard.events if e.get("Event") in names and e.get("Uniqueid") == there]
        return told[-1] if told else names[1]

    await until(lambda: last() == names[1], SECONDS)


async def test_a_colleague_who_is_free_gets_the_person_on_the_line_he_holds_open(
    scene: Scene, room: PhoneRoom, transfers: AsteriskTransfers
) -> None:
    colleague = await scene.agent("op2", campaign=None)
    page, agent, person = await talk(scene, room)
    to = Choice(colleague.id)
    after = await hand_on_to(himself(agent), to, scene.database, transfers, now())
    assert (after.state, after.leg) == (AgentState.WRAP_UP, (await status(page))["call_id"])
    talks = await scene.agent_in(colleague.id, AgentState.ON_CALL)
    assert talks.call_id == person
    await in_one_bridge(scene, person, str(talks.leg))
    await scene.dispose(person, "not_interested", agent)
    await scene.agent_in(agent.id, AgentState.AVAILABLE)
    assert (await scene.agent_now(colleague.id)).state is AgentState.ON_CALL, "what the first wrote ends nothing"
    with pytest.raises(NotFound, match="free colleague"):
        await hand_on_to(himself(talks), Choice(colleague.id), scene.database, transfers, now())
    await scene.dispose(person, "interested", colleague)
    await scene.hang_up_there(await scene.network_channel(PERSON))
    await scene.agent_in(colleague.id, AgentState.AVAILABLE)
    call = await scene.call(lambda row: row.ended_at)
    assert (call.disposition, call.agent_id) == ("interested", colleague.id), "the last one has the last word"


async def test_a_colleague_is_free_again_when_the_person_has_hung_up_meanwhile(
    scene: Scene, room: PhoneRoom, transfers: AsteriskTransfers
) -> None:
    colleague = await scene.agent("op2", campaign=None)
    _page, agent, _person = await talk(scene, room)

    class HungUp(AsteriskTransfers):
        async def to_given(self, person: str) -> None:
            await scene.hang_up(person)
            await scene.wire.seen("Hangup", SECONDS, Uniqueid=person)
            await super().to_given(person)

    link = transfers._ami
    with pytest.raises(Conflict, match="not on the line any more"):
        await hand_on_to(himself(agent), Choice(colleague.id), scene.database, HungUp(link), now())
    await scene.agent_in(colleague.id, AgentState.AVAILABLE)
    assert (await scene.agent_now(agent.id)).state is AgentState.WRAP_UP
