"""Figures for whoever watches the service from outside, read in a few small statements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select

from crm_core.db import outbox
from crm_core.db.tables import agents, attempts, calls, campaigns, cdrs, day_counts, trunks
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.agents import AgentState
from crm_core.domain.campaigns import CampaignState

_RATE_OVER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Lines:
    """A trunk's lines: open attempts, those whose lease has run out, and how many there may be."""

    open: int
    expired: int
    limit: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The service at one instant. `attempts` counts since the beginning, by what came of them."""

    open_calls: int
    lines: Mapping[str, Lines]
    agents: Mapping[AgentState, int]
    attempts: Mapping[str, int]
    dialing_rate: float  # attempts a second, over the last minute
    running_campaigns: int
    unmatched_cdrs: int
    lag: outbox.Lag


async def figures(work: UnitOfWork, now: datetime) -> Figures:
    """All figures at `now`."""
    return Figures(
        open_calls=await work.scalar(select(func.count()).select_from(calls).where(calls.c.ended_at.is_(None))),
        lines=await _lines(work, now),
        agents=await _agents(work),
        attempts=await _attempts(work),
        dialing_rate=await _dialed_since(work, now - _RATE_OVER) / _RATE_OVER.total_seconds(),
        running_campaigns=await work.scalar(select(func.count()).select_from(campaigns).where(_running)),
        unmatched_cdrs=await work.scalar(select(func.count()).select_from(cdrs).where(cdrs.c.call_id.is_(None))),
        lag=await outbox.lag(work, now),
    )


_running = campaigns.c.state == CampaignState.RUNNING.value


async def _lines(work: UnitOfWork, now: datetime) -> dict[str, Lines]:
    expired = func.sum(case((attempts.c.leased_until < now, 1), else_=0))
    query = select(attempts.c.trunk, func.count(), expired).where(attempts.c.ended_at.is_(None))
    used = {row[0]: tuple(row)[1:] for row in await work.all(query.group_by(attempts.c.trunk))}
    limits = {row.name: row.max_lines for row in await work.all(select(trunks.c.name, trunks.c.max_lines))}
    lines = {}
    for name in sorted(used.keys() | limits.keys()):
        count, late = used.get(name, (0, 0))
        lines[name] = Lines(int(count), int(late), limits.get(name, 0))
    return lines


async def _agents(work: UnitOfWork) -> dict[AgentState, int]:
    found = dict(tuple(row) for row in await work.all(select(agents.c.state, func.count()).group_by(agents.c.state)))
    return {state: found.get(state.value, 0) for state in AgentState}


async def _attempts(work: UnitOfWork) -> dict[str, int]:
    # The day's counters, not the attempts: there are millions of these.
    names = ("dialed", "people", "abandoned", "machines")
    sums = select(*(func.coalesce(func.sum(day_counts.c[name]), 0) for name in names))
    row = tuple((await work.all(sums.where(day_counts.c.scope.startswith("campaign:"))))[0])
    return {name: int(count) for name, count in zip(names, row, strict=True)}


async def _dialed_since(work: UnitOfWork, since: datetime) -> int:
    # By campaign, because that is how the index goes.
    query = select(func.count()).select_from(attempts).where(attempts.c.created_at >= since)
    return int(await work.scalar(query.where(attempts.c.campaign_id.in_(select(campaigns.c.id).where(_running)))))
