"""Both Asterisks for tests, on ports of their own, and the little that is needed to drive and watch them."""

from __future__ import annotations

import asyncio
import fcntl
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from pbx.control import down, up
from pbx.control_ami import AMI_USERNAME, parse_block
from pbx.install import install
from pbx.install_find import Asterisk
from pbx.site import (
    AGI_PORT,
    NETWORK_PORTS,
    PBX_PORTS,
    BotMedia,
    PbxSite,
    SitePorts,
    kept_phones,
    network_site,
    pbx_site,
)

#: One phone of each habit, and five that answer at once.
PHONES = ("op1", "op2", "op3", "op4", "op5", "op6-silent", "op7-noanswer", "op8-busy", "op9-drops")


@dataclass(frozen=True, slots=True)
class PairPorts:
    """Ports of one pair; shifts of 100, 200, 300 and 400 run beside each other and beside a demo."""

    pbx: SitePorts
    network: SitePorts
    agi: int

    @classmethod
    def shifted(cls, by: int) -> PairPorts:
        return cls(PBX_PORTS.shifted(by), NETWORK_PORTS.shifted(by), AGI_PORT + by)


@dataclass(frozen=True, slots=True)
class Pair:
    """A running PBX and a running network, their phones registered."""

    pbx: PbxSite
    network: PbxSite
    asterisk: Asterisk
    ports: PairPorts


def is_free(port: int) -> bool:
    """Whether nobody listens on the port of loopback, TCP or UDP."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as tried:
            if kind == socket.SOCK_STREAM:  # a port we left a minute ago is free for us too
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def loopback_candidates() -> tuple[tuple[str, str], ...]:
    """Every address of this machine, to be told to browsers as 127.0.0.1: Asterisk itself never offers that."""
    addresses = [one.address for of in psutil.net_if_addrs().values() for one in of if one.family == socket.AF_INET]
    return tuple((address, "127.0.0.1") for address in addresses if not address.startswith("127."))


@contextmanager
def reserved_ports() -> Iterator[PairPorts]:
    """The first set of ports nobody uses; another test run that asks meanwhile gets another."""
    for by in (400, 300, 200, 100):
        with (Path(tempfile.gettempdir()) / f"trunkline-ports-{by}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            ports = PairPorts.shifted(by)
            used = (ports.pbx.sip, ports.pbx.ami, ports.pbx.wss, ports.network.sip, ports.network.ami, ports.agi)
            if all(is_free(port) for port in used if port is not None):
                yield ports
                return
    raise OSError("all four sets of test ports are in use: stop another test run or a left-over Asterisk")


@asynccontextmanager
async def running_pair(
    folder: Path,
    ports: PairPorts | None = None,
    bot_media: BotMedia = "websocket",
    names: Sequence[str] = PHONES,
) -> AsyncIterator[Pair]:
    """Start both Asterisks in `folder`, wait until the phones of these names are registered; stop both at the end.

    Without `ports` a set of ports that is free is taken, and kept from other test runs.
    """
    if ports is None:
        with reserved_ports() as reserved:
            async with running_pair(folder, reserved, bot_media, names) as pair:
                yield pair
            return
    asterisk = await asyncio.to_thread(install)
    phones = kept_phones(folder / "pbx", names)
    pbx = pbx_site(
        folder / "pbx",
        ports=ports.pbx,
        network_ports=ports.network,
        agi_port=ports.agi,
        phones=phones,
        bot_media=bot_media,
        ice_host_candidates=loopback_candidates(),
    )
    network = network_site(folder / "network", ports=ports.network, pbx_ports=ports.pbx, phones=phones)
    try:
        await asyncio.to_thread(up, pbx, asterisk)
        async with opened_wire(pbx) as wire:
            await asyncio.to_thread(up, network, asterisk)
            await wire.registered(len(phones))
        yield Pair(pbx, network, asterisk, ports)
    finally:
        await asyncio.to_thread(down, network)
        await asyncio.to_thread(down, pbx)


Event = Mapping[str, str]


@dataclass(slots=True)
class Wire:
    """A bare AMI connection that keeps every event it has seen."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    events: list[Event] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def send(self, action: str, variables: Mapping[str, str] | None = None, **headers: str) -> None:
        lines = [f"Action: {action}", *(f"{name}: {value}" for name, value in headers.items())]
        lines += [f"Variable: {name}={value}" for name, value in (variables or {}).items()]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        await self.writer.drain()

    async def originate(
        self, channel: str, channel_id: str, context: str, exten: str, variables: Mapping[str, str] | None = None
    ) -> None:
        await self.send(
            "Originate",
            variables,
            Channel=channel,
            ChannelId=channel_id,
            ActionID=channel_id,
            Context=context,
            Exten=exten,
            Priority="1",
            CallerID="<998712000000>",
            Timeout="15000",
            Async="true",
        )

    async def dial(
        self, number: str, channel_id: str, exten: str = "direct", variables: Mapping[str, str] | None = None
    ) -> None:
        """Call a number through the trunk, as a campaign does."""
        await self.originate(f"PJSIP/{number}@network", channel_id, "campaign-answered", exten, variables)

    async def seen(self, name: str, seconds: float = 10.0, **headers: str) -> Event:
        """The first event of that name with those headers, seen already or still to come."""

        def found() -> Event | None:
            wanted = {"Event": name, **headers}.items()
            return next((event for event in self.events if wanted <= event.items()), None)

        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(found)
        event = found()
        assert event is not None
        return event

    async def registered(self, count: int, seconds: float = 10.0) -> None:
        """Until that many phones have registered."""

        def phones() -> int:
            return len(
                {event["AOR"] for event in self.events if event.get("Event") == "ContactStatus" and "AOR" in event}
            )

        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: phones() >= count)

    async def listen(self) -> None:
        """Keep what comes until the connection ends."""
        while True:
            try:
                block = await self.reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            async with self._news:
                self.events.append(parse_block(block.decode(errors="replace")))
                self._news.notify_all()


@asynccontextmanager
async def opened_wire(site: PbxSite) -> AsyncIterator[Wire]:
    """Log in to a site's AMI with the rights the service has."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.ports.ami)
    wire = Wire(reader, writer)
    await reader.readline()
    listening = asyncio.create_task(wire.listen(), name="listen to AMI")
    try:
        await wire.send("Login", Username=AMI_USERNAME, Secret=site.ami_secret)
        await wire.seen("FullyBooted")
        yield wire
    finally:
        listening.cancel()
        writer.close()
        await asyncio.gather(listening, return_exceptions=True)


AgiRequest = Mapping[str, str]
Decide = Callable[[AgiRequest], Mapping[str, str]]


@dataclass(slots=True)
class AgiLog:
    """What the dialplan asked."""

    requests: list[AgiRequest] = field(default_factory=list)

    async def asked(self, channel_id: str, route: str = "answered", seconds: float = 10.0) -> AgiRequest:
        async with asyncio.timeout(seconds):
            while True:
                for request in self.requests:
                    if (request["agi_uniqueid"], request["agi_network_script"]) == (channel_id, route):
                        return request
                await asyncio.sleep(0.01)


@asynccontextmanager
async def answering_agi(port: int, decide: Decide) -> AsyncIterator[AgiLog]:
    """A FastAGI service that sets the variables `decide` returns, and nothing else."""
    log = AgiLog()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request: dict[str, str] = {}
        while line := (await reader.readline()).decode().strip():
            name, _, value = line.partition(":")
            request[name] = value.strip()
        log.requests.append(request)
        for name, value in decide(request).items():
            writer.write(f'SET VARIABLE {name} "{value}"\n'.encode())
            await reader.readline()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port)
    try:
        yield log
    finally:
        server.close()
        await server.wait_closed()


async def until(fact: Callable[[], Awaitable[bool] | bool], seconds: float = 5.0) -> None:
    """Wait for something that no event announces, such as a line in a file."""
    async with asyncio.timeout(seconds):
        while True:
            result = fact()
            if result if isinstance(result, bool) else await result:
                return
            await asyncio.sleep(0.02)
