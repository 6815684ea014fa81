"""Reports: what is asked, the span it covers, tables and pictures as they are shown, and the arithmetic they share."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from crm_core.errors import BadInput

#: Longest span of one report: five years and a leap day.
LONGEST = timedelta(days=5 * 366)
_Z_95 = 1.96  # of the normal distribution, 95 % two-sided


@dataclass(frozen=True, slots=True)
class Ask:
    """What a report is to cover: days of the firm's zone, both included; what is None is not narrowed."""

    since: date
    until: date
    team_id: int | None = None
    user_id: int | None = None
    campaign_id: int | None = None
    pipeline_id: int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """The instants of an ask: from `begins` up to, not including, `ends`; its days are those of `zone`."""

    since: date
    until: date
    zone: str
    begins: datetime
    ends: datetime

    @property
    def days(self) -> list[date]:
        return [self.since + timedelta(days=n) for n in range((self.until - self.since).days + 1)]


def span(since: date, until: date, zone: str) -> Span:
    """The span of these days, both included, in the zone. Raises BadInput when it ends before it begins."""
    if until < since:
        raise BadInput("until", f"{until} is before {since}", "Write the earlier day first")
    if until - since > LONGEST:
        raise BadInput("since", "a report covers five years at most", "Ask for fewer days")
    if since.year < 1970 or until.year > 2200:
        raise BadInput("since", "there are no calls in that year", "Write a year from 1970 to 2200")
    local = ZoneInfo(zone)
    ends = datetime.combine(until + timedelta(days=1), time(), local)
    return Span(since, until, zone, datetime.combine(since, time(), local), ends)


def narrowed(whole: Span, since: date, until: date) -> Span:
    """The part of a span from `since` to `until`, both included and both within it."""
    return span(since, until, whole.zone)


def runs_of(days: Sequence[date]) -> list[tuple[date, date]]:
    """Days in order as runs of days that follow each other: first and last of each."""
    found: list[tuple[date, date]] = []
    for day in days:
        if found and day - found[-1][1] == timedelta(days=1):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def share(part: float, whole: float) -> float | None:
    """`part` of `whole`, None where there is no whole."""
    return part / whole if whole else None


def wilson_low(successes: int, trials: int) -> float:
    """The lower end of the 95 % interval of a share (Wilson 1927): few trials count for little. 0…1."""
    if trials <= 0:
        return 0.0
    z2 = _Z_95 * _Z_95
    p = successes / trials
    middle = p + z2 / (2 * trials)
    apart = _Z_95 * math.sqrt(p * (1 - p) / trials + z2 / (4 * trials * trials))
    return max(0.0, (middle - apart) / (1 + z2 / trials))


# --- as they are shown --------------------------------------------------------------------------------------
class Unit(StrEnum):
    """What a column's cells are, so that page and file can write them by locale."""

    TEXT = "text"
    COUNT = "count"
    NUMBER = "number"
    SHARE = "share"  # 0…1
    SECONDS = "seconds"
    DAYS = "days"
    MONEY = "money"  # in the currency that the column is of, or the row's column `currency`
    WEEKDAY = "weekday"  # Monday 0
    HOUR = "hour"  # 0…23


#: What a cell may hold; None: there is no such figure.
Cell = str | int | float | Decimal | None


@dataclass(frozen=True, slots=True)
class Column:
    """`key` is stable and goes into the API, `title` is shown (English; the pages translate it). `of`: what it is of,
    in the site's own words, shown behind the title: a currency, a result."""

    key: str
    title: str
    unit: Unit = Unit.COUNT
    of: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """How a table is drawn: `kind` is funnel, bars, stacked or heat; `label` names the column along the axis, `series`
    those that are drawn."""

    kind: str
    label: str
    series: tuple[str, ...]
    across: str | None = None  # heat: the other axis


@dataclass(frozen=True, slots=True)
class ReportTable:
    """One table of a report, every row as long as `columns`."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    picture: Picture | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A report as answered. `zone`: whose days `since` and `until` are."""

    name: str
    title: str
    since: date
    until: date
    zone: str
    tables: tuple[ReportTable, ...]

    def table(self, name: str | None) -> ReportTable | None:
        """By its name; the first when none is named."""
        if name is None:
            return self.tables[0]
        return next((one for one in self.tables if one.name == name), None)


def added(parts: Sequence[Mapping[str, Decimal]]) -> dict[str, Decimal]:
    """Sums of money by currency, added up."""
    total: dict[str, Decimal] = {}
    for part in parts:
        for currency, amount in part.items():
            total[currency] = total.get(currency, Decimal(0)) + amount
    return total
