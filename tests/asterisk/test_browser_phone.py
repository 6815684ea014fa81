"""The operator's phone in a real Chromium on the real switch: registered, parked, bridged, heard both ways, let go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser

from crm_core.db.tables import recordings
from crm_core.domain.agents import AgentState, HandOffMode
from crm_core.domain.browser_phones import new_phone_secret
from crm_core.domain.campaigns import Record
from pbx.control import restart
from tests.asterisk.asterisk import Event, Pair, until
from tests.asterisk.browser import PhoneRoom, heard, in_state, opened_phone_browser, opened_room, status
from tests.asterisk.scene import SECONDS, Scene
from tests.browser.chromium import Faults

SPEAKS, SPEAKS_TOO, SILENT = "+998901000001", "+998901010002", "+998909000001"
QUIET = -50.0


@dataclass(frozen=True, slots=True)
class Chromium:
    browser: Browser
    folder: Path


@pytest.fixture(scope="session")
async def phone_browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Chromium]:
    folder = tmp_path_factory.mktemp("phone")
    async with opened_phone_browser(folder) as opened:
        yield Chromium(opened, folder)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
async def room(pair: Pair, phone_browser: Chromium, faults: Faults) -> AsyncIterator[PhoneRoom]:
    async with opened_room(pair.pbx, phone_browser.browser, phone_browser.folder, faults) as opened:
        yield opened
    assert faults.unexpected() == []


def of_phone(scene: Scene, event: str, phone: str) -> list[Event]:
    """What the switch told of the channels of a phone."""
    name = f"PJSIP/{phone}-"
    return [e for e in scene.wire.events if e.get("Event") == event and e.get("Channel", "").startswith(name)]


async def test_one_leg_in_the_browser_takes_call_after_call_and_both_hear_each_other(
    scene: Scene, room: PhoneRoom
) -> None:
    page = await room.page("web1")
    await scene.campaign(SPEAKS, SPEAKS_TOO, record=Record.BRIDGED)
    agent = await scene.agent("web1", wait=False)
    for _ in range(2):
        talk = await scene.call(lambda row: row.bridged_at and not row.ended_at)
        number = talk.number
        await in_state(page, "open")
        before = await heard(page)
        await page.wait_for_timeout(2500)
        after = await heard(page)
        assert min(after["packets"] - before["packets"], after["sent"] - before["sent"]) > 60
        there = await scene.network_channel(number)
        await scene.hang_up_there(there)
        waits = await scene.agent_in(agent.id, AgentState.WRAP_UP)
        assert waits.leg == (await status(page))["call_id"], "the leg waits parked again"
        row = await scene.row(recordings, recordings.c.call_id == talk.id)
        assert min(row.customer_dbfs, row.agent_dbfs) > QUIET
        await scene.dispose(talk.id, "not_interested", agent)
    assert await page.evaluate("window.states") == ["connecting", "ready", "ringing", "open"], "one leg for all calls"
    assert len(of_phone(scene, "Newchannel", "web1")) == 1


async def test_mute_silences_hold_plays_music_and_keys_arrive(scene: Scene, room: PhoneRoom) -> None:
    page = await room.page("web1")
    await scene.campaign(SILENT)
    agent = await scene.agent("web1", wait=False)
    await scene.bridged(SILENT)
    there = await scene.network_channel(SILENT)
    await scene.hears(there)
    await page.evaluate("phone.mute(true)")
    assert (await status(page))["muted"] is True
    await _heard_often(scene, "ChannelTalkingStop", there, 1)
    await page.wait_for_timeout(3000)
    assert _count(scene, "ChannelTalkingStart", there) == 1, "nothing is heard of somebody who is muted"
    await page.evaluate("phone.mute(false)")
    await _heard_often(scene, "ChannelTalkingStart", there, 2)

    await page.evaluate("phone.keys('5#')")
    for key in "5#":
        await scene.heard.seen("DTMFEnd", SECONDS, Uniqueid=there, Digit=key, Direction="Received")

    await page.evaluate("phone.hold(true)")
    assert (await status(page))["held"] is True
    await scene.wire.seen("MusicOnHoldStart", SECONDS)
    await page.evaluate("phone.callEnded()")
    assert (await status(page))["held"] is False
    await scene.wire.seen("MusicOnHoldStop", SECONDS)
    assert (await scene.agent_now(agent.id)).state is AgentState.ON_CALL


def _count(scene: Scene, event: str, channel: str) -> int:
    return sum(e.get("Event") == event and e.get("Uniqueid") == channel for e in scene.heard.events)


async def _heard_often(scene: Scene, event: str, channel: str, times: int) -> None:
    await until(lambda: _count(scene, event, channel) >= times, SECONDS)


async def test_a_ringing_call_waits_for_the_hand_and_no_number_reaches_the_browser(
    scene: Scene, room: PhoneRoom
) -> None:
    page = await room.page("web1", start=False)
    frames: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))))
    await page.click("#start")
    await in_state(page, "ready")
    await scene.campaign(SPEAKS)
    await scene.agent("web1", mode=HandOffMode.RING)
    await in_state(page, "ringing")
    await page.wait_for_timeout(500)
    assert (await status(page))["state"] == "ringing", "nothing answers by itself"
    await page.evaluate("phone.answer()")
    await in_state(page, "open")
    await scene.bridged(SPEAKS)
    await page.evaluate("phone.hangUp()")
    await in_state(page, "ready")
    assert any("INVITE sip:" in frame for frame in frames)
    assert [frame for frame in frames if SPEAKS[-7:] in frame] == []


async def test_a_closed_page_lets_its_leg_go_at_once(scene: Scene, room: PhoneRoom) -> None:
    page = await room.page("web1")
    agent = await scene.agent("web1", campaign=None)
    await page.reload()
    hung_up = await scene.wire.seen("Hangup", Uniqueid=agent.leg or "")
    # A BYE while the dialplan waits gives no cause; 44 would be silence that lasted (rtp_timeout), 16 our own hang-up.
    assert hung_up["Cause"] == "0"
    await scene.agent_in(agent.id, AgentState.LOGGED_OUT)
    await page.click("#start")
    await in_state(page, "ready")


async def test_a_wrong_secret_and_a_closed_phone_are_refused_and_told_in_words(scene: Scene, room: PhoneRoom) -> None:
    room.instead = new_phone_secret("web1")
    page = await room.page("web1", start=False)
    for _ in ("nobody has opened that phone", "it is open, with another secret"):
        await page.click("#start")
        await page.wait_for_selector("body[data-problem=refused]")
        assert "Log in again" in (await page.text_content("#says") or "")
        await room.phones.open("web1", new_phone_secret("web1").digest)
    room.instead = None
    await page.click("#start")
    await in_state(page, "ready")
    agent = await scene.agent("web1", campaign=None)
    await room.phones.close("web1")
    await scene.wire.seen("Hangup", Uniqueid=agent.leg or "")
    assert await room.phones.opened() == {}
    room.instead = room.given[-1]
    await page.click("#start")
    await page.wait_for_selector("body[data-problem=refused]")


async def test_a_browser_dials_nobody(scene: Scene, room: PhoneRoom) -> None:
    page = await room.page("web1")
    url, secret = room.switch, room.given[-1].secret
    for target in (SPEAKS, SPEAKS[1:], "op1", "direct", "s", "hand-off"):
        answer = await page.evaluate(
            "([to, its]) => dial(its, to)", [target, {"url": url, "phone": "web1", "secret": secret}]
        )
        assert answer == "404", target
    wrong = {"url": url, "phone": "web1", "secret": "guessed"}
    assert await page.evaluate("its => dial(its, '*70')", wrong) == "401"
    assert scene.dialed() == []


async def test_one_window_is_the_phone_and_the_others_see_and_move_it(scene: Scene, room: PhoneRoom) -> None:
    page = await room.page("web1")
    await scene.agent("web1", campaign=None)
    await in_state(page, "open")
    mirror = await room.another(page, "/mirror")
    await mirror.wait_for_selector("body[data-state=open]")
    await mirror.evaluate("mirror.send({do: 'mute', on: true})")
    await page.wait_for_function("() => phone.status.muted")
    await mirror.wait_for_function("() => mirror.status.muted")

    second = await room.another(page, "/phone/web1")
    await second.click("#start")
    await second.wait_for_selector("body[data-problem=other_window]")
    assert (await status(page))["state"] == "open", "the first is not disturbed"
    await second.click("#take")
    await in_state(second, "ready")
    await page.wait_for_selector("body[data-problem=other_window]")
    await mirror.wait_for_selector("body[data-state=ready]")
    await second.close()
    await mirror.wait_for_selector("body[data-state=off]")


async def test_phones_survive_a_restart_of_the_switch_and_only_the_latest_secret_counts(
    pair: Pair, room: PhoneRoom, faults: Faults
) -> None:
    faults.expect("WebSocket connection to")
    earlier = await room.page("web1")
    later = await room.page("web1")  # another browser: cookies and storage are its own
    room.plain = True
    plain = await room.page("web2")
    await asyncio.to_thread(restart, pair.pbx, pair.asterisk)
    for page in (later, plain):
        await page.wait_for_function("() => states.filter(one => one === 'ready').length === 2", timeout=30_000)
    await earlier.wait_for_selector("body[data-problem=elsewhere]", timeout=30_000)
    assert "started elsewhere" in (await earlier.text_content("#says") or "")
