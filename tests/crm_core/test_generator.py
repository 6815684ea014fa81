"""Made-up sites: what was asked for, the same by the same seed, in good order, and never over somebody's data."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import phonenumbers
import pytest
from sqlalchemy import func, select, text

from crm_core.db.companies import listed
from crm_core.db.engine import Database, opened_database
from crm_core.db.tables import (
    agent_log,
    agents,
    answers,
    attempts,
    calls,
    campaign_leads,
    companies,
    contacts,
    conversations,
    deal_stages,
    deals,
    leads,
    lists,
    phones,
    stages,
    tasks,
    turns,
    users,
)
from crm_core.db.visibility import visible_companies, visible_contacts
from crm_core.demo.generator import generate
from crm_core.demo.made_dialing import DETAILED
from crm_core.demo.made_people import SPAN, Crowd, Wanted
from crm_core.domain.access import Role, Sees, actor_of
from crm_core.domain.campaigns import CampaignState
from crm_core.domain.phone import parse_phone
from crm_core.errors import BadInput, Conflict
from crm_core.handlers.campaigns import every_campaign
from crm_core.handlers.reports import Wanted as Asked
from crm_core.handlers.reports import report
from tests.crm_core.crm import add_contact, rows
from tests.crm_core.shell import Shell

_WANTED = Wanted(contacts=600, deals=100, calls=3000, seed=4, until=datetime(2026, 11, 26, tzinfo=UTC))
_TABLES = (
    *(users, companies, contacts, phones, deals, deal_stages, tasks, calls, conversations, turns, answers),
    *(lists, leads, campaign_leads, attempts, agent_log),
)


def _quiet(what: str, done: int, whole: int) -> None:
    """No bar."""


async def _made(database: Database) -> dict[str, list[dict[str, Any]]]:
    return {table.name: await rows(database, table) for table in _TABLES}


async def test_a_site_is_filled_as_asked(database: Database) -> None:
    told: list[str] = []
    filled = await generate(_WANTED, database, lambda what, done, whole: told.append(what))
    made = await _made(database)
    assert {name: len(found) for name, found in made.items()} == {
        table.name: filled.rows[table.name] for table in _TABLES
    }
    assert [len(made["contacts"]), len(made["calls"]), len(made["companies"])] == [600, 3000, 60]
    assert {"contacts", "deals", "calls"} <= set(told)
    kinds = {row["id"]: row["kind"] for row in await rows(database, stages)}
    by_kind = Counter(kinds[deal["stage_id"]] for deal in made["deals"])
    assert by_kind["unsorted"] + by_kind["open"] == 100
    assert by_kind["won"] + by_kind["lost"] == 60
    assert all(by_kind[kind] > 5 for kind in ("unsorted", "open", "won", "lost"))
    roles = Counter(user["role"] for user in made["users"])
    assert roles.keys() == {"agent", "seller", "head", "marketer", "manager"}
    assert len(await rows(database, agents)) == roles["agent"]


async def test_the_same_seed_makes_the_same_site_on_either_database(
    database: Database, sqlite_template: Path, tmp_path: Path
) -> None:
    await generate(_WANTED, database, _quiet)
    copy = shutil.copyfile(sqlite_template, tmp_path / "other.db")
    async with opened_database(f"sqlite:///{copy}") as other:
        await generate(_WANTED, other, _quiet)
        assert await _made(other) == await _made(database)
    copy = shutil.copyfile(sqlite_template, tmp_path / "another.db")
    async with opened_database(f"sqlite:///{copy}") as another:
        await generate(replace(_WANTED, seed=5), another, _quiet)
        assert (await _made(another))["contacts"] != (await _made(database))["contacts"]


async def test_nothing_comes_before_its_cause(database: Database) -> None:
    await generate(_WANTED, database, _quiet)
    made = await _made(database)
    met = {row["id"]: row["created_at"] for row in made["contacts"]}
    born = {row["id"]: row["created_at"] for row in made["deals"]}
    since, until = _WANTED.since, _WANTED.until
    assert min(met.values()) >= since
    for call in made["calls"]:
        marks = [call[name] for name in ("started_at", "ringing_at", "answered_at", "bridged_at", "ended_at")]
        known = [at for at in marks if at is not None]
        assert known == sorted(known), call
        assert since <= call["started_at"] < until
        assert call["started_at"] >= met[call["contact_id"]] - timedelta(hours=1)
        assert (call["outcome"] == "answered") or call["disposition"] is None
    for move in made["deal_stages"]:
        assert born[move["deal_id"]] <= move["at"] <= until
    for deal in made["deals"]:
        moves = [row for row in made["deal_stages"] if row["deal_id"] == deal["id"]]
        assert moves[-1]["stage_id"] == deal["stage_id"]
        assert deal["moved_at"] == (moves[-1]["at"] if len(moves) > 1 else None)
        assert (deal["closed_at"] is None) == (deal["stage_id"] in (1, 2, 3, 4))
        assert (deal["lost_reason"] is None) == (deal["stage_id"] != 6)
    assert all(task["done_at"] is None or task["created_at"] <= task["done_at"] <= until for task in made["tasks"])


async def test_conversations_belong_to_answered_calls_of_the_bot(database: Database) -> None:
    await generate(_WANTED, database, _quiet)
    made = await _made(database)
    by_id = {call["id"]: call for call in made["calls"]}
    assert len(made["conversations"]) > 10
    for talk in made["conversations"]:
        call = by_id[talk["call_id"]]
        assert (call["agent_id"], call["answered_at"], call["ended_at"]) == (None, talk["began_at"], talk["ended_at"])
        assert call["campaign_id"] == talk["campaign_id"]
        assert call["disposition"] is not None
    questions = Counter(row["question"] for row in made["answers"])
    assert {"rating", "recommend", "reason"} <= set(questions)
    bots = [campaign for campaign in await every_campaign(database) if campaign.policy.script]
    assert {campaign.id for campaign in bots} == {talk["campaign_id"] for talk in made["conversations"]}
    assert not any(campaign.state is CampaignState.RUNNING for campaign in await every_campaign(database))


async def test_calls_of_campaigns_have_leads_and_attempts_that_agree(database: Database) -> None:
    await generate(_WANTED, database, _quiet)
    made = await _made(database)
    assert len(made["leads"]) == len(made["campaign_leads"]) == 600
    standing = {row["lead_id"]: row for row in made["campaign_leads"]}
    lead_of = {row["id"]: row for row in made["leads"]}
    tried = Counter(call["lead_id"] for call in made["calls"] if call["lead_id"] is not None)
    recent = 0
    by_id = {row["id"]: row for row in made["attempts"]}
    for call in made["calls"]:
        if call["lead_id"] is None:
            assert call["campaign_id"] is None
            continue
        assert standing[call["lead_id"]]["campaign_id"] == call["campaign_id"]
        assert lead_of[call["lead_id"]]["contact_id"] == call["contact_id"]
        attempt = by_id.get(call["attempt_id"])
        assert (attempt is None) == (call["started_at"] < _WANTED.until - DETAILED)
        if attempt is not None:
            recent += 1
            assert (attempt["lead_id"], attempt["outcome"]) == (call["lead_id"], call["outcome"])
            assert attempt["settled_at"] is not None
    assert recent == len(by_id) > 100
    assert {lead: row["attempts"] for lead, row in standing.items() if row["attempts"]} == tried
    assert {row["state"] for row in standing.values()} == {"open", "closed"}


async def test_agents_days_hang_together(database: Database) -> None:
    await generate(_WANTED, database, _quiet)
    talks = {call["id"]: call for call in await rows(database, calls) if call["bridged_at"] is not None}
    logs: dict[int, list[dict[str, Any]]] = {}
    for row in sorted(await rows(database, agent_log), key=lambda row: (row["at"], row["id"])):
        logs.setdefault(row["agent_id"], []).append(row)
    assert logs
    may_follow = {
        "logged_out": {"available"},
        "available": {"on_call", "paused", "logged_out"},
        "paused": {"available"},
        "on_call": {"wrap_up"},
        "wrap_up": {"available"},
    }
    for moves in logs.values():
        assert (moves[0]["state"], moves[-1]["state"]) == ("available", "logged_out")
        for before, after in pairwise(moves):
            assert after["state"] in may_follow[before["state"]], (before, after)
            if after["state"] == "on_call":
                talk = talks[after["call_id"]]
                assert (talk["agent_id"], talk["bridged_at"]) == (after["agent_id"], after["at"])


async def test_reports_by_operator_and_campaign_have_something_to_say(database: Database) -> None:
    await generate(_WANTED, database, _quiet)
    until = _WANTED.until.date() - timedelta(days=1)
    wanted = Asked(since=until - timedelta(days=30), until=until)
    boss = actor_of(1, "boss", Role.MANAGER)
    for kind in ("operators", "campaigns"):
        found = await report(kind, boss, wanted, database, _WANTED.until)
        assert found.tables[0].rows, kind


async def test_people_telephone_by_day_and_on_weekdays(database: Database) -> None:
    await generate(_WANTED, database, _quiet)
    at = [call["started_at"] for call in await rows(database, calls)]
    by_hour, by_day = Counter(one.hour for one in at), Counter(one.weekday() for one in at)
    assert by_hour[6] > 5 * by_hour[16] > by_hour[21]
    assert by_day[1] > 2 * by_day[5] > 4 * by_day[6]


def test_numbers_are_each_ones_own_and_no_operators() -> None:
    crowd = Crowd(replace(_WANTED, contacts=50_000), 1, [1])
    numbers = [crowd.number(index) for index in range(50_000)]
    assert len({number for number in numbers if number[:2] != "+1"}) == sum(number[:2] != "+1" for number in numbers)
    for number in numbers[:5000]:
        parsed = phonenumbers.parse(number)
        assert phonenumbers.is_possible_number(parsed)
        if number.startswith("+1"):
            assert number[5:10] == "55501"  # kept for fiction
        elif number.startswith("+7"):
            assert number[2:5] in ("944", "945", "946", "947")  # not given to any operator
        else:
            assert number[4:6] == "92"  # no operator's
            assert parse_phone(number).e164 == number  # and still a number to the import


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_whoever_is_known_at_a_time_has_been_met_before(share: float) -> None:
    crowd = Crowd(_WANTED, 1, [1])
    at = _WANTED.since + SPAN * share
    assert 1 <= crowd.known(at) <= _WANTED.contacts
    assert crowd.met(crowd.known(at) - 1) <= at + timedelta(hours=1)


# --- a site that holds something ----------------------------------------------------------------------------
async def test_a_site_with_people_is_refused_unless_asked_and_they_are_left_alone(database: Database) -> None:
    await add_contact(database, "Real Person", "+998901112233")
    with pytest.raises(Conflict, match="--beside"):
        await generate(_WANTED, database, _quiet)
    assert len(await rows(database, contacts)) == 1
    small = replace(_WANTED, contacts=50, deals=5, calls=100)
    for times in (1, 2):
        await generate(small, database, _quiet, beside=True)
        made = await rows(database, contacts)
        assert (made[0]["name"], len(made)) == ("Real Person", 1 + 50 * times)
        assert len(await rows(database, calls)) == 100 * times
    later = await add_contact(database, "Later Person")
    assert later == 1 + 2 * 50 + 1


@pytest.mark.parametrize("wrong", [{"contacts": 0}, {"deals": -1}, {"calls": -5}])
async def test_numbers_that_make_no_sense_are_refused(database: Database, wrong: dict[str, int]) -> None:
    with pytest.raises(BadInput, match="one contact at least"):
        await generate(replace(_WANTED, **wrong), database, _quiet)  # type: ignore[arg-type]


async def test_indexes_and_keys_are_as_they_were(postgres_scratch: Database) -> None:
    asked = (
        "SELECT 'index', indexdef FROM pg_indexes WHERE schemaname = 'public' UNION ALL "
        "SELECT conrelid::regclass::text, conname || pg_get_constraintdef(oid) FROM pg_constraint ORDER BY 1, 2"
    )
    async with postgres_scratch.work() as work:
        await work.run(text("DELETE FROM phones"))
        before = await work.all(text(asked))
    await generate(replace(_WANTED, contacts=20, deals=2, calls=10), postgres_scratch, _quiet, beside=True)
    async with postgres_scratch.reading() as work:
        assert await work.all(text(asked)) == before
        assert len(before) > 100


async def test_a_filling_that_fails_leaves_nothing_behind(database: Database) -> None:
    def fail(what: str, done: int, whole: int) -> None:
        if what == "calls":
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        await generate(_WANTED, database, fail)
    for table in (*_TABLES, agents):
        assert await rows(database, table) == []
    await generate(_WANTED, database, _quiet)


# --- the command --------------------------------------------------------------------------------------------
async def test_the_command_fills_a_site_and_says_with_what(shell: Shell, database: Database) -> None:
    told = await shell("generate", "--contacts", "50", "--calls", "200", "--until", "2026-11-25")
    assert "contacts │ 50" in told
    assert "calls │ 200" in told
    async with database.reading() as work:
        last = await work.scalar(select(func.max(calls.c.started_at)))
    assert last.date() in (date(2026, 11, 24), date(2026, 11, 25))
    with pytest.raises(Conflict):
        await shell("generate", "--contacts", "50")
    with pytest.raises(BadInput, match="--until"):
        await shell("generate", "--beside", "--until", "yesterday")


async def test_companies_are_the_same_whether_they_are_collected_or_looked_up(database: Database) -> None:
    await generate(_WANTED, database, _quiet)
    made = await _made(database)
    firms = {row["id"]: row["company_id"] for row in made["contacts"]}
    assert {deal["company_id"] for deal in made["deals"]} > {None}
    assert all(deal["company_id"] == firms[deal["contact_id"]] for deal in made["deals"])
    many = []
    async with database.reading() as work:
        for user in made["users"]:
            actor = actor_of(user["id"], user["name"], Role.SELLER, sees=Sees.OWN, team_id=user["team_id"])
            ids = [
                {
                    row.id
                    for row in await work.all(select(companies.c.id).where(visible_companies(actor, one_by_one=one)))
                }
                for one in (False, True)
            ]
            assert ids[0] == ids[1], user["name"]
            people = select(contacts.c.company_id).where(visible_contacts(actor), contacts.c.company_id.is_not(None))
            assert {row.company_id for row in await work.all(people)} <= ids[0]
            many.append(len(ids[0]))
            after, found = None, []
            while True:
                page, after = await listed(work, actor, "", "name", descending=True, after=after, limit=7)
                found += [one.company.id for one in page]
                if after is None:
                    break
            assert (sorted(found), len(found)) == (sorted(ids[0]), len(ids[0]))
    assert max(many) > 10
