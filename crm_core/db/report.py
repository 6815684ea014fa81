"""What came of a campaign: the figures and the cross-checks of the demo's report, read in a few statements."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from crm_core.db.tables import (
    agent_log,
    agents,
    attempts,
    calls,
    campaign_leads,
    cdrs,
    deal_stages,
    deals,
    outbox,
    recordings,
    tasks,
    users,
)
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.agents import AgentState


@dataclass(frozen=True, slots=True)
class Dialed:
    """One attempt with its call and Asterisk's own record of it."""

    attempt_id: str
    number: str
    outcome: str | None
    settled: bool
    call_started: datetime | None
    call_answered: datetime | None
    call_bridged: datetime | None
    call_ended: datetime | None
    has_call: bool
    cdr_disposition: str | None
    cdr_seconds: float | None
    disposition: str | None
    recordings: int
    customer_dbfs: float | None
    agent_dbfs: float | None

    @property
    def hand_off_ms(self) -> float | None:
        """From the person's answer to both in the bridge, on the switch's clock."""
        if self.call_answered is None or self.call_bridged is None:
            return None
        return (self.call_bridged - self.call_answered).total_seconds() * 1000

    @property
    def seconds_apart(self) -> float | None:
        """How far the length of the call by us and by Asterisk's own record differ."""
        if self.cdr_seconds is None or self.call_started is None or self.call_ended is None:
            return None
        return abs((self.call_ended - self.call_started).total_seconds() - self.cdr_seconds)

    @property
    def talk_seconds(self) -> float:
        """How long both heard each other."""
        if self.call_bridged is None or self.call_ended is None:
            return 0.0
        return (self.call_ended - self.call_bridged).total_seconds()


async def dialed(work: UnitOfWork, campaign_id: int) -> list[Dialed]:
    """Every attempt of the campaign, oldest first."""
    sound = (
        select(
            recordings.c.call_id,
            func.count().label("files"),
            func.max(recordings.c.customer_dbfs).label("customer"),
            func.max(recordings.c.agent_dbfs).label("agent"),
        )
        .group_by(recordings.c.call_id)
        .subquery()
    )
    own = (  # an attempt's own channel has one CDR; later ones of the same channel follow transfers
        select(
            cdrs.c.uniqueid,
            func.min(cdrs.c.disposition).label("disposition"),  # ANSWERED sorts first
            func.min(cdrs.c.started_at).label("started_at"),
            func.max(cdrs.c.ended_at).label("ended_at"),
        )
        .group_by(cdrs.c.uniqueid)
        .subquery()
    )
    rows = await work.all(
        select(
            attempts.c.id,
            attempts.c.number,
            attempts.c.outcome,
            attempts.c.settled_at,
            attempts.c.disposition,
            calls.c.id.label("call_id"),
            calls.c.started_at,
            calls.c.answered_at,
            calls.c.bridged_at,
            calls.c.ended_at,
            own.c.disposition.label("cdr_disposition"),
            own.c.started_at.label("cdr_started"),
            own.c.ended_at.label("cdr_ended"),
            sound.c.files,
            sound.c.customer,
            sound.c.agent,
        )
        .select_from(
            attempts.outerjoin(calls, calls.c.id == attempts.c.id)
            .outerjoin(own, own.c.uniqueid == attempts.c.id)
            .outerjoin(sound, sound.c.call_id == attempts.c.id)
        )
        .where(attempts.c.campaign_id == campaign_id)
        .order_by(attempts.c.created_at)
    )
    return [
        Dialed(
            attempt_id=row.id,
            number=row.number,
            outcome=row.outcome,
            settled=row.settled_at is not None,
            call_started=row.started_at,
            call_answered=row.answered_at,
            call_bridged=row.bridged_at,
            call_ended=row.ended_at,
            has_call=row.call_id is not None,
            cdr_disposition=row.cdr_disposition,
            cdr_seconds=None if row.cdr_ended is None else (row.cdr_ended - row.cdr_started).total_seconds(),
            disposition=row.disposition,
            recordings=row.files or 0,
            customer_dbfs=row.customer,
            agent_dbfs=row.agent,
        )
        for row in rows
    ]


async def unmatched_cdrs(work: UnitOfWork) -> int:
    """CDRs that belong to no call of ours."""
    return int(await work.scalar(select(func.count()).select_from(cdrs).where(cdrs.c.call_id.is_(None))) or 0)


async def events_waiting(work: UnitOfWork) -> int:
    """Events for which the rules have not run yet."""
    return int(await work.scalar(select(func.count()).select_from(outbox).where(outbox.c.done_at.is_(None))) or 0)


async def made_by_rule(work: UnitOfWork) -> tuple[dict[str, int], dict[str, int]]:
    """Deals and tasks by the rule that made them."""

    # The first entry of a deal in its stage history says who made it.
    first = select(func.min(deal_stages.c.id)).group_by(deal_stages.c.deal_id).scalar_subquery()
    made = await work.all(
        select(deal_stages.c.by, func.count(deals.c.id).label("count_"))
        .join(deals, deals.c.id == deal_stages.c.deal_id)
        .where(deal_stages.c.id.in_(first))
        .group_by(deal_stages.c.by)
    )
    todo = await work.all(select(tasks.c.by, func.count().label("count_")).group_by(tasks.c.by))
    return {row.by: row.count_ for row in made}, {row.by: row.count_ for row in todo}


async def seconds_by_state(work: UnitOfWork, until: datetime) -> dict[str, dict[str, float]]:
    """Seconds each agent spent in each state, by name, up to `until`."""
    rows = await work.all(
        select(users.c.name, agent_log.c.state, agent_log.c.at)
        .select_from(agent_log.join(agents, agents.c.id == agent_log.c.agent_id).join(users, users.c.id == agents.c.id))
        .where(agent_log.c.at <= until)
        .order_by(agent_log.c.agent_id, agent_log.c.at, agent_log.c.id)
    )
    spent: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        end = following.at if following is not None and following.name == row.name else until
        if row.state != AgentState.LOGGED_OUT:
            spent[row.name][row.state] += (end - row.at).total_seconds()
    return {name: dict(states) for name, states in spent.items()}


async def busy_agents(work: UnitOfWork) -> int:
    """Agents who have a person on the line or are about to."""
    busy = (AgentState.RINGING, AgentState.ON_CALL, AgentState.WRAP_UP)
    return int(await work.scalar(select(func.count()).select_from(agents).where(agents.c.state.in_(busy))) or 0)


async def leads_held(work: UnitOfWork) -> int:
    """Leads claimed by an attempt that has ended: slots that leaked."""
    held = (
        select(func.count())
        .select_from(campaign_leads.outerjoin(attempts, attempts.c.id == campaign_leads.c.open_attempt))
        .where(campaign_leads.c.open_attempt.is_not(None), attempts.c.settled_at.is_not(None))
    )
    return int(await work.scalar(held) or 0)
