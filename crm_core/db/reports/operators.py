"""What agents did with their time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from crm_core.db.reports import rolled
from crm_core.db.reports.asking import Asking
from crm_core.db.tables import agent_days, agents, teams, users
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.agents import AgentState
from crm_core.domain.calling import StateTime


async def state_times(work: UnitOfWork, asking: Asking, now: datetime) -> list[StateTime]:
    """Seconds by agent, state and reason, up to `now`; time logged out is left out.

    Of a campaign: the time in which he was logged in for it."""
    days, spans = await rolled.split(work, asking.span)
    whom = select(users.c.id).where(*asking.users())
    found: list[StateTime] = []
    if days:
        keys = (agent_days.c.agent_id, agent_days.c.state, agent_days.c.reason)
        query = select(*keys, func.sum(agent_days.c.seconds).label("seconds"))
        query = query.where(agent_days.c.day.between(days[0], days[-1]), agent_days.c.day.in_(days))
        query = query.where(agent_days.c.agent_id.in_(whom), agent_days.c.state != AgentState.LOGGED_OUT.value)
        if asking.ask.campaign_id is not None:
            query = query.where(agent_days.c.campaign_id == asking.ask.campaign_id)
        found += [_time(row) for row in await work.all(query.group_by(*keys))]
    for part in spans:
        until = min(part.ends, now)
        if until <= part.begins:
            continue
        times = rolled.agent_times(work, part, until).subquery()
        of_log = (times.c.agent_id, times.c.state, times.c.reason)
        query = select(*of_log, func.sum(times.c.seconds).label("seconds"))
        query = query.where(times.c.agent_id.in_(whom), times.c.state != AgentState.LOGGED_OUT.value)
        if asking.ask.campaign_id is not None:
            query = query.where(times.c.campaign_id == asking.ask.campaign_id)
        found += [_time(row) for row in await work.all(query.group_by(*of_log))]
    return found


def _time(row: Row[Any]) -> StateTime:
    return StateTime(row.agent_id, row.state, row.reason, float(row.seconds))


async def agent_names(work: UnitOfWork, asking: Asking) -> dict[int, tuple[str, str]]:
    """Agents whose figures are shown: name and team ("": none)."""
    query = select(users.c.id, users.c.name, teams.c.name.label("team")).select_from(
        agents.join(users, users.c.id == agents.c.id).outerjoin(teams, teams.c.id == users.c.team_id)
    )
    return {row.id: (row.name, row.team or "") for row in await work.all(query.where(*asking.users()))}
