"""The pages of reports: what is shown to whom, filters, files, plans; and that every title can be translated."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from crm_core.db.engine import Database
from crm_core.domain.access import Role
from crm_core.domain.conversations import Ending
from crm_core.domain.report_calls import survey_tables
from crm_core.domain.report_sales import MEASURES
from crm_core.domain.surveys import QuestionResult, SurveyResult
from crm_core.handlers.reports import REPORTS, Wanted, report
from crm_core.web.pages.catalogues import Words, read_catalogues
from crm_core.web.pages.reports_shown import shown
from crm_core.web.pages.reports_words import WORDS
from crm_core.web.viewer import LANGUAGES, Viewer
from tests.crm_core.report_firm import NOW, Firm, make_firm
from tests.crm_core.web.conftest import Login, Site

WEEK = "since=2026-11-16&until=2026-11-20"


@pytest.fixture
def database_kind() -> str:
    return "sqlite"  # what is counted is tested on both in test_reports.py


@pytest.fixture
async def firm(site: Database) -> Firm:
    return await make_firm(site)


@pytest.mark.parametrize("name", REPORTS)
async def test_each_report_has_a_page(web_site: Site, firm: Firm, login: Login, name: str) -> None:
    manager = await login(Role.MANAGER)
    answer = await manager.get(f"/reports/{name}?{WEEK}")
    page = await answer.text()
    assert answer.status == 200
    assert f"<h1>{REPORTS[name].question}" in page
    part = await manager.get(f"/reports/{name}?{WEEK}", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert (await part.text()).lstrip().startswith('<div class="report" id="report">')
    index = await (await manager.get("/reports")).text()
    assert f'href="/reports/{name}"' in index


async def test_a_page_shows_figures_and_what_its_picture_is_drawn_from(
    web_site: Site, firm: Firm, login: Login
) -> None:
    manager = await login(Role.MANAGER)
    page = await (await manager.get(f"/reports/funnel?{WEEK}")).text()
    assert re.search(r'<th scope="row" class="report-name">New</th><td class="number">6</td>', page)
    facts = json.loads(re.search(r'<script type="application/json" id="chart-1">(.*?)</script>', page)[1])  # type: ignore[index]
    assert facts["labels"] == ["Unsorted", "New", "Offer sent", "Agreed", "Won"]
    assert facts["series"][0]["values"] == [7, 6, 5, 3, 2]
    south = await (await manager.get(f"/reports/funnel?{WEEK}&team_id={firm.south}")).text()
    assert re.search(r'<th scope="row" class="report-name">New</th><td class="number">3</td>', south)


async def test_a_week_of_hours_is_a_table_of_shades(web_site: Site, firm: Firm, login: Login) -> None:
    manager = await login(Role.MANAGER)
    page = await (await manager.get(f"/reports/hours?{WEEK}")).text()
    week = page.partition('<div class="week">')[2].partition("</table>")[0]
    assert '<caption class="visually-hidden">Share answered: Weekday × Hour</caption>' in week
    assert re.findall(r'<th scope="col"><span>(\d\d)</span>', week) == [f"{hour:02d}" for hour in range(24)]
    rows = re.findall(r'<th scope="row">(\w+)</th>(.*?)</tr>', week, re.DOTALL)
    assert [day for day, _ in rows] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    found = [re.findall(r'class="shade-(\d)" title="(.*?)"><span>(.*?)</span>', cells) for _, cells in rows]
    assert found[:2] == [
        [("6", "Mon 10:00: 66.7% · 3", "66.7%"), ("9", "Mon 11:00: 100% · 1", "100%")],
        [
            ("9", "Tue 00:00: 100% · 1", "100%"),
            ("0", "Tue 10:00: 0% · 2", "0%"),
            ("9", "Tue 23:00: 100% · 1", "100%"),
        ],
    ]
    assert not any(found[2:])


async def test_what_is_asked_wrongly_is_said_on_the_page(web_site: Site, firm: Firm, login: Login) -> None:
    manager = await login(Role.MANAGER)
    backwards = await manager.get("/reports/hours?since=2026-11-20&until=2026-11-16")
    assert (backwards.status, "is before" in await backwards.text()) == (422, True)
    for query in ("since=yesterday", "until=0001-01-01", "since=9999-12-31", "since=1999-01-01"):
        assert (await manager.get(f"/reports/hours?{query}")).status == 422, query
    for path in ("/reports/weather", "/reports/hours?team_id=99", "/reports/hours?team_id=x", "/reports/weather/file"):
        assert (await manager.get(path)).status == 404, path
    survey = await (await manager.get("/reports/survey")).text()
    assert "Which survey?" in survey


async def test_an_empty_report_says_what_to_do(web_site: Site, login: Login) -> None:
    manager = await login(Role.MANAGER)
    assert "Show 30 days of everything" in await (await manager.get("/reports/hours")).text()
    plans = await (await manager.get("/reports/plans")).text()
    assert "No plan is set for this month." in plans
    assert plans.count('commandfor="plan"') == 2


async def test_reports_are_for_who_may_see_them_and_a_head_for_his_team(
    web_site: Site, firm: Firm, login: Login
) -> None:
    seller = await login(Role.SELLER)
    for path in ("/reports", "/reports/funnel", "/reports/funnel/file", "/api/v1/reports", "/api/v1/reports/funnel"):
        assert (await seller.get(path)).status == 403, path
    head = await login(Role.HEAD, team="South")
    page = await (await head.get(f"/reports/operators?{WEEK}")).text()
    assert "Cid" in page
    assert "Ann" not in page
    for foreign in (f"team_id={firm.north}", f"user_id={firm.ann}", f"campaign_id={firm.spring}"):
        for path in ("/reports/hours", "/reports/hours/file", "/api/v1/reports/hours", "/api/v1/reports/hours/file"):
            assert (await head.get(f"{path}?{foreign}")).status == 404, (path, foreign)
    choices = await (await head.get("/api/v1/report-choices")).json()
    assert [[one["name"] for one in choices[kind]] for kind in ("teams", "campaigns")] == [["South"], ["Autumn"]]
    assert "Ann" not in [one["name"] for one in choices["users"]]


async def test_files_come_in_the_readers_language(web_site: Site, firm: Firm, login: Login) -> None:
    manager = await login(Role.MANAGER, language="ru")
    answer = await manager.get(f"/reports/hours/file?{WEEK}&form=xlsx&table=best")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="hours-best-2026-11-16-2026-11-20.xlsx"'
    russian = Words(read_catalogues()["ru"])
    path = web_site.place.home / "best.xlsx"
    path.write_bytes(await answer.read())
    rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    assert rows[0][0] == russian.gettext("Weekday")
    plain = await manager.get(f"/api/v1/reports/hours/file?{WEEK}")
    assert (await plain.text()).lstrip("\ufeff").startswith('"Weekday","Hour"')


async def test_a_plan_is_set_replaced_and_taken_away_on_the_page_and_by_the_api(
    web_site: Site, firm: Firm, login: Login
) -> None:
    manager = await login(Role.MANAGER)
    form = {
        "whose": f"user-{firm.ann}",
        "month": "2026-11",
        "measure": "won_amount",
        "target": "2 400",
        "currency": "usd",
    }
    done = await manager.post("/reports/plans/set", data=form)
    assert (done.status, done.headers["Location"]) == (303, "/reports/plans?since=2026-11-01&until=2026-11-01")
    page = await (await manager.get(done.headers["Location"])).text()
    assert "US$2,400" in page
    assert '<progress class="advance-bar" aria-label="Ann: Won, as a sum" value="1000.0" max="2400.0">' in page
    wrong = await manager.post("/reports/plans/set", data=form | {"target": "many"})
    assert (wrong.status, "this is no number" in await wrong.text()) == (422, True)
    body = {"user_id": firm.ann, "month": "2026-11", "measure": "won_amount", "currency": "USD"}
    assert (await manager.ask("PUT", "/api/v1/plans", json=body | {"target": "3000"})).status == 204
    answer = await (await manager.get(f"/api/v1/reports/plans?{WEEK}")).json()
    assert [row[:3] for row in answer["tables"][0]["rows"]] == [["Ann", "3000.00", "1000.00"]]
    assert (await manager.post("/reports/plans/set", data=form | {"act": "drop"})).status == 303
    assert (await manager.ask("DELETE", "/api/v1/plans", params={k: str(v) for k, v in body.items()})).status == 404
    head = await login(Role.HEAD, team="South")
    assert (await head.post("/reports/plans/set", data=form)).status == 404
    marketer = await login(Role.MARKETER)
    assert (await marketer.post("/reports/plans/set", data=form)).status == 403


# --- words --------------------------------------------------------------------------------------------------
_SURVEY = SurveyResult(2, 1, {Ending.FINISHED: 2}, {"ask": 2}, {"ask": 1}, (QuestionResult("how", {"9": 1}, 1, 1),))


async def test_every_title_can_be_translated(site: Database, firm: Firm) -> None:
    used = set(MEASURES.values())
    for name, kind in REPORTS.items():
        used |= {kind.title, kind.question}
        tables = survey_tables(_SURVEY)
        if name != "survey":
            week = Wanted(date(2026, 11, 16), date(2026, 11, 20))
            tables = (await report(name, firm.manager, week, site, NOW)).tables
        used |= {column.title for table in tables for column in table.columns}
        used |= {table.title for table in tables if not table.name.startswith("question_")}
    assert used - WORDS == set()
    assert {"seconds", "days"} <= WORDS


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_report_is_written_in_every_language(site: Database, firm: Firm, language: str) -> None:
    viewer = Viewer(name="Meg", role="manager", language=language, zone="Asia/Tashkent", masked=False)
    words, week = Words(read_catalogues()[language]), Wanted(date(2026, 11, 16), date(2026, 11, 20))
    for name in REPORTS:
        tables: Any = survey_tables(_SURVEY)
        if name != "survey":
            tables = (await report(name, firm.manager, week, site, NOW)).tables
        for table in tables:
            drawn = shown(table, viewer, words)
            assert len(drawn.rows) == len(table.rows)
            assert (drawn.chart is None and drawn.week is None) == (table.picture is None or not table.rows)
            json.dumps(drawn.chart)
