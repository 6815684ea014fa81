"""One attempt, as the hand-off needs it."""

from __future__ import annotations

from datetime import datetime

from crm_core.db import attempts, lead_moves
from crm_core.db.do_not_call import Blocked, BlockKind, add_blocks
from crm_core.db.engine import Database
from crm_core.db.leads import LeadKey
from crm_core.db.unit_of_work import UnitOfWork
from crm_core.domain.attempts import Attempt, Outcome, Verdict
from crm_core.domain.campaigns import Campaign
from crm_core.events import LeadClosed
from crm_core.handlers.commits import committed

#: Why a lead was closed that pressed the opt-out key.
OPTED_OUT = "opted_out"


class DatabaseAttemptBook:
    """`AttemptBook` over the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def answered(
        self, attempt_id: str, verdict: Verdict, verdict_cause: str, now: datetime
    ) -> tuple[Attempt, Campaign] | None:
        """Note that the callee answered; None if no attempt has this id. The first verdict and instant stay."""
        return await committed(
            self._database,
            lambda work: attempts.note_answered(work, attempt_id, verdict, verdict_cause, now),
            at_once=True,
        )

    async def conclude(self, attempt_id: str, outcome: Outcome, now: datetime) -> None:
        """Write the outcome before the channel ends; the end does not overwrite it."""
        await committed(self._database, lambda work: attempts.conclude(work, attempt_id, outcome))

    async def opted_out(self, attempt_id: str, now: datetime) -> None:
        """Put the number on the system's do-not-call list and close the lead."""

        async def act(work: UnitOfWork) -> None:
            placed = (await attempts.locked(work, [attempt_id])).get(attempt_id)
            if placed is None:
                return
            attempt = placed.attempt
            reason = f"opted out during call {attempt_id}"
            await add_blocks(work, [Blocked(BlockKind.NUMBER, attempt.number, reason=reason)], now)
            key = LeadKey(attempt.campaign_id, attempt.lead_id)
            if await lead_moves.close(work, {key: OPTED_OUT}):
                work.publish(LeadClosed(key.lead_id, key.campaign_id, OPTED_OUT, now))

        await committed(self._database, act)
