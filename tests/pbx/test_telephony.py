"""Refusals and answers of the switch, on a played manager interface."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crm_core.ports import OriginateOrder, OriginateRefused
from pbx import telephony as module
from pbx.ami import AmiLink, LinkDown
from pbx.settings import AmiSettings
from pbx.telephony import ActionRefused, AsteriskTelephony
from tests.asterisk.asterisk import until
from tests.pbx.ami_server import PlayedAmi, error, played_ami

ORDER = OriginateOrder("a-1", "+998901234567", "network", "+998712000000", 20, False, True)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@asynccontextmanager
async def telephony(*, may_record: bool = True) -> AsyncIterator[tuple[AsteriskTelephony, PlayedAmi]]:
    async with played_ami() as server:
        link = AmiLink(AmiSettings("127.0.0.1", server.port, "t", "secret", first_retry_seconds=60), lambda: NOON)
        task = asyncio.create_task(link.run())
        await until(lambda: link.is_up)
        yield AsteriskTelephony(link, Path("/srv/recordings"), lambda: NOON, lambda: may_record), server
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_refused_originate_says_why() -> None:
    async with telephony() as (switch, server):
        server.answer = lambda action: error(action, "Permission denied")
        with pytest.raises(OriginateRefused, match=r"a-1.*Permission denied"):
            await switch.originate(ORDER)


async def test_a_recording_from_the_answer_is_ordered_by_the_path_rule_if_there_is_room() -> None:
    async with telephony() as (switch, server):
        await switch.originate(ORDER)
        (sent,) = await server.asked("Originate")
    assert sent["Variable"] == "TL_RECORD=/srv/recordings/2026/11/22/a-1.raw"
    async with telephony(may_record=False) as (switch, server):
        await switch.originate(ORDER)
        (sent,) = await server.asked("Originate")
    assert "Variable" not in sent


async def test_an_originate_that_was_never_sent_may_be_sent_later() -> None:
    async with played_ami() as server:
        link = AmiLink(AmiSettings("127.0.0.1", server.port, "t", "secret"), lambda: NOON)
        switch = AsteriskTelephony(link, Path("/srv"), lambda: NOON, lambda: True)
        for _ in range(2):
            with pytest.raises(LinkDown):
                await switch.originate(ORDER)
        task = asyncio.create_task(link.run())
        await until(lambda: link.is_up)
        await switch.originate(ORDER)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_hangup_that_is_not_allowed_is_an_error() -> None:
    async with telephony() as (switch, server):
        server.answer = lambda action: error(action, "Permission denied")
        with pytest.raises(ActionRefused, match="Permission denied"):
            await switch.hang_up("a-1")


async def test_a_list_that_is_not_allowed_names_the_missing_right() -> None:
    async with telephony() as (switch, server):
        server.answer = lambda action: error(action, "Permission denied")
        with pytest.raises(ActionRefused, match="reporting"):
            await switch.live_channels()


async def test_the_ids_sent_do_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REMEMBERED", 3)
    async with telephony() as (switch, _):
        for n in range(5):
            await switch.originate(replace(ORDER, channel=f"a-{n}"))
        assert list(switch._sent) == ["a-2", "a-3", "a-4"]
