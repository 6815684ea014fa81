"""The workplace at its size: a million people, 200,000 open deals, five million calls, filled by `trunkline generate`,
then asked what its pages ask. Server time, one request at a time, with the database's memory as it is shipped."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import select, text, update

from crm_core.db.board import board, more_cards
from crm_core.db.contact_desk import ContactsWanted
from crm_core.db.contacts import contact_by_number
from crm_core.db.engine import Database, opened_database
from crm_core.db.tables import companies, contacts, deals, phones, pipelines, stages, users
from crm_core.db.visibility import visible_deals
from crm_core.demo.generator import generate
from crm_core.demo.made_people import Wanted
from crm_core.domain.access import Actor, Role, Sees, actor_of
from crm_core.domain.board import BoardWanted
from crm_core.handlers import contact_desk
from crm_core.handlers.search import search
from tests.bench import export, firms, kanban
from tests.bench.lookup import Took
from tests.bench.rows import Row, at_least, figure, percentile, under
from tests.bench.site import Say, empty_database

_UNTIL = datetime(2026, 11, 26, tzinfo=UTC)
WANTED = Wanted(contacts=1_000_000, deals=200_000, calls=5_000_000, seed=1, until=_UNTIL)
#: "Within some minutes": what comes to ten for all of it.
_LEAST_ROWS_PER_SECOND = 15_000
_LOOK_UPS, _PAGES, _BOARDS, _SEARCHES = 1_000, 60, 30, 300
_STUCK_AFTER_DAYS = 14


@dataclass(frozen=True, slots=True)
class Site:
    """The filled database, who asks it, and some of what it holds."""

    database: Database
    actors: dict[str, Actor]
    names: Sequence[str]
    firms: Sequence[str]
    titles: Sequence[str]
    numbers: Sequence[str]
    people: Sequence[int]
    pipeline: int


async def measure(folder: Path, say: Say) -> list[Row]:
    """Fill, then measure each page as administrator, seller (sees his own) and head of a team."""
    say(f"workplace: {WANTED.contacts:,} people, {WANTED.deals:,} open deals, {WANTED.calls:,} calls on postgresql")
    async with empty_database("postgresql", folder) as url, opened_database(url, None) as database:
        began = time.perf_counter()
        filled = await generate(WANTED, database, lambda what, done, whole: None)
        seconds = time.perf_counter() - began
        whole = sum(filled.rows.values())
        rows = [
            at_least("generator, rows a second", whole / seconds, "rows/s", _LEAST_ROWS_PER_SECOND),
            figure(f"generator, {whole:,} rows with all indexes", seconds, "s"),
        ]
        say("workplace: filled; asking")
        rows += await measured(database)
        rows += await kanban.measured(database, url, folder, say)
        return rows + await export.measured(database, url, folder, say)


async def measured(database: Database) -> list[Row]:
    """The pages of a site that is filled."""
    site = await _looked_at(database)
    rows = await _look_ups(site)
    for who in site.actors:
        rows += await _lists(site, who)
        rows += await _boards(site, who)
        rows += await _searches(site, who)
        rows += await firms.measured(database, site.actors[who], who, site.firms)
    return rows


async def _looked_at(database: Database) -> Site:
    random = Random(1)
    async with database.work() as work:
        await work.run(update(stages).where(stages.c.kind == "open").values(stuck_after_days=_STUCK_AFTER_DAYS))

        async def some(column: Any) -> list[Any]:
            sample = column.table.tablesample(text("0.2"), seed=text("1"))
            found = [row[0] for row in await work.all(select(sample.c[column.name]).limit(2000))]
            random.shuffle(found)
            return found

        staff = await work.all(select(users).order_by(users.c.id.desc()))
        one = {row.role: actor_of(row.id, row.name, Role(row.role), team_id=row.team_id) for row in staff}
        hidden = replace(one["agent"], masked=True, sees=Sees.OWN)
        return Site(
            database,
            {
                "all": actor_of(0, "all", Role.ADMINISTRATOR),
                "own": one["seller"],
                "team": one["head"],
                "masked": hidden,
            },
            await some(contacts.c.name),
            await some(companies.c.name),
            await some(deals.c.title),
            await some(phones.c.e164),
            await some(contacts.c.id),
            int(await work.scalar(select(pipelines.c.id).where(pipelines.c.is_default))),
        )


async def _timed(asked: Sequence[Callable[[], Awaitable[Any]]]) -> Took:
    """Each once; the first of all, which makes the statements, does not count."""
    took = Took()
    await asked[0]()
    for ask in asked:
        with took.one():
            await ask()
    return took


def _rows(name: str, took: Took, bound: float) -> list[Row]:
    return [
        under(f"{name}, p95", percentile(took.milliseconds, 0.95), "ms", bound),
        figure(f"{name}, p50", percentile(took.milliseconds, 0.5), "ms"),
    ]


async def _look_ups(site: Site) -> list[Row]:
    took = Took()
    for n in range(_LOOK_UPS):
        number = site.numbers[n % len(site.numbers)]
        with took.one():
            async with site.database.reading() as work:
                contact = await contact_by_number(work, number)
        if contact is None:
            raise RuntimeError(f"{number}: nobody was found")
    return _rows("workplace, caller look-up", took, 5)


async def _lists(site: Site, who: str) -> list[Row]:
    """Pages of the list far into it, with how many there are; and cards."""
    actor, database, took, counted, cards = site.actors[who], site.database, Took(), Took(), Took()
    nobody_in_particular = ContactsWanted()
    for sort in ("name", "-created_at"):
        after = None
        for n in range(_PAGES // 2 + 1):
            with took.one():
                _, after = await contact_desk.list_contacts(
                    actor, nobody_in_particular, sort, after=after, limit=50, database=database
                )
            if n == 0:
                took.milliseconds.pop()
    for _ in range(5):
        with counted.one():
            await contact_desk.count_contacts(actor, nobody_in_particular, database)
    listed, _ = await contact_desk.list_contacts(
        actor, nobody_in_particular, "-created_at", after=None, limit=100, database=database
    )
    for contact in listed:
        with cards.one():
            await contact_desk.card(actor, contact.id, database)
    return [
        *_rows(f"workplace, page of contacts, seen: {who}", took, 100),
        figure(f"workplace, contacts counted to 1000, seen: {who}, p50", percentile(counted.milliseconds, 0.5), "ms"),
        *_rows(f"workplace, card of a contact, seen: {who}", cards, 100),
    ]


async def _boards(site: Site, who: str) -> list[Row]:
    """The whole board with its sums, without a filter and with each of them; and the next cards of a column."""
    actor, random = site.actors[who], Random(2)
    filters = [
        BoardWanted(),
        BoardWanted(),
        BoardWanted(only_stuck=True),
        BoardWanted(owner_id=site.actors["own"].user_id),
        BoardWanted(text=random.choice(site.titles).split()[0]),
        BoardWanted(text=random.choice(site.names).split()[0][:4]),
    ]
    boards, more = Took(), Took()
    for n in range(_BOARDS + 1):
        with boards.one():
            async with site.database.reading() as work:
                columns = await board(
                    work, site.pipeline, filters[n % len(filters)], _UNTIL, deals_if=visible_deals(actor)
                )
        for column in columns:
            if column.after is not None and n % len(filters) == 0:
                with more.one():
                    async with site.database.reading() as work:
                        await more_cards(
                            work, column.stage.id, filters[0], _UNTIL, column.after, deals_if=visible_deals(actor)
                        )
    boards.milliseconds.pop(0)
    return [
        *_rows(f"workplace, kanban, seen: {who}", boards, 200),
        *(_rows(f"workplace, next cards of a column, seen: {who}", more, 100) if more.milliseconds else []),
    ]


async def _searches(site: Site, who: str) -> list[Row]:
    actor, texts = site.actors[who], _typed(site)
    took = Took()
    for typed in texts:
        with took.one():
            await search(typed, actor, site.database, "UZ")
    return [
        *_rows(f"workplace, search from three letters, seen: {who}", took, 150),
        figure(f"workplace, search from three letters, seen: {who}, longest", max(took.milliseconds), "ms"),
    ]


def _typed(site: Site) -> list[str]:
    """What people type: beginnings and parts of names, numbers in all forms, companies, deals, and nonsense."""
    random = Random(3)
    texts: list[str] = []
    while len(texts) < _SEARCHES:
        name, number = random.choice(site.names), random.choice(site.numbers)
        word = random.choice(name.split())
        begins = random.randrange(max(1, len(word) - 3))
        length = random.choice((3, 3, 4, 5, 8))
        texts += [
            word[:length],
            word[begins : begins + length],
            name[: max(3, len(name) * 2 // 3)],
            random.choice((number, number[-4:], number[-7:], f"{number[4:6]} {number[6:9]} {number[9:]}")),
            random.choice(site.firms).split()[-1],
            random.choice(site.titles)[:8],
            "".join(random.choice("abcdefghijklmnop") for _ in range(length)),
        ]
    return [typed for typed in texts if len(typed) >= 3]
