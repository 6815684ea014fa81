"""The infobot's part of the demo: a survey of people who press and speak, and whether it understood what they said."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from crm_core.bootstrap import utc_now
from crm_core.db import report as figures
from crm_core.db.engine import Database
from crm_core.demo.stage import ALWAYS, Stage, put_network
from crm_core.domain.attempts import Outcome
from crm_core.domain.campaigns import CampaignPolicy, DialMode, Record, RetryPolicy
from crm_core.errors import NotFound
from crm_core.handlers.campaigns import Order, create_campaign, order_campaign
from crm_core.handlers.conversations import transcript
from crm_core.handlers.imports import ImportLeads, import_leads
from crm_core.handlers.tasks import list_tasks
from pbx.install import PROJECT

SCRIPT = PROJECT / "docs" / "demo" / "visit.yml"
PEOPLE = 40
_NAME = "demo-survey"
#: At this rating or below a task is made (visit.yml).
_BAD = 3
#: Each call takes about 20 s, twelve at once.
_LONGEST = 240.0
#: Of the ratings that were said, so many are understood at the first ask or after it; hardly any is understood wrongly.
_RIGHT_AT_LEAST, _WRONG_AT_MOST = 0.8, 0.05


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on the simulated network, and what he has been told to say."""

    number: str
    agrees: bool
    rating: int


@dataclass(frozen=True, slots=True)
class Found:
    """What the bot wrote down of one person; None: there is no conversation, or no rating."""

    person: Person
    talked: bool
    agreed: str | None
    rating: str | None
    opinion: str | None


def people() -> list[Person]:
    """One in ten declines by key; ratings of every kind, in a real woman's voice."""
    made = []
    for n in range(PEOPLE):
        agrees, rating = n % 10 != 9, n % 9 + 1
        made.append(Person(f"+99893{1 if agrees else 2}{rating}{n % 5}{n:04}", agrees, rating))
    return made


async def run_survey(console: Console, stage: Stage, running: asyncio.Task[None]) -> bool:
    """Run the survey, print what came of it; whether every check holds."""
    asked = people()
    campaign_id = await _start(stage, asked)
    await _watch(console, stage.database, campaign_id, running)
    async with stage.database.reading() as work:
        calls = {row.number: row.attempt_id for row in await figures.dialed(work, campaign_id)}
    found = [await _found(stage.database, person, calls.get(person.number, "")) for person in asked]
    tasks = await _tasks(stage.database, utc_now())
    _print_answers(console, found)
    return _print_checks(console, found, tasks)


async def _start(stage: Stage, asked: Sequence[Person]) -> int:
    database, folder = stage.database, stage.settings.home / "demo"
    file = folder / "survey.csv"
    file.write_text("name,phone\n" + "".join(f"Person {n},{one.number}\n" for n, one in enumerate(asked, 1)))
    await put_network(database)
    await import_leads(ImportLeads(file, _NAME, "UZ"), database, utc_now())
    policy = CampaignPolicy(
        trunk="network",
        mode=DialMode.BOT,
        script=str(SCRIPT),
        script_fields={"company": "Lola"},
        windows=ALWAYS,
        retry=RetryPolicy(max_attempts=1, after={Outcome.BUSY: timedelta(minutes=15)}),
        max_lines=12,
        calls_per_second=1,
        record=Record.BRIDGED,
    )
    campaign, _ = await create_campaign(database, _NAME, policy, [_NAME], utc_now())
    await order_campaign(database, _NAME, Order.START, utc_now())
    return campaign.id


async def _watch(console: Console, database: Database, campaign_id: int, running: asyncio.Task[None]) -> None:
    columns = (TextColumn("{task.description:<22}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("people asked", total=PEOPLE)
        try:
            async with asyncio.timeout(_LONGEST):
                settled = 0
                while settled < PEOPLE:
                    if running.done():
                        running.result()
                    async with database.reading() as work:
                        settled = sum(row.settled for row in await figures.dialed(work, campaign_id))
                    progress.update(bar, completed=settled)
                    await asyncio.sleep(1)
        except TimeoutError:
            console.print("The survey did not end in time; what is missing counts as not understood.")


async def _found(database: Database, person: Person, call_id: str) -> Found:
    try:
        _, answers = await transcript(call_id, database)
    except NotFound:
        return Found(person, False, None, None, None)
    given = {answer.question: answer.value for answer in answers}
    return Found(person, True, given.get("may_ask"), given.get("rating"), given.get("why"))


async def _tasks(database: Database, now: datetime) -> int:
    buckets = await list_tasks(database, now)
    return sum(line.task.title.startswith("Bad rating") for lines in buckets.values() for line in lines)


def _print_answers(console: Console, found: Sequence[Found]) -> None:
    said = Counter(one.person.rating for one in found if one.person.agrees)
    heard = Counter(int(one.rating) for one in found if one.rating is not None)
    right = Counter(int(one.rating) for one in found if one.rating == str(one.person.rating))
    table = Table(
        "rating", "said", "written down", "of them right", title="What people said, and what was written down"
    )
    for rating in sorted(said | heard):
        table.add_row(str(rating), str(said[rating]), str(heard[rating]), str(right[rating]))
    console.print(table)
    opinions = [one.opinion for one in found if one.opinion]
    if opinions:
        console.print(f"{len(opinions)} opinions, such as: {opinions[0]}", markup=False)


def _print_checks(console: Console, found: Sequence[Found], tasks: int) -> bool:
    asked = [one for one in found if one.person.agrees]
    right = sum(one.rating == str(one.person.rating) for one in asked)
    wrong = sum(one.rating is not None and one.rating != str(one.person.rating) for one in asked)
    bad = sum(one.rating is not None and int(one.rating) <= _BAD for one in found)
    checks = (
        ("everybody was talked to", all(one.talked for one in found), f"{sum(one.talked for one in found)}"),
        ("yes and no by key", all(one.agreed == ("yes" if one.person.agrees else "no") for one in found), ""),
        ("ratings understood", right >= _RIGHT_AT_LEAST * len(asked), f"{right} of {len(asked)}"),
        ("ratings misunderstood", wrong <= _WRONG_AT_MOST * len(asked), str(wrong)),
        ("a bad rating makes a task", tasks == bad, f"{tasks} of {bad}"),
    )
    table = Table("", "", "", title="Checks")
    for name, holds, told in checks:
        table.add_row("ok" if holds else "[red]no[/]", name, told)
    console.print(table)
    return all(holds for _, holds, _ in checks)
