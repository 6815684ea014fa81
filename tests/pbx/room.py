"""All of pbx put together on a running pair, with a desk that does as a test says and a book that keeps all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from crm_core.domain.calls import CallSnapshot
from crm_core.domain.recordings import recording_path
from crm_core.ports import HandOff, IncomingCall, OriginateOrder, PersonAnswered
from pbx.agi_routes import AgiRoutes
from pbx.agi_server import AgiServer
from pbx.ami import AmiLink
from pbx.control import AMI_USERNAME
from pbx.link import SwitchLink
from pbx.recordings import RecordingKeeper
from pbx.settings import AgiSettings, AmiSettings, LinkSettings, RecordingSettings
from pbx.telephony import AsteriskTelephony
from tests.asterisk.asterisk import Pair, until
from tests.pbx.book import KeptCallBook


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class ToldDesk:
    """Decides by `decide`; keeps what it was asked."""

    decide: Callable[[object], HandOff] = lambda asked: HandOff("hangup")
    welcome: bool = True
    asked: list[object] = field(default_factory=list)
    cancelled: int = 0
    holds: asyncio.Event | None = None

    async def _answer(self, asked: object) -> HandOff:
        self.asked.append(asked)
        if self.holds is not None:
            try:
                await self.holds.wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        return self.decide(asked)

    async def answered(self, person: PersonAnswered) -> HandOff:
        return await self._answer(person)

    async def incoming(self, call: IncomingCall) -> HandOff:
        return await self._answer(call)

    async def waiting(self, channel: str) -> HandOff:
        return await self._answer(channel)

    async def unanswered(self, channel: str) -> HandOff:
        return await self._answer(channel)

    async def after_bot(self, channel: str) -> HandOff:
        return await self._answer(("after bot", channel))

    async def left(self, channel: str) -> None:
        self.asked.append(("left", channel))

    async def opted_out(self, channel: str, key: str) -> None:
        self.asked.append((channel, key))

    async def phone_login(self, channel: str, channel_name: str, phone: str) -> bool:
        self.asked.append(("login", phone))
        return self.welcome


class Room:
    """One service of the PBX, to be run, stopped and run again."""

    def __init__(self, pair: Pair) -> None:
        self.pair, self.book, self.desk = pair, KeptCallBook(), ToldDesk()

    @asynccontextmanager
    async def service(self) -> AsyncIterator[None]:
        """Run link and AGI server for the length of the block."""
        site = self.pair.pbx
        self.ami = AmiLink(
            AmiSettings("127.0.0.1", site.ports.ami, AMI_USERNAME, site.ami_secret, first_retry_seconds=0.05), now
        )
        self.link = SwitchLink(self.ami, self.book, LinkSettings("pbx", site.cdr_file, "UZ", 0.02, 0.2), now)
        settings = RecordingSettings(site.recordings, scan_seconds=0.1, still_seconds=0.5, min_free_bytes=1)
        self.keeper = RecordingKeeper(settings, self.book, self.link.is_open, now)
        self.telephony = AsteriskTelephony(self.ami, site.recordings, now, self.keeper.may_record)
        routes = AgiRoutes(self.desk, site.recordings, self.keeper.may_record, "UZ")
        server = AgiServer(AgiSettings("127.0.0.1", self.pair.ports.agi), routes.decide)
        tasks = [asyncio.create_task(service.run()) for service in (self.link, server, self.keeper)]
        try:
            await until(lambda: self.link.is_up)
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def park(self, phone: str = "op6-silent") -> str:
        """An agent's leg, up and waiting; its channel's name."""
        leg = f"op-{uuid4().hex}"
        await self.telephony.ring_agent(leg, phone)
        await until(lambda: any(change.channel == leg and change.up for change in self.book.legs), 10)
        return next(change.channel_name for change in self.book.legs if change.channel == leg)

    async def dial(self, number: str, *, record: bool = False, amd: bool = False, ring_seconds: int = 20) -> str:
        call = f"t-{uuid4().hex}"
        order = OriginateOrder(call, number, "network", "+998712000000", ring_seconds, amd, record)
        await self.telephony.originate(order)
        return call

    async def call(self, id: str, fact: Callable[[CallSnapshot], object], seconds: float = 15) -> CallSnapshot:
        """The call as the book has it, once `fact` holds of it."""
        await until(lambda: id in self.book.calls and bool(fact(self.book.calls[id])), seconds)
        return self.book.calls[id]

    async def ended(self, id: str, seconds: float = 15) -> CallSnapshot:
        return await self.call(id, lambda call: call.ended_at, seconds)

    async def clear(self) -> None:
        """Hang everything up and wait until it is gone."""
        for channel in await self.telephony.live_channels():
            await self.telephony.hang_up(channel.channel)
        await until(lambda: self.link.open_calls == 0)


def bridge_to(leg_name: str, *, record: bool = False) -> Callable[[object], HandOff]:
    def decide(asked: object) -> HandOff:
        channel = asked if isinstance(asked, str) else getattr(asked, "channel", "")
        path = recording_path(channel, now()).as_posix() if record else None
        return HandOff("bridge", agent_leg=leg_name, record=path)

    return decide
