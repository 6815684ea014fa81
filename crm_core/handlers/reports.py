"""Reports: who may see them, over which days, and what each is made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from crm_core.db import campaigns as campaign_rows
from crm_core.db import dispositions, plans, site
from crm_core.db.engine import Database
from crm_core.db.reports import call_counts, campaign_deals, customers, deal_ways, operators, stage_times
from crm_core.db.reports.asking import Asking, check_named
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain import report_calls, report_sales
from crm_core.domain.access import Actor, Right, masked_text
from crm_core.domain.calling import CallSum, agent_figures, campaign_sums, hours_of_week
from crm_core.domain.calls import Direction
from crm_core.domain.funnel import funnel, velocity
from crm_core.domain.plans import elapsed_share, month_days, progress
from crm_core.domain.reports import Ask, Report, ReportTable, span
from crm_core.errors import BadInput, NotFound
from crm_core.handlers.surveys import Which, survey

#: So many days, the current one among them, unless others are asked for.
DEFAULT_DAYS = 30
#: So many customers of each currency are named.
MOST_CUSTOMERS = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for; days of the firm's zone, both included. None: the last 30 days, or nothing narrowed."""

    since: date | None = None
    until: date | None = None
    team_id: int | None = None
    user_id: int | None = None
    campaign_id: int | None = None
    pipeline_id: int | None = None
    by_talks: bool = False  # customers: by talks instead of sums won


@dataclass(frozen=True, slots=True)
class _Job:
    work: UnitOfWork
    database: Database
    asking: Asking
    by_talks: bool
    now: datetime


_Tables = tuple[ReportTable, ...]


async def report(name: str, actor: Actor, wanted: Wanted, database: Database, now: datetime) -> Report:
    """One report by its name. Raises Forbidden, NotFound for a report, team, user, campaign or pipeline that is not
    there for whoever asks, and BadInput for days that make no span."""
    actor.require(Right.SEE_REPORTS)
    kind = REPORTS.get(name)
    if kind is None:
        raise NotFound("report", name, f"There is: {', '.join(REPORTS)}")
    if kind.right is not None:
        actor.require(kind.right)
    async with database.reading() as work:
        zone = (await site.calendar(work)).zone
        ask = _ask(wanted, zone, now)
        if name == "plans":  # a plan is of a month
            first, last = month_days(f"{ask.until:%Y-%m}")
            ask = replace(ask, since=first, until=last)
        asking = Asking(actor, ask, span(ask.since, ask.until, zone))
        await check_named(work, actor, ask)
        tables = await kind.tables(_Job(work, database, asking, wanted.by_talks, now))
    if actor.masked:
        tables = tuple(_masked(table) for table in tables)
    return Report(name, kind.title, ask.since, ask.until, zone, tables)


def _ask(wanted: Wanted, zone: str, now: datetime) -> Ask:
    today = now.astimezone(ZoneInfo(zone)).date()
    until = wanted.until or (today if wanted.since is None else max(today, wanted.since))
    span(until, until, zone)  # refuses years of which nothing can be taken away
    since = wanted.since or until - timedelta(days=DEFAULT_DAYS - 1)
    return Ask(since, until, wanted.team_id, wanted.user_id, wanted.campaign_id, wanted.pipeline_id)


def _masked(table: ReportTable) -> ReportTable:
    """Without digits that could be dialed: a name, a company or an answer may hold them."""
    rows = (tuple(masked_text(cell) if isinstance(cell, str) else cell for cell in row) for row in table.rows)
    return replace(table, rows=tuple(rows))


async def _funnel(job: _Job) -> _Tables:
    stages = await deal_ways.pipeline(job.work, job.asking)
    found = await deal_ways.ways(job.work, job.asking, stages[0].pipeline_id) if stages else []
    return report_sales.funnel_tables(funnel(stages, found) if found else [])


async def _stages(job: _Job) -> _Tables:
    stages = await deal_ways.pipeline(job.work, job.asking)
    times = await stage_times.stage_times(job.work, job.asking, stages, job.now)
    closed = await deal_ways.closed(job.work, job.asking, stages[0].pipeline_id) if stages else []
    has_any = any(time.left or time.waiting for time in times)
    return report_sales.stage_tables(times if has_any else [], [velocity(one) for one in closed])


async def _plans(job: _Job) -> _Tables:
    month = f"{job.asking.ask.since:%Y-%m}"
    elapsed = elapsed_share(month, job.now, await site.calendar(job.work))
    planned = await plans.plans_of(job.work, job.asking, month)
    reached = await plans.reached(job.work, job.asking)
    return report_sales.plan_tables([progress(plan, name, reached.fact(plan), elapsed) for plan, name in planned])


async def _customers(job: _Job) -> _Tables:
    read = customers.by_talks if job.by_talks else customers.by_won_amount
    sums, first = await read(job.work, job.asking, MOST_CUSTOMERS)
    return report_sales.customer_tables(sums, first, job.by_talks)


async def _losses(job: _Job) -> _Tables:
    return report_sales.loss_tables(await deal_ways.losses(job.work, job.asking))


async def _hours(job: _Job) -> _Tables:
    return report_calls.hour_tables(hours_of_week(await call_counts.hour_counts(job.work, job.asking)))


async def _operators(job: _Job) -> _Tables:
    names = await operators.agent_names(job.work, job.asking)
    times = await operators.state_times(job.work, job.asking, job.now)
    sums = await call_counts.call_sums(job.work, job.asking, ("agent_id", "disposition"))
    return report_calls.operator_tables(agent_figures(names, times, sums), await _labels(job.work))


async def _campaigns(job: _Job) -> _Tables:
    names = await campaign_deals.campaign_names(job.work, job.asking)
    keys = ("campaign_id", "direction", "outcome", "disposition")
    sums = [one for one in await call_counts.call_sums(job.work, job.asking, keys) if _is_dialed(one)]
    made = await campaign_deals.campaign_deals(job.work, job.asking)
    return report_calls.campaign_tables(campaign_sums(names, sums, made), await _labels(job.work))


def _is_dialed(one: CallSum) -> bool:
    return one.direction == Direction.OUTGOING


async def _labels(work: UnitOfWork) -> dict[str, str]:
    return {code: known.label for code, known in (await dispositions.all_dispositions(work)).items()}


async def _survey(job: _Job) -> _Tables:
    ask = job.asking.ask
    if ask.campaign_id is None:
        raise BadInput("campaign", "the answers of which survey?", "Choose a campaign")
    campaign = await campaign_rows.campaign(job.work, ask.campaign_id)
    if campaign is None:  # deleted since it was looked for
        raise NotFound("campaign", ask.campaign_id)
    seen = Which(since=ask.since, until=ask.until, by=job.asking.actor)
    result = await survey(campaign.name, job.database, seen)
    return report_calls.survey_tables(result)


@dataclass(frozen=True, slots=True)
class ReportKind:
    """A report there is. `right`: needed besides that to see reports; `narrows`: the filters that mean something."""

    title: str
    question: str
    tables: Callable[[_Job], Awaitable[_Tables]]
    narrows: frozenset[str] = frozenset({"team", "user", "campaign"})
    right: Right | None = None


_DEALS = frozenset({"team", "user", "campaign", "pipeline"})
REPORTS: Mapping[str, ReportKind] = {
    "funnel": ReportKind("Funnel", "How far do deals come, and where are they lost?", _funnel, _DEALS),
    "stages": ReportKind("Stages and pace", "Where do deals stand still, and what does a day bring?", _stages, _DEALS),
    "plans": ReportKind("Plan and fact", "Who is ahead of plan, and who behind?", _plans, frozenset({"team", "user"})),
    "customers": ReportKind("Customers by worth", "Who are the few that bring most?", _customers, _DEALS),
    "losses": ReportKind("Reasons for loss", "Why do people not buy?", _losses, _DEALS),
    "hours": ReportKind("Best time to call", "When do people answer?", _hours),
    "operators": ReportKind("Operators", "What did the day of each operator consist of?", _operators),
    "campaigns": ReportKind("Campaigns compared", "Which campaign brings most for its calls?", _campaigns),
    "survey": ReportKind("Survey results", "What did people say?", _survey, frozenset({"campaign"}), Right.SEE_SURVEYS),
}
