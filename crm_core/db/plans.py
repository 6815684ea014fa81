"""Plans of users and teams, and what they have reached."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from sqlalchemy import and_, delete, func, insert, or_, select, update

from crm_core.db.reports.asking import Asking
from crm_core.db.reports.call_counts import call_sums
from crm_core.db.reports.deal_ways import closed_at
from crm_core.db.tables import deals, plans, stages, teams, users
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.db.visibility import Condition, visible_users
from crm_core.domain.access import Actor, Sees
from crm_core.domain.plans import Measure, Plan
from crm_core.domain.sales import StageKind


async def put_plan(work: UnitOfWork, plan: Plan) -> None:
    """Set it in the place of the one that stands for the same user or team, month, measure and currency."""
    values = {"target": plan.target}
    changed = await work.run(update(plans).where(*_same(plan)).values(values))
    if not changed.rowcount:
        whose = {"user_id": plan.user_id, "team_id": plan.team_id, "month": plan.month}
        await work.run(insert(plans).values(**whose, measure=plan.measure.value, currency=plan.currency, **values))


async def drop_plan(work: UnitOfWork, plan: Plan) -> bool:
    """Whether there was one."""
    return bool((await work.run(delete(plans).where(*_same(plan)))).rowcount)


def _same(plan: Plan) -> list[Condition]:
    found = [plans.c.month == plan.month, plans.c.measure == plan.measure.value]
    for column, value in ((plans.c.user_id, plan.user_id), (plans.c.team_id, plan.team_id)):
        found.append(column.is_(None) if value is None else column == value)
    found.append(plans.c.currency.is_(None) if plan.currency is None else plans.c.currency == plan.currency)
    return found


async def plans_of(work: UnitOfWork, asking: Asking, month: str) -> list[tuple[Plan, str]]:
    """Plans whose figures are shown, with the name of the user or team; teams first, by name."""
    of_users = and_(plans.c.user_id.is_not(None), *asking.users())
    shown = or_(of_users, and_(plans.c.team_id.is_not(None), visible_team(asking.actor, asking.ask.user_id)))
    if asking.ask.team_id is not None:
        shown = and_(shown, or_(plans.c.user_id.is_not(None), plans.c.team_id == asking.ask.team_id))
    query = (
        select(plans, func.coalesce(users.c.name, teams.c.name).label("name"))
        .select_from(
            plans.outerjoin(users, users.c.id == plans.c.user_id).outerjoin(teams, teams.c.id == plans.c.team_id)
        )
        .where(plans.c.month == month, shown)
        .order_by(plans.c.team_id.is_(None), "name", plans.c.measure, plans.c.currency)
    )
    return [
        (Plan(row.user_id, row.team_id, row.month, Measure(row.measure), row.target, row.currency), row.name)
        for row in await work.all(query)
    ]


def visible_team(actor: Actor, only_user: int | None = None) -> Condition:
    """Teams whose plans are shown: all, or one's own; none beside a single user's."""
    if only_user is not None:
        return teams.c.id == -1
    if actor.sees is Sees.ALL:
        return teams.c.id.is_not(None)
    if actor.sees is Sees.TEAM and actor.team_id is not None:
        return teams.c.id == actor.team_id
    return teams.c.id == -1


async def may_plan(work: UnitOfWork, actor: Actor, plan: Plan) -> bool:
    """Whether the plan's user or team is there for him."""
    if plan.user_id is not None:
        query = select(users.c.id).where(users.c.id == plan.user_id, visible_users(actor))
    else:
        query = select(teams.c.id).where(teams.c.id == plan.team_id, visible_team(actor))
    return await work.scalar(query) is not None


@dataclass(slots=True)
class Reached:
    """What users have reached: by user and, for sums, currency."""

    team_of: Mapping[int, int | None]
    won_amount: dict[tuple[int, str], Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    won_deals: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    talks: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    calls: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def fact(self, plan: Plan) -> Decimal:
        """What the plan's user, or the members of its team, have reached of its measure."""
        who = [plan.user_id] if plan.user_id is not None else [u for u, t in self.team_of.items() if t == plan.team_id]
        if plan.measure is Measure.WON_AMOUNT:
            return sum(
                (self.won_amount.get((user, plan.currency or ""), Decimal(0)) for user in who if user), Decimal()
            )
        counted = {Measure.WON_DEALS: self.won_deals, Measure.TALKS: self.talks, Measure.CALLS: self.calls}
        return Decimal(sum(counted[plan.measure].get(user, 0) for user in who if user))


async def reached(work: UnitOfWork, asking: Asking) -> Reached:
    """Facts of the span by user."""
    teams_of = await work.all(select(users.c.id, users.c.team_id).where(*asking.users()))
    found = Reached({row.id: row.team_id for row in teams_of})
    won = (
        select(
            deals.c.owner_id, deals.c.currency, func.count().label("deals"), func.sum(deals.c.amount).label("amount")
        )
        .select_from(deals.join(stages, stages.c.id == deals.c.stage_id))
        .where(*asking.deals(asking.ask.pipeline_id), stages.c.kind == StageKind.WON.value)
        .where(asking.within(closed_at()), deals.c.owner_id.is_not(None))
        .group_by(deals.c.owner_id, deals.c.currency)
    )
    for row in await work.all(won):
        found.won_deals[row.owner_id] += row.deals
        if row.currency is not None and row.amount is not None:
            found.won_amount[row.owner_id, row.currency] += Decimal(row.amount)
    for one in await call_sums(work, asking, ("agent_id",)):
        if one.agent_id is not None:
            found.talks[one.agent_id] += one.talks
            found.calls[one.agent_id] += one.calls
    return found
