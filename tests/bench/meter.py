"""A plain AMI connection that sees every call of the trunk: how many end, and how soon they ring. The same for the
bare loop and for the whole service, so that both are measured with one rule."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pbx.control import AMI_USERNAME
from pbx.site import PbxSite
from tests.bench.rows import percentile

#: A person talks with an agent (or with the bare loop) for so long, and is then hung up.
TALK_SECONDS = 1.5
#: After a change of rate, and before anything is counted.
WARM_UP = 0.7
#: A rate is held if so much of it ends per second, and a call rings so soon after the switch has made its channel.
HELD_SHARE = 0.97
HELD_RINGS_WITHIN = 0.3
_EVENT = re.compile(rb"Event: (Newchannel|Newstate|BridgeEnter|Hangup|OriginateResponse)\r\n")
_FIELD = re.compile(rb"\n(Timestamp|Channel|ChannelState|Uniqueid): ([^\r]*)")
_TRUNK = b"PJSIP/network-"
_RINGING = b"5"
_UP = b"6"


@dataclass(slots=True)
class Seen:
    """Instants of one call on the switch's clock, seconds since 1970."""

    made: float
    rang: float | None = None
    answered: float | None = None
    bridged: float | None = None
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """What happened in a stretch of time. `per_second`: calls that ended in it; the others: calls that began in it."""

    per_second: float
    rings_p95: float
    ended: int
    answered: int
    bridged: int

    def holds(self, asked: float) -> bool:
        return self.per_second >= HELD_SHARE * asked and self.rings_p95 <= HELD_RINGS_WITHIN


@dataclass(slots=True)
class Meter:
    """Every call of the trunk seen since it was opened. `on_bridged` is told of each person who has an agent."""

    writer: asyncio.StreamWriter
    calls: dict[bytes, Seen] = field(default_factory=dict)
    on_bridged: Callable[[str], None] = lambda channel: None

    def say(self, action: str, **headers: str) -> None:
        """Send an action without waiting for what the switch says to it; after the end of the meter, nothing."""
        if self.writer.is_closing():
            return
        lines = [f"Action: {action}", *(f"{name}: {value}" for name, value in headers.items())]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    def agents_talk(self) -> None:
        """From now on agents hang up TALK_SECONDS after they were bridged with a person."""
        loop = asyncio.get_running_loop()

        def hang_up_later(channel: str) -> None:
            loop.call_later(TALK_SECONDS, self.hang_up, channel)

        self.on_bridged = hang_up_later

    def hang_up(self, channel: str) -> None:
        self.say("Hangup", Channel=channel, Cause="16")

    @property
    def open(self) -> list[str]:
        return [name.decode() for name, call in self.calls.items() if call.ended is None]

    def hear(self, block: bytes) -> None:
        """Take one AMI message in."""
        event = _EVENT.match(block)
        if event is None:
            return
        fields = dict(_FIELD.findall(block))
        if not fields.get(b"Channel", b"").startswith(_TRUNK):
            return
        channel, at = fields[b"Uniqueid"], float(fields[b"Timestamp"])
        call = self.calls.get(channel)
        match event[1]:
            case b"Newchannel":
                self.calls[channel] = Seen(at)
            case b"Newstate" if call is not None and fields[b"ChannelState"] == _RINGING:
                call.rang = call.rang or at
            case b"Newstate" if call is not None and fields[b"ChannelState"] == _UP:
                call.answered = call.answered or at
            case b"BridgeEnter" if call is not None:
                call.bridged = call.bridged or at
                self.on_bridged(channel.decode())
            case b"Hangup" if call is not None:
                call.ended = at

    def window(self, since: float, until: float) -> Window:
        """What happened between two instants of the switch's clock."""
        ended = sum(call.ended is not None and since <= call.ended < until for call in self.calls.values())
        made = [call for call in self.calls.values() if since <= call.made < until]
        return Window(
            per_second=ended / (until - since),
            rings_p95=percentile([call.rang - call.made for call in made if call.rang is not None], 0.95),
            ended=ended,
            answered=sum(call.answered is not None for call in made),
            bridged=sum(call.bridged is not None for call in made),
        )


@asynccontextmanager
async def opened_meter(site: PbxSite) -> AsyncIterator[Meter]:
    """Log in and listen until the block ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.ports.ami, limit=1 << 22)
    meter = Meter(writer)
    await reader.readline()
    meter.say("Login", Username=AMI_USERNAME, Secret=site.ami_secret, Events="call")
    listening = asyncio.create_task(_listen(reader, meter), name="meter")
    try:
        yield meter
    finally:
        listening.cancel()
        writer.close()
        await asyncio.gather(listening, return_exceptions=True)


async def _listen(reader: asyncio.StreamReader, meter: Meter) -> None:
    rest = b""
    while piece := await reader.read(1 << 18):
        *blocks, rest = (rest + piece).split(b"\r\n\r\n")
        for block in blocks:
            meter.hear(block)
