"""Reports, their tables as files, and plans."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from crm_core.domain.access import Right
from crm_core.domain.plans import Measure, Plan
from crm_core.domain.reports import Report, Unit
from crm_core.handlers import plans, reports
from crm_core.handlers.report_choices import report_choices
from crm_core.handlers.report_files import Words
from crm_core.handlers.reports import REPORTS, Wanted
from crm_core.web.api.routing import Asked, Model, Routes
from crm_core.web.report_file import MEDIA_TYPES, report_file

routes = Routes("reports")

_Id = Annotated[int, Field(ge=1, le=2**53)]
_Day = Annotated[date, Field(ge=date(1970, 1, 1), le=date(2200, 12, 31))]


class ReportKindOut(Model):
    """A report there is: the question it answers, and the filters that mean something for it."""

    name: str
    title: str
    question: str
    narrows: list[str]


class ChoiceOut(Model):
    """A team, user, campaign or pipeline."""

    id: int
    name: str


class ChoicesOut(Model):
    """What a report can be narrowed to."""

    teams: list[ChoiceOut]
    users: list[ChoiceOut]
    campaigns: list[ChoiceOut]
    pipelines: list[ChoiceOut]


class ReportQuery(Model):
    """Days of the firm's zone, both included (without: the last 30), and what is to be counted alone."""

    since: _Day | None = None
    until: _Day | None = None
    team_id: _Id | None = None
    user_id: _Id | None = None
    campaign_id: _Id | None = None
    pipeline_id: _Id | None = None
    by_talks: bool = False


class FileQuery(ReportQuery):
    """The same; `table`: its name, without it the report's first."""

    form: Literal["csv", "xlsx"] = "csv"
    table: Annotated[str, Field(max_length=80, pattern=r"^[\w -]+$")] | None = None


class ColumnOut(Model):
    """A column. `of`: what its figures are of, such as a currency or a result; "" where the title says it all."""

    key: str
    title: str
    unit: Unit
    of: str


class ReportTableOut(Model):
    """Rows of as many cells as there are columns; sums of money are strings, shares lie between 0 and 1."""

    name: str
    title: str
    columns: list[ColumnOut]
    rows: list[list[str | int | float | None]]


class ReportOut(Model):
    """A report: the days it covers, in the firm's zone, and its tables."""

    name: str
    title: str
    since: date
    until: date
    zone: str
    tables: list[ReportTableOut]


class WhosePlan(Model):
    """A plan of a user or of a team, for a month; `currency` with won_amount."""

    user_id: _Id | None = None
    team_id: _Id | None = None
    month: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}$")]
    measure: Measure
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None


class NewPlan(WhosePlan):
    """A plan to be set in the place of the one before."""

    target: Annotated[Decimal, Field(gt=0, lt=Decimal(10**12), max_digits=14, decimal_places=2)]


@routes("GET", "/reports", right=Right.SEE_REPORTS)
async def list_reports(asked: Asked) -> list[ReportKindOut]:
    """Which reports there are."""
    return [
        ReportKindOut(name=name, title=kind.title, question=kind.question, narrows=sorted(kind.narrows))
        for name, kind in REPORTS.items()
        if kind.right is None or asked.actor.may(kind.right)
    ]


@routes("GET", "/report-choices", right=Right.SEE_REPORTS)
async def get_report_choices(asked: Asked) -> ChoicesOut:
    """Teams, users, campaigns and pipelines that reports can be narrowed to."""
    return ChoicesOut.model_validate(await report_choices(asked.actor, asked.database))


@routes("GET", "/reports/{name}", right=Right.SEE_REPORTS, errors=(404, 422))
async def get_report(asked: Asked, name: str, query: ReportQuery) -> ReportOut:
    """One report by its name.

    Figures are of what the asker sees: all, or his team's."""
    return _out(await _report(asked, name, query))


@routes("GET", "/reports/{name}/file", right=Right.SEE_REPORTS, streams=tuple(MEDIA_TYPES.values()), errors=(404, 422))
async def get_report_file(asked: Asked, name: str, query: FileQuery) -> web.StreamResponse:
    """A table of a report as .csv or .xlsx."""
    found = await _report(asked, name, query)
    return await report_file(found, query.table, query.form, Words())


@routes("PUT", "/plans", right=Right.SEE_REPORTS, errors=(404,))
async def set_plan(asked: Asked, body: NewPlan) -> None:
    """Set what a user or a team is to reach in a month."""
    await plans.set_plan(asked.actor, _plan(body, body.target), asked.database, asked.now)


@routes("DELETE", "/plans", right=Right.SEE_REPORTS, errors=(404, 422))
async def drop_plan(asked: Asked, query: WhosePlan) -> None:
    """Take a plan away."""
    await plans.drop_plan(asked.actor, _plan(query, Decimal(1)), asked.database, asked.now)


async def _report(asked: Asked, name: str, query: ReportQuery) -> Report:
    wanted = Wanted(**{field: getattr(query, field) for field in ReportQuery.model_fields})
    return await reports.report(name, asked.actor, wanted, asked.database, asked.now)


def _plan(whose: WhosePlan, target: Decimal) -> Plan:
    return Plan(whose.user_id, whose.team_id, whose.month, whose.measure, target, whose.currency)


def _out(found: Report) -> ReportOut:
    tables = [
        ReportTableOut(
            name=table.name,
            title=table.title,
            columns=[ColumnOut.model_validate(column) for column in table.columns],
            rows=[[str(cell) if isinstance(cell, Decimal) else cell for cell in row] for row in table.rows],
        )
        for table in found.tables
    ]
    return ReportOut(
        name=found.name, title=found.title, since=found.since, until=found.until, zone=found.zone, tables=tables
    )
