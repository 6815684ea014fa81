"""The service keeps the call book in step with the switch, through gaps on either side."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crm_core.domain.attempts import Outcome
from pbx.ami import AmiLink, AmiLoginRefused
from pbx.link import SwitchLink
from pbx.settings import AmiSettings, LinkSettings
from tests.asterisk.asterisk import until
from tests.pbx.ami_server import Action, PlayedAmi, played_ami, success
from tests.pbx.ami_text import RECORDED
from tests.pbx.book import KeptCallBook
from tests.pbx.test_reconcile import ANSWERED, row


def now() -> datetime:
    return datetime.now(UTC)


class Switch:
    """A played manager interface with channels, which it lists and tells of."""

    def __init__(self, server: PlayedAmi) -> None:
        self.server, self.live = server, dict[str, dict[str, str]]()
        server.answer = self.answer

    def answer(self, action: Action) -> str | None:
        if action["Action"] != "CoreShowChannels":
            return success(action)
        id = action["ActionID"]
        entries = "".join(
            _text({"Event": "CoreShowChannel", "ActionID": id, "Duration": "00:00:05", "BridgeId": ""} | channel)
            for channel in self.live.values()
        )
        start = _text({"Response": "Success", "ActionID": id, "EventList": "start"})
        return start + entries + _text({"Event": "CoreShowChannelsComplete", "ActionID": id, "EventList": "Complete"})

    async def tell(self, event: str, channel: str, **headers: str) -> None:
        """An event of a channel, as its snapshot stands after it."""
        known = self.live.setdefault(
            channel,
            {
                "Channel": "PJSIP/op1-0000000a" if channel.startswith("op-") else "PJSIP/carrier-00000001",
                "ChannelState": "0",
                "CallerIDNum": "<unknown>",
                "Context": "operator-phone" if channel.startswith("op-") else "incoming",
                "Exten": "s",
                "Uniqueid": channel,
                "Linkedid": channel,
            },
        )
        known |= headers
        if event == "Hangup":
            del self.live[channel]
        await self.server.say(_text({"Event": event} | known))

    async def answered(self, channel: str) -> None:
        await self.tell("Newchannel", channel)
        await self.tell("Newstate", channel, ChannelState="6")


def _text(headers: dict[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"


class Site:
    """A played switch, a kept call book, and the settings of the link between them."""

    def __init__(self, server: PlayedAmi, folder: Path) -> None:
        self.server, self.switch, self.book = server, Switch(server), KeptCallBook()
        self.cdrs = folder / "cdr.csv"
        self.settings = LinkSettings("pbx", self.cdrs, None, 0.01, 0.05, 0.02)

    @asynccontextmanager
    async def linked(self) -> AsyncIterator[SwitchLink]:
        ami = AmiLink(AmiSettings("127.0.0.1", self.server.port, "t", "secret", first_retry_seconds=0.01), now)
        link = SwitchLink(ami, self.book, self.settings, now)
        task = asyncio.create_task(link.run())
        try:
            await until(lambda: link.is_up or self.book.broken or task.done())
            yield link
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def outcome(self, call: str) -> Outcome | None:
        return self.book.calls[call].outcome if call in self.book.calls else None


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with played_ami() as server:
        yield Site(server, tmp_path)


async def test_what_the_switch_tells_stands_in_the_book(site: Site) -> None:
    async with site.linked() as link:
        await site.server.say(RECORDED)
        await until(lambda: site.outcome("att-7") is not None and link.open_calls == 0)
        assert site.outcome("att-1") is Outcome.ANSWERED
        assert site.outcome("att-busy") is Outcome.BUSY
        assert [change.up for change in site.book.legs if change.channel == "op-leg-1"] == [True, False]
        assert link.unwritten == 0
        assert link.last_event_at is not None


async def test_many_changes_of_one_call_are_few_writes(site: Site) -> None:
    async with site.linked():
        await site.switch.answered("a-1")
        for _ in range(200):
            await site.switch.tell("BridgeEnter", "a-1", BridgeUniqueid="b")
            await site.switch.tell("BridgeLeave", "a-1", BridgeUniqueid="b")
        await site.switch.tell("Hangup", "a-1", Cause="16")
        await until(lambda: site.outcome("a-1") is Outcome.HUNG_UP)
    assert len(site.book.batches) < 50


async def test_while_the_database_is_away_nothing_is_lost_and_memory_holds_calls_once(site: Site) -> None:
    async with site.linked() as link:
        site.book.broken = True
        for n in range(30):
            await site.switch.answered(f"a-{n}")
            await site.switch.tell("Hangup", f"a-{n}", Cause="16")
        await until(lambda: link.unwritten == 30)
        assert site.book.calls == {}
        site.book.broken = False
        await until(lambda: len(site.book.calls) == 30)
        assert {call.outcome for call in site.book.calls.values()} == {Outcome.HUNG_UP}
        assert link.unwritten == 0


async def test_what_the_book_refuses_does_not_hold_up_the_rest(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.book.refuses = {"a-1", "op-1"}
    async with site.linked() as link:
        for channel in ("a-0", "a-1", "a-2", "op-0", "op-1", "op-2"):
            await site.switch.answered(channel)
        await until(lambda: {"a-0", "a-2"} <= set(site.book.calls) and len(site.book.legs) == 2)
        await until(lambda: link.unwritten == 0)
    assert set(site.book.calls) == {"a-0", "a-2"}
    assert [change.channel for change in site.book.legs] == ["op-0", "op-2"]
    facts = " ".join(r.__dict__["fact"] for r in caplog.records if r.levelno == logging.ERROR)
    assert "'a-1'" in facts
    assert "'op-1'" in facts


async def test_a_cdr_file_that_cannot_be_read_does_not_stop_the_link(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.cdrs.mkdir()
    async with site.linked():
        await site.switch.answered("a-1")
        await until(lambda: "a-1" in site.book.calls)
    assert "CDR file" in caplog.text


async def test_after_a_cut_the_calls_go_on_and_the_lost_ones_are_told_with_their_cdrs(site: Site) -> None:
    async with site.linked() as link:
        for call in ("a-1", "a-2"):
            await site.switch.answered(call)
        await until(lambda: len(site.book.calls) == 2)
        del site.switch.live["a-2"]
        site.cdrs.write_text(ANSWERED.replace("att-1", "a-2") + "\n")
        site.server.cut()
        await until(lambda: link.reconnects == 1 and link.is_up)
        await until(lambda: bool(site.book.cdrs))  # written last: the link is up a moment before
        live, cdrs = site.book.lost[-1]
        assert (sorted(live), [cdr.uniqueid for cdr in cdrs]) == (["a-1"], ["a-2"])
        assert [cdr.uniqueid for cdr in site.book.cdrs] == ["a-2"]
        assert link.open_calls == 1
        await site.switch.tell("Hangup", "a-1", Cause="16")
        await until(lambda: site.outcome("a-1") is Outcome.HUNG_UP)


async def test_a_service_begun_anew_goes_on_with_open_calls(site: Site) -> None:
    async with site.linked():
        await site.switch.answered("op-1")
        await site.switch.answered("a-1")
        await until(lambda: "a-1" in site.book.calls)
    answered_at = site.book.calls["a-1"].answered_at
    async with site.linked() as link:
        assert link.open_calls == 1
        await site.switch.tell("BridgeEnter", "op-1", BridgeUniqueid="b")
        await site.switch.tell("BridgeEnter", "a-1", BridgeUniqueid="b", Linkedid="op-1")
        await site.switch.tell("Hangup", "a-1", Cause="16")
        await until(lambda: site.outcome("a-1") is Outcome.ANSWERED)
    assert site.book.calls["a-1"].answered_at == answered_at
    assert site.book.calls["a-1"].agent_phone == "op1"


async def test_with_the_database_away_at_the_start_the_link_gets_in_step_later(site: Site) -> None:
    site.book.broken = True
    async with site.linked() as link:
        await until(lambda: link.last_event_at is not None)
        await site.switch.answered("a-1")
        assert not link.is_up
        site.book.broken = False
        await until(lambda: link.is_up)
        await until(lambda: "a-1" in site.book.calls)
        await site.switch.tell("Hangup", "a-1", Cause="17", TechCause="486")
        await until(lambda: site.outcome("a-1") is not None)


async def test_the_last_changes_are_written_on_the_way_out(site: Site) -> None:
    site.settings = replace(site.settings, flush_seconds=60)
    async with site.linked() as link:
        await site.switch.answered("a-1")
        await until(lambda: link.open_calls == 1)
        assert site.book.calls == {}
    assert "a-1" in site.book.calls


async def test_cdrs_are_read_on_as_they_come(site: Site) -> None:
    async with site.linked() as link:
        for n in range(3):
            with site.cdrs.open("a") as file:
                file.write(f"{row(n)}\n" + ("nonsense\n" if n == 1 else ""))
            await until(lambda n=n: len(site.book.cdrs) == n + 1)  # type: ignore[misc]
        await until(lambda: site.book.offset == site.cdrs.stat().st_size)
        assert link.bad_cdrs == 1


async def test_a_parked_leg_of_a_phone_that_is_gone_is_hung_up(site: Site) -> None:
    gone = "Event: ContactStatus\r\nContactStatus: Removed\r\nAOR: {0}\r\nEndpointName: {0}\r\n\r\n"
    async with site.linked():
        await site.switch.answered("op-1")
        await site.switch.answered("a-1")
        await site.server.say(gone.format("op2"))
        await site.server.say(gone.format("op1"))
        (hangup,) = await site.server.asked("Hangup")
    assert hangup["Channel"] == "op-1"


async def test_a_malformed_event_is_counted_and_passed_over(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    async with site.linked() as link:
        await site.server.say("Event: Hangup\r\nUniqueid: a-1\r\n\r\n")
        await site.switch.answered("a-2")
        await until(lambda: "a-2" in site.book.calls)
        assert link.malformed == 1


async def test_a_wrong_secret_ends_the_service_with_what_to_do(site: Site) -> None:
    site.server.secret = "another"
    ami = AmiLink(AmiSettings("127.0.0.1", site.server.port, "t", "secret"), now)
    with pytest.raises(AmiLoginRefused, match="AMI_SECRET"):
        await asyncio.wait_for(SwitchLink(ami, site.book, site.settings, now).run(), 5)
