"""What came of a campaign so far, in a few statements."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Float, case, cast, extract, func, select

from crm_core.db import agents, lead_moves
from crm_core.db.attempts import PEOPLE
from crm_core.db.tables import attempts
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.agents import AgentState
from crm_core.domain.attempts import Outcome

_SECONDS_A_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class CampaignFigures:
    """Attempts by outcome (those under way as "open"), leads by state, agents by state; `talk_seconds` of agents."""

    attempts: dict[str, int]
    bridged: int
    talk_seconds: float
    leads: dict[str, int]
    agents: dict[AgentState, int]

    @property
    def dialed(self) -> int:
        """All attempts."""
        return sum(self.attempts.values())

    @property
    def people(self) -> int:
        """Calls a person answered."""
        return sum(self.attempts.get(outcome.value, 0) for outcome in PEOPLE)

    @property
    def abandoned(self) -> int:
        return self.attempts.get(Outcome.ABANDONED.value, 0)

    @property
    def abandoned_share(self) -> float:
        """Abandoned ÷ answered by people, 0…1."""
        return self.abandoned / self.people if self.people else 0.0


async def campaign_figures(work: UnitOfWork, campaign_id: int) -> CampaignFigures:
    """Read them; an attempt counts under its outcome once it has ended."""
    outcome = case((attempts.c.ended_at.is_(None), "open"), else_=attempts.c.outcome).label("outcome")
    talked = func.sum(case((attempts.c.bridged_at.is_not(None), _talk_seconds(work)), else_=0.0)).label("talked")
    bridged = func.count(attempts.c.bridged_at).label("bridged")
    counted = select(outcome, func.count().label("n"), bridged, talked).where(attempts.c.campaign_id == campaign_id)
    rows = await work.all(counted.group_by(outcome))
    return CampaignFigures(
        attempts={row.outcome: int(row.n) for row in rows},
        bridged=sum(int(row.bridged) for row in rows),
        talk_seconds=float(sum(row.talked or 0 for row in rows)),
        leads=await lead_moves.counts_by_state(work, campaign_id),
        agents=await agents.counts_by_state(work, campaign_id),
    )


def _talk_seconds(work: UnitOfWork) -> ColumnElement[float]:
    """From the bridge to the end; SQLite has no intervals."""
    if work.connection.dialect.name == "sqlite":
        days = func.julianday(attempts.c.ended_at) - func.julianday(attempts.c.bridged_at)
        return func.coalesce(days * _SECONDS_A_DAY, 0.0)
    return func.coalesce(cast(extract("epoch", attempts.c.ended_at - attempts.c.bridged_at), Float), 0.0)
