"""Where conversations are held: PBX and network running, a service on an empty database, a campaign a round."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from crm_core.bootstrap import Service, opened_service, utc_now
from crm_core.db.engine import Database
from crm_core.db.migrate import upgrade
from crm_core.domain.campaigns import CampaignPolicy, DialMode, Record, RetryPolicy, Trunk, Window
from crm_core.errors import BadInput, Unavailable
from crm_core.handlers.campaigns import Order, create_campaign, order_campaign, put_trunk
from crm_core.handlers.imports import ImportLeads, import_leads
from crm_core.handlers.rules import install_defaults
from crm_core.settings import Settings
from crm_core.voice_test.plans import PREFIX, Plan
from ivr_bot.dialog.heard import Silence
from pbx.control import down, up
from pbx.install import PROJECT, install
from pbx.site import AGI_PORT, NETWORK_PORTS, PBX_PORTS, PbxSite, network_site, pbx_site

#: Ports of its own: a PBX, a demo and the tests may run beside it.
_SHIFT = 600
_TRUNK = "network"
#: No worker: it would send the messages that are queued, to whom a test file names.
_ROLES = frozenset({"pbx", "dialer", "bot"})
_ALWAYS = (Window(frozenset(range(7)), time(0), time(23, 59, 59)),)
_LINK_SECONDS = 20.0
_NAME = "name"
#: The columns beside the lead's own fields, and what they are to the import.
_COLUMNS = {
    "caller's phone": "phone",
    "caller's language": "language",
    "caller's zone": "zone",
    "caller's priority": "priority",
}
#: What waiting for a silence takes, against a move of another kind.
_SILENCE_MOVES = 3


@dataclass(frozen=True, slots=True)
class Switches:
    """A running pair: the PBX, and the network on which callers are played."""

    pbx: PbxSite
    network: PbxSite


@dataclass(frozen=True, slots=True)
class Stage:
    """A service that dials. `now` is its clock, which begins at the `now` of the test file.

    `running` are tasks without which nothing comes of a campaign: the service, and whoever takes its calls."""

    service: Service
    folder: Path
    now: Callable[[], datetime]
    running: tuple[asyncio.Task[None], ...]

    @property
    def database(self) -> Database:
        return self.service.database


@asynccontextmanager
async def opened_switches(folder: Path, say: Callable[[str], None]) -> AsyncIterator[Switches]:
    """Both Asterisks in `folder`, stopped afterwards."""
    asterisk = await asyncio.to_thread(install, PROJECT, say=say)
    pbx_ports, network_ports = PBX_PORTS.shifted(_SHIFT), NETWORK_PORTS.shifted(_SHIFT)
    pbx = pbx_site(folder / "pbx", ports=pbx_ports, network_ports=network_ports, agi_port=AGI_PORT + _SHIFT)
    network = network_site(folder / "network", ports=network_ports, pbx_ports=pbx_ports)
    try:
        for site in (pbx, network):
            await asyncio.to_thread(up, site, asterisk)
        yield Switches(pbx, network)
    finally:
        for site in (network, pbx):
            await asyncio.to_thread(down, site)


@asynccontextmanager
async def opened_stage(
    settings: Settings, switches: Switches, folder: Path, starts_at: datetime
) -> AsyncIterator[Stage]:
    """The service on an empty database in `folder`, its clock set to `starts_at`, which may be years away.

    So "tomorrow at five" is the day that the test file says. Raises Unavailable when it does not come up.
    """
    _remove_database(folder)
    own = _settings(settings, switches.pbx, folder)
    ahead = starts_at - utc_now()

    def now() -> datetime:
        return utc_now() + ahead

    await upgrade(own.database_url)
    async with opened_service(own, now) as service:
        await install_defaults(service.database)
        trunk = Trunk(_TRUNK, _TRUNK, (PREFIX,), calls_per_second=20, max_lines=100, caller_ids=("+998712000000",))
        await put_trunk(service.database, trunk)
        running = asyncio.create_task(service.run(), name="service")
        try:
            await _until_linked(service, running)
            yield Stage(service, folder, now, (running,))
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def start_campaign(stage: Stage, name: str, script: Path, callers: Mapping[str, Plan], at_once: int) -> int:
    """Have the bot call these numbers, each as the lead of its conversation; the campaign's id. Raises BadInput."""
    now = stage.now()
    file = stage.folder / f"{name}.csv"
    titles = _titles([plan.conversation.lead for plan in callers.values()])
    file.write_text(_rows(titles, callers), encoding="utf-8")
    columns = {_NAME: "name", **_COLUMNS, **dict.fromkeys(titles, "field")}
    imported = await import_leads(ImportLeads(file, name, columns=columns), stage.database, now)
    if imported.created != len(callers):
        raise BadInput(str(imported.failed_rows or file), "not every conversation's lead could be taken in")
    policy = CampaignPolicy(
        trunk=_TRUNK,
        mode=DialMode.BOT,
        script=str(script),
        windows=_ALWAYS,
        retry=RetryPolicy(max_attempts=1, after={}),
        max_lines=at_once,
        calls_per_second=2,
        record=Record.NEVER,
    )
    campaign, _ = await create_campaign(stage.database, name, policy, [name], now)
    await order_campaign(stage.database, name, Order.START, now)
    return campaign.id


def zone_at(now: datetime) -> str:
    """A zone whose clocks stand as the test file says. Raises BadInput where there is none."""
    whole = (f"Etc/GMT{-hours:+d}" for hours in range(-12, 15))
    for name in (*whole, *sorted(available_timezones())):
        if now.astimezone(ZoneInfo(name)).utcoffset() == now.utcoffset():
            return name
    raise BadInput("now", f"no place on earth has the offset of {now.isoformat()}", "Give another")


def _remove_database(folder: Path) -> None:
    """What the tests before have left."""
    for old in folder.glob("trunkline.db*"):
        old.unlink()


def _settings(settings: Settings, pbx: PbxSite, folder: Path) -> Settings:
    return replace(
        settings,
        database_url=f"sqlite:///{folder / 'trunkline.db'}",
        redis_url=None,
        recordings=pbx.recordings,
        ami_port=pbx.ports.ami,
        ami_secret=pbx.ami_secret,
        agi_port=pbx.agi_port,
        bot_port=pbx.bot_websocket_port,
        bot_secret=pbx.bot_secret,
        cdr_file=folder / "no-cdrs.csv",  # Asterisk's own records bear another time than the clock of the stage
        roles=_ROLES,
    )


async def _until_linked(service: Service, running: asyncio.Task[None]) -> None:
    try:
        async with asyncio.timeout(_LINK_SECONDS):
            while service.link is None or not service.link.is_up:
                if running.done():
                    running.result()
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise Unavailable("the service does not reach the PBX that was started for it") from None


def _titles(leads: Sequence[Mapping[str, str]]) -> list[str]:
    return sorted({name for lead in leads for name in lead} - {_NAME})


def _rows(titles: Sequence[str], callers: Mapping[str, Plan]) -> str:
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow([_NAME, *_COLUMNS, *titles])
    for number, plan in callers.items():
        lead, talk = plan.conversation.lead, plan.conversation
        own = [lead.get(_NAME, ""), number, talk.language, zone_at(talk.now), _length(plan)]
        table.writerow([*own, *(lead.get(title, "") for title in titles)])
    return text.getvalue()


def _length(plan: Plan) -> int:
    """How long it will take, roughly: the longest are called first, so that none is left to run alone at the end."""
    silences = sum(isinstance(foreseen.move.heard, Silence) for foreseen in plan.moves)
    return len(plan.moves) + _SILENCE_MOVES * silences
