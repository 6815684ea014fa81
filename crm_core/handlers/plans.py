"""Plans: a head sets them for his team and its members, whoever sees all for anybody."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from crm_core.db import audit, plans, site
from crm_core.db.engine import Database
from crm_core.db.reports.asking import Asking
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.access import Actor, Right, Sees
from crm_core.domain.plans import Plan, TeamPlan, check_plan, elapsed_share, progress, share_of_day
from crm_core.domain.plans import of_today as with_today
from crm_core.domain.reports import Ask, span
from crm_core.errors import Forbidden, NotFound


async def set_plan(actor: Actor, plan: Plan, database: Database, now: datetime) -> None:
    """Set a plan in the place of the one before. Raises Forbidden, BadInput, and NotFound for a user or team that is
    not there for him."""
    _require(actor)
    check_plan(plan)
    async with database.work() as work:
        await _check_whose(work, actor, plan)
        await plans.put_plan(work, plan)
        await _noted(work, actor, "plan.set", plan, now)


async def drop_plan(actor: Actor, plan: Plan, database: Database, now: datetime) -> None:
    """Take a plan away, whatever its target. Raises Forbidden, BadInput, and NotFound when there is none."""
    _require(actor)
    check_plan(plan)
    async with database.work() as work:
        await _check_whose(work, actor, plan)
        if not await plans.drop_plan(work, plan):
            raise NotFound("plan", f"{plan.month} {plan.measure.value}")
        await _noted(work, actor, "plan.dropped", plan, now)


def may_set_plans(actor: Actor) -> bool:
    """Who leads sellers: sees reports, works with deals, and sees more than his own."""
    return actor.may(Right.SEE_REPORTS) and actor.may(Right.CHANGE_DEALS) and actor.sees is not Sees.OWN


async def team_plans(actor: Actor, database: Database, now: datetime) -> list[TeamPlan]:
    """This month's plans of the teams that one sees, those furthest behind first. Raises Forbidden."""
    actor.require(Right.SEE_REPORTS)
    async with database.reading() as work:
        calendar = await site.calendar(work)
        today = now.astimezone(ZoneInfo(calendar.zone)).date()
        month = f"{today:%Y-%m}"
        of_month, of_today = (_asking(actor, first, today, calendar.zone) for first in (today.replace(day=1), today))
        planned = [one for one in await plans.plans_of(work, of_month, month) if one[0].team_id is not None]
        if not planned:
            return []
        whole, day = await plans.reached(work, of_month), await plans.reached(work, of_today)
    elapsed, share = elapsed_share(month, now, calendar), share_of_day(today, calendar)
    found = [
        with_today(progress(plan, name, whole.fact(plan), elapsed), day.fact(plan), share) for plan, name in planned
    ]
    return sorted(found, key=lambda one: one.month.ahead / one.month.plan.target)


def _asking(actor: Actor, first: date, last: date, zone: str) -> Asking:
    return Asking(actor, Ask(first, last), span(first, last, zone))


def _require(actor: Actor) -> None:
    actor.require(Right.SEE_REPORTS)
    actor.require(Right.CHANGE_DEALS)
    if actor.sees is Sees.OWN:
        raise Forbidden("to see a team")


async def _check_whose(work: UnitOfWork, actor: Actor, plan: Plan) -> None:
    if not await plans.may_plan(work, actor, plan):
        raise NotFound("user" if plan.user_id is not None else "team", plan.user_id or plan.team_id)


async def _noted(work: UnitOfWork, actor: Actor, action: str, plan: Plan, now: datetime) -> None:
    whose = f"user {plan.user_id}" if plan.user_id is not None else f"team {plan.team_id}"
    details = {"month": plan.month, "measure": plan.measure.value, "target": str(plan.target)}
    await audit.record(work, actor, action, "plan", whose, now, details=details)
