"""Reports of a firm that can be reckoned by hand; every figure here was."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from python_calamine import load_workbook
from sqlalchemy import update

from crm_core.db import site as site_rows
from crm_core.db.engine import Database
from crm_core.db.tables import calls, contacts, rolled_days, users
from crm_core.domain.access import Actor, Role, actor_of
from crm_core.domain.plans import Measure, Plan
from crm_core.domain.work_calendar import DEFAULT_CALENDAR
from crm_core.errors import BadInput, Forbidden, NotFound
from crm_core.handlers.plans import drop_plan, set_plan, team_plans
from crm_core.handlers.report_files import Words, export_table, table_of
from crm_core.handlers.report_rollup import DayRoller, roll_up
from crm_core.handlers.reports import REPORTS, Wanted, report
from tests.crm_core.crm import rows
from tests.crm_core.report_firm import NOW, Firm, at, make_firm
from tests.crm_core.until import until

WEEK = Wanted(date(2026, 11, 16), date(2026, 11, 20))
MONDAY = replace(WEEK, until=date(2026, 11, 16))
Rows = list[dict[str, Any]]


@pytest.fixture
async def firm(site: Database) -> Firm:
    return await make_firm(site)


async def found(database: Database, name: str, actor: Actor, wanted: Wanted = WEEK, table: str | None = None) -> Rows:
    """The rows of a report's table by the keys of its columns."""
    shown = table_of(await report(name, actor, wanted, database, NOW), table)
    keys = [column.key for column in shown.columns]
    assert len(set(keys)) == len(keys)
    return [dict(zip(keys, row, strict=True)) for row in shown.rows]


def cut(found_rows: Rows, *keys: str) -> list[tuple[Any, ...]]:
    return [tuple(row[key] for key in keys) for row in found_rows]


# --- deals --------------------------------------------------------------------------------------------------
async def test_the_funnel_says_how_far_deals_came_and_where_they_were_lost(site: Database, firm: Firm) -> None:
    seen = await found(site, "funnel", firm.manager)
    # Ben's deal went from New to Won: a won deal has been everywhere. Cid's second reached Agreed and went back.
    assert cut(seen, "stage", "reached", "here", "lost") == [
        ("Unsorted", 7, 0, 1),
        ("New", 6, 1, 1),
        ("Offer sent", 5, 1, 1),
        ("Agreed", 3, 0, 0),
        ("Won", 2, 2, 0),
    ]
    assert [row["conversion"] for row in seen] == [None, *map(pytest.approx, (6 / 7, 5 / 6, 3 / 5, 2 / 3))]
    assert cut(seen, "amount_USD", "amount_UZS")[-1] == (Decimal(1200), Decimal(0))
    assert cut(seen, "lost_amount_USD") == [
        (Decimal(0),),
        (Decimal(700),),
        (Decimal(500),),
        (Decimal(0),),
        (Decimal(0),),
    ]


async def test_a_funnel_is_narrowed_by_team_user_campaign_and_days(site: Database, firm: Firm) -> None:
    async def reached(wanted: Wanted) -> list[int]:
        return [row["reached"] for row in await found(site, "funnel", firm.manager, wanted)]

    assert await reached(replace(WEEK, team_id=firm.south)) == [3, 3, 2, 1, 0]
    assert await reached(replace(WEEK, user_id=firm.ann)) == [2, 2, 2, 1, 1]
    assert await reached(replace(WEEK, campaign_id=firm.autumn)) == [1, 1, 1, 0, 0]
    assert await reached(MONDAY) == [3, 3, 3, 2, 2]
    assert await reached(replace(WEEK, since=date(2026, 11, 19))) == []


async def test_stages_say_how_long_deals_stand(site: Database, firm: Firm) -> None:
    seen = {row["stage"]: row for row in await found(site, "stages", firm.manager)}
    # New was left after 24, 12, 96, 1, 24 and 24 hours: the third of six in order is 24, the ⌈5.4⌉th 96.
    assert seen["New"]["left"] == 6
    assert (seen["New"]["median"], seen["New"]["p90"]) == (pytest.approx(1.0), pytest.approx(4.0))
    assert seen["New"]["mean"] == pytest.approx((24 + 12 + 96 + 1 + 24 + 24) / 6 / 24)
    # Offer sent: left after 24 and 60 hours; one has stood in it since the 17th at 13:00, longer than two days.
    assert cut([seen["Offer sent"]], "left", "median", "waiting", "stuck") == [(2, pytest.approx(1.0), 1, 1)]
    assert seen["Offer sent"]["waiting_median"] == pytest.approx((5 + 3 * 24) / 24)
    (usd, uzs, none) = sorted(await found(site, "stages", firm.manager, table="velocity"), key=_currency)
    # USD: 2 won, 2 lost, 1 open; 600 on average; won after 48 and 96 hours: 5 × ½ × 600 ÷ 3 days.
    assert (usd["in_work"], usd["won"], usd["win_rate"], usd["average"]) == (5, 2, 0.5, Decimal(600))
    assert (usd["cycle"], usd["per_day"]) == (pytest.approx(3.0), pytest.approx(Decimal(500), abs=Decimal("0.01")))
    assert (uzs["in_work"], uzs["per_day"], none["in_work"]) == (1, None, 1)


def _currency(row: dict[str, Any]) -> str:
    return row["currency"] or "~"


async def test_losses_by_reason_and_by_the_stage_they_came_from(site: Database, firm: Firm) -> None:
    seen = await found(site, "losses", firm.manager)
    assert cut(seen, "reason", "deals", "amount_USD") == [("price", 2, Decimal(1200)), (None, 1, Decimal(0))]
    places = await found(site, "losses", firm.manager, table="places")
    assert cut(places, "reason", "stage", "deals") == [
        (None, "Unsorted", 1),
        ("price", "New", 1),
        ("price", "Offer sent", 1),
    ]
    assert cut(await found(site, "losses", firm.manager, MONDAY), "deals") == []


async def test_customers_by_what_was_won_and_by_talks(site: Database, firm: Firm) -> None:
    # Pia 1000 of 1200 is A; before Quin stand 83 %: B.
    assert cut(await found(site, "customers", firm.manager), "class", "currency", "customers", "value") == [
        ("A", "USD", 1, Decimal(1000)),
        ("B", "USD", 1, Decimal(200)),
    ]
    named = await found(site, "customers", firm.manager, table="customers")
    assert cut(named, "class", "customer", "value") == [("A", "Pia", Decimal(1000)), ("B", "Quin", Decimal(200))]
    talked = await found(site, "customers", firm.manager, replace(WEEK, by_talks=True), "customers")
    # Pia 3, Quin and Rob 1 each: before the two stand 60 %.
    assert cut(talked, "class", "customer", "value") == [("A", "Pia", 3), ("A", "Quin", 1), ("A", "Rob", 1)]


# --- calls --------------------------------------------------------------------------------------------------
async def _rolled(database: Database) -> None:
    assert await roll_up(database, NOW) == 4  # the 16th to the 19th; the 20th is not over
    assert [row["day"] for row in await rows(database, rolled_days)] == [f"2026-11-{day}" for day in (16, 17, 18, 19)]
    assert await roll_up(database, NOW) == 0


@pytest.fixture(params=["from the rows", "from the sums"])
async def counted(request: pytest.FixtureRequest, site: Database, firm: Firm) -> str:
    """Figures are the same whether days were added up or not."""
    if request.param == "from the sums":
        await _rolled(site)
        async with site.work() as work:  # who reads the sums does not look at the rows of those days
            await work.run(update(calls).values(outcome="failed", bridged_at=None))
    return str(request.param)


@pytest.mark.usefixtures("counted")
async def test_hours_say_when_people_answer(site: Database, firm: Firm) -> None:
    seen = await found(site, "hours", firm.manager)
    assert cut(seen, "weekday", "hour", "calls", "people") == [
        (0, 10, 3, 2),
        (0, 11, 1, 1),  # abandoned, but a person had answered
        (1, 0, 1, 1),
        (1, 10, 2, 0),
        (1, 23, 1, 1),
    ]
    assert cut(seen, "outcome_answered", "outcome_no_answer", "outcome_abandoned")[0] == (2, 1, 0)
    assert cut(await found(site, "hours", firm.manager, MONDAY), "weekday", "hour") == [(0, 10), (0, 11)]
    autumn = await found(site, "hours", firm.manager, replace(WEEK, campaign_id=firm.autumn))
    assert cut(autumn, "weekday", "hour", "calls") == [(1, 0, 1), (1, 10, 1)]


@pytest.mark.usefixtures("counted")
async def test_operators_by_the_minute(site: Database, firm: Firm) -> None:
    seen = {row["operator"]: row for row in await found(site, "operators", firm.manager)}
    ann = seen["Ann"]
    # Available 10:00–10:10 and 11:40–23:50, ringing a minute, on call 10:11–10:31 and 23:50–0:20, wrap-up 9 minutes.
    minutes = {"wait": 10 + 730, "ringing": 1, "talk": 20 + 30, "wrap_up": 9, "pause": 60}
    assert {key: round(ann[key] / 60, 3) for key in minutes} == minutes
    assert ann["occupancy"] == pytest.approx((50 + 9) / (50 + 9 + 740 + 1))
    assert (ann["calls"], ann["talks"], ann["result_sale"], ann["result_callback"]) == (2, 2, 1, 1)
    assert (seen["Ben"]["calls"], seen["Ben"]["talk"], seen["Ben"]["occupancy"]) == (2, 0, None)
    assert round(seen["Cid"]["wait"]) == 3600  # from 17:00 to now, 18:00
    monday = {row["operator"]: row for row in await found(site, "operators", firm.manager, MONDAY)}
    assert round(monday["Ann"]["talk"] / 60, 3) == 20 + 10  # the day ends at midnight
    assert set(monday) == {"Ann"}
    pauses = await found(site, "operators", firm.manager, table="pauses")
    assert cut(pauses, "operator", "pause_lunch") == [("Ann", pytest.approx(3600))]


@pytest.mark.usefixtures("counted")
async def test_campaigns_beside_each_other(site: Database, firm: Firm) -> None:
    autumn, spring = await found(site, "campaigns", firm.manager)
    assert cut([spring], "campaign", "dialed", "people", "machines", "talks", "abandoned") == [
        ("Spring", 6, 4, 1, 3, 1)
    ]
    assert (spring["talk"], spring["abandoned_share"]) == (pytest.approx(60 + 120 + 20, abs=0.01), 0.25)
    assert (spring["deals"], spring["won"], spring["won_USD"]) == (3, 1, Decimal(1000))
    assert cut([autumn], "campaign", "dialed", "people", "talks", "deals", "won") == [("Autumn", 2, 1, 1, 1, 0)]
    assert spring["result_sale"] == autumn["result_sale"] == 1


async def test_days_are_added_up_anew_for_what_came_late_and_for_another_zone(site: Database, firm: Firm) -> None:
    assert await roll_up(site, at(17, 2)) == 1
    async with site.work() as work:
        await work.run(update(calls).where(calls.c.id == "call-3").values(outcome="answered"))
    assert cut(await found(site, "hours", firm.manager, MONDAY), "people") == [(2,), (1,)]
    assert await roll_up(site, NOW) == 4  # the 16th again, and the three after it
    assert cut(await found(site, "hours", firm.manager, MONDAY), "people") == [(3,), (1,)]
    assert await roll_up(site, NOW) == 0
    async with site.work() as work:
        await site_rows.put_calendar(work, replace(DEFAULT_CALENDAR, zone="UTC"))
    # Five hours earlier: call 5 was made on Monday at 19:10.
    monday = [(0, 5), (0, 6), (0, 19)]
    assert cut(await found(site, "hours", firm.manager, MONDAY), "weekday", "hour") == monday
    assert await roll_up(site, NOW) == 4  # in this zone the 16th to the 19th are over, too
    assert cut(await found(site, "hours", firm.manager, MONDAY), "weekday", "hour") == monday


async def test_the_worker_adds_days_up_by_itself(site: Database, firm: Firm) -> None:
    async def added_up() -> bool:
        return len(await rows(site, rolled_days)) == 4

    working = asyncio.create_task(DayRoller(site, lambda: NOW).run())
    try:
        await until(added_up)
    finally:
        working.cancel()
    assert not await roll_up(site, NOW)


# --- plans --------------------------------------------------------------------------------------------------
def plan(firm: Firm, **values: Any) -> Plan:
    told = {"user_id": firm.ann, "team_id": None, "month": "2026-11", "measure": Measure.TALKS, "target": Decimal(4)}
    return Plan(**(told | values))


async def test_a_teams_plan_for_the_month_and_for_today(site: Database, firm: Firm) -> None:
    north = {"user_id": None, "team_id": firm.north}
    for one in (plan(firm, **north, target=Decimal(42)), plan(firm)):
        await set_plan(firm.manager, one, site, NOW)
    (found_one,) = await team_plans(firm.manager, site, NOW)  # a seller's own is not for the wall
    month = found_one.month
    assert (month.name, month.plan.target, month.expected) == ("North", Decimal(42), Decimal(30))
    assert found_one.due_today == Decimal(2)  # one of 21 working days
    assert found_one.is_behind
    assert found_one.today <= month.fact
    assert [p.month.name for p in await team_plans(firm.head(firm.north), site, NOW)] == ["North"]
    assert await team_plans(firm.head(firm.south), site, NOW) == []
    sunday = NOW + timedelta(days=2)
    (free,) = await team_plans(firm.manager, site, sunday)
    assert free.due_today is None


async def test_a_plan_beside_the_fact(site: Database, firm: Firm) -> None:
    north = {"user_id": None, "team_id": firm.north}
    money = {"measure": Measure.WON_AMOUNT, "currency": "USD", "target": Decimal(2400)}
    for one in (plan(firm), plan(firm, **north, **money), plan(firm, **money), plan(firm, target=Decimal(8))):
        await set_plan(firm.manager, one, site, NOW)  # the last in the place of the first
    money_rows = await found(site, "plans", firm.manager)
    # Friday the 20th after work: 15 of the month's 21 working days are over.
    assert cut(money_rows, "name", "target", "fact", "expected", "forecast") == [
        ("North", Decimal(2400), Decimal(1200), Decimal("1714.29"), Decimal(1680)),
        ("Ann", Decimal(2400), Decimal(1000), Decimal("1714.29"), Decimal(1400)),
    ]
    (talks,) = await found(site, "plans", firm.manager, table="talks")
    assert (talks["target"], talks["fact"], talks["reached"]) == (Decimal(8), Decimal(2), 0.25)
    assert cut(await found(site, "plans", firm.head(firm.south)), "name") == []
    assert cut(await found(site, "plans", firm.head(firm.north)), "name") == [("North",), ("Ann",)]
    await drop_plan(firm.manager, plan(firm), site, NOW)
    with pytest.raises(NotFound):
        await found(site, "plans", firm.manager, table="talks")
    with pytest.raises(NotFound, match="there is no plan"):
        await drop_plan(firm.manager, plan(firm), site, NOW)


async def test_plans_are_set_by_who_leads_and_for_whom_he_leads(site: Database, firm: Firm) -> None:
    head = firm.head(firm.south)
    await set_plan(head, plan(firm, user_id=firm.cid), site, NOW)
    await set_plan(head, plan(firm, user_id=None, team_id=firm.south), site, NOW)
    with pytest.raises(NotFound, match="there is no user"):
        await set_plan(head, plan(firm), site, NOW)
    with pytest.raises(NotFound, match="there is no team"):
        await set_plan(head, plan(firm, user_id=None, team_id=firm.north), site, NOW)
    for role in (Role.SELLER, Role.AGENT, Role.MARKETER):
        with pytest.raises(Forbidden):
            await set_plan(actor_of(firm.cid, "Cid", role), plan(firm, user_id=firm.cid), site, NOW)
    with pytest.raises(BadInput):
        await set_plan(head, plan(firm, user_id=firm.cid, target=Decimal(0)), site, NOW)


# --- who sees what ------------------------------------------------------------------------------------------
async def test_a_head_sees_his_teams_figures_only(site: Database, firm: Firm) -> None:
    head = firm.head(firm.south)
    assert [row["reached"] for row in await found(site, "funnel", head)] == [3, 3, 2, 1, 0]
    assert cut(await found(site, "losses", head), "deals") == [(1,)]
    assert cut(await found(site, "operators", head), "operator") == [("Cid",)]
    assert cut(await found(site, "campaigns", head), "campaign", "talks") == [("Autumn", 1)]
    assert await found(site, "customers", head) == []
    talked = await found(site, "customers", head, replace(WEEK, by_talks=True), "customers")
    assert cut(talked, "customer", "value") == [("Pia", 1)]
    hours = await found(site, "hours", head)
    assert sum(row["outcome_answered"] for row in hours) == 1  # Cid's; calls that nobody took belong to every team
    foreign = (
        replace(WEEK, team_id=firm.north),
        replace(WEEK, user_id=firm.ann),
        replace(WEEK, campaign_id=firm.spring),
        replace(WEEK, pipeline_id=99),
    )
    for wanted in foreign:
        with pytest.raises(NotFound):
            await report("funnel", head, wanted, site, NOW)


@pytest.mark.parametrize("name", REPORTS)
async def test_reports_are_for_who_may_see_them(site: Database, firm: Firm, name: str) -> None:
    for role in (Role.AGENT, Role.OUTSIDE, Role.SELLER):
        with pytest.raises(Forbidden):
            await report(name, actor_of(firm.ann, "Ann", role), WEEK, site, NOW)


@pytest.mark.parametrize("name", [name for name in REPORTS if name != "survey"])
async def test_a_firm_without_anything_has_reports_without_rows(site: Database, name: str) -> None:
    nobody = actor_of(1, "Meg", Role.MANAGER)
    shown = await report(name, nobody, WEEK, site, NOW)
    assert shown.tables
    assert [table.rows for table in shown.tables] == [()] * len(shown.tables)


async def test_who_is_masked_sees_no_digits_of_a_number(site: Database, firm: Firm) -> None:
    async with site.work() as work:
        await work.run(update(contacts).where(contacts.c.name == "Pia").values(name="Pia +998 90 123 45 67"))
    masked = replace(firm.manager, masked=True)
    assert [row["customer"] for row in await found(site, "customers", masked, table="customers")] == [
        "Pia •••••••",
        "Quin",
    ]


async def test_the_last_thirty_days_are_shown_unless_others_are_asked_for(site: Database) -> None:
    shown = await report("hours", actor_of(1, "Meg", Role.MANAGER), Wanted(), site, NOW)
    assert (shown.since, shown.until, shown.zone) == (date(2026, 10, 22), date(2026, 11, 20), "Asia/Tashkent")
    with pytest.raises(NotFound, match="funnel"):
        await report("weather", actor_of(1, "Meg", Role.MANAGER), Wanted(), site, NOW)
    with pytest.raises(BadInput, match="which survey"):
        await report("survey", actor_of(1, "Meg", Role.MANAGER), Wanted(), site, NOW)


# --- files --------------------------------------------------------------------------------------------------
async def test_a_table_as_csv_and_as_a_spreadsheet(site: Database, firm: Firm, tmp_path: Path) -> None:
    async with site.work() as work:
        await work.run(update(users).where(users.c.name == "Ben").values(name="=1+1"))
    shown = table_of(await report("operators", firm.manager, WEEK, site, NOW), None)
    text, book = tmp_path / "o.csv", tmp_path / "o.xlsx"
    await export_table(shown, "csv", text, Words())
    await export_table(shown, "xlsx", book, Words())
    with text.open(encoding="utf-8-sig", newline="") as file:
        title, *lines = list(csv.reader(file))
    assert title[:5] == ["Operator", "Team", "Calls", "Talks", "Talk (seconds)"]
    assert [line[0] for line in lines] == ["'=1+1", "Ann", "Cid"]  # no formula
    sheet: Sequence[Sequence[Any]] = load_workbook(str(book)).get_sheet_by_name("Operators").to_python()
    assert list(sheet[0]) == title
    assert [row[0] for row in sheet[1:]] == ["=1+1", "Ann", "Cid"]
    assert sheet[2][4] == pytest.approx(50 * 60)
    with pytest.raises(BadInput, match="cannot be written"):
        await export_table(shown, "csv", tmp_path / "no folder" / "o.csv", Words())


async def test_weekdays_are_written_as_words(site: Database, firm: Firm, tmp_path: Path) -> None:
    shown = table_of(await report("hours", firm.manager, WEEK, site, NOW), None)
    await export_table(shown, "csv", tmp_path / "h.csv", Words(say=str.upper))
    with (tmp_path / "h.csv").open(encoding="utf-8-sig", newline="") as file:
        title, first, *_ = list(csv.reader(file))
    assert (title[0], first[0], first[1]) == ("WEEKDAY", "Monday", "10")
