"""Nothing lost, nobody dialed twice: the service killed, the AMI link cut, Asterisk and the database restarted."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from random import Random

import pytest

from crm_core.db import report
from crm_core.db.engine import Database, opened_database
from crm_core.db.migrate import upgrade
from crm_core.demo.operators import Office, SimulatedOperator
from crm_core.domain.agents import Agent, AgentState
from crm_core.domain.campaigns import CampaignPolicy, DialMode, RetryPolicy, Trunk, Window
from crm_core.errors import CrmError
from crm_core.handlers.agents import add_agent, every_agent, log_in
from crm_core.handlers.campaigns import Order, create_campaign, order_campaign, put_trunk
from crm_core.handlers.imports import ImportLeads, import_leads
from crm_core.handlers.roster import DatabaseRoster
from crm_core.handlers.rules import install_defaults
from pbx.ami import AmiLink
from pbx.control import restart
from pbx.settings import AmiSettings
from pbx.telephony import AsteriskTelephony
from tests.asterisk.asterisk import Event, Pair, opened_wire, running_pair
from tests.asterisk.service import Cable, ServiceProcess, service_env
from tests.servers import PostgresServer

KILLS = CUTS = 20
LEADS = 900
LEAST = 25  # attempts, also on a busy machine where the service is half of the time starting
AGENTS = 4
POLICY = CampaignPolicy(
    trunk="network",
    mode=DialMode.POWER,
    lines_per_agent=3,
    abandon_limit=1.0,
    ring_for=timedelta(seconds=15),
    windows=(Window(frozenset(range(7)), time(0), time(23, 59, 59)),),
    retry=RetryPolicy(max_attempts=1, after={}),
    wrap_up=timedelta(seconds=2),
)


def now() -> datetime:
    return datetime.now(UTC)


async def test_nothing_is_lost_and_nobody_dialed_twice_whatever_breaks(tmp_path: Path) -> None:
    random = Random()
    print("seed state", random.getstate()[1][0])
    postgres = PostgresServer()
    async with AsyncExitStack() as stack:
        await asyncio.to_thread(postgres.start)
        stack.callback(postgres.close)
        pair = await stack.enter_async_context(running_pair(tmp_path))
        cable = await stack.enter_async_context(Cable(pair.pbx.ports.ami).plugged())
        url = postgres.create_database("crash")
        await upgrade(url)
        database = await stack.enter_async_context(opened_database(url))
        campaign_id = await _set_up(database, tmp_path)
        service = ServiceProcess(service_env(pair, tmp_path, url, cable.port), tmp_path / "service.log")
        heard = await stack.enter_async_context(opened_wire(pair.network))
        await service.start()
        stack.push_async_callback(service.kill)
        office = await stack.enter_async_context(_Operators(database, pair, random))
        try:
            await _havoc(service, cable, pair, postgres, random)
            await _come_to_rest(database, campaign_id, service)
        finally:
            office.cancel()
        await _check(database, campaign_id, heard.events)
        assert await service.terminate() == 0


async def _set_up(database: Database, folder: Path) -> int:
    await install_defaults(database)
    await put_trunk(
        database, Trunk("network", "network", prefixes=("+99890",), calls_per_second=20, caller_ids=("+998712000000",))
    )
    kinds = "1118820345679"
    rows = [f"Lead {n},+99890{kinds[n % len(kinds)]}{n % 2}{n % 4}{n:04d}" for n in range(LEADS)]
    (folder / "leads.csv").write_text("name,phone\n" + "\n".join(rows) + "\n")
    imported = await import_leads(ImportLeads(folder / "leads.csv", "crash", "UZ"), database, now())
    assert imported.created == LEADS
    campaign, _ = await create_campaign(database, "crash", POLICY, ["crash"], now())
    for number in range(1, AGENTS + 1):
        await add_agent(database, f"Agent {number}", f"op{number}", now())
    await order_campaign(database, "crash", Order.START, now())
    return campaign.id


class _Operators:
    """Agents at work: log in again whenever they are out, talk, hang up, write results; patient with what is down."""

    def __init__(self, database: Database, pair: Pair, random: Random) -> None:
        self._database, self._pair, self._random = database, pair, random

    async def __aenter__(self) -> asyncio.Task[None]:
        self._task = asyncio.create_task(self._run(), name="operators")
        return self._task

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        ami = AmiLink(AmiSettings("127.0.0.1", self._pair.pbx.ports.ami, "trunkline", self._pair.pbx.ami_secret), now)
        telephony = AsteriskTelephony(ami, self._pair.pbx.recordings, now, lambda: False)
        office = Office(DatabaseRoster(self._database))
        agents = await every_agent(self._database)
        async with asyncio.TaskGroup() as group:
            group.create_task(ami.run())
            group.create_task(_patiently(office.run))
            for agent in agents:
                operator = SimulatedOperator(
                    agent.id, self._database, office, telephony, now, Random(self._random.random()), talk=(0.5, 2.0)
                )
                group.create_task(_patiently(operator.run))
                group.create_task(self._stay_logged_in(agent))

    async def _stay_logged_in(self, me: Agent) -> None:
        while True:
            with suppress(CrmError):
                agent = next(one for one in await every_agent(self._database) if one.id == me.id)
                if agent.state is AgentState.LOGGED_OUT:
                    await log_in(self._database, me.name, "crash", now())
            await asyncio.sleep(0.5)


async def _patiently(run: Callable[[], Awaitable[None]]) -> None:
    while True:
        with suppress(CrmError):
            await run()
        await asyncio.sleep(0.3)


async def _havoc(service: ServiceProcess, cable: Cable, pair: Pair, postgres: PostgresServer, random: Random) -> None:
    blows = ["kill"] * KILLS + ["cut"] * CUTS
    random.shuffle(blows)
    blows.insert(random.randrange(10, 20), "asterisk")
    blows.insert(random.randrange(21, 32), "database")
    await asyncio.sleep(4)
    for blow in blows:
        await asyncio.sleep(random.uniform(0.3, 3.5))
        match blow:
            case "kill":
                await service.kill()
                await service.start()
            case "cut":
                cable.cut()
            case "asterisk":
                await asyncio.to_thread(restart, pair.pbx, pair.asterisk)
            case "database":
                await asyncio.to_thread(postgres.restart)
        if service.returncode is not None:
            pytest.fail(f"the service ended by itself with {service.returncode} after: {blow}")


async def _come_to_rest(database: Database, campaign_id: int, service: ServiceProcess) -> None:
    """No more dialing; what is open ends by hangup, by CDR, or by its lease."""
    await asyncio.sleep(3)
    await order_campaign(database, "crash", Order.PAUSE, now())
    with suppress(TimeoutError):
        async with asyncio.timeout(100):
            while True:
                async with database.reading() as work:
                    rows = await report.dialed(work, campaign_id)
                    busy = await report.busy_agents(work)
                    waiting = await report.events_waiting(work)
                if not busy and not waiting and all(row.settled for row in rows):
                    break
                await asyncio.sleep(0.5)
    await asyncio.sleep(6)  # the CDR file is read every five seconds


async def _check(database: Database, campaign_id: int, events: Sequence[Event]) -> None:
    async with database.reading() as work:
        rows = await report.dialed(work, campaign_id)
        unmatched = await report.unmatched_cdrs(work)
        busy = await report.busy_agents(work)
        held = await report.leads_held(work)
        waiting = await report.events_waiting(work)
    agents = await every_agent(database)
    print(
        Counter(row.outcome for row in rows),
        "attempts",
        len(rows),
        "bridged",
        sum(r.call_bridged is not None for r in rows),
    )
    assert len(rows) > LEAST, "too little was dialed for the test to mean anything"
    assert [row for row in rows if row.outcome is None or not row.settled] == [], "an attempt without its one outcome"
    assert unmatched == 0, "a CDR without its call"
    # Attempts that never reached the network have neither call nor CDR; all others have their call, ended.
    assert [row for row in rows if row.has_call and row.call_ended is None] == [], "a call that never ends"
    assert [row for row in rows if row.cdr_disposition is not None and not row.has_call] == []
    invited = Counter(_exten(event) for event in events if _is_new_channel(event))
    attempts = Counter(row.number for row in rows)
    assert {number: count for number, count in invited.items() if number in attempts and count > attempts[number]} == {}
    assert sum(invited[number] for number in attempts) > LEAST, "the network was hardly called"
    assert max(attempts.values()) == 1, "a lead with one attempt was dialed twice"
    assert (busy, held, waiting) == (0, 0, 0), f"stuck: agents {agents}"


def _is_new_channel(event: Event) -> bool:
    return event.get("Event") == "Newchannel"


def _exten(event: Event) -> str:
    return "+" + str(event.get("Exten", "")).lstrip("+")
