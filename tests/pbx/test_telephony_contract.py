"""The Telephony port, kept alike by the fake and by Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from crm_core.errors import BadInput, Conflict, Unavailable
from crm_core.ports import LiveChannel, OriginateOrder, Telephony
from pbx.ami import AmiLink
from pbx.control import AMI_USERNAME
from pbx.settings import AmiSettings
from pbx.telephony import AsteriskTelephony
from tests.asterisk.asterisk import Pair, until
from tests.fakes.telephony import FakeTelephony

RINGS_FOR_EVER = "+998903000001"


@dataclass
class Switch:
    """A telephony and the way to take its switch away."""

    telephony: Telephony
    take_away: Callable[[], None]

    async def live(self) -> dict[str, LiveChannel]:
        return {channel.channel: channel for channel in await self.telephony.live_channels()}

    async def is_live(self, channel: str, *, up: bool) -> bool:
        found = (await self.live()).get(channel)
        return found is not None and found.is_up is up

    async def is_gone(self, channel: str) -> bool:
        return channel not in await self.live()


@pytest.fixture(params=["fake", "asterisk"])
def real(request: pytest.FixtureRequest) -> Pair | None:
    """The running Asterisk; None for the fake."""
    return request.getfixturevalue("pair") if request.param == "asterisk" else None


@pytest.fixture
async def switch(real: Pair | None, tmp_path: Path) -> AsyncIterator[Switch]:
    if real is None:
        fake = FakeTelephony()
        yield Switch(fake, fake.go_down)
        return
    settings = AmiSettings("127.0.0.1", real.pbx.ports.ami, AMI_USERNAME, real.pbx.ami_secret)
    link = AmiLink(settings, lambda: datetime.now(UTC))
    running = asyncio.create_task(link.run())
    await until(lambda: link.is_up)
    telephony = AsteriskTelephony(link, tmp_path, lambda: datetime.now(UTC), lambda: True)
    yield Switch(telephony, lambda: _cancel(running))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()


def order(**changes: object) -> OriginateOrder:
    plain = OriginateOrder(f"t-{uuid4().hex}", RINGS_FOR_EVER, "network", "+998712000000", 20, False, False)
    return replace(plain, **changes)  # type: ignore[arg-type]


async def test_an_originate_makes_a_ringing_channel_of_our_id_and_a_hangup_ends_it(switch: Switch) -> None:
    call = order()
    await switch.telephony.originate(call)
    await until(lambda: switch.is_live(call.channel, up=False))
    channel = (await switch.live())[call.channel]
    assert channel.linkedid == call.channel
    assert channel.name.startswith("PJSIP/network-")
    await switch.telephony.hang_up(call.channel)
    await until(lambda: switch.is_gone(call.channel))


async def test_a_channel_id_is_never_sent_twice(switch: Switch) -> None:
    call = order()
    await switch.telephony.originate(call)
    with pytest.raises(Conflict):
        await switch.telephony.originate(call)
    await until(lambda: switch.is_live(call.channel, up=False))
    await switch.telephony.hang_up(call.channel)
    await until(lambda: switch.is_gone(call.channel))
    with pytest.raises(Conflict):
        await switch.telephony.originate(call)


async def test_an_agents_phone_that_answers_is_a_leg_that_is_up(switch: Switch) -> None:
    leg = f"op-{uuid4().hex}"
    await switch.telephony.ring_agent(leg, "op1")
    await until(lambda: switch.is_live(leg, up=True))
    assert (await switch.live())[leg].name.startswith("PJSIP/op1-")
    await switch.telephony.hang_up(leg)
    await until(lambda: switch.is_gone(leg))


async def test_hanging_up_what_is_gone_is_no_error(switch: Switch) -> None:
    await switch.telephony.hang_up(f"t-{uuid4().hex}")


@pytest.mark.parametrize(
    "bad", [{"number": "+99890;reboot"}, {"trunk_endpoint": "a b"}, {"caller_id": "me"}, {"ring_seconds": 0}]
)
async def test_a_bad_order_is_bad_input_and_places_nothing(switch: Switch, bad: dict[str, object]) -> None:
    call = order(**bad)
    with pytest.raises(BadInput):
        await switch.telephony.originate(call)
    assert await switch.is_gone(call.channel)


async def test_while_the_link_is_down_everything_is_unavailable(switch: Switch) -> None:
    assert switch.telephony.is_up
    switch.take_away()
    await until(lambda: not switch.telephony.is_up)
    with pytest.raises(Unavailable):
        await switch.telephony.originate(order())
    with pytest.raises(Unavailable):
        await switch.telephony.ring_agent("op-1", "op1")
    with pytest.raises(Unavailable):
        await switch.telephony.hang_up("op-1")
    with pytest.raises(Unavailable):
        await switch.telephony.live_channels()
