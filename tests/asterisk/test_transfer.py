"""Who is handed on by the bot, on real Asterisks: the operator is told first, the person hears music meanwhile."""

from __future__ import annotations

import math
import wave
from array import array
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from crm_core.db.tables import agent_log, calls, conversations, recordings, tasks
from crm_core.domain.agents import Agent, AgentState, HandOffMode
from crm_core.domain.campaigns import DialMode
from crm_core.handlers.agent_call import agent_call
from crm_core.handlers.campaigns import Order, order_campaign
from tests.asterisk.asterisk import Event, Pair
from tests.asterisk.scene import Scene, now, opened_scene

#: People who answer and say nothing.
FIRST, SECOND, THIRD, FOURTH, FIFTH = (f"+99890900000{n}" for n in range(1, 6))
#: A phone that says nothing: what is heard on the call is not his.
PHONE = "op6-silent"
SUMMARY = "Person 0 asks about winter tyres for a small car and would have them fitted on Friday."
#: Music that sets in softly still lies well above this; silence is written as zeros (-96).
AUDIBLE_DBFS = -75.0
SCRIPT = """
script: person
languages: [en]
fields: [name]
operators: sales
who: "Lola calls about your visit."
at_any_time: {operator: to_sales}
start: talk
nodes:
  to_sales:
    kind: transfer
    prompt: "One moment please."
    summary: "{name} asks about winter tyres for a small car and would have them fitted on Friday"
  talk: {kind: yes_no, prompt: "Do you want to hear more?", if_yes: bye, if_no: bye}
  bye: {kind: hang_up, prompt: "Thank you."}
"""


@pytest.fixture
async def scene(pair: Pair, tmp_path: Path, sqlite_url: str) -> AsyncIterator[Scene]:
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "person.yml").write_text(SCRIPT)
    async with opened_scene(pair, tmp_path, sqlite_url, TRUNKLINE_ROLES="web,pbx,dialer,worker,bot") as scene:
        yield scene


async def _asks_for_a_person(
    scene: Scene, number: str, *phones: str, mode: HandOffMode = HandOffMode.PARKED, **changes: Any
) -> tuple[str, list[Agent]]:
    """The channel of the callee over there, who has pressed 0; the agents, in the order in which they are given."""
    await scene.campaign(number, mode=DialMode.BOT, script="person", start=False, **changes)
    there = [await scene.agent(phone, mode=mode) for phone in phones]
    await order_campaign(scene.database, "autumn", Order.START, now())
    person = await scene.network_channel(number)
    await scene.hears(person)
    await scene.presses(person, "0")
    return person, there


async def _listened_to(scene: Scene, phone: str) -> str:
    """The channel of an operator's phone over there; from now on it is told when he hears something."""
    channel = await scene.network_channel(phone)
    await scene.heard.send("Setvar", Channel=channel, Variable="TALK_DETECT(set)", Value="")
    return channel


async def _given_at(scene: Scene, agent: Agent) -> Any:
    """When the person was given to the agent."""
    ringing = (agent_log.c.agent_id == agent.id, agent_log.c.state == AgentState.RINGING.value)
    return (await scene.row(agent_log, *ringing)).at


async def _channel(scene: Scene, channel: str) -> Event:
    """A channel of the PBX as it stands now."""
    id = uuid4().hex
    await scene.wire.send("CoreShowChannels", ActionID=id)
    return await scene.wire.seen("CoreShowChannel", ActionID=id, Uniqueid=channel)


async def _music(scene: Scene, number: str, seconds: float) -> list[float]:
    """How loud it was for the person, in dBFS, from the bot's end on, at most until the bridge; the call is over."""
    call, talked, recording = await scene.ended(number), await scene.row(conversations), await scene.row(recordings)
    began = (talked.ended_at - call.answered_at).total_seconds()
    return _loudness(scene.pair.pbx.recordings / recording.path, began + 0.5, began + seconds - 0.5)


async def _sound_seconds(scene: Scene) -> float:
    """How long the announcement of the only conversation is."""
    talked = await scene.row(conversations)
    return _seconds(scene.pair.pbx.recordings / talked.announcement)


def _seconds(sound: Path) -> float:
    return sound.stat().st_size / 8000


def _loudness(file: Path, since: float, until: float) -> list[float]:
    """Of what the person hears (the right side), in dBFS, for each half second between two seconds of the file."""
    with wave.open(str(file)) as wav:
        samples = array("h", wav.readframes(wav.getnframes()))[1::2]
    step = 4000
    pieces = [samples[at : at + step] for at in range(round(since * 8000), round(until * 8000) - step, step)]
    return [10 * math.log10(max(1.0, sum(x * x for x in piece) / len(piece)) / 32768**2) for piece in pieces]


async def test_the_operator_is_told_first_while_the_person_hears_music(scene: Scene) -> None:
    person, (agent,) = await _asks_for_a_person(scene, FIRST, PHONE)
    phone = await _listened_to(scene, PHONE)
    await scene.hears(phone)
    shown = await agent_call(PHONE, scene.database)
    assert (shown.state, shown.summary, shown.who.number) == (AgentState.RINGING, SUMMARY, FIRST)
    assert [turn.text for turn in shown.turns if turn.party == "person"] == ["0"]
    call = await scene.bridged(FIRST)
    told = (call.bridged_at - await _given_at(scene, agent)).total_seconds()
    assert await _sound_seconds(scene) <= told <= await _sound_seconds(scene) + 1.5
    await scene.hang_up_there(person)
    await scene.agent_in(agent.id, AgentState.WRAP_UP)
    music = await _music(scene, FIRST, told)
    assert len(music) >= 6
    assert min(music) > AUDIBLE_DBFS


@pytest.mark.parametrize("mode", HandOffMode)
async def test_who_hangs_up_while_the_operator_is_told_leaves_him_free_and_a_task(
    scene: Scene, mode: HandOffMode
) -> None:
    person, (agent,) = await _asks_for_a_person(scene, SECOND, PHONE, mode=mode)
    phone = await _listened_to(scene, PHONE)
    await scene.hears(phone)
    await scene.hang_up_there(person)
    free = await scene.agent_in(agent.id, AgentState.AVAILABLE)
    call = await scene.ended(SECOND)
    assert call.bridged_at is None
    assert (free.since - call.ended_at).total_seconds() < 1
    # What is left of the announcement is not played on: the next person would speak into it.
    if mode is HandOffMode.PARKED:
        assert free.leg == agent.leg
        parked = await _channel(scene, agent.leg or "")
        assert (parked["Context"], parked["Application"]) == ("operator-park", "Wait")
    else:
        await scene.heard.seen("Hangup", 1, Uniqueid=phone)
    task = await scene.row(tasks)
    assert (task.title, task.kind) == (f"The bot promised a colleague: {SUMMARY}", "callback")


async def test_a_key_of_the_operators_cuts_it_short(scene: Scene) -> None:
    person, (agent,) = await _asks_for_a_person(scene, FIFTH, PHONE)
    phone = await _listened_to(scene, PHONE)
    await scene.hears(phone)
    await scene.presses(phone, "1")
    call = await scene.bridged(FIFTH)
    assert (call.bridged_at - await _given_at(scene, agent)).total_seconds() < await _sound_seconds(scene) - 1
    await scene.hang_up_there(person)
    await scene.agent_in(agent.id, AgentState.WRAP_UP)


async def test_switched_off_the_two_are_connected_at_once(scene: Scene) -> None:
    person, (agent,) = await _asks_for_a_person(scene, THIRD, PHONE, announce_summary=False)
    phone = await _listened_to(scene, PHONE)
    call = await scene.bridged(THIRD)
    assert (call.bridged_at - await _given_at(scene, agent)).total_seconds() < 1
    assert (await scene.row(conversations)).announcement is None
    assert not [e for e in scene.heard.events if e.get("Event") == "ChannelTalkingStart" and e["Uniqueid"] == phone]
    await scene.hang_up_there(person)
    await scene.agent_in(agent.id, AgentState.WRAP_UP)


async def test_an_operator_who_hangs_up_while_he_is_told_is_replaced(scene: Scene) -> None:
    """Phones that ring for each call: the person hears music until somebody has heard what it is about."""
    person, (first, second) = await _asks_for_a_person(scene, FOURTH, PHONE, "op5", mode=HandOffMode.RING)
    phone = await scene.network_channel(PHONE)
    await scene.heard.send("Setvar", Channel=phone, Variable="TALK_DETECT(set)", Value="")
    await scene.hears(phone)
    await scene.hang_up_there(phone)
    call = await scene.bridged(FOURTH)
    assert call.agent_id == second.id
    seconds = await _sound_seconds(scene)
    assert (call.bridged_at - await _given_at(scene, second)).total_seconds() >= seconds
    await scene.agent_in(first.id, AgentState.LOGGED_OUT)
    await scene.hang_up_there(person)
    await scene.agent_in(second.id, AgentState.WRAP_UP)
    assert min(await _music(scene, FOURTH, seconds)) > AUDIBLE_DBFS
    assert [row.id for row in await scene.rows(calls)] == [call.id]
