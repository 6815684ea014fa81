"""Fill a site with made-up people, deals, campaigns and calls of two years: to look at, report on and measure with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from crm_core.db.campaigns import add_campaign, set_state
from crm_core.db.engine import Database
from crm_core.db.filling import Filling, next_id, people_in, settle
from crm_core.db.sales import default_stages
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.demo import made_calls, made_deals, made_dialing, made_people, made_talks
from crm_core.demo.made_people import Crowd, User, Wanted
from crm_core.domain.access import Role
from crm_core.domain.agents import AgentState, HandOffMode
from crm_core.domain.campaigns import CampaignPolicy, CampaignState, DialMode
from crm_core.errors import BadInput, Conflict
from crm_core.handlers.rules import install_defaults

#: Told what is being written, how much of it is, and how much there will be.
Progress = Callable[[str, int, int], None]
#: Rows that go to the database at once.
_BATCH = 10_000
_CAMPAIGNS = ("Winter offer", "Spring offer", "Summer offer", "Autumn offer", "New year offer", "Old customers")
_TABLES = (
    *("companies", "contacts", "phones", "deals", "deal_stages", "tasks", "calls"),
    *("conversations", "turns", "answers", "lists", "leads", "campaign_leads", "attempts", "agent_log"),
)
_ALL_TABLES = ("teams", "users", "agents", "campaigns", *_TABLES)


@dataclass(frozen=True, slots=True)
class Filled:
    """How many rows each table was given."""

    rows: dict[str, int]


@dataclass(slots=True)
class _Writer:
    """Rows into tables, batch by batch, counted."""

    filling: Filling
    progress: Progress
    rows: dict[str, int] = field(default_factory=dict)

    async def all(self, table: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]], whole: int) -> None:
        for batch in _batches(rows):
            await self.some(table, columns, batch)
            self.progress(table, self.rows[table], max(whole, self.rows[table]))

    async def some(self, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        if rows:
            await self.filling.write(table, columns, rows)
        self.rows[table] = self.rows.get(table, 0) + len(rows)


async def generate(wanted: Wanted, database: Database, progress: Progress, *, beside: bool = False) -> Filled:
    """Fill the site in one transaction, then let the database look at it. `beside`: it may hold people already.

    Raises BadInput for numbers that make no sense, Conflict for a site that holds people.
    """
    if min(wanted.contacts, wanted.deals + 1, wanted.calls + 1) < 1:
        raise BadInput("generate", "there must be one contact at least", "Say --contacts 1000, for example")
    await install_defaults(database)
    async with database.work() as work:
        if not beside and await people_in(work):
            raise Conflict("this site holds people: fill an empty one, or say --beside to add made-up people to them")
        filling = Filling(work)
        await filling.loosen(_TABLES)
        writer = _Writer(filling, progress)
        users = await _firm(work, writer, wanted)
        first, first_company = await next_id(work, "contacts"), await next_id(work, "companies")
        crowd = Crowd(wanted, first, [user.id for user in users if _owns(user)], first_company)
        await _people(writer, crowd)
        await _deals(work, writer, crowd, [user for user in users if _owns(user)])
        await _calls(work, writer, crowd, [user.id for user in users if user.role is Role.AGENT])
        made: list[str] = []

        def said(name: str) -> None:
            made.append(name)
            progress("indexes", len(made), 0)

        await filling.tighten(said)
    await settle(database, _ALL_TABLES)
    return Filled(writer.rows)


def _owns(user: User) -> bool:
    return user.role in (Role.SELLER, Role.HEAD)


def _batches(rows: Iterable[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    source = iter(rows)
    while batch := list(islice(source, _BATCH)):
        yield batch


async def _firm(work: UnitOfWork, writer: _Writer, wanted: Wanted) -> list[User]:
    """Teams, users who cannot log in before they are given a password, and agents, logged out."""
    first_team, mark = await next_id(work, "teams"), await next_id(work, "users")
    users = made_people.staff(wanted, mark)
    count = 1 + max(user.team or 0 for user in users)
    teams = [(first_team + n, f"Team {first_team + n}", wanted.since) for n in range(count)]
    await writer.all("teams", ("id", "name", "created_at"), teams, count)
    rows = [
        (
            *(user.id, user.name if mark == 1 else f"{user.name} {user.id}", user.role.value, True, wanted.since),
            *(None if user.team is None else first_team + user.team, f"user{user.id}@example.com", "en"),
        )
        for user in users
    ]
    await writer.all("users", made_people.USER_COLUMNS, rows, len(rows))
    agents = [
        (user.id, f"made{user.id}", HandOffMode.PARKED.value, AgentState.LOGGED_OUT.value, wanted.until)
        for user in users
        if user.role is Role.AGENT
    ]
    await writer.all("agents", ("id", "phone", "hand_off", "state", "since"), agents, len(agents))
    return users


async def _people(writer: _Writer, crowd: Crowd) -> None:
    wanted = crowd.wanted
    companies = made_people.companies(wanted, crowd.first_company)
    await writer.all("companies", made_people.COMPANY_COLUMNS, companies, made_people.company_count(wanted))
    people = made_people.contacts(crowd)
    await writer.all("contacts", made_people.CONTACT_COLUMNS, people, wanted.contacts)
    await writer.all("phones", made_people.PHONE_COLUMNS, made_people.phones(crowd), wanted.contacts)


async def _deals(work: UnitOfWork, writer: _Writer, crowd: Crowd, sellers: list[User]) -> None:
    stages = await default_stages(work)
    made = made_deals.deals(crowd, stages, sellers, await next_id(work, "deals"))
    while batch := list(islice(made, _BATCH)):
        await writer.some("deals", made_deals.DEAL_COLUMNS, [one.deal for one in batch])
        await writer.some("deal_stages", made_deals.MOVE_COLUMNS, [move for one in batch for move in one.moves])
        await writer.some("tasks", made_deals.TASK_COLUMNS, [task for one in batch for task in one.tasks])
        writer.progress("deals", writer.rows["deals"], made_deals.count(crowd.wanted.deals))


async def _calls(work: UnitOfWork, writer: _Writer, crowd: Crowd, agents: list[int]) -> None:
    mark = "" if crowd.first_id == 1 else f"{crowd.first_id}-"
    campaigns = [await _campaign(work, f"{name}{mark and ' ' + mark}", crowd, None) for name in _CAMPAIGNS]
    surveys = [await _campaign(work, f"{name}{mark and ' ' + mark}", crowd, of) for name, of in made_talks.SURVEYS]
    talks: list[made_talks.Talk] = []

    def talk_to(call: made_calls.BotCall) -> tuple[Any, str]:
        talks.append(made_talks.talk(crowd, call))
        return made_talks.ended_with(talks[-1])

    ledger = await _lists(
        work, writer, crowd, [*campaigns, *surveys], [*_CAMPAIGNS, *(n for n, _ in made_talks.SURVEYS)]
    )
    since = crowd.wanted.until - made_dialing.DETAILED
    shifts = made_dialing.Shifts(agents, since)
    floor = made_calls.Floor(shifts, ledger, campaigns, surveys)
    for batch in _batches(made_calls.calls(crowd, floor, talk_to, mark)):
        await writer.some("calls", made_calls.CALL_COLUMNS, batch)
        await writer.some("conversations", made_talks.CONVERSATION_COLUMNS, [one.conversation for one in talks])
        await writer.some("turns", made_talks.TURN_COLUMNS, [turn for one in talks for turn in one.turns])
        await writer.some("answers", made_talks.ANSWER_COLUMNS, [answer for one in talks for answer in one.answers])
        await writer.some("attempts", made_dialing.ATTEMPT_COLUMNS, made_calls.attempts(batch, since))
        await writer.some("agent_log", made_dialing.LOG_COLUMNS, shifts.rows)
        talks.clear()
        shifts.rows.clear()
        writer.progress("calls", writer.rows["calls"], crowd.wanted.calls)
    shifts.go_home()
    await writer.some("agent_log", made_dialing.LOG_COLUMNS, shifts.rows)
    columns = made_dialing.CAMPAIGN_LEAD_COLUMNS
    await writer.all("campaign_leads", columns, ledger.standings(), crowd.wanted.contacts)


async def _lists(
    work: UnitOfWork, writer: _Writer, crowd: Crowd, campaigns: list[int], names: list[str]
) -> made_dialing.Ledger:
    """A list of leads for each campaign; everybody is in one of them."""
    first_list = await next_id(work, "lists")
    ledger = made_dialing.Ledger(crowd, campaigns, await next_id(work, "leads"))
    called = [f"{name} {first_list + place}" for place, name in enumerate(names)]
    await writer.all("lists", made_dialing.LIST_COLUMNS, ledger.lists(first_list, called), len(called))
    await writer.all("leads", made_dialing.LEAD_COLUMNS, ledger.leads(first_list), crowd.wanted.contacts)
    return ledger


async def _campaign(work: UnitOfWork, name: str, crowd: Crowd, script: str | None) -> int:
    policy = CampaignPolicy(trunk="network", mode=DialMode.BOT if script else DialMode.PROGRESSIVE, script=script)
    campaign_id = await add_campaign(work, name, policy, crowd.wanted.since)
    await set_state(work, campaign_id, CampaignState.STOPPED)
    return campaign_id
