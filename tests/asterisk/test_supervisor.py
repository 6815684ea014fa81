"""A supervisor on a live call: he listens, whispers and barges in from his own phone; who hears whom is measured."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import insert

from crm_core.db.tables import audit_log, calls, legs, users
from crm_core.domain.access import Actor, Role, actor_of
from crm_core.domain.agents import Agent, AgentState
from crm_core.domain.monitoring import MonitorMode
from crm_core.errors import BadInput, Conflict, Forbidden, NotFound
from crm_core.handlers.agents import add_agent
from crm_core.handlers.supervising import log_out_agent, monitor, pause_agent
from pbx.ami import AmiLink
from pbx.control import AMI_USERNAME
from pbx.monitoring import AsteriskMonitoring
from pbx.settings import AmiSettings
from tests.asterisk.asterisk import until
from tests.asterisk.scene import SECONDS, Scene, now

#: Callee 1 speaks, callee 9 is silent and tells when it hears somebody.
SPEAKS, SILENT = "+998901000001", "+998909000001"


@pytest.fixture
async def switch(scene: Scene) -> AsyncIterator[AsteriskMonitoring]:
    """The switch as supervisors ask it, over a link of its own."""
    site = scene.pair.pbx
    link = AmiLink(AmiSettings("127.0.0.1", site.ports.ami, AMI_USERNAME, site.ami_secret), now)
    running = asyncio.create_task(link.run())
    await until(lambda: link.is_up)
    try:
        yield AsteriskMonitoring(link)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def supervisor(scene: Scene, phone: str) -> Actor:
    """A manager with a phone of his own, who takes no calls."""
    agent = await add_agent(scene.database, f"Boss {phone}", phone, now())
    return actor_of(agent.id, agent.name, Role.MANAGER)


async def talk(scene: Scene, number: str, phone: str) -> tuple[str, Agent]:
    """A call that an agent has with a person."""
    await scene.campaign(number)
    agent = await scene.agent(phone)
    call = await scene.bridged(number)
    return call.id, await scene.agent_in(agent.id, AgentState.ON_CALL)


async def phone_there(scene: Scene, phone: str, *, nth: int = 0) -> str:
    """The channel of a phone on the network's side, which from now on tells when it hears somebody (speech ends
    after half a second)."""

    def found() -> list[str]:
        mine = [e for e in scene.heard.events if e.get("Event") == "Newchannel" and e.get("Exten") == phone]
        return [event["Uniqueid"] for event in mine]

    await until(lambda: len(found()) > nth, SECONDS)
    channel = found()[nth]
    await scene.heard.send("Setvar", Channel=channel, Variable="TALK_DETECT(set)", Value="500")
    return channel


def times_heard(scene: Scene, channel: str) -> int:
    starts = [e for e in scene.heard.events if e.get("Event") == "ChannelTalkingStart"]
    return sum(event["Uniqueid"] == channel for event in starts)


async def test_who_listens_hears_the_call_until_it_ends_and_is_no_part_of_it(
    scene: Scene, switch: AsteriskMonitoring
) -> None:
    call, agent = await talk(scene, SPEAKS, "op1")
    boss = await supervisor(scene, "op6-silent")
    leg = await monitor(boss, call, MonitorMode.LISTEN, scene.database, switch, now())
    await scene.hears(await phone_there(scene, "op6-silent"))
    await scene.hang_up(call)
    await scene.wire.seen("Hangup", SECONDS, Uniqueid=leg)
    await scene.agent_in(agent.id, AgentState.WRAP_UP)
    assert [row.id for row in await scene.rows(calls)] == [call]
    assert leg not in [row.channel for row in await scene.rows(legs)]
    assert (await scene.agent_now(boss.user_id)).state is AgentState.LOGGED_OUT
    (entry,) = await scene.rows(audit_log, audit_log.c.action == "call.monitored")
    told = {"mode": "listen", "agent_id": agent.id, "phone": "op6-silent"}
    assert (entry.user_id, entry.key, entry.details) == (boss.user_id, call, told)


async def test_a_whisper_is_heard_by_the_agent_and_not_by_the_person(scene: Scene, switch: AsteriskMonitoring) -> None:
    call, agent = await talk(scene, SILENT, "op6-silent")
    person = await scene.network_channel(SILENT)
    there = await phone_there(scene, "op6-silent")
    boss = await supervisor(scene, "op2")  # who speaks on and off
    leg = await monitor(boss, call, MonitorMode.WHISPER, scene.database, switch, now())
    await until(lambda: times_heard(scene, there) > 1, SECONDS)
    assert times_heard(scene, person) == 0
    # The agent's leg goes back to its parking and on to other people; whoever whispered there does not go with it.
    await scene.hang_up(call)
    await scene.wire.seen("Hangup", SECONDS, Uniqueid=leg)
    resting = await scene.agent_in(agent.id, AgentState.WRAP_UP)
    assert resting.leg == agent.leg is not None
    assert scene.service.telephony is not None
    assert agent.leg in [channel.channel for channel in await scene.service.telephony.live_channels()]


async def test_who_barges_in_is_heard_by_both(scene: Scene, switch: AsteriskMonitoring) -> None:
    call, _ = await talk(scene, SILENT, "op6-silent")
    there = await phone_there(scene, "op6-silent")
    boss = await supervisor(scene, "op2")
    leg = await monitor(boss, call, MonitorMode.BARGE, scene.database, switch, now())
    await scene.hears(await scene.network_channel(SILENT))
    await scene.hears(there)
    # He hangs up: the two others go on.
    await scene.hang_up(leg)
    await scene.wire.seen("Hangup", SECONDS, Uniqueid=leg)
    assert not (await scene.rows(calls, calls.c.id == call))[0].ended_at


async def test_who_may_not_or_cannot_is_told_so_and_no_phone_rings(scene: Scene, switch: AsteriskMonitoring) -> None:
    call, agent = await talk(scene, SPEAKS, "op1")
    listening = (MonitorMode.LISTEN, scene.database, switch, now())
    with pytest.raises(Forbidden):
        await monitor(actor_of(agent.id, agent.name, Role.AGENT), call, *listening)
    async with scene.database.work() as work:
        row = {"name": "Head", "role": "head", "created_at": now()}
        head_id = await work.scalar(insert(users).values(row).returning(users.c.id))
    with pytest.raises(NotFound):  # not of his team
        await monitor(actor_of(head_id, "Head", Role.HEAD), call, *listening)
    with pytest.raises(BadInput, match="no phone"):
        await monitor(actor_of(head_id, "Head", Role.MANAGER), call, *listening)
    with pytest.raises(Conflict, match="taking calls yourself"):
        await monitor(actor_of(agent.id, agent.name, Role.MANAGER), call, *listening)
    boss = await supervisor(scene, "op2")
    await scene.hang_up(call)
    await scene.ended(SPEAKS)
    with pytest.raises(NotFound):
        await monitor(boss, call, *listening)
    assert await scene.rows(audit_log, audit_log.c.action == "call.monitored") == []
    assert not [e for e in scene.heard.events if e.get("Event") == "Newchannel" and e.get("Exten") == "op2"]


async def test_an_agent_is_paused_and_logged_out_by_his_supervisor(scene: Scene) -> None:
    await scene.campaign(SPEAKS, start=False)
    agent = await scene.agent("op1")
    boss = await supervisor(scene, "op2")
    paused = await pause_agent(boss, agent.id, "training", scene.database, now())
    assert (paused.state, paused.pause_reason) == (AgentState.PAUSED, "training")
    assert agent.leg is not None
    await log_out_agent(boss, agent.id, scene.database, now())
    await scene.agent_in(agent.id, AgentState.LOGGED_OUT)
    await scene.wire.seen("Hangup", SECONDS, Uniqueid=agent.leg)
    noted = [(row.action, row.key) for row in await scene.rows(audit_log)]
    assert noted[-2:] == [("agent.paused", str(agent.id)), ("agent.logged_out", str(agent.id))]
