"""Reports of sales as tables: funnel, stages, plans, customers, reasons for loss."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from crm_core.domain.customers import ClassSum, Customer
from crm_core.domain.funnel import Loss, StageTime, Step, Velocity
from crm_core.domain.plans import Measure, Progress
from crm_core.domain.reports import Cell, Column, Picture, ReportTable, Unit, share

_DAY = 86400.0  # seconds


def funnel_tables(steps: Sequence[Step]) -> tuple[ReportTable, ...]:
    currencies = sorted({currency for step in steps for currency in (*step.reached_amounts, *step.lost_amounts)})
    columns = (
        Column("stage", "Stage", Unit.TEXT),
        Column("reached", "Deals that came here"),
        Column("conversion", "Of the stage before", Unit.SHARE),
        Column("of_all", "Of all", Unit.SHARE),
        Column("here", "Here now"),
        Column("lost", "Lost here"),
        Column("lost_share", "Lost of those", Unit.SHARE),
        *(Column(f"amount_{currency}", "Sum", Unit.MONEY, currency) for currency in currencies),
        *(Column(f"lost_amount_{currency}", "Sum lost", Unit.MONEY, currency) for currency in currencies),
    )
    rows = tuple(
        (
            step.name,
            step.reached,
            step.conversion,
            step.of_all,
            step.here,
            step.lost,
            share(step.lost, step.reached),
            *(step.reached_amounts.get(currency, Decimal(0)) for currency in currencies),
            *(step.lost_amounts.get(currency, Decimal(0)) for currency in currencies),
        )
        for step in steps
    )
    return (
        ReportTable("funnel", "Deals by stage reached", columns, rows, Picture("funnel", "stage", ("reached",))),
        ReportTable(
            "lost",
            "Where deals are lost",
            (columns[0], columns[5], columns[6]),
            tuple((row[0], row[5], row[6]) for row in rows[:-1]),
            Picture("bars", "stage", ("lost",)),
        ),
    )


def stage_tables(times: Sequence[StageTime], paces: Sequence[Velocity]) -> tuple[ReportTable, ...]:
    columns = (
        Column("stage", "Stage", Unit.TEXT),
        Column("left", "Deals that left it"),
        Column("median", "Half within", Unit.DAYS),
        Column("p90", "Nine of ten within", Unit.DAYS),
        Column("mean", "On average", Unit.DAYS),
        Column("waiting", "In it now"),
        Column("waiting_median", "Half of them for", Unit.DAYS),
        Column("stuck", "Stuck"),
    )
    rows = tuple(
        (t.name, t.left, _days(t.median), _days(t.p90), _days(t.mean), t.waiting, _days(t.waiting_median), t.stuck)
        for t in times
    )
    pace = (
        Column("currency", "Currency", Unit.TEXT),
        Column("in_work", "Deals in work"),
        Column("won", "Won"),
        Column("win_rate", "Won of those closed", Unit.SHARE),
        Column("average", "Average sum", Unit.MONEY),
        Column("cycle", "From made to won", Unit.DAYS),
        Column("per_day", "Brings a day", Unit.MONEY),
    )
    velocity = tuple((v.currency, v.in_work, v.won, v.win_rate, v.average, v.cycle_days, v.per_day) for v in paces)
    return (
        ReportTable("stages", "Time in a stage", columns, rows, Picture("bars", "stage", ("median", "p90"))),
        ReportTable("velocity", "Sales velocity", pace, velocity),
    )


def _days(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / _DAY


#: A measure as it is shown.
MEASURES: Mapping[Measure, str] = {
    Measure.WON_AMOUNT: "Won, as a sum",
    Measure.WON_DEALS: "Deals won",
    Measure.TALKS: "Talks",
    Measure.CALLS: "Calls",
}
_PLAN = (
    Column("name", "Whose", Unit.TEXT),
    Column("target", "Plan", Unit.NUMBER),
    Column("fact", "Fact", Unit.NUMBER),
    Column("reached", "Reached", Unit.SHARE),
    Column("expected", "Expected by now", Unit.NUMBER),
    Column("ahead", "Ahead or behind", Unit.NUMBER),
    Column("forecast", "At the end, at this pace", Unit.NUMBER),
)


def plan_tables(progresses: Sequence[Progress]) -> tuple[ReportTable, ...]:
    """One table for each measure and currency: teams and sellers side by side."""
    groups: dict[tuple[Measure, str], list[Progress]] = defaultdict(list)
    for one in progresses:
        groups[one.plan.measure, one.plan.currency or ""].append(one)
    tables = [
        ReportTable(
            name=f"{measure.value}_{currency}" if currency else measure.value,
            title=MEASURES[measure],
            columns=tuple(_of(column, currency) for column in _PLAN),
            rows=tuple(_plan_row(one) for one in groups[measure, currency]),
            picture=Picture("bars", "name", ("target", "fact", "expected")),
        )
        for measure, currency in sorted(groups, key=lambda key: (list(Measure).index(key[0]), key[1]))
    ]
    return tuple(tables) or (ReportTable("plans", "Plan and fact", _PLAN, ()),)


def _of(column: Column, currency: str) -> Column:
    if not currency or column.unit is not Unit.NUMBER:
        return column
    return Column(column.key, column.title, Unit.MONEY, currency)


def _plan_row(one: Progress) -> tuple[Cell, ...]:
    return (one.name, one.plan.target, one.fact, one.reached, one.expected, one.ahead, one.forecast)


def customer_tables(sums: Sequence[ClassSum], customers: Sequence[Customer], by_talks: bool) -> tuple[ReportTable, ...]:
    worth = Column("value", "Talks" if by_talks else "Won", Unit.COUNT if by_talks else Unit.MONEY)
    money = () if by_talks else (Column("currency", "Currency", Unit.TEXT),)
    wholes: dict[str, Decimal] = defaultdict(Decimal)
    for one in sums:
        wholes[one.currency] += one.value
    classes = (
        Column("class", "Class", Unit.TEXT),
        *money,
        Column("customers", "Customers"),
        worth,
        Column("share", "Of all", Unit.SHARE),
    )
    class_rows = tuple(
        (
            one.letter.value,
            *(() if by_talks else (one.currency,)),
            one.customers,
            _worth(one.value, by_talks),
            share(float(one.value), float(wholes[one.currency])),
        )
        for one in sums
    )
    listed = (
        Column("class", "Class", Unit.TEXT),
        Column("customer", "Customer", Unit.TEXT),
        Column("company", "Company", Unit.TEXT),
        *money,
        worth,
    )
    rows = tuple(
        (
            one.letter.value,
            one.name or None,
            one.company or None,
            *(() if by_talks else (one.currency,)),
            _worth(one.value, by_talks),
        )
        for one in customers
    )
    picture = Picture("bars", "class", ("share",))
    return (
        ReportTable("classes", "Classes of customers", classes, class_rows, picture),
        ReportTable("customers", "Customers who bring most", listed, rows),
    )


def _worth(value: Decimal, by_talks: bool) -> Cell:
    return int(value) if by_talks else value


def loss_tables(losses: Sequence[Loss]) -> tuple[ReportTable, ...]:
    """By reason, the most frequent first; and by reason and stage."""
    currencies = sorted({one.currency for one in losses if one.currency})
    total = sum(one.deals for one in losses)
    by_reason: dict[str, list[Loss]] = defaultdict(list)
    by_place: dict[tuple[str, str], int] = defaultdict(int)
    for one in losses:
        by_reason[one.reason].append(one)
        by_place[one.reason, one.stage] += one.deals
    columns = (
        Column("reason", "Reason", Unit.TEXT),
        Column("deals", "Deals lost"),
        Column("share", "Of all", Unit.SHARE),
        *(Column(f"amount_{currency}", "Sum", Unit.MONEY, currency) for currency in currencies),
    )
    rows = [
        (
            reason or None,
            _deals(found),
            share(_deals(found), total),
            *(sum((one.amount for one in found if one.currency == currency), Decimal(0)) for currency in currencies),
        )
        for reason, found in sorted(by_reason.items(), key=lambda item: (-_deals(item[1]), item[0]))
    ]
    places = sorted(by_place.items(), key=lambda item: (-item[1], item[0]))
    where = (Column("reason", "Reason", Unit.TEXT), Column("stage", "Lost out of", Unit.TEXT), columns[1])
    return (
        ReportTable("reasons", "Reasons for loss", columns, tuple(rows), Picture("bars", "reason", ("deals",))),
        ReportTable(
            "places",
            "Reasons by stage",
            where,
            tuple((reason or None, stage or None, deals) for (reason, stage), deals in places),
        ),
    )


def _deals(losses: Sequence[Loss]) -> int:
    return sum(one.deals for one in losses)
