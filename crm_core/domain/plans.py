"""Plan against fact: what a seller or a team is to reach in a month, how far it is, where it will end."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from crm_core.domain.work_calendar import WorkCalendar
from crm_core.errors import BadInput

_MONTH = re.compile(r"(19[789][0-9]|2[01][0-9]{2})-(0[1-9]|1[0-2])")
_CENT = Decimal("0.01")
_CLOSE_TO = Decimal("0.9")


class Measure(StrEnum):
    WON_AMOUNT = "won_amount"
    WON_DEALS = "won_deals"
    TALKS = "talks"
    CALLS = "calls"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be reached in `month` (YYYY-MM) by a user or by a team: exactly one of the two is named."""

    user_id: int | None
    team_id: int | None
    month: str
    measure: Measure
    target: Decimal
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """A plan beside what is. `expected`: by now at an even pace over working time; `forecast`: at the end of the month
    at the pace so far, None before any working time has passed."""

    plan: Plan
    name: str
    fact: Decimal
    expected: Decimal
    forecast: Decimal | None

    @property
    def reached(self) -> float:
        """Fact ÷ target."""
        return float(self.fact / self.plan.target)

    @property
    def ahead(self) -> Decimal:
        """How far before (or, below zero, behind) what is expected by now."""
        return self.fact - self.expected


@dataclass(frozen=True, slots=True)
class TeamPlan:
    """A team's plan beside what is, for the month and for today. `due_today`: today's part of the target, by its share
    of the month's working time; None on a free day."""

    month: Progress
    today: Decimal
    due_today: Decimal | None

    @property
    def is_behind(self) -> bool:
        """By more than a tenth of what is expected by now: less is chance."""
        return self.month.fact < self.month.expected * _CLOSE_TO


def check_plan(plan: Plan) -> None:
    """Raise BadInput unless the plan can be kept."""
    if (plan.user_id is None) == (plan.team_id is None):
        raise BadInput("plan", "it is neither for one user nor for one team", "Name a user or a team")
    month_days(plan.month)
    if (
        not plan.target.is_finite()
        or not 0 < plan.target < Decimal("1e12")
        or plan.target != plan.target.quantize(_CENT)
    ):
        raise BadInput(
            "target", f"{plan.target} cannot be reached", "Write a number above 0, with two decimals at most"
        )
    has_money = plan.measure is Measure.WON_AMOUNT
    if has_money != (plan.currency is not None):
        raise BadInput("currency", "a currency belongs to a sum of money, and to nothing else", "Write such as UZS")
    if plan.currency is not None and not re.fullmatch(r"[A-Z]{3}", plan.currency):
        raise BadInput("currency", f"{plan.currency!r} is not three capital letters", "Write such as UZS")


def month_days(month: str) -> tuple[date, date]:
    """First and last day of a month (YYYY-MM); raises BadInput."""
    if not _MONTH.fullmatch(month):
        raise BadInput("month", f"{month!r} is no month", "Write such as 2026-11")
    first = date.fromisoformat(f"{month}-01")
    return first, first.replace(day=monthrange(first.year, first.month)[1])


def elapsed_share(month: str, now: datetime, calendar: WorkCalendar) -> float:
    """How much of the month's working time is over, 0…1; where nobody works in it, how much of its days."""
    first, last = month_days(month)
    zone = ZoneInfo(calendar.zone)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    whole = over = 0.0
    for day in days:
        hours = None if day in calendar.holidays else calendar.days.get(day.weekday())
        if hours is None:
            continue
        opens, closes = datetime.combine(day, hours[0], zone), datetime.combine(day, hours[1], zone)
        # Same zone on both sides would be wall-clock arithmetic: timestamps count real seconds.
        length = max(0.0, closes.timestamp() - opens.timestamp())
        whole += length
        over += min(length, max(0.0, now.timestamp() - opens.timestamp()))
    if not whole:
        begins = datetime.combine(first, time(), zone).timestamp()
        ends = datetime.combine(last + timedelta(days=1), time(), zone).timestamp()
        return min(1.0, max(0.0, (now.timestamp() - begins) / (ends - begins)))
    return over / whole


def share_of_day(day: date, calendar: WorkCalendar) -> float | None:
    """How much of its month's working time is the day's, 0…1; None where nobody works that day."""
    hours = None if day in calendar.holidays else calendar.days.get(day.weekday())
    if hours is None:
        return None
    begins = datetime.combine(day, time(), ZoneInfo(calendar.zone))
    ends = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(calendar.zone))
    month = f"{day:%Y-%m}"
    return elapsed_share(month, ends, calendar) - elapsed_share(month, begins, calendar)


def of_today(month: Progress, today: Decimal, day_share: float | None) -> TeamPlan:
    """The plan with what was reached today."""
    due = None if day_share is None else month.plan.target * Decimal(day_share)
    if due is not None:  # there are no halves of a call, and nobody counts cents on a wall
        due = due.quantize(_CENT).to_integral_value(ROUND_CEILING)
    return TeamPlan(month, today, due)


def progress(plan: Plan, name: str, fact: Decimal, elapsed: float) -> Progress:
    """The plan beside `fact` when `elapsed` (0…1) of the month's working time is over."""
    passed = Decimal(elapsed)
    forecast = (fact / passed).quantize(_CENT) if elapsed > 0 else None
    return Progress(plan, name, fact, (plan.target * passed).quantize(_CENT), forecast)
