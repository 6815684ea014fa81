"""The link to the manager interface holds, breaks and comes back without sending anything twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.errors import BadSetting, Unavailable
from pbx.ami import AmiLink, AmiLoginRefused, BadAction, LinkDown, OldAsterisk, _Wire
from pbx.originate import list_channels_action, ring_agent_action
from pbx.settings import AmiSettings
from tests.pbx.ami_server import Action, PlayedAmi, error, played_ami, success
from tests.pbx.ami_text import RECORDED, recorded_messages


def filled(message: dict[str, str]) -> dict[str, str]:
    """Without empty headers: panoramisk loses one that comes last."""
    return {name: value for name, value in message.items() if value}


EVENTS = [filled(message) for message in recorded_messages() if "Event" in message]


def now() -> datetime:
    return datetime.now(UTC)


def settings_for(server: PlayedAmi) -> AmiSettings:
    return AmiSettings("127.0.0.1", server.port, "trunkline", server.secret, first_retry_seconds=0.01)


class Ear:
    """What a link told: events, and each time it went up or down."""

    def __init__(self, link: AmiLink) -> None:
        self.events: list[dict[str, str]] = []
        self.states: list[bool] = []
        self._news = asyncio.Event()
        link.on_event = lambda headers, at: self._note(self.events.append, headers)
        link.on_up = lambda: self._note(self.states.append, True)
        link.on_down = lambda: self._note(self.states.append, False)

    def _note(self, append, what) -> None:  # type: ignore[no-untyped-def]
        append(what)
        self._news.set()

    async def until(self, *, states: int = 0, events: int = 0) -> None:
        async with asyncio.timeout(10):
            while len(self.states) < states or len(self.events) < events:
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def running(link: AmiLink) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(link.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def linked(server: PlayedAmi, **changes: Any) -> AsyncIterator[tuple[AmiLink, Ear]]:
    link = AmiLink(replace(settings_for(server), **changes), now)
    ear = Ear(link)
    async with running(link):
        await ear.until(states=1)
        yield link, ear


async def test_events_come_in_order_as_plain_headers() -> None:
    async with played_ami() as server, linked(server) as (_, ear):
        await server.say(RECORDED)
        await ear.until(events=1 + len(EVENTS))
    assert [filled(event) for event in ear.events[1:]] == EVENTS


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, len(RECORDED)), max_size=40))
async def test_text_cut_anywhere_gives_the_same_events(cuts: list[int]) -> None:
    heard: list[dict[str, str]] = []
    wire = _Wire(heard.append)
    wire.connection_made(asyncio.Transport())
    for a, b in pairwise([0, *sorted(cuts), len(RECORDED)]):
        wire.data_received(RECORDED[a:b])
    assert [filled(event) for event in heard] == EVENTS


async def test_an_answer_comes_back_to_who_asked() -> None:
    async with played_ami() as server, linked(server) as (link, _):
        server.answer = lambda action: success(action, action["ChannelId"])
        answers = await asyncio.gather(*(link.ask(ring_agent_action(f"op-{n}", "op1")) for n in range(50)))
    assert [answer["Message"] for answer in answers] == [f"op-{n}" for n in range(50)]


async def test_the_later_response_of_an_originate_is_an_event() -> None:
    async with played_ami() as server, linked(server) as (link, ear):
        await link.ask(ring_agent_action("op-1", "op1"))
        before = len(ear.events)
        await server.say("Event: OriginateResponse\r\nActionID: op-1\r\nResponse: Failure\r\nUniqueid: op-1\r\n\r\n")
        await ear.until(events=before + 1)
    assert ear.events[-1]["Event"] == "OriginateResponse"


def channel_list(action: Action) -> str:
    start = f"Response: Success\r\nActionID: {action['ActionID']}\r\nEventList: start\r\nMessage: will follow\r\n\r\n"
    entries = "".join(
        f"Event: CoreShowChannel\r\nActionID: {action['ActionID']}\r\nUniqueid: {n}\r\n\r\n" for n in (1, 2)
    )
    end = f"Event: CoreShowChannelsComplete\r\nActionID: {action['ActionID']}\r\nEventList: Complete\r\n\r\n"
    return start + entries + end


async def test_a_list_comes_whole_and_without_its_frame() -> None:
    async with played_ami() as server, linked(server) as (link, _):
        server.answer = channel_list
        entries = await link.ask_list(list_channels_action())
    assert [entry["Uniqueid"] for entry in entries] == ["1", "2"]


async def test_a_list_that_is_refused_is_one_answer() -> None:
    async with played_ami() as server, linked(server) as (link, _):
        server.answer = lambda action: error(action, "Permission denied")
        (entry,) = await link.ask_list(list_channels_action())
    assert entry["Message"] == "Permission denied"


async def test_an_originate_is_never_sent_again_after_a_reconnect() -> None:
    async with played_ami() as server, linked(server) as (link, ear):
        server.answer = lambda action: None
        asking = asyncio.create_task(link.ask(ring_agent_action("op-1", "op1")))
        await server.asked("Originate")
        server.cut()
        with pytest.raises(LinkDown) as caught:
            await asking
        assert caught.value.sent
        await ear.until(states=3)
        server.answer = success
        await link.ask(list_channels_action())
        await server.asked("CoreShowChannels")
        assert len(await server.asked("Originate")) == 1
    assert ear.states[:3] == [True, False, True]
    assert link.reconnects == 1


async def test_while_the_link_is_down_everything_is_unavailable_and_not_sent() -> None:
    async with played_ami() as server:
        link = AmiLink(settings_for(server), now)
        assert not link.is_up
        with pytest.raises(Unavailable) as caught:
            await link.ask(ring_agent_action("op-1", "op1"))
        assert isinstance(caught.value, LinkDown)
        assert not caught.value.sent
        assert server.actions == []


async def test_an_action_nobody_answers_ends_in_time_and_leaves_nothing_behind() -> None:
    async with played_ami() as server, linked(server, answer_seconds=0.05) as (link, _):
        server.answer = lambda action: None
        with pytest.raises(LinkDown, match="did not answer Originate"):
            await link.ask(ring_agent_action("op-1", "op1"))
        assert link._wire is not None
        assert link._wire.responses == {}


async def test_a_switch_that_falls_silent_is_left_and_found_again() -> None:
    async with played_ami() as server, linked(server, silence_seconds=0.05) as (_, ear):
        await server.asked("Ping", 2)  # it is asked for a sign of life, and kept while it gives one
        assert ear.states == [True]
        server.answer = lambda action: None
        await ear.until(states=2)
        server.answer = success
        await ear.until(states=3)
    assert ear.states[:3] == [True, False, True]


async def test_a_switch_that_shuts_down_is_down_at_once() -> None:
    async with played_ami() as server, linked(server) as (_, ear):
        await server.say("Event: Shutdown\r\nShutdown: Cleanly\r\nRestart: False\r\n\r\n")
        await ear.until(states=2)
    assert ear.events[1]["Event"] == "Shutdown"


async def test_a_wrong_secret_says_what_to_do() -> None:
    async with played_ami() as server:
        link = AmiLink(replace(settings_for(server), secret="wrong"), now)
        with pytest.raises(AmiLoginRefused, match=r"AMI_SECRET.*manager\.conf"):
            await asyncio.wait_for(link.run(), 5)


async def test_an_old_asterisk_is_refused_with_what_to_do() -> None:
    async with played_ami() as server:
        server.version = "20.9.3"
        with pytest.raises(OldAsterisk, match=r"20\.9\.3.*22\.10.*trunkline pbx install"):
            async with asyncio.timeout(5):
                await AmiLink(settings_for(server), now).run()


async def test_a_switch_that_does_not_tell_its_version_is_used_and_that_is_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with played_ami() as server:
        server.version = None
        async with linked(server) as (link, _):
            assert link.is_up
    assert "write=reporting" in caplog.text


async def test_a_log_in_refused_later_is_tried_again() -> None:
    async with played_ami() as server, linked(server) as (_, ear):
        secret, server.secret = server.secret, "changed"
        server.cut()
        await server.asked("Login", 3)
        server.secret = secret
        await ear.until(states=3)
    assert ear.states[:3] == [True, False, True]


async def test_a_switch_that_is_shutting_down_at_the_first_log_in_is_waited_for() -> None:
    async with played_ami() as server:
        server.closing = True
        link = AmiLink(replace(settings_for(server), first_retry_seconds=0.01), now)
        ear = Ear(link)
        async with running(link):
            await server.asked("Login", 2)
            server.closing = False
            await ear.until(states=1)
            assert link.is_up


async def test_a_switch_that_is_not_there_yet_is_waited_for() -> None:
    async with played_ami() as server:
        port = server.port
    link = AmiLink(replace(AmiSettings("127.0.0.1", port, "trunkline", "secret"), first_retry_seconds=0.01), now)
    async with running(link) as task:
        done, _ = await asyncio.wait({task}, timeout=0.1)
        assert not done
        assert not link.is_up


async def test_a_switch_that_has_not_booted_is_not_used() -> None:
    async with played_ami() as server:
        server.welcome = ""
        link = AmiLink(settings_for(server), now)
        ear = Ear(link)
        async with running(link):
            await server.asked("Login")
            assert not link.is_up
            await server.say("Event: FullyBooted\r\n\r\n")
            await ear.until(states=1)
            assert link.is_up


async def test_a_switch_that_never_says_it_has_booted_is_used_after_a_while(caplog: pytest.LogCaptureFixture) -> None:
    async with played_ami() as server:
        server.welcome = ""
        async with linked(server, boot_seconds=0.05) as (link, _):
            assert link.is_up
    assert "read=system" in caplog.text


@pytest.mark.parametrize(
    "action", [{"Action": "Ping\r\nAction: Command"}, {"A\nB": "c"}, {"Variable": ["a=b", "c\rd"]}]
)
async def test_a_line_break_in_an_action_is_refused(action: dict[str, str | list[str]]) -> None:
    async with played_ami() as server, linked(server) as (link, _):
        before = len(server.actions)
        with pytest.raises(BadAction):
            await link.ask(action)
        assert len(server.actions) == before


def test_a_secret_is_needed_and_does_not_print() -> None:
    with pytest.raises(BadSetting, match=r"manager\.conf"):
        AmiSettings("127.0.0.1", 5038, "trunkline", "")
    with pytest.raises(BadSetting, match="line break"):
        AmiSettings("127.0.0.1", 5038, "trunkline", "a\nb")
    assert "hush" not in repr(AmiSettings("127.0.0.1", 5038, "trunkline", "hush"))
