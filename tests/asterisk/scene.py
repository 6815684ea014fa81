"""The whole service in one process on a running pair: what tests of the whole path do, and what they wait for."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Table, select

from crm_core.bootstrap import Service, opened_service
from crm_core.commands import RecordDisposition
from crm_core.db import site
from crm_core.db.engine import Database
from crm_core.db.tables import attempts, calls
from crm_core.domain.agents import Agent, AgentState, HandOffMode
from crm_core.domain.campaigns import Campaign, CampaignPolicy, DialMode, RetryPolicy, Trunk, Window
from crm_core.domain.lead_files import Duplicates
from crm_core.domain.work_calendar import WorkCalendar
from crm_core.handlers.agents import add_agent, every_agent, log_in
from crm_core.handlers.campaigns import Order, create_campaign, order_campaign, put_trunk
from crm_core.handlers.dispositions import record_disposition
from crm_core.handlers.imports import ImportLeads, import_leads
from crm_core.handlers.rules import install_defaults
from crm_core.ports import Cdr
from crm_core.settings import Settings, settings_from_env
from dialer.settings import DialerSettings
from pbx.reconcile import read_cdrs
from tests.asterisk.asterisk import Event, Pair, Wire, opened_wire, until

LINE = "+998712000000"
TRUNK = Trunk("network", "network", ("+99890",), calls_per_second=20, max_lines=30, caller_ids=(LINE,))
ALWAYS = (Window(frozenset(range(7)), time(0), time(23, 59, 59)),)
OPEN_ALWAYS = WorkCalendar("UTC", {day: (time(0), time.max) for day in range(7)})
#: The service's own patience with people logging in, made short; nothing else.
DIALING = DialerSettings(log_in_grace=timedelta(milliseconds=50), chores_every=timedelta(milliseconds=100))
SECONDS = 15.0


def now() -> datetime:
    return datetime.now(UTC)


def open_until_today() -> WorkCalendar:
    """Working hours all days but today (a holiday)."""
    return replace(OPEN_ALWAYS, holidays=frozenset({now().date()}))


def tomorrow() -> date:
    return now().date() + timedelta(days=1)


def policy(**changes: Any) -> CampaignPolicy:
    """Dial at any hour, once; one line per agent."""
    values: dict[str, Any] = {
        "trunk": TRUNK.name,
        "mode": DialMode.PROGRESSIVE,
        "windows": ALWAYS,
        "ring_for": timedelta(seconds=15),
        "retry": RetryPolicy(max_attempts=1, after={}),
    }
    return CampaignPolicy(**(values | changes))


@dataclass(slots=True)
class Scene:
    """One site under test. `heard` listens on the network's side, `wire` on the PBX's; each keeps all it has heard."""

    pair: Pair
    service: Service
    wire: Wire
    heard: Wire
    folder: Path
    running: asyncio.Task[None] = field(init=False)

    @property
    def database(self) -> Database:
        return self.service.database

    # --- set-up, by handlers alone
    async def campaign(self, *numbers: str, name: str = "autumn", start: bool = True, **changes: Any) -> Campaign:
        """A campaign with one lead for each number, imported from a file."""
        file = self.folder / f"{name}.csv"
        file.write_text("name,phone\n" + "".join(f"Person {n},{number}\n" for n, number in enumerate(numbers)))
        known = Duplicates.UPDATE  # who has called us before is a contact already
        imported = await import_leads(ImportLeads(file, name, duplicates=known), self.database, now())
        assert imported.created + imported.updated == len(numbers)
        campaign, _ = await create_campaign(self.database, name, policy(**changes), [name], now())
        if start:
            await order_campaign(self.database, name, Order.START, now())
        return campaign

    async def agent(
        self, phone: str, campaign: str | None = "autumn", mode: HandOffMode = HandOffMode.PARKED, wait: bool = True
    ) -> Agent:
        """An agent at `phone`, logged in and (`wait`) available."""
        agent = await add_agent(self.database, f"Agent {phone}", phone, now(), hand_off=mode)
        await log_in(self.database, agent.name, campaign, now())
        return await self.agent_in(agent.id, AgentState.AVAILABLE) if wait else agent

    async def calendar(self, calendar: WorkCalendar) -> None:
        async with self.database.work() as work:
            await site.put_calendar(work, calendar)

    async def dispose(self, call_id: str, code: str, agent: Agent, **more: Any) -> None:
        await record_disposition(RecordDisposition(call_id, code, agent_id=agent.id, **more), self.database, now())

    # --- what the database says, now or soon
    async def rows(self, table: Table, *conditions: Any) -> list[Any]:
        async with self.database.reading() as work:
            return list(await work.all(select(table).where(*conditions).order_by(*table.primary_key.columns)))

    async def row(self, table: Table, *conditions: Any, fact: Callable[[Any], object] = bool, wait: float = SECONDS):  # type: ignore[no-untyped-def]
        """The first row of which `fact` holds."""
        found: list[Any] = []

        async def seen() -> bool:
            found[:] = [row for row in await self.rows(table, *conditions) if fact(row)]
            return bool(found)

        try:
            await until(seen, wait)
        except TimeoutError:
            raise AssertionError(f"{table.name}: {await self.rows(table, *conditions)}") from None
        return found[0]

    async def attempt(self, number: str, fact: Callable[[Any], object] = lambda row: row.settled_at) -> Any:
        """The attempt at `number`, once it is settled (or `fact` holds)."""
        return await self.row(attempts, attempts.c.number == number, fact=fact)

    async def call(self, fact: Callable[[Any], object], *conditions: Any) -> Any:
        return await self.row(calls, *conditions, fact=fact)

    async def bridged(self, number: str) -> Any:
        """The call with `number`, once both hear each other."""
        return await self.call(lambda row: row.bridged_at, calls.c.number == number)

    async def ended(self, number: str) -> Any:
        return await self.call(lambda row: row.ended_at, calls.c.number == number)

    async def agent_now(self, agent_id: int) -> Agent:
        return next(agent for agent in await every_agent(self.database) if agent.id == agent_id)

    async def agent_in(self, agent_id: int, state: AgentState) -> Agent:
        async def is_so() -> bool:
            return (await self.agent_now(agent_id)).state is state

        try:
            await until(is_so, SECONDS)
        except TimeoutError:
            raise AssertionError(f"not {state}: {await self.agent_now(agent_id)}") from None
        return await self.agent_now(agent_id)

    # --- the switches
    async def hang_up(self, channel: str) -> None:
        assert self.service.telephony is not None
        await self.service.telephony.hang_up(channel)

    async def cdr(self, channel: str) -> Cdr:
        """The PBX's own record of a channel, as it stands in the CDR file."""

        def records() -> list[Cdr]:
            read = read_cdrs(self.pair.pbx.cdr_file, 0, "pbx").rows
            return [cdr for cdr in read if cdr.uniqueid == channel]

        await until(lambda: bool(records()))
        (record,) = records()
        return record

    async def network_channel(self, number: str) -> str:
        """The channel on the network's side that is called by `number`."""
        exten = number.removeprefix("+")
        event = await _first(self.heard, lambda e: e.get("Exten", "").lstrip("+") == exten and _is_new(e))
        return event["Uniqueid"]

    def dialed(self) -> list[Event]:
        """Every call the network has got from us, agents' phones aside."""
        return [e for e in self.heard.events if _is_new(e) and e.get("Exten", "").lstrip("+").startswith("99890")]

    async def hears(self, network_channel: str) -> None:
        """Until somebody on the network who only listens has heard something."""
        await self.heard.seen("ChannelTalkingStart", SECONDS, Uniqueid=network_channel)

    async def presses(self, network_channel: str, key: str) -> None:
        await self.heard.send("PlayDTMF", Channel=network_channel, Digit=key)

    async def call_in(self, caller: str, exten: str = "listen", channel: str = f"PJSIP/{LINE[1:]}@pbx") -> str:
        """Somebody on the network calls us; the id of his channel over there."""
        id = f"n-{uuid4().hex}"
        headers: dict[str, Any] = {"Channel": channel, "ChannelId": id, "CallerID": caller, "Exten": exten}
        await self.heard.send("Originate", **headers, Context="caller", Priority="1", Async="true", Timeout="30000")
        return id

    async def hang_up_there(self, network_channel: str) -> None:
        await self.heard.send("Hangup", Channel=network_channel)


async def _first(wire: Wire, holds: Callable[[Event], bool]) -> Event:
    await until(lambda: any(holds(event) for event in wire.events), SECONDS)
    return next(event for event in wire.events if holds(event))


def _is_new(event: Event) -> bool:
    return event.get("Event") == "Newchannel"


def scene_settings(pair: Pair, folder: Path, database_url: str, redis_url: str | None = None, **more: str) -> Settings:
    """Settings of a service that works with `pair`; `more` are variables of its environment."""
    env = {
        "TRUNKLINE_HOME": str(folder),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url or "",
        "TRUNKLINE_RECORDINGS": str(pair.pbx.recordings),
        "AMI_PORT": str(pair.pbx.ports.ami),
        "AMI_SECRET": pair.pbx.ami_secret,
        "AGI_PORT": str(pair.pbx.agi_port),
        "CDR_FILE": str(pair.pbx.cdr_file),
        "WEB_PORT": str(pair.pbx.agi_port + 2000),
        "BOT_PORT": str(pair.pbx.bot_websocket_port),
        "BOT_SECRET": pair.pbx.bot_secret,
        **more,
    }
    return settings_from_env(env)


@asynccontextmanager
async def opened_scene(
    pair: Pair,
    folder: Path,
    database_url: str,
    redis_url: str | None = None,
    without: Collection[str] = (),
    **more: str,
) -> AsyncIterator[Scene]:
    """Run the service on an empty, migrated database, `without` some of its parts; at the end hang everything up and
    stop it."""
    pair.pbx.cdr_file.unlink(missing_ok=True)  # calls of tests before are none of this database
    shutil.rmtree(pair.pbx.recordings, ignore_errors=True)
    pair.pbx.recordings.mkdir()
    settings = scene_settings(pair, folder, database_url, redis_url, **more)
    async with (
        opened_wire(pair.pbx) as wire,
        opened_wire(pair.network) as heard,
        opened_service(settings, dialing=DIALING) as service,
    ):
        service.parts = [part for part in service.parts if part[0] not in without]
        scene = Scene(pair, service, wire, heard, folder)
        await install_defaults(service.database)
        await put_trunk(service.database, TRUNK)
        scene.running = asyncio.create_task(service.run(), name="service")
        try:
            await until(lambda: service.link is not None and service.link.is_up)
            yield scene
        finally:
            scene.running.cancel()
            await asyncio.gather(scene.running, return_exceptions=True)
            await clear(pair)


async def clear(pair: Pair) -> None:
    """Hang up every channel of both switches and wait until none is left."""
    for there in (pair.pbx, pair.network):
        async with opened_wire(there) as wire:
            while await _live(wire):
                await wire.send("Hangup", Channel="/.*/")


async def _live(wire: Wire) -> int:
    id = uuid4().hex
    await wire.send("CoreShowChannels", ActionID=id)
    done = await wire.seen("CoreShowChannelsComplete", ActionID=id)
    return int(done["ListItems"])
