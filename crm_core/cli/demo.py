"""`trunkline demo`: the main job on two real Asterisks, from a lead file to deals and tasks, then the bot's survey."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
from dataclasses import replace
from pathlib import Path
from random import Random

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from crm_core.bootstrap import Service, opened_service, utc_now
from crm_core.db import report as figures
from crm_core.demo.operators import Office, SimulatedOperator
from crm_core.demo.provider import running_provider
from crm_core.demo.report import DemoReport, make_report
from crm_core.demo.show import print_report
from crm_core.demo.stage import CAMPAIGN, Stage, demo_settings, set_stage
from crm_core.demo.survey import Hall, run_survey
from crm_core.demo.visitors import make_visitors, show_visitors
from crm_core.errors import NotFound
from crm_core.handlers.agents import log_in
from crm_core.handlers.campaigns import Order, order_campaign
from crm_core.log import set_up_logging
from crm_core.settings import Settings

log = logging.getLogger(__name__)

#: A demo that lasts longer has got stuck: it stops and the report says what is missing.
_LONGEST = 420.0
#: After the last talk: recordings are kept when they have lain still for two seconds, CDRs are read every five.
_SETTLE = 30.0


def add_demo_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Mount `demo`."""
    demo = subparsers.add_parser(
        "demo", help="dial a list, then survey a hundred people, on a simulated network; checked"
    )
    demo.add_argument("--keep", action="store_true", help="leave everything running to look at, until Ctrl-C")
    demo.add_argument("--look", action="store_true", help="show the pages with what the last demo made, until Ctrl-C")
    demo.add_argument("--seed", type=int, default=1, help="what operators conclude (default: 1)")
    demo.add_argument(
        "--survey", action="store_true", help="the infobot's survey of a hundred people alone (3 minutes)"
    )
    demo.set_defaults(run=run)


async def run(args: argparse.Namespace, settings: Settings) -> int:
    """Run the demo; 0 only if every check holds."""
    console = Console()
    if args.look:
        return await _look(console, settings)
    set_up_logging(
        json_lines=settings.log_json, show_numbers=settings.log_numbers, file=settings.home / "demo" / "service.log"
    )
    console.print("Starting two Asterisks: one is the PBX, one plays the telephone network ...")
    async with running_provider() as provider, set_stage(settings, utc_now, console.print) as stage:
        # The provider of the demo takes what the survey sends; the service reads its ways out from the environment.
        os.environ |= {"SMS_PROVIDER": "generic", "GATEWAY_URL": provider.url, "GATEWAY_TOKEN": "demo"}
        async with opened_service(stage.settings) as service:
            running = asyncio.create_task(service.run(), name="service")
            try:
                good = args.survey or await _main_job(console, stage, service, args.seed, running)
                good = await run_survey(console, stage, Hall(service, running, provider)) and good
                await _visitors(console, stage.settings, service)
                if args.keep:
                    await _keep(console, stage, running)
                else:
                    console.print("Now it ends. `trunkline demo --look` shows the pages again, with all that was made.")
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
    return 0 if good else 1


async def _main_job(console: Console, stage: Stage, service: Service, seed: int, running: asyncio.Task[None]) -> bool:
    report = await _campaign(console, stage, service, Random(seed), running)
    path = stage.settings.home / "demo-report.json"
    path.write_text(json.dumps(report.as_json(), indent=1, ensure_ascii=False) + "\n")
    print_report(console, report)
    console.print(f"Also written to {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")
    return report.ok


async def _visitors(console: Console, settings: Settings, service: Service) -> None:
    service.visitors[:] = await make_visitors(service.database, utc_now())
    show_visitors(console, service.visitors, f"http://{settings.web_host}:{settings.web_port}")


async def _look(console: Console, settings: Settings) -> int:
    """The pages alone, on the database that the last demo left."""
    own = demo_settings(settings)
    if not (settings.home / "demo" / "trunkline.db").is_file():
        raise NotFound("demo", str(settings.home / "demo"), "Run `make demo` first")
    async with opened_service(replace(own, roles=frozenset({"web"}), ami_secret="")) as service:
        await _visitors(console, own, service)
        console.print("Ctrl-C ends it.")
        await service.run()
    return 0


async def _keep(console: Console, stage: Stage, running: asyncio.Task[None]) -> None:
    web = f"http://{stage.settings.web_host}:{stage.settings.web_port}"
    console.print(f"Left running. State: {web}/readyz  figures: {web}/metrics  database: {stage.settings.database_url}")
    console.print("Ctrl-C ends it.")
    await asyncio.wait({running})


async def _campaign(
    console: Console, stage: Stage, service: Service, random: Random, running: asyncio.Task[None]
) -> DemoReport:
    began = utc_now()
    for agent in stage.agents:
        await log_in(stage.database, agent.name, CAMPAIGN, began)
    await order_campaign(stage.database, CAMPAIGN, Order.START, began)
    assert service.telephony is not None
    telephony = service.telephony
    office = Office(service.roster)
    people = [
        SimulatedOperator(agent.id, stage.database, office, telephony, utc_now, Random(random.random()))
        for agent in stage.agents
    ]
    operators = [asyncio.create_task(person.run()) for person in people]
    operators.append(asyncio.create_task(office.run(), name="office"))
    try:
        async with asyncio.timeout(_LONGEST):
            await _watch(console, stage, [running, *operators])
    except TimeoutError:
        log.error("the campaign did not end in time")
    finally:
        for task in operators:
            task.cancel()
        await asyncio.gather(*operators, return_exceptions=True)
    ended = utc_now()
    await _settled(stage)
    imported = {
        key: getattr(stage.imported, key) for key in ("rows", "created", "updated", "duplicate", "invalid", "skipped")
    }
    return await make_report(stage.database, stage.campaign.id, imported, began, ended)


async def _watch(console: Console, stage: Stage, tasks: list[asyncio.Task[None]]) -> None:
    """Progress bars until no lead is due and no line is open. Raises what ended one of `tasks`."""
    columns = (TextColumn("{task.description:<22}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        leads = progress.add_task("leads dialed", total=stage.imported.created)
        talks = progress.add_task("people bridged", total=None)
        quiet = 0
        while quiet < 5:
            for task in tasks:
                if task.done():
                    task.result()
            async with stage.database.reading() as work:
                rows = await figures.dialed(work, stage.campaign.id)
                agents = await figures.busy_agents(work)
            progress.update(leads, completed=len({row.number for row in rows if row.settled}))
            progress.update(talks, completed=sum(row.call_bridged is not None for row in rows))
            is_quiet = bool(rows) and all(row.settled for row in rows) and not agents
            quiet = quiet + 1 if is_quiet else 0
            await asyncio.sleep(1)


async def _settled(stage: Stage) -> None:
    """Wait for what comes late by nature: recordings, CDRs, rules."""
    try:
        async with asyncio.timeout(_SETTLE):
            while True:
                async with stage.database.reading() as work:
                    rows = await figures.dialed(work, stage.campaign.id)
                    waiting = await figures.events_waiting(work)
                late = [r for r in rows if r.cdr_disposition is None or (r.call_bridged and not r.recordings)]
                if not late and not waiting:
                    return
                await asyncio.sleep(0.5)
    except TimeoutError:
        log.warning("something did not come in time; the report says what")
