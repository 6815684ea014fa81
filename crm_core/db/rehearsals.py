"""Rehearsals kept, and what a campaign has come to since one was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Float, Row, case, cast, extract, func, insert, literal, select, update

from crm_core.db.batches import one_of
from crm_core.db.codec import from_json, to_json
from crm_core.db.tables import agent_log, attempts, campaign_leads, leads, lists, rehearsals
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.attempts import Outcome
from crm_core.domain.leads import LeadState
from crm_core.domain.past_calls import PEOPLE
from crm_core.domain.rehearsal import Comparison, Figures, Forecast, Kept

#: Agents' states in which they are at work, and those in which they are busy with a person.
_BUSY = ("on_call", "wrap_up")
_AT_WORK = ("available", "ringing", *_BUSY)


async def keep(work: UnitOfWork, campaign_id: int, forecast: Forecast, by: str, now: datetime) -> int:
    """Insert it; returns its id."""
    row = {"campaign_id": campaign_id, "made_at": now, "made_by": by[:120], "forecast": to_json(forecast)}
    return int(await work.scalar(insert(rehearsals).values(row).returning(rehearsals.c.id)))


async def latest(work: UnitOfWork, campaign_id: int) -> Kept | None:
    """The last rehearsal of the campaign."""
    query = select(rehearsals).where(rehearsals.c.campaign_id == campaign_id)
    row = await work.first(query.order_by(rehearsals.c.id.desc()).limit(1))
    return None if row is None else _kept(row)


async def before_first_dial(work: UnitOfWork, campaign_id: int) -> Kept | None:
    """The rehearsal to compare with: the last one made before the campaign dialed; None if there is none."""
    first = await first_dial(work, campaign_id)
    query = select(rehearsals).where(rehearsals.c.campaign_id == campaign_id)
    if first is not None:
        query = query.where(rehearsals.c.made_at <= first)
    row = await work.first(query.order_by(rehearsals.c.id.desc()).limit(1))
    return None if row is None else _kept(row)


async def first_dial(work: UnitOfWork, campaign_id: int) -> datetime | None:
    """When the campaign dialed first."""
    query = select(attempts.c.created_at).where(attempts.c.campaign_id == campaign_id)
    row = await work.first(query.order_by(attempts.c.created_at).limit(1))
    return None if row is None else row.created_at


async def keep_comparison(work: UnitOfWork, rehearsal_id: int, comparison: Comparison) -> None:
    await work.run(update(rehearsals).where(rehearsals.c.id == rehearsal_id).values(compared=to_json(comparison)))


def _kept(row: Row[Any]) -> Kept:
    where = f"rehearsal {row.id}"
    compared = None if row.compared is None else from_json(row.compared, Comparison, where)
    return Kept(row.id, row.campaign_id, row.made_at, row.made_by, from_json(row.forecast, Forecast, where), compared)


# --- what happened ------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Happened:
    """Sums since then; `last`: the last dial; `open_leads` now."""

    figures: Figures
    last: datetime | None
    open_leads: int
    reached: int


async def happened(work: UnitOfWork, campaign_id: int, since: datetime, until: datetime) -> Happened:
    """What the campaign came to between two instants, added up by the database."""
    of = attempts.c
    within = (of.campaign_id == campaign_id, of.created_at >= since, of.created_at < until, of.ended_at.is_not(None))
    talked = case((of.bridged_at.is_not(None), _seconds(work, of.bridged_at, of.ended_at)), else_=0.0)
    counts = (
        func.count(),
        func.count(of.bridged_at),
        func.sum(talked),
        func.max(of.created_at, type_=of.created_at.type),
    )
    labels = ("n", "bridged", "talked", "last")
    query = select(of.outcome, *(count.label(label) for count, label in zip(counts, labels, strict=True)))
    rows = await work.all(query.where(*within).group_by(of.outcome))
    people = [row for row in rows if row.outcome is not None and Outcome(row.outcome) in PEOPLE]
    busy, at_work = await _agents(work, campaign_id, since, until)
    figures = Figures(
        dials=sum(row.n for row in rows),
        people=sum(row.n for row in people),
        abandoned=sum(row.n for row in people if row.outcome == Outcome.ABANDONED.value),
        talks=sum(row.bridged for row in people),
        talk_seconds=float(sum(row.talked or 0.0 for row in people)),
        busy_seconds=busy,
        logged_in_seconds=at_work,
    )
    is_open = (campaign_leads.c.campaign_id == campaign_id, campaign_leads.c.state == LeadState.OPEN.value)
    reached = select(func.count(of.lead_id.distinct())).where(*within, of.bridged_at.is_not(None))
    return Happened(
        figures=figures,
        last=max((row.last for row in rows), default=None),
        open_leads=int(await work.scalar(select(func.count()).where(*is_open))),
        reached=int(await work.scalar(reached)),
    )


async def _agents(work: UnitOfWork, campaign_id: int, since: datetime, until: datetime) -> tuple[float, float]:
    """Seconds that agents of the campaign were busy and at work; a state lasts until the agent's next one."""
    log = agent_log.c
    ends = func.lead(log.at, type_=log.at.type).over(partition_by=log.agent_id, order_by=(log.at, log.id))
    spans = (
        select(log.state, log.campaign_id, log.at, func.coalesce(ends, literal(until, log.at.type)).label("ends"))
        .where(log.at >= since, log.at < until)
        .subquery()
    )
    lasted = func.sum(_seconds(work, spans.c.at, spans.c.ends)).label("seconds")
    query = select(spans.c.state, lasted).where(spans.c.campaign_id == campaign_id, spans.c.state.in_(_AT_WORK))
    found = {row.state: float(row.seconds or 0.0) for row in await work.all(query.group_by(spans.c.state))}
    return sum(found.get(state, 0.0) for state in _BUSY), sum(found.values())


def _seconds(work: UnitOfWork, begins: Any, ends: Any) -> ColumnElement[float]:
    """Between two instants; SQLite has no intervals."""
    if work.connection.dialect.name == "sqlite":
        return func.coalesce((func.julianday(ends) - func.julianday(begins)) * 86400.0, 0.0)
    return func.coalesce(cast(extract("epoch", ends - begins), Float), 0.0)


# --- the list -----------------------------------------------------------------------------------------------
async def lists_of(work: UnitOfWork, lead_ids: list[int]) -> Mapping[int, str]:
    """The name of each lead's list."""
    query = select(leads.c.id, lists.c.name).join(lists, lists.c.id == leads.c.list_id)
    return {row.id: row.name for row in await work.all(query.where(one_of(leads.c.id, lead_ids)))}
