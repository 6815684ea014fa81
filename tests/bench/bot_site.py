"""The site on which the bot is measured: two Asterisks, people who are played, and the service with the bot in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from crm_core.db import report
from crm_core.db.engine import Database, opened_database
from crm_core.domain.campaigns import DialMode, Record, Trunk
from crm_core.domain.recordings import recording_path
from crm_core.handlers.campaigns import Order, create_campaign, order_campaign, put_trunk
from crm_core.handlers.imports import ImportLeads, import_leads
from crm_core.handlers.rules import install_defaults
from crm_core.voice_test.callers import Callers
from crm_core.voice_test.errands import Errand
from crm_core.voice_test.holding import playing
from pbx.control import down, up
from pbx.install import install
from pbx.site import PbxSite, network_site, pbx_site
from tests.asterisk.asterisk import reserved_ports
from tests.bench.site import POLICY, Service, empty_database, now, running_service

_TRUNK = Trunk(
    "network", "network", ("+99890", "+99894"), calls_per_second=20, max_lines=500, caller_ids=("+998712000000",)
)
_TALK_WITHIN = 90.0  # seconds beyond the dialing
_RECORDED_WITHIN = 8.0  # seconds: recordings are made into WAV files and linked


@dataclass(frozen=True, slots=True)
class BotSite:
    """Everything that runs."""

    folder: Path
    pbx: PbxSite
    callers: Callers
    database: Database
    service: Service


@dataclass(frozen=True, slots=True)
class Campaign:
    """One that is over: its attempts by number, and the minutes from the first dial to the last."""

    dialed: Mapping[str, report.Dialed]
    dialing_minutes: float

    def recording(self, site: BotSite, number: str) -> Path | None:
        """The stereo recording of the call to this number; None: there is none."""
        one = self.dialed[number]
        if one.call_started is None:
            return None
        file = site.pbx.recordings / recording_path(one.attempt_id, one.call_started, ".wav")
        return file if file.is_file() else None


@asynccontextmanager
async def running_bot(folder: Path, errands: Mapping[str, Errand]) -> AsyncIterator[BotSite]:
    """All of it, on SQLite; `errands` by number without plus sign."""
    with reserved_ports() as ports:
        asterisk = await asyncio.to_thread(install)
        pbx = pbx_site(folder / "pbx", ports=ports.pbx, network_ports=ports.network, agi_port=ports.agi)
        network = network_site(folder / "network", ports=ports.network, pbx_ports=ports.pbx)
        try:
            for site in (pbx, network):
                await asyncio.to_thread(up, site, asterisk)
            callers = Callers(network, now)
            callers.errands |= errands
            async with (
                empty_database("sqlite", folder) as url,
                opened_database(url) as database,
                playing(callers),
                running_service(pbx, url, folder, roles="web,pbx,dialer,worker,bot") as service,
            ):
                await install_defaults(database)
                yield BotSite(folder, pbx, callers, database, service)
        finally:
            for site in (network, pbx):
                await asyncio.to_thread(down, site)


async def held(site: BotSite, name: str, script: Path, numbers: Sequence[str], per_minute: float) -> Campaign:
    """Dial these numbers at this rate, and wait until all is over and written down."""
    campaign_id = await _campaign(site, name, script, numbers, per_minute)
    await order_campaign(site.database, name, Order.START, now())
    async with asyncio.timeout(len(numbers) / per_minute * 60 + _TALK_WITHIN):
        while await _settled(site.database, campaign_id) < len(numbers):
            site.service.check()
            await asyncio.sleep(1)
    await asyncio.sleep(_RECORDED_WITHIN)
    async with site.database.reading() as work:
        dialed = {one.number: one for one in await report.dialed(work, campaign_id)}
    starts = sorted(one.call_started for one in dialed.values() if one.call_started is not None)
    return Campaign(dialed, (starts[-1] - starts[0]).total_seconds() / 60)


async def _campaign(site: BotSite, name: str, script: Path, numbers: Sequence[str], per_minute: float) -> int:
    file = site.folder / f"{name}.csv"
    file.write_text("name,phone\n" + "".join(f"Person {n},{one}\n" for n, one in enumerate(numbers)))
    await put_trunk(site.database, replace(_TRUNK, calls_per_second=per_minute / 60))
    imported = await import_leads(ImportLeads(file, name, "UZ"), site.database, now())
    if imported.created != len(numbers):
        raise RuntimeError(f"not all of {len(numbers)} leads were imported")
    policy = replace(
        POLICY, mode=DialMode.BOT, script=str(script), record=Record.BRIDGED, ring_for=timedelta(seconds=15)
    )
    campaign, _ = await create_campaign(site.database, name, policy, [name], now())
    return campaign.id


async def _settled(database: Database, campaign_id: int) -> int:
    async with database.reading() as work:
        return sum(one.settled for one in await report.dialed(work, campaign_id))
