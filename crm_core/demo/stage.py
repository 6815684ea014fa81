"""The demo's stage: two Asterisks, an empty database, a trunk, agents, the list, the campaign."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path

from crm_core.db.engine import Database, opened_database
from crm_core.db.migrate import upgrade
from crm_core.domain.agents import Agent, HandOffMode
from crm_core.domain.attempts import Outcome
from crm_core.domain.campaigns import Campaign, CampaignPolicy, DialMode, RetryPolicy, Trunk, Window
from crm_core.handlers.agents import add_agent
from crm_core.handlers.campaigns import create_campaign, put_trunk
from crm_core.handlers.imports import ImportLeads, ImportReport, import_leads
from crm_core.handlers.rules import install_defaults
from crm_core.settings import Settings
from pbx.control import down, up
from pbx.install import PROJECT, install
from pbx.site import AGI_PORT, NETWORK_PORTS, PBX_PORTS, PbxSite, kept_phones, network_site, pbx_site

#: The demo has ports of its own, so that a PBX in use on the same machine is left alone.
_SHIFT = 500
NAMES = ("Dilnoza", "Rustam", "Nigora", "Timur", "Kamola")
LEADS = PROJECT / "docs" / "demo" / "leads.xlsx"
CAMPAIGN = "demo-spring-offer"

#: Any hour: a demo at midnight calls nobody but the simulated network.
ALWAYS = (Window(frozenset(range(7)), time(0), time(23, 59, 59)),)


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything set up, nothing dialing yet."""

    settings: Settings
    database: Database
    campaign: Campaign
    agents: list[Agent]
    imported: ImportReport
    network: PbxSite


def demo_policy() -> CampaignPolicy:
    """Power dialing quick enough for a demo of two minutes; all limits hold."""
    return CampaignPolicy(
        trunk="network",
        mode=DialMode.POWER,
        lines_per_agent=2.2,
        abandon_limit=0.5,  # a demo shows what an abandoned call looks like; a campaign keeps to 0.03
        ring_for=timedelta(seconds=15),
        windows=ALWAYS,
        retry=RetryPolicy(max_attempts=3, after={Outcome.BUSY: timedelta(minutes=15)}),
        wrap_up=timedelta(seconds=10),
        max_lines=30,
        detect_machines=False,  # the bridge comes at once; operators note voicemail themselves
    )


@asynccontextmanager
async def running_asterisks(
    folder: Path, recordings: Path, say: Callable[[str], None]
) -> AsyncIterator[tuple[PbxSite, PbxSite]]:
    """The PBX and the simulated telephone network, stopped afterwards."""
    asterisk = await asyncio.to_thread(install, PROJECT, say=say)
    phones = kept_phones(folder / "pbx", [f"op{number}" for number in range(1, len(NAMES) + 1)])
    pbx_ports, network_ports = PBX_PORTS.shifted(_SHIFT), NETWORK_PORTS.shifted(_SHIFT)
    pbx = pbx_site(
        folder / "pbx",
        ports=pbx_ports,
        network_ports=network_ports,
        agi_port=AGI_PORT + _SHIFT,
        phones=phones,
        recordings=recordings,
    )
    network = network_site(folder / "network", ports=network_ports, pbx_ports=pbx_ports, phones=phones)
    await asyncio.to_thread(recordings.mkdir, parents=True, exist_ok=True)
    try:
        for site in (pbx, network):
            await asyncio.to_thread(up, site, asterisk)
        yield pbx, network
    finally:
        for site in (network, pbx):
            await asyncio.to_thread(down, site)


@asynccontextmanager
async def set_stage(
    settings: Settings, now: Callable[[], datetime], say: Callable[[str], None]
) -> AsyncIterator[Stage]:
    """Start both Asterisks and fill a database made anew; what an earlier demo left is removed first."""
    folder = settings.home / "demo"
    for old in (
        folder / "recordings",
        folder / "trunkline.db",
        folder / "trunkline.db-wal",
        folder / "trunkline.db-shm",
    ):
        shutil.rmtree(old, ignore_errors=True) if old.is_dir() else old.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    async with running_asterisks(folder, folder / "recordings", say) as (pbx, network):
        pbx.cdr_file.unlink(missing_ok=True)
        own = replace(
            demo_settings(settings),
            ami_port=pbx.ports.ami,
            ami_secret=pbx.ami_secret,
            agi_port=pbx.agi_port,
            bot_port=pbx.bot_websocket_port,
            bot_secret=pbx.bot_secret,
            phone_address=f"ws://127.0.0.1:{pbx.ports.ws}/ws",
            roles=settings.roles | {"bot"},
            cdr_file=pbx.cdr_file,
        )
        await upgrade(own.database_url)
        async with opened_database(own.database_url) as database:
            await install_defaults(database)
            yield await _filled(own, database, network, now)


def demo_settings(settings: Settings) -> Settings:
    """Where the demo keeps what it makes, and where its pages are."""
    folder = settings.home / "demo"
    return replace(
        settings,
        database_url=f"sqlite:///{folder / 'trunkline.db'}",
        redis_url=None,
        recordings=folder / "recordings",
        web_port=settings.web_port + _SHIFT,
    )


async def put_network(database: Database) -> None:
    """The trunk to the simulated network."""
    prefixes, caller_ids = ("+99890", "+99894"), ("+998712000000",)
    await put_trunk(
        database,
        Trunk("network", "network", prefixes=prefixes, calls_per_second=20, max_lines=30, caller_ids=caller_ids),
    )


async def _filled(settings: Settings, database: Database, network: PbxSite, now: Callable[[], datetime]) -> Stage:
    await put_network(database)
    errors = settings.home / "demo" / "failed-rows.xlsx"
    imported = await import_leads(ImportLeads(LEADS, "demo", "UZ", errors=errors), database, now())
    campaign, _ = await create_campaign(database, CAMPAIGN, demo_policy(), ["demo"], now())
    agents = [
        await add_agent(database, name, f"op{number}", now(), hand_off=HandOffMode.PARKED)
        for number, name in enumerate(NAMES, 1)
    ]
    return Stage(settings, database, campaign, agents, imported, network)
