"""The site that is measured: an empty database of either kind, leads, a campaign, agents, and the whole service."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import psutil

from crm_core.db.engine import Database, opened_database
from crm_core.db.migrate import upgrade
from crm_core.domain.agents import AgentState
from crm_core.domain.campaigns import Campaign, CampaignPolicy, DialMode, Record, RetryPolicy, Trunk, Window
from crm_core.handlers.agents import add_agent, every_agent, log_in
from crm_core.handlers.campaigns import Order, change_policy, create_campaign, order_campaign, put_trunk
from crm_core.handlers.imports import ImportLeads, import_leads
from crm_core.handlers.rules import install_defaults
from pbx.site import PbxSite
from tests.servers import PostgresServer

KINDS = ("sqlite", "postgresql")
CAMPAIGN = "bench"
#: Told what is being done.
Say = Callable[[str], None]
NETWORK = Trunk("network", "network", prefixes=("+99890",), max_lines=5_000, caller_ids=("+998712000000",))
#: Power dialing that opens as many lines as the trunk bears.
POLICY = CampaignPolicy(
    trunk="network",
    mode=DialMode.POWER,
    lines_per_agent=12,
    abandon_limit=1.0,
    windows=(Window(frozenset(range(7)), time(0), time(23, 59, 59)),),
    retry=RetryPolicy(max_attempts=1, after={}),
    calls_per_second=10_000,
    max_lines=2_000,
    record=Record.NEVER,
    wrap_up=timedelta(0),
)
_PARKED_WITHIN = 60.0  # seconds, all agents
_STOPPED_WITHIN = 40.0  # seconds; the service drains for 20 at most


def now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def empty_database(kind: str, folder: Path) -> AsyncIterator[str]:
    """The address of a migrated database; its server, if it has one, is stopped at the end."""
    if kind == "sqlite":
        url = f"sqlite:///{folder / 'bench.db'}"
        await upgrade(url)
        yield url
        return
    server = await asyncio.to_thread(PostgresServer)
    try:
        server.start()  # in this thread: the server ends with the thread that started it
        url = await asyncio.to_thread(server.create_database, "bench")
        await upgrade(url)
        yield url
    finally:
        await asyncio.to_thread(server.close)


class Service:
    """`trunkline serve` in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._seen = psutil.Process(process.pid)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def rss_mb(self) -> float:
        return float(self._seen.memory_info().rss) / 1e6

    @property
    def cpu_seconds(self) -> float:
        times = self._seen.cpu_times()
        return float(times.user + times.system)

    def check(self) -> None:
        """Raise if the process has ended."""
        if self._process.returncode is not None:
            raise RuntimeError(f"the service ended by itself with {self._process.returncode}")


@asynccontextmanager
async def running_service(
    site: PbxSite, url: str, folder: Path, roles: str = "web,pbx,dialer,worker", **more: str
) -> AsyncIterator[Service]:
    """The whole service without limits of its own, with `more` variables; stopped by SIGTERM."""
    env = {
        "PATH": os.environ["PATH"],
        "TRUNKLINE_HOME": str(folder),
        "DATABASE_URL": url,
        "TRUNKLINE_RECORDINGS": str(site.recordings),
        "AMI_PORT": str(site.ports.ami),
        "AMI_SECRET": site.ami_secret,
        "AGI_PORT": str(site.agi_port),
        "BOT_PORT": str(site.bot_websocket_port),
        "BOT_SECRET": site.bot_secret,
        "TRUNKLINE_ROLES": roles,
        "CDR_FILE": str(site.cdr_file),
        "WEB_PORT": str(site.agi_port + 2000),
        "DIALER_CALLS_PER_SECOND": "10000",
        "DIALER_MAX_LINES": "5000",
        **more,
    }
    async with served_by(env, folder / "service.log") as service:
        yield service


@asynccontextmanager
async def served_by(env: Mapping[str, str], log: Path) -> AsyncIterator[Service]:
    """`trunkline serve` with these variables, what it says going to `log`; stopped by SIGTERM."""
    with log.open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "crm_core", "serve"), env=env, stdout=out, stderr=out
        )
    try:
        yield Service(process)
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            async with asyncio.timeout(_STOPPED_WITHIN):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


@dataclass(frozen=True, slots=True)
class Floor:
    """A campaign ready to dial, its agents parked."""

    database: Database
    service: Service

    async def dial_at(self, calls_per_second: float) -> None:
        """Let the trunk bear so many calls a second; the dialer looks each second."""
        await put_trunk(self.database, replace(NETWORK, calls_per_second=calls_per_second))

    async def start(self) -> None:
        await order_campaign(self.database, CAMPAIGN, Order.START, now())

    async def pause(self) -> None:
        await order_campaign(self.database, CAMPAIGN, Order.PAUSE, now())

    async def policy(self, policy: CampaignPolicy) -> None:
        await change_policy(self.database, CAMPAIGN, policy)


async def filled(
    database: Database, folder: Path, leads: int, rules: CampaignPolicy = POLICY, number: str = "+9989010{:05}"
) -> Campaign:
    """Import leads, with `number` made of their index, and start a campaign of them."""
    await install_defaults(database)
    await put_trunk(database, NETWORK)
    path = folder / "leads.csv"
    path.write_text("name,phone\n" + "".join(f"Lead {n},{number.format(n)}\n" for n in range(leads)))
    imported = await import_leads(ImportLeads(path, CAMPAIGN, "UZ"), database, now())
    if imported.created != leads:
        raise RuntimeError(f"{leads - imported.created} of {leads} leads were not imported")
    campaign, _ = await create_campaign(database, CAMPAIGN, rules, [CAMPAIGN], now())
    await order_campaign(database, CAMPAIGN, Order.START, now())
    return campaign


@asynccontextmanager
async def staffed_floor(
    site: PbxSite,
    phones: Sequence[str],
    url: str,
    folder: Path,
    leads: int,
    rules: CampaignPolicy = POLICY,
    number: str = "+9989010{:05}",
) -> AsyncIterator[Floor]:
    """A campaign, paused; the service; everybody logged in and parked."""
    async with opened_database(url) as database:
        await filled(database, folder, leads, rules, number)
        await order_campaign(database, CAMPAIGN, Order.PAUSE, now())
        for phone in phones:
            await add_agent(database, f"Agent {phone}", phone, now())
            await log_in(database, f"Agent {phone}", CAMPAIGN, now())
        async with running_service(site, url, folder) as service:
            await _all_parked(database, service)
            yield Floor(database, service)


async def _all_parked(database: Database, service: Service) -> None:
    async with asyncio.timeout(_PARKED_WITHIN):
        while any(agent.state is not AgentState.AVAILABLE for agent in await every_agent(database)):
            service.check()
            await asyncio.sleep(0.2)
