"""The infobot's part of the demo: a hundred people are asked by voice, and what became of what they said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from crm_core.bootstrap import Service, utc_now
from crm_core.db import report as figures
from crm_core.db.call_outcomes import call_outcome
from crm_core.demo.operators import Office, SimulatedOperator
from crm_core.demo.people import Person, errands, people
from crm_core.demo.provider import SmsProvider
from crm_core.demo.stage import ALWAYS, Stage, put_network
from crm_core.demo.survey_report import Asked, SurveyReport, print_survey
from crm_core.domain.attempts import Outcome
from crm_core.domain.campaigns import CampaignPolicy, DialMode, Record, RetryPolicy
from crm_core.domain.messages import MessageChannel, Template
from crm_core.domain.sales import TaskKind
from crm_core.errors import IllegalTransition
from crm_core.handlers.agents import log_in, log_out
from crm_core.handlers.campaigns import Order, create_campaign, order_campaign
from crm_core.handlers.imports import ImportLeads, import_leads
from crm_core.handlers.messages import list_messages, put_template
from crm_core.handlers.tasks import list_tasks
from crm_core.voice_test.callers import Callers
from crm_core.voice_test.holding import playing
from crm_core.voice_test.voices import Clips
from pbx.install import PROJECT

SCRIPT = PROJECT / "docs" / "demo" / "visit.yml"
_NAME = "demo-survey"
_LINES = 30
_OPERATORS = 2
#: Each call takes about 40 s, thirty at once.
_LONGEST = 300.0
#: Messages and tasks come within seconds of the last call.
_SETTLE = 10.0


@dataclass(frozen=True, slots=True)
class Hall:
    """What the survey needs beside the stage: the service that runs, and the provider that takes its messages."""

    service: Service
    running: asyncio.Task[None]
    provider: SmsProvider


async def run_survey(console: Console, stage: Stage, hall: Hall) -> bool:
    """Run the survey, print what came of it; whether every check holds."""
    asked = people()
    callers = Callers(stage.network, utc_now)
    with console.status("Giving a hundred people their voices ..."):
        callers.errands |= await asyncio.to_thread(errands, asked, Clips(stage.settings.home / "demo" / "voices"))
    async with playing(callers):
        campaign_id = await _prepared(stage, asked)
        async with _operators(stage, hall.service):
            await order_campaign(stage.database, _NAME, Order.START, utc_now())
            await _watch(console, stage, campaign_id, hall.running)
            await asyncio.sleep(_SETTLE)
    report = await _report(stage, asked, campaign_id, hall.provider)
    return print_survey(console, report)


async def _prepared(stage: Stage, asked: Sequence[Person]) -> int:
    """The list, the template of the message, the campaign; its id."""
    database, file = stage.database, stage.settings.home / "demo" / "survey.csv"
    file.write_text("name,phone\n" + "".join(f"Person {n},{one.number}\n" for n, one in enumerate(asked, 1)))
    await put_network(database)
    words = "Thank you for your kind words. {company}"
    await put_template(Template("thanks", MessageChannel.SMS, "en", body=words), database, utc_now())
    await import_leads(ImportLeads(file, _NAME, "UZ"), database, utc_now())
    policy = CampaignPolicy(
        trunk="network",
        mode=DialMode.BOT,
        script=str(SCRIPT),
        script_fields={"company": "Lola"},
        windows=ALWAYS,
        retry=RetryPolicy(max_attempts=1, after={Outcome.BUSY: timedelta(minutes=15)}),
        max_lines=_LINES,
        calls_per_second=3,
        record=Record.BRIDGED,
        wrap_up=timedelta(seconds=2),
    )
    campaign, _ = await create_campaign(database, _NAME, policy, [_NAME], utc_now())
    return campaign.id


@asynccontextmanager
async def _operators(stage: Stage, service: Service) -> AsyncIterator[None]:
    """Two of the demo's agents, at work for the survey."""
    assert service.telephony is not None
    office, random = Office(service.roster), Random(7)
    there = stage.agents[:_OPERATORS]
    for agent in stage.agents:
        await _logged_out(stage, agent.name)
    for agent in there:
        await log_in(stage.database, agent.name, _NAME, utc_now())
    telephony, talk = service.telephony, (2.0, 4.0)
    tasks = [
        asyncio.create_task(SimulatedOperator(agent.id, stage.database, office, telephony, utc_now, random, talk).run())
        for agent in there
    ]
    tasks.append(asyncio.create_task(office.run(), name="office"))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _logged_out(stage: Stage, name: str) -> None:
    """Whoever is logged in for the campaign before; he may still be writing down his last result."""
    async with asyncio.timeout(30):
        while True:
            try:
                await log_out(stage.database, name, utc_now())
                return
            except IllegalTransition as error:
                if "logged_out" in str(error):
                    return
                await asyncio.sleep(0.5)


async def _watch(console: Console, stage: Stage, campaign_id: int, running: asyncio.Task[None]) -> None:
    columns = (TextColumn("{task.description:<22}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    wanted = len(people())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("people asked", total=wanted)
        try:
            async with asyncio.timeout(_LONGEST):
                settled = 0
                while settled < wanted:
                    if running.done():
                        running.result()
                    async with stage.database.reading() as work:
                        settled = sum(row.settled for row in await figures.dialed(work, campaign_id))
                    progress.update(bar, completed=settled)
                    await asyncio.sleep(1)
        except TimeoutError:
            console.print("The survey did not end in time; what is missing counts as not understood.")


async def _report(stage: Stage, asked: Sequence[Person], campaign_id: int, provider: SmsProvider) -> SurveyReport:
    async with stage.database.reading() as work:
        found = [Asked(person, await call_outcome(work, person.number)) for person in asked]
        bridged = {row.number for row in await figures.dialed(work, campaign_id) if row.call_bridged is not None}
    sent = await list_messages(stage.database)
    lines = [line for bucket in (await list_tasks(stage.database, utc_now())).values() for line in bucket]
    promised = frozenset(line.task.number for line in lines if line.task.kind is TaskKind.CALLBACK)
    return SurveyReport(tuple(found), frozenset(bridged), promised, tuple(sent), dict(provider.taken))
